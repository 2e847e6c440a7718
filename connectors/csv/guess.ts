/** Looks at the head of a file and proposes how to read it, saying why; everything it proposes can be overridden. */
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { columnNames } from "./columns.ts";
import { decideAmountPer, decideCurrency, decideDayOrder, decideDecimal, guessChannel } from "./guess-formats.ts";
import { guessConsent } from "./consent/guess.ts";
import { guessKind, guessMapping, type ColumnGuess } from "./guess-mapping.ts";
import { readRows, type Row } from "./rows.ts";
import {
  csvFile,
  DELIMITERS,
  type CsvFile,
  type Delimiter,
  type Dialect,
  type Encoding,
  type FileKind,
  type Mapping,
  type Reading,
} from "./settings.ts";
import { decodeHead, detectEncoding, hashFile, readHead } from "./text.ts";
import { shapeOf } from "./value-shapes.ts";
import { cleanCell } from "./words.ts";

const HEAD_BYTES = 256 * 1024;
const SAMPLE_ROWS = 2_000;
const SHOWN_ROWS = 5;
const NO_CONSENT = { crosses: {}, remarks: [] };

export interface GuessOptions {
  /** What holds where the file does not say: the workspace's own. */
  currency: string;
  country: string | null;
  timeZone: string;
  /** Decided already. */
  kind?: FileKind;
  encoding?: Encoding;
  delimiter?: Delimiter;
  header?: boolean;
}

export interface Guess extends Dialect, Omit<Reading, "mapping"> {
  kind: FileKind;
  mapping: Mapping;
  /** Every column, in the file's order. */
  columns: ColumnGuess[];
  /** Columns no field takes. */
  unused: string[];
  /** What was decided without proof, in sentences. */
  remarks: string[];
  /** The first rows by column. Personal data: to be shown, not logged. */
  sample: Record<string, string>[];
}

/** @throws ConnectorError `contract` or `permission` where the file cannot be read */
export async function guessFile(path: string, options: GuessOptions): Promise<Guess> {
  const head = await readHead(path, HEAD_BYTES);
  return guessHead(head, { ...options, fileName: basename(path), cut: head.length === HEAD_BYTES });
}

/** @param options.cut the head ends in the middle of the file, perhaps of a row */
export async function guessHead(
  head: Buffer,
  options: GuessOptions & { fileName: string; cut: boolean },
): Promise<Guess> {
  const encoding = options.encoding ?? detectEncoding(head);
  const text = Buffer.from(decodeHead(head, encoding));
  const delimiter = options.delimiter ?? (await guessDelimiter(text));
  const all = await rowsOf(text, delimiter);
  const whole = options.cut ? all.slice(0, -1) : all;
  const rows = whole.filter((row) => row.fault === null).slice(0, SAMPLE_ROWS + 1);
  const first = rows[0]?.cells ?? [];
  const header = options.header ?? looksLikeHeader(first);
  const names = columnNames(first, header);
  const body = (header ? rows.slice(1) : rows).map((row) => row.cells);
  const values = names.map((_, index) => body.map((cells) => cells[index] ?? ""));
  const shapes = values.map(shapeOf);

  const kind = options.kind ?? guessKind(names, shapes);
  const { mapping, columns } = guessMapping(kind, names, shapes);
  const remarks: string[] = [];
  const column = (name: string): string[] => values[names.indexOf(name)] ?? [];
  const valuesOf = (...fields: (keyof Mapping)[]): string[] =>
    fields.flatMap((field) => (mapping[field] ?? []).flatMap(column));
  const { crosses, remarks: onConsent } = kind === "people" ? guessConsent(names, shapes) : NO_CONSENT;
  remarks.push(...onConsent);
  const amounts = valuesOf("amount", "quantity", "unit_price", "refunded");
  const dates = valuesOf("placed_at", "at", "created_at", "updated_at", "consent_at", "opt_out_at");

  if (!header) remarks.push("The first row looks like data, so that columns are called by their position.");
  if (body.length === 0) remarks.push("The file has no rows below its header.");
  return {
    kind,
    encoding,
    delimiter,
    header,
    mapping,
    columns: columns.map((guess) => ({ ...guess, samples: samplesOf(column(guess.column)) })),
    unused: columns.filter((guess) => guess.field === null).map((guess) => guess.column),
    dayOrder: decideDayOrder(dates, options, remarks),
    decimal: decideDecimal(amounts, delimiter, remarks),
    amountPer: decideAmountPer(mapping, column, remarks),
    defaultCurrency: decideCurrency(mapping, valuesOf("amount", "unit_price"), names, options, remarks),
    defaultCountry: options.country,
    defaultChannel: guessChannel([options.fileName, ...names]),
    timeZone: options.timeZone,
    crosses,
    remarks,
    sample: body
      .slice(0, SHOWN_ROWS)
      .map((cells) => Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ""]))),
  };
}

/** A guess, perhaps overridden, as the settings of a connection. */
export async function csvFileOf(path: string, guess: Guess): Promise<CsvFile> {
  const { kind, mapping, encoding, delimiter, header, dayOrder, decimal, amountPer } = guess;
  const { defaultCurrency, defaultCountry, defaultChannel, timeZone, crosses } = guess;
  return csvFile.parse({
    name: basename(path),
    file: path,
    contentHash: await hashFile(path),
    exportedAt: (await stat(path)).mtime.toISOString(),
    kind,
    mapping,
    encoding,
    delimiter,
    header,
    dayOrder,
    decimal,
    amountPer,
    defaultCurrency,
    defaultCountry,
    defaultChannel,
    timeZone,
    crosses,
  });
}

async function rowsOf(text: Buffer, delimiter: Delimiter): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of readRows([text], { delimiter, width: null, offset: 0, line: 0 })) {
    rows.push(...batch);
  }
  return rows;
}

/** The one that cuts most rows into as many cells as the first, and into more than one. */
async function guessDelimiter(text: Buffer): Promise<Delimiter> {
  let best: { delimiter: Delimiter; score: number } = { delimiter: ",", score: 0 };
  const head = text.subarray(0, 32 * 1024);
  for (const delimiter of DELIMITERS) {
    const rows = (await rowsOf(head, delimiter)).slice(0, -1);
    const width = rows[0]?.cells.length ?? 1;
    const even = rows.filter((row) => row.fault === null).length / Math.max(rows.length, 1);
    // A file of one row has only its width to go by.
    const cells = rows.length === 0 ? (head.toString().split(delimiter).length ?? 1) : width;
    const score = cells < 2 ? 0 : (rows.length === 0 ? 0.5 : even) + Math.min(cells, 50) / 1_000;
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

/** Names do not look like dates, amounts or addresses. */
function looksLikeHeader(cells: readonly string[]): boolean {
  const shape = shapeOf(cells);
  const valued = shape.filled * (shape.email + shape.date + shape.number + shape.phoneSure);
  return shape.filled > 0 && valued < Math.max(1, shape.filled * 0.2);
}

function samplesOf(values: readonly string[]): string[] {
  return [...new Set(values.map(cleanCell).filter((value) => value !== ""))].slice(0, 3);
}
