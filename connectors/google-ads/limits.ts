/** What Google Ads allows, each with where it was read. */
import type { RateLimit } from "#connectors/core/contract.ts";

const READ_ON = "2026-11-28";
const DAY_MS = 24 * 3_600_000;

const INGESTION = {
  ...{ countedFor: "app" as const, fixed: true as const },
  ...{ source: "https://developers.google.com/data-manager/api/devguides/limits", readOn: READ_ON },
};

export const LIMITS = {
  /**
   * Operations of a Cloud project, whichever accounts they are for: with Explorer access 2,880 in 24 hours, 15,000 with Test and
   * Basic, with Standard any number. An operator with more says so by `requests_per_second` (15,000 a day are 0.17).
   */
  operations: {
    ...{ calls: 2_880, windowMs: DAY_MS, countedFor: "app" },
    ...{ source: "https://developers.google.com/google-ads/api/docs/api-policy/access-levels", readOn: READ_ON },
  },
  /** Google publishes none for its token address; a token lasts an hour. */
  token: {
    ...{ calls: 10, windowMs: 1_000, fixed: true },
    ...{ source: "https://developers.google.com/identity/protocols/oauth2", readOn: READ_ON },
  },
  /**
   * Calls of a Cloud project that bring or take people: 300 a minute and 100,000 a day. 69 a minute are within both.
   */
  audience_write: { calls: 69, windowMs: 60_000, ...INGESTION },
  /** The same again for looking at what became of them. */
  audience_read: { calls: 69, windowMs: 60_000, ...INGESTION },
  /** 300 a minute and 50,000 a day. */
  user_lists: { calls: 34, windowMs: 60_000, ...INGESTION },
} satisfies Record<string, RateLimit>;

export type Bucket = keyof typeof LIMITS;

/** The newest; v22 was shut down on 2026-10-07: https://developers.google.com/google-ads/api/docs/sunset-dates (2026-11) */
export const VERSION = "v26";

/** Clicks can be asked for this long: https://developers.google.com/google-ads/api/reference/rpc/v24/ClickView (2026-11) */
export const CLICK_DAYS = 90;

/** Clicks of today and the days before it are asked for again: they show up late (not from a page of Google's). */
export const CLICK_AGAIN_DAYS = 2;

/** Conversions move for up to 90 days; most of it happens within a month (not from a page of Google's). */
export const USUAL_CORRECTION_DAYS = 30;

/** Days of spend asked for at once: a query costs one operation however many days it spans. */
export const DAYS_PER_QUERY = 30;

/** Where a refusal for the day's operations names no wait: they come back over 24 hours, not at midnight. */
export const EXHAUSTED_WAIT_MS = 15 * 60_000;

/** Members of one call. https://developers.google.com/data-manager/api/devguides/limits (2026-11) */
export const MEMBERS_PER_CALL = 10_000;
/** Fewer matched people, and Search shows nobody anything (not from a page of Google's). */
export const LEAST_MEMBERS = 100;
/** How long somebody stays in a list that is not told of them again; the longest there is. */
export const USER_LIST_DAYS = 540;
/** A job takes half an hour and more: a few looks, then the next attempt looks. */
export const LOOK_PAUSES_MS: readonly number[] = [5_000, 5_000];
