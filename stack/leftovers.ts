/** Notes about started processes, so that the next start can end what a killed one left running. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "./log.ts";
import { endProcess, findProcess, isRunning, processIdentity, type ProcessIdentity } from "./process-identity.ts";

/** Notes that `name` runs as `pid` for this data directory. @returns its identity; null when it already ended */
export function noteProcess(dataDir: string, name: string, pid: number): ProcessIdentity | null {
  const found = findProcess(pid);
  if (found === null) return null;
  const identity = { pid: found.pid, startedAt: found.startedAt };
  const file = noteFile(dataDir, name);
  mkdirSync(join(dataDir, "processes"), { recursive: true, mode: 0o700 });
  // Written aside and renamed: a start killed in between must not leave half a note.
  writeFileSync(`${file}.new`, JSON.stringify(identity), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return identity;
}

export function forgetProcess(dataDir: string, name: string): void {
  rmSync(noteFile(dataDir, name), { force: true });
}

/**
 * Ends the noted processes that still run, children included, and drops all notes.
 *
 * A process counts as ours only when id and start time agree with the note: an id that the system has given to
 * somebody else meanwhile is left alone. The caller holds the data directory's lock.
 */
export async function endLeftovers(dataDir: string, log: Log): Promise<void> {
  const notes = readNotes(dataDir);
  await Promise.all(
    notes.map(async ({ name, identity }) => {
      if (identity !== null && isRunning(identity)) {
        log(`Ending the ${name} of an interrupted start (process ${identity.pid})`);
        await endProcess(identity, { signal: "SIGTERM", graceMs: 5_000, group: true });
      }
      forgetProcess(dataDir, name);
    }),
  );
}

function readNotes(dataDir: string): { name: string; identity: ProcessIdentity | null }[] {
  let files: string[];
  try {
    files = readdirSync(join(dataDir, "processes"));
  } catch {
    return []; // The first start.
  }
  return files
    .filter((file) => file.endsWith(".json"))
    .map((file) => ({ name: file.slice(0, -".json".length), identity: readNote(join(dataDir, "processes", file)) }));
}

function readNote(file: string): ProcessIdentity | null {
  try {
    return processIdentity.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null; // Damaged: nothing to act on, and it is dropped.
  }
}

function noteFile(dataDir: string, name: string): string {
  return join(dataDir, "processes", `${name}.json`);
}
