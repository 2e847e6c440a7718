/** Looks at the head of a file and proposes how to read it, saying why; everything it proposes can be overridden. */
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { ConnectorError } from "../core/errors.ts";
import { SENSITIVE_FACTS, SENSITIVE_NAMES, type SensitiveName } from "../core/sensitive.ts";
import { columnNames } from "./columns.ts";
import { guessConsent } from "./consent/guess.ts";
import { mappingOf, recogniseExport } from "./exports/index.ts";
import type { KnownExport } from "./exports/known-export.ts";
import { decideAmountPer } from "./guess-amount.ts";
import {
  decideBirthOrder,
  decideCurrency,
  decideDayOrder,
  decideDecimal,
  guessChannel,
  zoneRemark,
  type Question,
  type Said,
} from "./guess-formats.ts";
import { guessKind, guessMapping, type ColumnGuess, type MappingGuess } from "./guess-mapping.ts";
import { guessStart, looksLikeHeader, rowsOf } from "./guess-start.ts";
import { stoppers, type Sample } from "./guess-stoppers.ts";
import { LINE_LIMIT } from "./lines.ts";
import { COLUMNS_LIMIT } from "./read.ts";
import { roleOf } from "./order-words.ts";
import {
  csvFile,
  fieldsOf,
  REPEATABLE,
  type CsvFile,
  type Delimiter,
  type Dialect,
  type Encoding,
  type Field,
  type FileKind,
  type Mapping,
  type Reading,
} from "./settings.ts";
import { decodeHead, detectEncoding, hashFile, readHead } from "./text.ts";
import { dayOrderOf, shapeOf } from "./value-shapes.ts";
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
  /** What of persons is kept anyway, whoever brings it. */
  sensitive?: ReadonlySet<SensitiveName>;
}

/** A column that is recognised, and left out until somebody says that what it holds is needed. */
export interface Withheld {
  field: SensitiveName;
  columns: string[];
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
  /** What must be answered by whoever imports: a wrong answer would change dates or money. */
  questions: Question[];
  /** Left out, as nobody has said that they are needed: `--map birth_date=DOB` says so. */
  withheld: Withheld[];
  /** What keeps the file from being read as what it is; to be answered by an override. */
  stoppers: Question[];
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
  const { delimiter, start } = await guessStart(text, options.delimiter);
  const all = await rowsOf(text.subarray(start.offset), delimiter, start);
  const whole = options.cut ? all.slice(0, -1) : all;
  refuseNoTable(whole[0] ?? all[0], options.fileName);
  const rows = whole.filter((row) => row.fault === null).slice(0, SAMPLE_ROWS + 1);
  const first = rows[0]?.cells ?? [];
  const header = options.header ?? looksLikeHeader(first);
  const names = columnNames(first, header);
  const body = (header ? rows.slice(1) : rows)
    .map((row) => row.cells)
    .filter((cells) => isOfTable(cells, header ? first : null));
  const values = new Map(names.map((name, index) => [name, body.map((cells) => cells[index] ?? "")]));
  const column = (name: string): string[] => values.get(name) ?? [];
  const sample: Sample = { names, shapes: names.map((name) => shapeOf(column(name))), column };

