/** runReport: sums of what the site recorded, by the dimensions asked for. */
import { z } from "zod";
import type { Call, Reply } from "#connectors/core/twin/route.ts";
import { ok } from "#connectors/core/twin/route.ts";
import type { Ga4Account, Hits } from "./account.ts";
import { invalid } from "./errors.ts";

const DIMENSIONS: Record<string, (hits: Hits) => string> = {
  date: ({ day }) => day.replaceAll("-", ""),
  sessionDefaultChannelGroup: ({ channel }) => channel,
  sessionSource: ({ source }) => source,
  sessionMedium: ({ medium }) => medium,
  sessionCampaignName: ({ campaign }) => campaign,
  landingPage: ({ landingPage }) => landingPage,
  eventName: ({ event }) => event,
};

const METRICS: Record<string, { type: string; of(hits: Hits): number; money?: true }> = {
  sessions: { type: "TYPE_INTEGER", of: ({ sessions }) => sessions },
  engagedSessions: { type: "TYPE_INTEGER", of: ({ engagedSessions }) => engagedSessions },
  keyEvents: { type: "TYPE_FLOAT", of: ({ keyEvents }) => keyEvents },
  totalRevenue: { type: "TYPE_CURRENCY", of: ({ revenue }) => revenue, money: true },
  totalUsers: { type: "TYPE_INTEGER", of: ({ users }) => users },
  eventCount: { type: "TYPE_INTEGER", of: ({ events }) => events },
};

const named = z.array(z.strictObject({ name: z.string() }));
/** 64-bit numbers are texts in JSON; Google takes plain ones as well. */
const int64 = z.union([z.string().regex(/^-?\d+$/), z.int()]).transform(Number);

/** What Google knows of `RunReportRequest` and the twin as well; of the rest it says so. */
const request = z.strictObject({
  dimensions: named.max(9).default([]),
  metrics: named.max(10).default([]),
  dateRanges: z
    .array(z.strictObject({ startDate: z.iso.date(), endDate: z.iso.date(), name: z.string().optional() }))
    .length(1),
  dimensionFilter: z
    .strictObject({
      filter: z.strictObject({
        fieldName: z.string(),
        inListFilter: z.strictObject({ values: z.array(z.string()).min(1), caseSensitive: z.boolean().default(false) }),
      }),
    })
    .optional(),
  orderBys: z
    .array(z.strictObject({ dimension: z.strictObject({ dimensionName: z.string() }), desc: z.boolean().optional() }))
    .default([]),
  offset: int64.default(0),
  limit: int64.default(10_000),
  keepEmptyRows: z.boolean().default(false),
  returnPropertyQuota: z.boolean().default(false),
  currencyCode: z.string().optional(),
});
type Request = z.infer<typeof request>;

const MOST_ROWS = 250_000;
const RESTRICTED = {
  activeMetricRestrictions: [{ metricName: "totalRevenue", restrictedMetricTypes: ["REVENUE_DATA"] }],
};

interface Line {
  dimensions: string[];
  metrics: number[];
  users: number;
}

export function runReport(account: Ga4Account, call: Call): Reply {
  const asked = call.body(request);
  check(asked);
  const { faults, property } = account;
  const all = linesOf(account, asked);
  const { rows: lines, lost } = folded(all, asked, faults.otherRowsFrom);
  const offset = faults.stuckCursor ? 0 : asked.offset;
  const shown = lines.slice(offset, offset + Math.min(asked.limit, MOST_ROWS, faults.shortPage));
  const quota = account.spend(1 + Math.ceil(shown.length / 1_000));
  const rowCount = lines.length;
  if (faults.movesBetweenPages > 0 && offset + shown.length < rowCount) {
    faults.movesBetweenPages -= 1;
    const [first] = account.hits.values();
    if (first !== undefined)
      account.record({
        ...first,
        id: `late ${account.next("late")}`,
        day: asked.dateRanges[0]?.startDate ?? "",
        landingPage: `/0-late-${account.next("late")}`,
        channel: `0 late ${account.next("late")}`,
        source: `0-late-${account.next("late")}`,
        campaign: `0-late-${account.next("late")}`,
      });
  }
  return ok({
    dimensionHeaders: asked.dimensions,
    metricHeaders: asked.metrics.map(({ name }) => ({ name, type: METRICS[name]?.type })),
    ...(shown.length === 0 ? {} : { rows: shown.map((line) => rendered(line, asked)) }),
    ...(rowCount === 0 ? {} : { rowCount }),
    metadata: {
      ...{ currencyCode: asked.currencyCode ?? property.currency, timeZone: property.timeZone },
      ...(faults.thresholdUsers > 0 ? { subjectToThresholding: true } : {}),
      ...(lost ? { dataLossFromOtherRow: true } : {}),
      ...(faults.sampled ? { samplingMetadatas: [{ samplesReadCount: "1000", samplingSpaceSize: "5000" }] } : {}),
      ...(faults.truncated ? { dataTruncationReasons: [{}] } : {}),
      ...(faults.revenueHidden ? { schemaRestrictionResponse: RESTRICTED } : {}),
      ...(faults.emptyReason === null || rowCount > 0 ? {} : { emptyReason: faults.emptyReason }),
    },
    ...(asked.returnPropertyQuota ? { propertyQuota: quota } : {}),
    kind: "analyticsData#runReport",
  });
}

