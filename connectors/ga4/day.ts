/** One day of a report, whole or not at all: all its pages, of one state of the data. */
import { ConnectorError } from "#connectors/core/errors.ts";
import { figureId } from "#connectors/core/figures.ts";
import type { FigureFlag } from "#connectors/core/records.ts";
import type { Ga4Client } from "./client.ts";
import { TITLE } from "./errors.ts";
import { DAY, requestOf } from "./reports.ts";
import type { Report } from "./reports.ts";
import type { ReportReply } from "./schema.ts";
import { withoutPeople } from "./without-people.ts";

/** Figures move while they are read; more often than this within one day's pages they do not. */
const TRIES = 3;

/**
 * A day must fit into memory: half a million figures take some 1.5 GB. A standard property folds rows into "(other)" long
 * before; a larger one has more detail than anybody looks at.
 */
const MOST_ROWS = 100_000;
/** Pages of a row each would never come to an end. */
const MOST_PAGES = 1_000;

export interface DayOfReport {
  rows: RawRow[];
  flags: FigureFlag[];
}

/** A row as it came, less what is about people, with what the answer says of all its rows. */
export interface RawRow {
  id: string;
  account: string;
  day: string;
  currency: string | null;
  flags: FigureFlag[];
  /** Google's names of metrics we may not see. */
  restricted: string[];
  dimensionValues: unknown;
  metricValues: unknown;
}

/**
 * @throws ConnectorError `transient` when the data did not hold still, or stopped before their own count; `contract` when the
 *   same rows come again and again
 */
export async function readDay(client: Ga4Client, report: Report, day: string, zone: string): Promise<DayOfReport> {
  let failure = new ConnectorError("transient", `${TITLE} gave no steady answer for ${day}.`);
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const read = await pagesOf(client, report, day, zone);
    if (!(read instanceof ConnectorError)) return rowsOf(client, report, day, read);
    failure = read;
  }
  throw failure;
}

/** Answers the error where reading the day once more may go better. */
async function pagesOf(
  client: Ga4Client,
  report: Report,
  day: string,
  zone: string,
): Promise<ReportReply[] | ConnectorError> {
  const pages: ReportReply[] = [];
  const seen = new Set<string>();
  for (let offset = 0, expected = 0; pages.length === 0 || offset < expected;) {
    const page = await client.report(requestOf(report, day, offset, client.settings));
    checkForm(report, page, zone);
    if (page.rowCount > MOST_ROWS || pages.length >= MOST_PAGES)
      throw new ConnectorError(
        "contract",
        `${TITLE} has more rows for ${day} (${page.rowCount.toLocaleString("en")}) than can be taken at once.`,
      );
    if (pages.length === 0) expected = page.rowCount;
    else if (page.rowCount !== expected)
      return new ConnectorError("transient", `${TITLE} changed its count of rows for ${day} while they were read.`);
    // A page may be shorter than asked for; an empty one before the end is no end.
    if (page.rows.length === 0 && offset < expected)
      throw new ConnectorError("transient", `${TITLE} stopped for ${day} before its own count of rows was reached.`);
    for (const row of page.rows) {
      const key = JSON.stringify(
        row !== null && typeof row === "object" && "dimensionValues" in row ? row.dimensionValues : row,
      );
      if (seen.has(key))
        return new ConnectorError(
          "contract",
          `${TITLE} gave the same rows for ${day} on several pages, so the read would not end.`,
        );
      seen.add(key);
    }
    offset += page.rows.length;
    if (offset > expected)
      return new ConnectorError("transient", `${TITLE} gave more rows for ${day} than it counted.`);
    pages.push(page);
  }
  return pages;
}

/** Columns in another order would be other figures. */
function checkForm(
  report: Report,
  { dimensionHeaders, metricHeaders, rows, metadata }: ReportReply,
  zone: string,
): void {
  const [dimensions, metrics] = [dimensionHeaders, metricHeaders].map((headers) =>
    headers.map(({ name }) => name).join(),
  );
  if (
    rows.length > 0 &&
    (dimensions !== [DAY, ...Object.keys(report.dimensions)].join() || metrics !== Object.keys(report.metrics).join())
  )
    throw new ConnectorError("contract", `${TITLE} answered with other columns than it was asked for.`);
  if (metadata.timeZone !== undefined && metadata.timeZone !== zone)
    throw new ConnectorError(
      "transient",
      `The property's time zone is being changed: the days are not those that were asked for.`,
    );
}

function flagsOf(pages: readonly ReportReply[]): FigureFlag[] {
  const any = (holds: (metadata: ReportReply["metadata"]) => boolean) => pages.some(({ metadata }) => holds(metadata));
  const flags: [FigureFlag, boolean][] = [
    ["thresholded", any(({ subjectToThresholding }) => subjectToThresholding === true)],
    ["sampled", any(({ samplingMetadatas = [] }) => samplingMetadatas.length > 0)],
    ["other", any(({ dataLossFromOtherRow }) => dataLossFromOtherRow === true)],
    ["truncated", any(({ dataTruncationReasons = [] }) => dataTruncationReasons.length > 0)],
    ["restricted", restrictedIn(pages).length > 0],
    ["withheld", any(({ emptyReason = "" }) => emptyReason !== "")],
  ];
  return flags.flatMap(([flag, holds]) => (holds ? [flag] : []));
}

const restrictedIn = (pages: readonly ReportReply[]): string[] => [
  ...new Set(
    pages.flatMap(({ metadata }) =>
      (metadata.schemaRestrictionResponse?.activeMetricRestrictions ?? []).map(({ metricName }) => metricName),
    ),
  ),
];

function rowsOf({ property }: Ga4Client, report: Report, day: string, pages: ReportReply[]): DayOfReport {
  const flags = flagsOf(pages);
  const restricted = restrictedIn(pages);
  /** Rows that only an address told apart. */
  const alike = new Map<string, number>();
  const names = Object.values(report.dimensions);
  const rows = pages.flatMap((page) =>
    page.rows.map((row): RawRow => {
      const { dimensionValues, metricValues } = Object(row) as { dimensionValues?: unknown; metricValues?: unknown };
      const clean = withoutPeople(dimensionValues);
      const id = figureId(namedValues(names, clean));
      const nth = alike.get(id) ?? 0;
      alike.set(id, nth + 1);
      const currency = page.metadata.currencyCode ?? null;
      return {
        id: nth === 0 ? id : figureId(namedValues(names, clean), nth),
        account: property,
        day,
        currency,
        flags,
        restricted,
        dimensionValues: clean,
        metricValues,
      };
    }),
  );
  return { rows, flags };
}

/** By our names, without the day; of a row in no known form whatever there is. */
function namedValues(names: readonly string[], values: unknown): Record<string, string> {
  const [, ...rest]: unknown[] = Array.isArray(values) ? values : [null, values];
  return Object.fromEntries(rest.map((one, at) => [names[at] ?? String(at), textOf(one)]));
}

const textOf = (one: unknown): string =>
  typeof one === "object" && one !== null && "value" in one && typeof one.value === "string"
    ? one.value
    : JSON.stringify(one);
