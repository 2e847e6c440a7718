/** The data directory of `npm start`: one start at a time, secrets readable by the owner only. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dataDirOf, type Environment, type StackState } from "#config.ts";
import { takeLock, type LockResult } from "./lock.ts";
import { removeOutsideHome } from "./postgres/cluster.ts";
import { reasonOf, StackError } from "./stack-error.ts";

export interface DataDir {
  readonly path: string;
  /** The addresses of the running services; other processes find them here. */
  writeState(state: StackState): void;
  /** Gives the directory free. Call when every process using it has ended. */
  release(): void;
}

/**
 * Takes the data directory for this process, making it when missing.
 *
 * @throws StackError when another start has it; after a kill -9 the lock counts as free
 */
export function openDataDir(environment: Pick<Environment, "TRIBUTARY_DATA_DIR">): DataDir {
  const path = dataDirOf(environment);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StackError(`The data directory ${path} cannot be created: ${reasonOf(error)}`);
  }
  const lock = lockOf(path);
  if (!lock.held) {
    throw new StackError(
      `Tributary is already running in ${path} (process ${lock.holder.pid}): stop it with Ctrl-C, or start with another --data-dir.`,
    );
  }
  const stateFile = join(path, "stack.json");
  // What a killed start wrote about itself is no longer true.
  rmSync(stateFile, { force: true });
  return {
    path,
    writeState: (state) => writePrivately(stateFile, JSON.stringify(state, null, 2)),
    release() {
      rmSync(stateFile, { force: true });
      lock.release();
    },
  };
}

function lockOf(path: string): LockResult {
  try {
    return takeLock(join(path, "lock"));
  } catch (error) {
    throw new StackError(
      `The data directory ${path} cannot be written (${reasonOf(error)}): choose another with --data-dir, free some space, or change its permissions.`,
    );
  }
}

const MADE_BY_STARTS = [
  "postgres",
  "postgres-location",
  "postgres-password",
  "temporal",
  "twins",
  "master-key",
  "processes",
  "logs",
];

/** Forgets everything but the lock: database, history, twins, keys. For `--fresh`; no process may use them any more. */
export function emptyDataDir(path: string): void {
  removeOutsideHome(path);
  for (const name of MADE_BY_STARTS) {
    rmSync(join(path, name), { recursive: true, force: true });
  }
}

/** Makes the master key on the first start; losing it loses the stored credentials. */
export function ensureMasterKey(path: string): void {
  const file = join(path, "master-key");
  if (!existsSync(file)) writePrivately(file, `${randomBytes(32).toString("base64")}\n`);
}

function writePrivately(file: string, text: string): void {
  // Renamed into place: a reader never sees half a file, and a killed start leaves none.
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
