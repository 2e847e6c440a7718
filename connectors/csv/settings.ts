/** What a CSV connection remembers: its files, how each is written and which column means what. */
import { z } from "zod";
import { isTimeZone } from "#connectors/core/local-time.ts";

export const FILE_KINDS = ["people", "orders", "touchpoints"] as const;
export type FileKind = (typeof FILE_KINDS)[number];

export const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const;
export type Encoding = (typeof ENCODINGS)[number];

export const DELIMITERS = [",", ";", "\t", "|"] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/** Our fields by kind of file; a field may be fed by the columns named for it. */
export const FIELDS = {
  people: [
    "id",
    "email",
    "phone",
    "first_name",
    "last_name",
    "full_name",
    "middle_name",
    "previous_name",
    "company",
    "country",
    "postcode",
    "city",
    "street",
    "house_number",
    "address_line_2",
    "region",
    "birth_date",
    "birth_place",
    "gender",
    "occupation",
    "national_id",
    "created_at",
    "updated_at",
    "loyalty_id",
    "consent_email",
    "consent_sms",
    "consent_call",
    "consent_post",
    "consent_push",
    "opt_out",
    "opt_out_at",
    "consent_at",
    "consent_source",
  ],
  orders: [
    "order_id",
    "customer_id",
    "email",
    "phone",
    "first_name",
    "last_name",
    "full_name",
    "loyalty_id",
    "country",
    "placed_at",
    "amount",
    "quantity",
    "unit_price",
    "refunded",
    "paid",
    "outstanding",
    "currency",
    "status",
    "is_cancelled",
    "is_refunded",
    "is_paid",
    "is_test",
    "type",
    "channel",
    "time_zone",
    "updated_at",
  ],
  touchpoints: ["id", "customer_id", "email", "phone", "type", "at", "channel", "campaign"],
} as const;

export const ALL_FIELDS = [...new Set([...FIELDS.people, ...FIELDS.orders, ...FIELDS.touchpoints])];
export type Field = (typeof ALL_FIELDS)[number];

/**
 * The fields that may be fed by more than one column: addresses, best first, instants as a date and a time of day, and
 * statements about consent, each of which counts.
 */
export const REPEATABLE: ReadonlySet<Field> = new Set<Field>([
  "email",
  "phone",
  "previous_name",
  "national_id",
  "placed_at",
  "at",
  "is_cancelled",
  "is_refunded",
  "consent_email",
  "consent_sms",
  "consent_call",
  "consent_post",
  "consent_push",
  "opt_out",
  "opt_out_at",
  "consent_at",
  "consent_source",
]);

export function fieldsOf(kind: FileKind): readonly Field[] {
  return FIELDS[kind];
}

export type Mapping = Partial<Record<Field, string[]>>;

const position = z.strictObject({ offset: z.number().int().nonnegative(), line: z.number().int().nonnegative() });

/** A place between two rows of a file: bytes of the text as UTF-8 without byte order mark, and lines before it. */
export type Position = z.infer<typeof position>;

/** How the bytes become rows. */
export const dialect = z.strictObject({
  encoding: z.enum(ENCODINGS),
  delimiter: z.enum(DELIMITERS),
  /** Whether the first row names the columns; without it they are called `column 1`, `column 2` ... */
  header: z.boolean(),
  /** Where the header (or the first row) begins: after a title, a `sep=` line, blank lines. */
  start: position.default({ offset: 0, line: 0 }),
});
export type Dialect = z.infer<typeof dialect>;

