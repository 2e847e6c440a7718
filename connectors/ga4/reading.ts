/**
 * Reports by day. Google has no cursor of changes and corrects the last days for some time, so each read goes through these
 * again and replaces them; a day is over when it is over in the property's own time zone.
 */
import { z } from "zod";
import { dayAfter, daysBetween, toMicros } from "#connectors/core/figures.ts";
import { isCurrency } from "#connectors/core/currency.ts";
import { dayAt } from "#connectors/core/local-time.ts";
import type { CanonicalRecord, MetricRecord } from "#connectors/core/records.ts";
import { defineStream } from "#connectors/core/stream.ts";
import type { RawPage } from "#connectors/core/stream.ts";
import type { Ga4Client } from "./client.ts";
import { readDay } from "./day.ts";
import type { RawRow } from "./day.ts";
import type { Measure, Report } from "./reports.ts";

const cursor = z.strictObject({
  /** The first day that was not read. */
  day: z.iso.date(),
  /** The last day of the read under way; null: none is. */
  until: z.iso.date().nullable(),
});
type Cursor = z.infer<typeof cursor>;

/** Numbers are texts, whatever their type. */
const number = z.string().regex(/^-?\d{1,15}(\.\d{1,20})?$/);

const row = z.object({
  id: z.string(),
  account: z.string(),
  day: z.string(),
  currency: z.string().nullable(),
  flags: z.custom<RawRow["flags"]>(Array.isArray),
  restricted: z.array(z.string()),
  dimensionValues: z.array(z.object({ value: z.string().default("") })),
  metricValues: z.array(z.object({ value: number })),
});
type Row = z.infer<typeof row>;

export function reportStream(report: Report) {
  return defineStream<Ga4Client, Row, Cursor>({
    title: report.title,
    kind: "metric",
    deletes: "none",
    cursor,
    row,
    read: (client, from) => read(client, report, from),
    toRecords: (one) => recordsOf(report, one),
  });
}

/** How many days a read from this position on has, today's date being what Google says it is for the property. */
export async function daysToRead(client: Ga4Client, from: unknown): Promise<number> {
  const { today } = await todayOf(client);
  return daysBetween(...span(cursor.safeParse(from).data ?? null, today, client.settings)).length;
}

/** By the clock that is behind: a day that is not over yet is not whole. */
async function todayOf(client: Ga4Client): Promise<{ today: string; timeZone: string }> {
  const { timeZone, servedAt } = await client.describe();
  return { today: dayAt(Math.min(client.now(), servedAt ?? Infinity), timeZone), timeZone };
}

async function* read(client: Ga4Client, report: Report, from: Cursor | null): AsyncGenerator<RawPage<Cursor>> {
  const { settings } = client;
  const { today, timeZone } = await todayOf(client);
  const corrected = dayAfter(today, -settings.correctionDays);
  const [first, last] = span(from, today, settings);
  const days = daysBetween(first, last);
  const end = (after: string): Cursor => ({ day: after, until: null });
  if (days.length === 0) yield { raw: [], days: [], next: end(from?.day ?? first), atEnd: true };
  for (const day of days) {
    const { rows, flags } = await readDay(client, report, day, timeZone);
    const atEnd = day === last;
    const next = atEnd ? end(dayAfter(last, 1)) : { day: dayAfter(day, 1), until: last };
    // On the last reading it still gets, a day is what it stays.
    yield { raw: rows, days: [{ account: client.property, day, settled: day <= corrected, flags }], next, atEnd };
  }
}

/** First and last day of this read. What was settled at the end of the read before stays, unless that was today. */
function span(from: Cursor | null, today: string, { backfillDays, correctionDays }: Ga4Client["settings"]) {
  const yesterday = dayAfter(today, -1);
  if (from === null) return [dayAfter(today, -backfillDays), yesterday] as const;
  if (from.until !== null) return [from.day, from.until] as const;
  const unsettled = dayAfter(from.day, 1 - correctionDays);
  const corrected = dayAfter(today, -correctionDays);
  return [unsettled < corrected ? unsettled : corrected, yesterday] as const;
}

/** Longest text of a dimension; what is longer is told apart by its id. */
const LONGEST = 1_000;

/** Pure. */
export function recordsOf(report: Report, { dimensionValues, metricValues, ...one }: Row): CanonicalRecord[] {
  const [date, ...values] = dimensionValues.map(({ value }) => value);
  const names = Object.values(report.dimensions);
  if (date !== one.day.replaceAll("-", "")) throw new Error("the row is of another day than was asked for");
  if (values.length !== names.length || metricValues.length !== Object.keys(report.metrics).length)
    throw new Error("the row has other columns than were asked for");
  // "(not set)", "(other)" and nothing at all are values like any other.
  const dimensions = Object.fromEntries(names.map((name, at) => [name, (values[at] ?? "").slice(0, LONGEST)]));
  const { id, account, day, flags } = one;
  return Object.entries(report.metrics).flatMap(([asked, measure], at): MetricRecord[] => {
    if (one.restricted.includes(asked)) return [];
    const { value, currency } = valueOf(measure, metricValues[at]?.value ?? "", one.currency);
    const { name, unit } = measure;
    return [
      {
        ...{ kind: "metric", id, updatedAt: null, deleted: false, account, day, dimensions, flags },
        ...{ name, value, unit, currency },
      },
    ];
  });
}

function valueOf(
  { unit, name }: Measure,
  text: string,
  currency: string | null,
): Pick<MetricRecord, "value" | "currency"> {
  if (unit !== "micros") return { value: Number(text), currency: null };
  const micros = toMicros(text);
  if (micros === null) throw new Error(`${name} is no amount of money`);
  if (currency === null || !isCurrency(currency)) throw new Error(`${name} is in no known currency`);
  return { value: micros, currency };
}
