/** The truth about a demo shop, read back from its folder. Only grading may look at it. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { TrueClick } from "../ads.ts";
import type { SaleSeenTwice, TrueRecord } from "../customer.ts";
import type { Statement } from "../statement.ts";
import type { TrueFigure } from "../true-figures.ts";

const recordLine: z.ZodType<TrueRecord> = z.strictObject({
  source: z.enum(["hubspot", "stripe", "csv", "klaviyo", "ga4"]),
  stream: z.string(),
  id: z.string(),
  person: z.string().nullable(),
  state: z.enum(["live", "deleted", "merged"]),
  traceable: z.boolean(),
});
const leaverLine = z.strictObject({ person: z.string(), leftAt: z.iso.datetime() });
const use = {
  channel: z.enum(["email", "sms", "ads", "any"]),
  purpose: z.enum(["marketing", "personalisation", "ad_audience", "analytics"]),
};
const consentLine = z.strictObject({ person: z.string(), ...use, allowed: z.boolean() });
const statementLine: z.ZodType<Statement> = z.strictObject({
  person: z.string(),
  ...use,
  state: z.enum(["granted", "withdrawn"]),
  at: z.number(),
  explicit: z.boolean(),
  record: z.string(),
});
const clickLine: z.ZodType<TrueClick> = z.strictObject({
  ...{ gclid: z.string(), person: z.string().nullable() },
  holders: z.array(z.strictObject({ contact: z.string(), person: z.string() })),
});
const twiceLine: z.ZodType<SaleSeenTwice> = z.strictObject({
  person: z.string(),
  kind: z.enum(["till and payment", "payment and e-mail tool"]),
  records: z.tuple([z.string(), z.string()]),
});
const figureLine: z.ZodType<TrueFigure> = z.strictObject({
  ...{ source: z.enum(["ga4", "google-ads"]), stream: z.string(), day: z.iso.date(), name: z.string() },
  value: z.number(),
});
const countLine = z.strictObject({ stream: z.string(), count: z.number() });
const purchaseLine = z.strictObject({ person: z.string(), count: z.number().int(), spendMinor: z.number().int() });

export interface Truth {
  /** By `recordKey`. */
  records: Map<string, TrueRecord>;
  /** Person -> when they left. */
  leavers: Map<string, string>;
  purchases: Map<string, { count: number; spendMinor: number }>;
  statements: Statement[];
  clicks: TrueClick[];
  twice: SaleSeenTwice[];
  /** By source, stream, day and name, with spaces between. */
  figures: Map<string, number>;
  /** Rows by `source/stream`, of streams without a truth of their own. */
  counts: Map<string, number>;
  /** Said no, and nothing later that lifts it; not: said nothing. */
  refuses(person: string, channel: "email" | "sms" | "ads"): boolean;
  mayProfile(person: string): boolean;
}

export const recordKey = (source: string, stream: string, id: string) => `${source}/${stream}/${id}`;

/** @param has whether the shop has the tool: of others nothing can be known */
export async function readTruth(folder: string, has: (source: string) => boolean): Promise<Truth> {
  const isKnown = (key: string) => has(key.slice(0, key.indexOf("/")));
  const records = new Map<string, TrueRecord>();
  await eachLine(join(folder, "records.jsonl"), recordLine, (line) => {
    if (has(line.source)) records.set(recordKey(line.source, line.stream, line.id), line);
  });
  const leavers = new Map<string, string>();
  await eachLine(join(folder, "leavers.jsonl"), leaverLine, (line) => leavers.set(line.person, line.leftAt));
  const purchases: Truth["purchases"] = new Map();
  await eachLine(join(folder, "purchases.jsonl"), purchaseLine, ({ person, ...bought }) =>
    purchases.set(person, bought),
  );
  const statements: Statement[] = [];
  await eachLine(join(folder, "statements.jsonl"), statementLine, (line) => {
    if (isKnown(line.record)) statements.push(line);
  });
  const consents = new Map<string, boolean>();
  await eachLine(join(folder, "consents.jsonl"), consentLine, ({ person, channel, purpose, allowed }) =>
    consents.set(`${person} ${channel} ${purpose}`, allowed),
  );
  const clicks: TrueClick[] = [];
  await eachLine(join(folder, "clicks.jsonl"), clickLine, (line) => {
    if (has("google-ads")) clicks.push(line);
  });
  const twice: SaleSeenTwice[] = [];
  await eachLine(join(folder, "twice.jsonl"), twiceLine, (line) => {
    if (line.records.every(isKnown)) twice.push(line);
  });
  const figures = new Map<string, number>();
  await eachLine(join(folder, "figures.jsonl"), figureLine, ({ source, stream, day, name, value }) => {
    if (has(source)) figures.set([source, stream, day, name].join(" "), value);
  });
  const counts = new Map<string, number>();
  await eachLine(join(folder, "counts.jsonl"), countLine, ({ stream, count }) => {
    if (isKnown(stream)) counts.set(stream, count);
  });
  const purposeOf = (channel: string) => (channel === "ads" ? "ad_audience" : "marketing");
  return {
    ...{ records, leavers, purchases, statements, clicks, twice, figures, counts },
    refuses: (person, channel) => consents.get(`${person} ${channel} ${purposeOf(channel)}`) === false,
    mayProfile: (person) => consents.get(`${person} any personalisation`) ?? true,
  };
}

async function eachLine<T>(file: string, schema: z.ZodType<T>, take: (line: T) => void): Promise<void> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (line !== "") take(schema.parse(JSON.parse(line)));
  }
}
