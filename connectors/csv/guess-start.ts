/** Where a file's table begins and what stands between its cells: exports put titles, periods and `sep=` before the header. */
import { isHeaderWord } from "./header-words.ts";
import { readRows, type Row } from "./rows.ts";
import { DELIMITERS, type Delimiter, type Position } from "./settings.ts";
import { shapeOf } from "./value-shapes.ts";

const LOOKED_AT = 32 * 1024;
/** Rows among which the header is looked for. */
const PREAMBLE_ROWS = 40;

export interface TableStart {
  delimiter: Delimiter;
  start: Position;
}

export async function guessStart(text: Buffer, given?: Delimiter): Promise<TableStart> {
  const told = toldDelimiter(text);
  const base = told?.start ?? { offset: 0, line: 0 };
  const head = text.subarray(base.offset, base.offset + LOOKED_AT);
  const delimiter = given ?? told?.delimiter ?? (await guessDelimiter(head));
  const rows = await rowsOf(head, delimiter, base);
  const at = headerAmong(rows);
  const before = at === 0 ? undefined : rows[at - 1];
  return { delimiter, start: before === undefined ? base : { offset: before.endOffset, line: before.endLine } };
}

export async function rowsOf(text: Buffer, delimiter: Delimiter, from: Position): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of readRows([text], { delimiter, width: null, ...from })) rows.push(...batch);
  return rows;
}

/** `sep=;` on the first line is how spreadsheets are told. */
function toldDelimiter(text: Buffer): TableStart | null {
  const [line, mark] = /^"?sep=(.)"?[ ,;\t|]*(?:\r\n|\n|\r)/i.exec(text.subarray(0, 40).toString()) ?? [];
  const delimiter = DELIMITERS.find((known) => known === mark);
  if (line === undefined || delimiter === undefined) return null;
  return { delimiter, start: { offset: Buffer.byteLength(line), line: 1 } };
}

/** The one that cuts most rows into the same number of cells, and into more than one. */
async function guessDelimiter(head: Buffer): Promise<Delimiter> {
  let best: { delimiter: Delimiter; score: number } = { delimiter: ",", score: 0 };
  for (const delimiter of DELIMITERS) {
    const all = await rowsOf(head, delimiter, { offset: 0, line: 0 });
    const rows = all.length > 1 && head.length === LOOKED_AT ? all.slice(0, -1) : all;
    const { width, share } = usualWidth(rows);
    const score = width < 2 ? 0 : share + Math.min(width, 50) / 1_000;
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

/** The number of cells most rows have. */
function usualWidth(rows: readonly Row[]): { width: number; share: number } {
  const counts = new Map<number, number>();
  for (const { cells } of rows) counts.set(cells.length, (counts.get(cells.length) ?? 0) + 1);
  const [width, count] = [...counts].toSorted((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [1, 0];
  return { width, share: rows.length === 0 ? 0 : count / rows.length };
}

/** The first row, unless it is a title and a row below names the columns. */
function headerAmong(all: readonly Row[]): number {
  const { width } = usualWidth(all);
  const rows = all.slice(0, PREAMBLE_ROWS).map(({ cells }) => ({
    filled: cells.filter((cell) => cell.trim() !== "").length,
    known: cells.filter(isHeaderWord).length,
    names: looksLikeHeader(cells),
  }));
  const isFull = ({ filled }: { filled: number }) => filled >= Math.max(1, Math.ceil(width / 2));
  const first = rows[0];
  if (first === undefined) return 0;
  const enough = width <= 3 ? 1 : 2;
  const named = rows.findIndex((row) => row.names && isFull(row) && row.known >= enough);
  const betterBelow = first.known === 0 && named > 0 && (rows[named]?.filled ?? 0) > first.filled;
  if (first.names && isFull(first) && !betterBelow) return 0;
  if (named !== -1) return named;
  // A header in words we do not know, below a title that fills hardly a cell.
  const full = rows.findIndex(isFull);
  return full > 0 && rows[full]?.names === true ? full : 0;
}

/** Names do not look like dates, amounts or addresses. */
export function looksLikeHeader(cells: readonly string[]): boolean {
  const shape = shapeOf(cells);
  const valued = shape.filled * (shape.email + shape.date + shape.number + shape.phoneSure);
  return shape.filled > 0 && valued < Math.max(1, shape.filled * 0.2);
}
