/** Reads that stopped between two pages, kept to be taken up again. */
import type { Assembler } from "./columns.ts";
import type { CsvFile, Position } from "./settings.ts";
import type { RowCounter } from "./tally.ts";

/** What a read remembers of the rows before. */
export interface ReadState {
  assembler: Assembler;
  counter: RowCounter;
}

/**
 * Reads that stopped between two pages, to be taken up where they stopped: without them each pass over a long file would
 * begin by reading it from the start. Losing one costs time, nothing else.
 */
const parked = new Map<string, ReadState>();
const PARKED_KEPT = 4;

/** A place in a file as one reads it: another mapping makes other orders of the same bytes. */
function placeOf(file: CsvFile, at: Position): string {
  return JSON.stringify([file, at.offset]);
}

export function park(file: CsvFile, at: Position, state: ReadState): void {
  const [oldest] = parked.keys();
  if (parked.size >= PARKED_KEPT && oldest !== undefined) parked.delete(oldest);
  parked.set(placeOf(file, at), state);
}

export function takeParked(file: CsvFile, at: Position): ReadState | undefined {
  const place = placeOf(file, at);
  const found = parked.get(place);
  parked.delete(place);
  return found;
}
