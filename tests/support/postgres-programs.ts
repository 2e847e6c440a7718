/** Programs of Postgres and around it that a machine may have or not; the embedded server brings none of them. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { OLDEST_POSTGRES } from "#prisma/migrate.ts";

/** Where Debian keeps each version's own programs. */
const VERSIONS = "/usr/lib/postgresql";

/** @returns the path of a `pg_dump`, `pg_restore` ... not older than the server; null, said on the console, without one */
export function findPostgresProgram(name: string, serverMajor = OLDEST_POSTGRES): string | null {
  const folders = [
    ...(process.env["PATH"] ?? "").split(delimiter),
    ...(existsSync(VERSIONS) ? readdirSync(VERSIONS).map((version) => join(VERSIONS, version, "bin")) : []),
  ];
  for (const folder of folders) {
    const program = join(folder, name);
    if (!existsSync(program)) continue;
    const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
    if (Number(/(\d+)(?:\.\d+)?/.exec(stdout)?.[1]) >= serverMajor) return program;
  }
  console.info(`There is no ${name} of version ${serverMajor} or newer here: what needs it was not tried.`);
  return null;
}

/** Of a program that is asked for by name alone; null, said on the console, where there is none. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found === undefined) console.info(`There is no ${name} here: what needs it was not tried.`);
  return found ?? null;
}
