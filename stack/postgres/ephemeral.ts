/** Where a cluster lives that only one test run or benchmark needs. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProcess, isRunning, ownIdentity, processIdentity, sendSignal } from "../process-identity.ts";

const PREFIX = "tributary-postgres-";
/** Linux's file system in memory; containers often have 64 MB of it. */
const IN_MEMORY = "/dev/shm";
/** The write-ahead log may take one, the databases of all tests that run at a time about another. */
const ROOM_IN_MEMORY_BYTES = 4 * 2 ** 30;

/**
 * A new folder; those of runs that were killed are removed first, their servers ended.
 *
 * In memory a clone of a database, some 650 small files, costs a fraction of what it costs on a disk that is busy.
 */
export function makeEphemeralFolder({ inMemory }: { inMemory: boolean }): string {
  const roomInMemory = roomIn(IN_MEMORY);
  for (const parent of [tmpdir(), ...(roomInMemory === null ? [] : [IN_MEMORY])]) {
    for (const name of readdirSync(parent)) if (name.startsWith(PREFIX)) removeWhenAbandoned(join(parent, name));
  }
  const fits = roomInMemory !== null && roomInMemory >= ROOM_IN_MEMORY_BYTES;
  const folder = mkdtempSync(join(inMemory && fits ? IN_MEMORY : tmpdir(), PREFIX));
  writeFileSync(join(folder, "owner.json"), JSON.stringify(ownIdentity()));
  return folder;
}

/** @returns bytes; null where there is no such folder */
function roomIn(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

function removeWhenAbandoned(folder: string): void {
  let owner: ReturnType<typeof processIdentity.safeParse>;
  try {
    owner = processIdentity.safeParse(JSON.parse(readFileSync(join(folder, "owner.json"), "utf8")));
  } catch {
    return; // Just being made by another run, its note perhaps half written, or not ours to read.
  }
  if (!owner.success || isRunning(owner.data)) return;
  try {
    const pid = Number.parseInt(readFileSync(join(folder, "postgres", "cluster", "postmaster.pid"), "utf8"), 10);
    if (findProcess(pid)?.command.includes(folder) === true) sendSignal(pid, "SIGQUIT");
  } catch {
    // It ended properly.
  }
  rmSync(folder, { recursive: true, force: true });
}
