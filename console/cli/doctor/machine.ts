/** What the machine must offer before anything else can work. */
import { existsSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ConfigError, readMasterKeys } from "#config.ts";
import type { Environment, StackState } from "#config.ts";
import type { MasterKeys } from "#profile/store/credentials.ts";
import { fail, ok, skip } from "./finding.ts";
import type { Finding } from "./finding.ts";

const NODE_MAJOR = 24;
/** Postgres stops at a full disk, and a stopped Postgres needs room to start again. */
const FREE_BYTES = 2 * 1024 ** 3;

export function nodeFinding(version = process.versions.node): Finding {
  const check = "Node";
  if (Number(version.split(".")[0]) >= NODE_MAJOR) return ok(check, version);
  return fail(check, `${version} is too old`, `install Node ${NODE_MAJOR} or newer from https://nodejs.org`);
}

export async function diskFinding(dataDir: string): Promise<Finding> {
  const check = "disk space";
  let place = dataDir;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  const says = `${(free / 1024 ** 3).toFixed(1)} GiB free for ${dataDir}`;
  return free >= FREE_BYTES ? ok(check, says) : fail(check, says, "free some space: below 2 GiB the database may stop");
}

/** @returns the keys too, where they can be read */
export function keyFinding(environment: Environment, dataDir: string): { finding: Finding; keys: MasterKeys | null } {
  const check = "master key";
  try {
    const keys = readMasterKeys(environment, dataDir);
    if (environment.TRIBUTARY_KEY !== undefined) return { finding: ok(check, "from TRIBUTARY_KEY"), keys };
    const file = join(dataDir, "master-key");
    const open = process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0;
    const finding = open
      ? fail(check, `${file} can be read by others`, `chmod 600 ${file}`)
      : ok(check, `${file}; keep a copy, without it stored credentials cannot be read`);
    return { finding, keys };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const todo = "run `npm start` once, or set TRIBUTARY_KEY";
    return { finding: fail(check, error.message.replace(/: run .*$/, "."), todo), keys: null };
  }
}

export function stackFinding(environment: Environment, running: StackState | null, dataDir: string): Finding {
  const check = "stack";
  if (environment.DATABASE_URL !== undefined && environment.TEMPORAL_ADDRESS !== undefined)
    return skip(check, "not needed: DATABASE_URL and TEMPORAL_ADDRESS name your own servers");
  const todo = "run `npm start` in another terminal, or set DATABASE_URL and TEMPORAL_ADDRESS";
  if (running === null) return fail(check, `nothing runs in ${dataDir}`, todo);
  if (!isAlive(running.pid)) return fail(check, `what ran in ${dataDir} has ended without cleaning up`, todo);
  return ok(check, `runs in ${dataDir} as process ${running.pid}, console at ${running.consoleUrl}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is there all the same.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
