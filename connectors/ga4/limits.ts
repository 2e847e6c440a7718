/** What Google allows, each with where it was read. */
import type { RateLimit } from "#connectors/core/contract.ts";

const QUOTAS = "https://developers.google.com/analytics/devguides/reporting/data/v1/quotas";
const READ_ON = "2026-11-28";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * Google counts tokens, not calls; answers say what is left, and `quota.ts` goes by that. These keep the pace below ten calls
 * at once, whatever each takes.
 */
export const LIMITS = {
  reports: { calls: 10, windowMs: 1_000, source: QUOTAS, readOn: READ_ON },
  admin: { calls: 60, windowMs: MINUTE, source: QUOTAS, readOn: READ_ON },
  token: { calls: 60, windowMs: MINUTE, source: QUOTAS, readOn: READ_ON },
  events: { calls: 10, windowMs: 1_000, source: QUOTAS, readOn: READ_ON },
  /** Ten server errors an hour close a property to us; whoever meets one takes one of these. */
  server_errors: { calls: 5, windowMs: HOUR, fixed: true, source: QUOTAS, readOn: READ_ON },
} satisfies Record<string, RateLimit>;

export type Bucket = Exclude<keyof typeof LIMITS, "server_errors">;

/** What is left of each quota when we stop, for the customer's other apps: a tenth of a standard property's, unless told otherwise. */
export const LEFT_FOR_OTHERS = {
  tokensPerDay: 20_000,
  tokensPerHour: 4_000,
  tokensPerProjectPerHour: 1_400,
  serverErrorsPerProjectPerHour: 3,
  concurrentRequests: 2,
  potentiallyThresholdedRequestsPerHour: 12,
} as const;

/** Daily quotas are reset at midnight there. */
export const QUOTA_ZONE = "America/Los_Angeles";

/** Rows of a page; 250,000 is the most that Google gives. */
export const PAGE_ROWS = 50_000;

/** A day's numbers change for so long: late hits come up to three days after, and are worked in on the fourth. */
export const USUAL_CORRECTION_DAYS = 4;

/** Steps of a funnel, and audiences, that one connection may name. */
export const MOST_STEPS = 50;
export const MOST_AUDIENCES = 20;

/** Of the Measurement Protocol. https://developers.google.com/analytics/devguides/collection/protocol/ga4/sending-events */
export const EVENTS = { params: 25, value: 100, backdateMs: 72 * HOUR } as const;
