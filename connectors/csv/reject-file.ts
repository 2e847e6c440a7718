/** Rejected rows as a CSV file: mend them there, delete the first two columns, import the rest. */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { stringify } from "csv-stringify";
import type { Reject } from "../core/contract.ts";
import { neutralised } from "./formulas.ts";

/**
 * Writes line, reason and the row's own columns. Columns are those of the first reject; cells beyond them are appended
 * at the end of their row. Such files are opened in spreadsheets: what would run as a formula there is made text.
 *
 * @returns how many were written; with none the file holds a header only
 */
export async function writeRejectFile(
  path: string,
  rejects: AsyncIterable<Reject> | Iterable<Reject>,
): Promise<number> {
  let written = 0;
  async function* rows(): AsyncGenerator<string[]> {
    let columns: string[] | null = null;
    for await (const { ref, reason, raw } of rejects) {
      const cells = new Map(Object.entries(isCells(raw) ? raw : { row: JSON.stringify(raw) }));
      if (columns === null) {
        columns = [...cells.keys()];
        yield ["line", "reason", ...columns.map(neutralised)];
      }
      const known = columns.map((column) => cells.get(column) ?? "");
      const others = [...cells].filter(([column]) => columns?.includes(column) !== true).map(([, cell]) => cell);
      yield [ref.replace(/^line /, ""), reason, ...known, ...others].map(neutralised);
      written++;
    }
    if (columns === null) yield ["line", "reason"];
  }
  await pipeline(Readable.from(rows()), stringify(), createWriteStream(path, { mode: 0o600 }));
  return written;
}

function isCells(raw: unknown): raw is Record<string, string> {
  return typeof raw === "object" && raw !== null && Object.values(raw).every((cell) => typeof cell === "string");
}
