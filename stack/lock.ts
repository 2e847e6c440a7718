/** A lock file that a killed holder does not keep: it names the process, and a dead process holds nothing. */
import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isRunning, ownIdentity, processIdentity, type ProcessIdentity } from "./process-identity.ts";

export type LockResult = { held: true; release(): void } | { held: false; holder: ProcessIdentity };

/** Takes the lock, or tells which running process has it. The folder of `file` exists. */
export function takeLock(file: string): LockResult {
  const mine = JSON.stringify({ ...ownIdentity(), lock: randomBytes(8).toString("hex") });
  const candidate = `${file}.${randomBytes(8).toString("hex")}`;
  writeFileSync(candidate, mine, { mode: 0o600 });
  try {
    for (;;) {
      // A hard link appears whole and only if the name is free: no moment in which the file is there but empty.
      if (tryLink(candidate, file)) return { held: true, release: () => releaseLock(file, mine) };
      const found = readOrNull(file);
      if (found === null) continue; // Released this moment.
      const holder = parseHolder(found);
      if (holder !== null && isRunning(holder)) return { held: false, holder };
      removeStale(file, found);
    }
  } finally {
    rmSync(candidate, { force: true });
  }
}

/** Moves the dead holder's file away, and puts it back when it was somebody else's fresh lock by then. */
function removeStale(file: string, expected: string): void {
  const aside = `${file}.${randomBytes(8).toString("hex")}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // Another process removed it first.
  }
  if (readOrNull(aside) !== expected) tryLink(aside, file);
  rmSync(aside, { force: true });
}

function releaseLock(file: string, mine: string): void {
  if (readOrNull(file) === mine) rmSync(file, { force: true });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function parseHolder(text: string): ProcessIdentity | null {
  try {
    return processIdentity.parse(JSON.parse(text));
  } catch {
    return null; // Not written by us, or damaged: nobody can be behind it.
  }
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
