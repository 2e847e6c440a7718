/** The code of release 0.1.0 as its commit has it, in a folder of its own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const COMMIT = "1344dd5";

export interface Checkout {
  folder: string;
  remove(): void;
}

/** @returns null, said on the console, where the history does not go back so far: a shallow clone, an archive of sources */
export function checkOutRelease010(): Checkout | null {
  const { status, stdout } = spawnSync("git", ["archive", COMMIT], { cwd: root, maxBuffer: 2 ** 28 });
  if (status !== 0) {
    console.info(`There is no commit ${COMMIT} here, release 0.1.0: the upgrade from its own code was not tried.`);
    return null;
  }
  const folder = mkdtempSync(join(tmpdir(), "tributary-release-0.1.0-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const unpacked = spawnSync("tar", ["-x", "-C", folder], { input: stdout });
  if (unpacked.status !== 0) {
    remove();
    throw new Error(`Release 0.1.0 could not be unpacked: ${unpacked.stderr.toString()}`);
  }
  // The same packages, but not the same `.cache`: there each version keeps a bundle of its workflows.
  mkdirSync(join(folder, "node_modules"));
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== ".cache") symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
  return { folder, remove };
}