  const said: Said = { remarks: [], questions: [] };
  if (!header) said.remarks.push("The first row looks like data, so that columns are called by their position.");
  if (start.line > 0)
    said.remarks.push(`The table begins at line ${start.line + 1}; what stands above is passed over.`);
  if (body.length === 0) said.remarks.push("The file has no rows below its header.");
  const recognised = header ? recogniseExport(names, options.fileName) : null;
  const known = options.kind === undefined || options.kind === recognised?.kind ? recognised : null;
  if (known !== null) said.remarks.push(`These are the ${known.title}.`);
  const kind = known?.kind ?? options.kind ?? guessKind(names, sample.shapes);
  const guessed = guessMapping(kind, names, sample.shapes);
  const found = known === null ? guessed : knownMapping(known, guessed.mapping, sample);
  const evident = found.columns.map((guess) => ({ ...guess, days: dayOrderOf(column(guess.column)) }));
  const { mapping, columns, withheld } = withhold({ mapping: found.mapping, columns: evident }, options.sensitive);
  const valuesOf = (...fields: Field[]): string[] => fields.flatMap((field) => (mapping[field] ?? []).flatMap(column));
  const dates = valuesOf("placed_at", "at", "created_at", "updated_at", "consent_at", "opt_out_at");
  const { crosses, remarks: onConsent } = kind === "people" ? guessConsent(names, sample.shapes) : NO_CONSENT;
  said.remarks.push(...onConsent);
  const shortened = names.filter((_, at) => (sample.shapes[at]?.rounded ?? 0) > 0.8);
  for (const name of shortened) {
    said.remarks.push(`Column "${name}" holds long numbers that end in zeros, as spreadsheets leave them: no ids.`);
  }
  const prescribed = known?.reading ?? {};
  const decimal =
    prescribed.decimal ?? decideDecimal(valuesOf("amount", "quantity", "unit_price", "refunded"), delimiter, said);
  const perOrder = prescribed.amountPer === undefined ? decideAmountPer(mapping, sample, decimal) : null;
  said.remarks.push(...(perOrder?.remarks ?? []));
  said.questions.push(...(perOrder?.questions ?? []));
  const serialDates = (["placed_at", "at", "created_at", "updated_at", "consent_at", "opt_out_at"] as const).some(
    (field) => shapeOf(valuesOf(field)).serial > 0.5,
  );
  if (serialDates) said.remarks.push("Dates are numbers of days, as spreadsheets count them from 1900.");
  const roles = new Set(known === null ? valuesOf("type").map((value) => roleOf(cleanCell(value), null)) : []);
  zoneRemark(mapping, said);
  if (known === null) said.remarks.push(...unusedThough(guessed, mapping));
  const dayOrder = prescribed.dayOrder ?? decideDayOrder(dates, options, said);
  return {
    kind,
    encoding,
    delimiter,
    header,
    start,
    mapping,
    withheld,
    columns: columns.map((guess) => ({ ...guess, samples: samplesOf(column(guess.column)) })),
    unused: columns.filter((guess) => guess.field === null).map((guess) => guess.column),
    dayOrder,
    birthDayOrder: decideBirthOrder({ mapping, columns, dayOrder }, said),
    decimal,
    amountPer: prescribed.amountPer ?? perOrder?.amountPer ?? "row",
    defaultCurrency: decideCurrency(mapping, valuesOf("amount", "unit_price"), options, said),
    defaultCountry: options.country,
    defaultChannel: prescribed.defaultChannel ?? guessChannel([options.fileName, ...names]),
    timeZone: prescribed.timeZone ?? options.timeZone,
    export: known?.id ?? null,
    allColumns: names,
    paymentsOfSales: roles.has("sale") && roles.has("tender"),
    serialDates,
    crosses,
    shortened,
    remarks: said.remarks,
    questions: said.questions,
    stoppers: stoppers(kind, mapping, guessed, sample, known !== null).filter(
      // The kind was said: what stands against it is known to whoever said it.
      ({ about }) => options.kind === undefined || (kind === "orders" && about !== "kind"),
    ),
    sample: body
      .slice(0, SHOWN_ROWS)
      .map((cells) => Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ""]))),
  };
}

/** Blank rows and a header that comes again say nothing about what a column holds. */
function isOfTable(cells: readonly string[], header: readonly string[] | null): boolean {
  if (cells.every((cell) => cell.trim() === "")) return false;
  return header === null || !cells.every((cell, at) => cell.trim() === header[at]?.trim());
}

/** @throws ConnectorError `contract` where the first row is beyond what any table has */
function refuseNoTable(first: { cells: string[]; fault: string | null } | undefined, name: string): void {
  if (
    first === undefined ||
    (first.cells.length <= COLUMNS_LIMIT && (first.fault === null || first.cells.length > 0))
  ) {
    return;
  }
  throw new ConnectorError(
    "contract",
    `The first row of ${name} is no header of a table: it has more than ${COLUMNS_LIMIT} cells or ${LINE_LIMIT} bytes.`,
  );
}

/** Fields whose columns are missed when they are not read. */
const MISSED: ReadonlySet<Field> = new Set<Field>([
  "email",
  "phone",
  "customer_id",
  "loyalty_id",
  "refunded",
  "currency",
]);