/** How the cells become values. */
export const reading = z.strictObject({
  mapping: z.partialRecord(z.enum(ALL_FIELDS), z.array(z.string().min(1)).min(1)),
  /** How `03/04/2025` is read. ISO dates and epochs are recognised whatever this says. */
  dayOrder: z.enum(["dmy", "mdy"]),
  /** The same of dates of birth, which another system may have written; null: as the others. */
  birthDayOrder: z.enum(["dmy", "mdy"]).nullable().default(null),
  decimal: z.enum([".", ","]),
  /** Orders whose id fills several rows: is `amount` the order's total, repeated, or each row's own share? */
  amountPer: z.enum(["order", "row"]),
  defaultCurrency: z.string().regex(/^[A-Z]{3}$/),
  /** ISO 3166-1 alpha-2; for rows that name no country. */
  defaultCountry: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .nullable(),
  defaultChannel: z.enum(["online", "store", "unknown"]),
  /** IANA name; local times in the file are read in it. */
  timeZone: z.string().refine(isTimeZone, "is not a known time zone"),
  /** Id of the known export (`exports/`) the file is; null: none we know by name. */
  export: z.string().nullable().default(null),
  /** All names of the file's header, also of columns no field takes; empty: not kept. */
  allColumns: z.array(z.string()).default([]),
  /** Beside sales the file lists payments: one that stands alone pays a sale, and is none. */
  paymentsOfSales: z.boolean().default(false),
  /** Dates are days since 1900, as spreadsheets count: a bare `45384` is one. */
  serialDates: z.boolean().default(false),
  /** What a cross in a consent column marks; of a column not named here a cross is neither yes nor no. */
  crosses: z.record(z.string(), z.enum(["yes", "no"])).default({}),
  /** Columns whose long numbers lost their last digits to a spreadsheet: what ends in zeros there is no id. */
  shortened: z.array(z.string()).default([]),
});
export type Reading = z.infer<typeof reading>;

export const csvFile = z.strictObject({
  /** What the admin calls it: the name it was imported under, wherever its copy lies. */
  name: z.string().min(1),
  /** Absolute path. */
  file: z
    .string()
    .startsWith("/")
    .or(z.string().regex(/^[A-Za-z]:[\\/]/)),
  /** sha256 of the file's bytes, hex. The file is read once per content. */
  contentHash: z.string().regex(/^[0-9a-f]{64}$/),
  kind: z.enum(FILE_KINDS),
  /** When the file was exported: the time of statements in it that carry none of their own. */
  exportedAt: z.iso.datetime(),
  ...dialect.shape,
  ...reading.shape,
});
export type CsvFile = z.infer<typeof csvFile>;

export const csvSettings = z.strictObject({
  /** Oldest first. A newer export of the same source is added at the end, or takes the place of the older one. */
  files: z.array(csvFile).min(1),
  /** Customer and loyalty ids mean the same person in every connection of the workspace, not only within these files. */
  sharedIds: z.boolean().default(false),
});
export type CsvSettings = z.infer<typeof csvSettings>;

/** What became of a file's rows: each is taken, collapsed into another (the same person again) or refused. */
export const tally = z.strictObject({
  rows: z.number().int().nonnegative(),
  taken: z.number().int().nonnegative(),
  collapsed: z.number().int().nonnegative(),
  refused: z.number().int().nonnegative(),
});
export type Tally = z.infer<typeof tally>;

/** The reading position of one stream. */
export const csvCursor = z.strictObject({
  /** Content hashes read to the end. */
  done: z.array(z.string()),
  /** Content hash of the file under way, null between files. */
  hash: z.string().nullable(),
  /** The `Position` in that file before the next row. */
  offset: z.number().int().nonnegative(),
  line: z.number().int().nonnegative(),
  /** By content hash, as far as read. */
  tallies: z.record(z.string(), tally).default({}),
});
export type CsvCursor = z.infer<typeof csvCursor>;

/** What follows `line 7` where a connection has several files; two of one name are told apart by their content. */
export function refSuffixOf(files: readonly CsvFile[], { name, contentHash }: CsvFile): string {
  if (files.length < 2) return "";
  const alone = files.every((other) => other.name !== name || other.contentHash === contentHash);
  return alone ? ` of ${name}` : ` of ${name} (${contentHash.slice(0, 8)})`;
}

/** Every suffix the file's lines may have: it may have been read when it was the only one, or the only one of its name. */
export function refSuffixesOf(files: readonly CsvFile[], file: CsvFile): string[] {
  const isFirst = (among: readonly CsvFile[]) => among[0]?.contentHash === file.contentHash;
  const namesakes = files.filter(({ name }) => name === file.name);
  return [
    ...(isFirst(files) ? [""] : []),
    ...(isFirst(namesakes) ? [` of ${file.name}`] : []),
    ` of ${file.name} (${file.contentHash.slice(0, 8)})`,
  ];
}
