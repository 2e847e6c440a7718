/** One line of JSON per request that changed something, so that a restart, also after a kill, forgets nothing. */
import { closeSync, createReadStream, existsSync, openSync, truncateSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Idempotent } from "./idempotency.ts";
import type { AnyState } from "./objects.ts";

export type Change = AnyState & { deleted?: true };

export interface EventFacts {
  id: string;
  type: string;
  /** Seconds. */
  created: number;
  /** Milliseconds; from when on lists show it. */
  visibleAt: number;
  apiVersion: string;
  previous?: Record<string, unknown>;
  request: { id: string | null; idempotency_key: string | null };
}

/** Everything one request did. Written as one line: half of it is never replayed. */
export interface JournalEntry {
  /** How many ids were given out so far. */
  ids: number;
  /** How far the clock was moved on, milliseconds. */
  clockOffset: number;
  changes: Change[];
  /** `of`: which of the changes it is about. */
  events: (EventFacts & { of: number })[];
  reply?: { key: string; kept: Idempotent };
}

export interface Journal {
  append(entry: JournalEntry): void;
  close(): void;
}

export async function openJournal(path: string, replay: (entry: JournalEntry) => void): Promise<Journal> {
  if (existsSync(path)) truncateSync(path, await replayWhole(path, replay));
  const file = openSync(path, "a");
  return {
    append: (entry) => void writeSync(file, `${JSON.stringify(entry)}\n`),
    close: () => closeSync(file),
  };
}

/** Answers how many bytes hold whole lines: what a kill tore off at the end is cut, or the next line would join it. */
async function replayWhole(path: string, replay: (entry: JournalEntry) => void): Promise<number> {
  let whole = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const entry = entryOf(line);
    if (entry === undefined) break;
    replay(entry);
    whole += Buffer.byteLength(line) + 1;
  }
  return whole;
}

function entryOf(line: string): JournalEntry | undefined {
  try {
    // Written by ourselves a moment ago; the only damage there can be is a torn end.
    return JSON.parse(line) as JournalEntry;
  } catch {
    return undefined;
  }
}
