/** The truth about a demo shop, read back from its folder. Only grading may look at it. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { TrueRecord } from "../customer.ts";
import type { Statement } from "../statement.ts";

const recordLine: z.ZodType<TrueRecord> = z.strictObject({
  source: z.enum(["hubspot", "stripe", "csv"]),
  stream: z.string(),
  id: z.string(),
  person: z.string().nullable(),
  state: z.enum(["live", "deleted", "merged"]),
  traceable: z.boolean(),
});
const leaverLine = z.strictObject({ person: z.string(), leftAt: z.iso.datetime() });
const consentLine = z.strictObject({
  person: z.string(),
  channel: z.enum(["email", "sms", "any"]),
  purpose: z.enum(["marketing", "personalisation"]),
  allowed: z.boolean(),
});
const statementLine: z.ZodType<Statement> = z.strictObject({
  person: z.string(),
  channel: z.enum(["email", "sms", "any"]),
  purpose: z.enum(["marketing", "personalisation"]),
  state: z.enum(["granted", "withdrawn"]),
  at: z.number(),
  explicit: z.boolean(),
  record: z.string(),
});
const purchaseLine = z.strictObject({ person: z.string(), count: z.number().int(), spendMinor: z.number().int() });

export interface Truth {
  /** By `recordKey`. */
  records: Map<string, TrueRecord>;
  /** Person -> when they left. */
  leavers: Map<string, string>;
  purchases: Map<string, { count: number; spendMinor: number }>;
  statements: Statement[];
  /** Said no, and nothing later that lifts it; not: said nothing. */
  refuses(person: string, channel: "email" | "sms"): boolean;
  mayProfile(person: string): boolean;
}

export const recordKey = (source: string, stream: string, id: string) => `${source}/${stream}/${id}`;

export async function readTruth(folder: string): Promise<Truth> {
  const records = new Map<string, TrueRecord>();
  await eachLine(join(folder, "records.jsonl"), recordLine, (line) =>
    records.set(recordKey(line.source, line.stream, line.id), line),
  );
  const leavers = new Map<string, string>();
  await eachLine(join(folder, "leavers.jsonl"), leaverLine, (line) => leavers.set(line.person, line.leftAt));
  const purchases: Truth["purchases"] = new Map();
  await eachLine(join(folder, "purchases.jsonl"), purchaseLine, ({ person, ...bought }) =>
    purchases.set(person, bought),
  );
  const statements: Statement[] = [];
  await eachLine(join(folder, "statements.jsonl"), statementLine, (line) => statements.push(line));
  const consents = new Map<string, boolean>();
  await eachLine(join(folder, "consents.jsonl"), consentLine, ({ person, channel, purpose, allowed }) =>
    consents.set(`${person} ${channel} ${purpose}`, allowed),
  );
  return {
    records,
    leavers,
    purchases,
    statements,
    refuses: (person, channel) => consents.get(`${person} ${channel} marketing`) === false,
    mayProfile: (person) => consents.get(`${person} any personalisation`) ?? true,
  };
}

async function eachLine<T>(file: string, schema: z.ZodType<T>, take: (line: T) => void): Promise<void> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (line !== "") take(schema.parse(JSON.parse(line)));
  }
}
