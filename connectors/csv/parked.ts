/** Reads that stopped between two pages, kept to be taken up again. */
import type { Assembler } from "./columns.ts";
import type { CsvFile, Position } from "./settings.ts";

/**
 * Assemblers of reads that stopped between two pages, to be taken up where they stopped: without them each pass over a
 * long file would begin by reading it from the start. Losing one costs time, nothing else.
 */
const parked = new Map<string, Assembler>();
const PARKED_KEPT = 4;

/** A place in a file as one reads it: another mapping makes other orders of the same bytes. */
function placeOf(file: CsvFile, at: Position): string {
  return JSON.stringify([file, at.offset]);
}

export function park(file: CsvFile, at: Position, assembler: Assembler): void {
  const [oldest] = parked.keys();
  if (parked.size >= PARKED_KEPT && oldest !== undefined) parked.delete(oldest);
  parked.set(placeOf(file, at), assembler);
}

export function takeParked(file: CsvFile, at: Position): Assembler | undefined {
  const place = placeOf(file, at);
  const found = parked.get(place);
  parked.delete(place);
  return found;
}
