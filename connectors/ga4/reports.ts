/** What is asked for: one report a stream and day. Dimensions and metrics are Google's names on the left, ours on the right. */
import type { MetricRecord } from "#connectors/core/records.ts";
import { PAGE_ROWS } from "./limits.ts";
import type { Settings } from "./settings.ts";

export interface Measure {
  name: string;
  unit: MetricRecord["unit"];
}

export interface Report {
  title: string;
  /** Besides the day. */
  dimensions: Readonly<Record<string, string>>;
  metrics: Readonly<Record<string, Measure>>;
  /** Only the events of the funnel. */
  steps?: true;
}

const SESSIONS = {
  sessions: { name: "sessions", unit: "count" },
  engagedSessions: { name: "engaged_sessions", unit: "count" },
  keyEvents: { name: "key_events", unit: "count" },
  totalRevenue: { name: "revenue", unit: "micros" },
} as const satisfies Report["metrics"];

export const REPORTS = {
  channels: {
    title: "Channels",
    dimensions: { sessionDefaultChannelGroup: "channel" },
    metrics: { ...SESSIONS, totalUsers: { name: "users", unit: "people" } },
  },
  sources: {
    title: "Sources and media",
    dimensions: { sessionSource: "source", sessionMedium: "medium" },
    metrics: SESSIONS,
  },
  campaigns: {
    title: "Campaigns",
    dimensions: { sessionCampaignName: "campaign", sessionSource: "source", sessionMedium: "medium" },
    metrics: SESSIONS,
  },
  landing_pages: {
    title: "Landing pages",
    // Not with its query string: that is where addresses of people turn up.
    dimensions: { landingPage: "landing_page" },
    metrics: SESSIONS,
  },
  funnel: {
    title: "Funnel steps",
    dimensions: { eventName: "event", sessionDefaultChannelGroup: "channel" },
    metrics: { eventCount: { name: "events", unit: "count" }, totalUsers: { name: "users", unit: "people" } },
    steps: true,
  },
} satisfies Record<string, Report>;

/** The day of a row, in the property's own time zone: `20261127`. */
export const DAY = "date";

export function requestOf(report: Report, day: string, offset: number, { funnel }: Settings): object {
  const dimensions = [DAY, ...Object.keys(report.dimensions)];
  return {
    dimensions: dimensions.map((name) => ({ name })),
    metrics: Object.keys(report.metrics).map((name) => ({ name })),
    dateRanges: [{ startDate: day, endDate: day }],
    // Without an order, pages of one list need not be parts of one list.
    orderBys: dimensions.map((dimensionName) => ({ dimension: { dimensionName } })),
    // 64-bit numbers are texts.
    ...{ offset: String(offset), limit: String(PAGE_ROWS) },
    ...(report.steps === true
      ? {
          dimensionFilter: {
            filter: { fieldName: "eventName", inListFilter: { values: funnel, caseSensitive: true } },
          },
        }
      : {}),
    returnPropertyQuota: true,
  };
}
