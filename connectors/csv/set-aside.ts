/** Rows of a file that are no data: a header that comes again, totals, cells beyond any length. */
import type { Columns } from "./columns.ts";
import { isTotalWord } from "./order-words.ts";
import type { Row } from "./rows.ts";
import type { FileKind } from "./settings.ts";
import { cleanCell } from "./words.ts";

/** Marks what no assembler should read; the row is then refused with that reason. */
export function setAside(row: Row, kind: FileKind, columns: Columns): Row {
  row.fault ??= faultOf(row.cells, kind, columns);
  return row;
}

function faultOf(cells: readonly string[], kind: FileKind, columns: Columns): string | null {
  const overlong = columns.overlong(cells);
  if (overlong !== null) return `${overlong} is too long.`;
  const first = cells.find((cell) => cell.trim() !== "");
  if (first === undefined) return "The row is blank.";
  if (columns.named && cells.every((cell, at) => cell.trim() === "" || cell.trim() === columns.names[at])) {
    return "The row repeats the header.";
  }
  return isTotal(cells, first, kind, columns) ? "The row is a total of other rows." : null;
}

/** Where a report writes what its last row is. */
const TOLD = ["order_id", "id", "placed_at", "at", "full_name"] as const;

function isTotal(cells: readonly string[], first: string, kind: FileKind, columns: Columns): boolean {
  if (kind === "people") return isTotalWord(first) && !cells.some((cell) => cell.includes("@"));
  return isTotalWord(cleanCell(first)) || TOLD.some((field) => isTotalWord(columns.text(cells, field)));
}