function check({ dimensions, metrics, dateRanges, dimensionFilter, orderBys, offset, limit }: Request): void {
  for (const { name } of dimensions)
    if (!Object.hasOwn(DIMENSIONS, name))
      throw invalid(
        `Field ${name} is not a valid dimension. For a list of valid dimensions and metrics, see https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema`,
      );
  for (const { name } of metrics)
    if (!Object.hasOwn(METRICS, name)) throw invalid(`Field ${name} is not a valid metric.`);
  if (dimensions.length + metrics.length === 0)
    throw invalid("Requests must include at least one dimension or metric.");
  for (const { startDate, endDate } of dateRanges)
    if (startDate > endDate) throw invalid("The start date must not be after the end date.");
  if (limit <= 0) throw invalid("The limit must be positive.");
  if (offset < 0) throw invalid("The offset must not be negative.");
  const asked = new Set(dimensions.map(({ name }) => name));
  for (const { dimension } of orderBys)
    if (!asked.has(dimension.dimensionName))
      throw invalid(`The order by ${dimension.dimensionName} is not among the dimensions of the request.`);
  if (dimensionFilter !== undefined && !Object.hasOwn(DIMENSIONS, dimensionFilter.filter.fieldName))
    throw invalid(`Field ${dimensionFilter.filter.fieldName} is not a valid dimension.`);
}

function linesOf(account: Ga4Account, asked: Request): Line[] {
  const [range] = asked.dateRanges;
  const filter = asked.dimensionFilter?.filter;
  const wanted = new Set(filter?.inListFilter.values);
  const lines = new Map<string, Line>();
  for (const hits of account.hits.values()) {
    if (hits.gone || range === undefined || hits.day < range.startDate || hits.day > range.endDate) continue;
    if (filter !== undefined && !wanted.has(DIMENSIONS[filter.fieldName]?.(hits) ?? "")) continue;
    const dimensions = asked.dimensions.map(({ name }) => DIMENSIONS[name]?.(hits) ?? "");
    const key = JSON.stringify(dimensions);
    const line = lines.get(key) ?? { dimensions, metrics: asked.metrics.map(() => 0), users: 0 };
    for (const [at, { name }] of asked.metrics.entries())
      line.metrics[at] = (line.metrics[at] ?? 0) + (METRICS[name]?.of(hits) ?? 0);
    line.users += hits.users;
    lines.set(key, line);
  }
  const order = asked.orderBys.map(({ dimension }) =>
    asked.dimensions.findIndex(({ name }) => name === dimension.dimensionName),
  );
  return [...lines.values()]
    .filter(({ users }) => users >= account.faults.thresholdUsers)
    .toSorted((a, b) => {
      for (const at of order)
        if (a.dimensions[at] !== b.dimensions[at]) return (a.dimensions[at] ?? "") < (b.dimensions[at] ?? "") ? -1 : 1;
      return 0;
    });
}

/** Beyond so many rows they are one, whose name is "(other)". */
function folded(lines: Line[], { dimensions }: Request, most: number): { rows: Line[]; lost: boolean } {
  if (lines.length <= most) return { rows: lines, lost: false };
  const rest = lines.slice(most);
  const other: Line = {
    dimensions: dimensions.map(({ name }, at) => (name === "date" ? (rest[0]?.dimensions[at] ?? "") : "(other)")),
    metrics: (rest[0]?.metrics ?? []).map((_, at) => rest.reduce((sum, line) => sum + (line.metrics[at] ?? 0), 0)),
    users: 0,
  };
  return { rows: [...lines.slice(0, most), other], lost: true };
}

const rendered = ({ dimensions, metrics }: Line, asked: Request) => ({
  dimensionValues: dimensions.map((value) => ({ value })),
  metricValues: metrics.map((value, at) => {
    const { money } = METRICS[asked.metrics[at]?.name ?? ""] ?? {};
    return { value: money === true ? String(Number(value.toFixed(6))) : String(value) };
  }),
});