/** Columns called as a field is, whose values are something else: passed over, and said so. */
function unusedThough({ misfits }: MappingGuess, mapping: Mapping): string[] {
  const used = new Set(Object.values(mapping).flat());
  return misfits
    .filter(({ field, column }) => MISSED.has(field) && !used.has(column))
    .map(
      ({ field, column }) =>
        `Column "${column}" is not used: most of its values are none of ${field}. Say ${field}=${column} to use it.`,
    );
}

/** Fields a known export may have in columns of the account's own; what it does not name for the others is not there. */
const MAY_BE_ADDED: ReadonlySet<Field> = new Set(
  fieldsOf("people").filter((field) =>
    /^(?:company|postcode|city|country|.*consent.*|.*opt.*|middle_name|previous_name|street|house_number|address_line_2|region|birth_.*|gender|occupation|national_id)$/.test(
      field,
    ),
  ),
);

/** The export's own columns, and where it is silent what is found by name. */
function knownMapping(
  known: KnownExport,
  guessed: Mapping,
  { names, column }: Sample,
): { mapping: Mapping; columns: ColumnGuess[] } {
  const mapping = mappingOf(known, names, (name) => column(name).some((cell) => cleanCell(cell) !== ""));
  const taken = new Set(Object.values(mapping).flat());
  const added = new Set<string>();
  for (const field of fieldsOf(known.kind)) {
    const own = (guessed[field] ?? []).filter((name) => !taken.has(name));
    // Every statement about consent counts, also one the export did not use to have.
    const filled = mapping[field] !== undefined && !(REPEATABLE.has(field) && /consent|opt_out/.test(field));
    if (filled || own.length === 0 || !MAY_BE_ADDED.has(field)) continue;
    mapping[field] = [...(mapping[field] ?? []), ...own];
    for (const name of own) added.add(name);
  }
  const columns = names.map((name): ColumnGuess => {
    const field = fieldsOf(known.kind).find((other) => mapping[other]?.includes(name) === true) ?? null;
    const why =
      field === null ? "not needed" : added.has(name) ? `the name says ${field}` : `the ${known.title} have it so`;
    return { column: name, field, confidence: field === null ? 0 : 1, why, samples: [], days: dayOrderOf([]) };
  });
  return { mapping, columns };
}

/** Takes sensitive fields out of a mapping, but for those in use. */
function withhold(
  { mapping, columns }: Pick<Guess, "mapping" | "columns">,
  inUse: ReadonlySet<SensitiveName> = new Set(),
): Pick<Guess, "mapping" | "columns" | "withheld"> {
  const left = { ...mapping };
  const withheld: Withheld[] = [];
  for (const field of SENSITIVE_NAMES) {
    const names = inUse.has(field) ? undefined : left[field];
    if (names === undefined) continue;
    withheld.push({ field, columns: names });
    delete left[field];
  }
  const why = (field: SensitiveName) => `a ${SENSITIVE_FACTS[field].words}: left out unless you map it`;
  return {
    mapping: left,
    withheld,
    columns: columns.map((guess) => {
      const held = withheld.find(({ columns: names }) => names.includes(guess.column));
      return held === undefined ? guess : { ...guess, field: null, confidence: 0, why: why(held.field) };
    }),
  };
}

/** A guess, perhaps overridden, as the settings of a connection. */
export async function csvFileOf(path: string, guess: Guess): Promise<CsvFile> {
  const { kind, mapping, encoding, delimiter, header, dayOrder, birthDayOrder, decimal, amountPer } = guess;
  const { defaultCurrency, defaultCountry, defaultChannel, timeZone, start, serialDates, crosses, shortened } = guess;
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
    birthDayOrder,
    decimal,
    amountPer,
    defaultCurrency,
    defaultCountry,
    defaultChannel,
    timeZone,
    start,
    serialDates,
    export: guess.export,
    allColumns: guess.allColumns,
    paymentsOfSales: guess.paymentsOfSales,
    crosses,
    shortened,
  });
}

function samplesOf(values: readonly string[]): string[] {
  return [...new Set(values.map(cleanCell).filter((value) => value !== ""))].slice(0, 3);
}
