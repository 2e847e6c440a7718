/** HubSpot's figures, each with its source. */
import type { RateLimit } from "../core/contract.ts";

const GUIDELINES = "https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines";
const SEARCH_LIMITS = "https://developers.hubspot.com/changelog/crm-search-api-rate-limit-increase";

/**
 * HubSpot counts in rolling windows. Free and Starter accounts allow 100 calls in ten seconds, those with an extension 250:
 * every answer but a search's names the account's own figure, which is then gone by. What a search may cost is the same
 * for all.
 */
export const LIMITS = {
  general: { calls: 190, windowMs: 10_000, source: GUIDELINES, readOn: "2026-11-22" },
  search: { calls: 5, windowMs: 1_000, fixed: true, source: SEARCH_LIMITS, readOn: "2026-11-22" },
} satisfies Record<string, RateLimit>;
export type Bucket = keyof typeof LIMITS;

/** Largest page of the list endpoints. https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide (2026-11) */
export const LIST_PAGE = 100;

/**
 * Largest page of a search. A query pages through 10,000 rows and then answers 400, which is why we never page by offset:
 * https://developers.hubspot.com/docs/api-reference/search/guide (2026-11)
 */
export const SEARCH_PAGE = 200;

/** Alternatives a search takes, and values in a list of one. https://developers.hubspot.com/docs/api-reference/search/guide (2026-11) */
export const FILTER_GROUPS = 5;
export const FILTER_VALUES = 100;

/** Inputs of one batch call, reading or writing. https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide (2026-11) */
export const BATCH_SIZE = 100;

/** Batch reads with property history take fewer inputs. Error text quoted in github.com/PipedreamHQ/pipedream/pull/8462 (2026-11) */
export const HISTORY_BATCH_SIZE = 50;

/** Longest text a property holds. https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide (2026-11) */
export const LONGEST_VALUE = 65_536;

/** Waits by the window a 429 names. */
export const WINDOW_WAIT_MS: Record<string, number> & { TEN_SECONDLY_ROLLING: number } = {
  SECONDLY: 1_000,
  TEN_SECONDLY_ROLLING: 10_000,
};

/** The day is used up and the account's time zone is not known: asked again from time to time. */
export const DAILY_RECHECK_MS = 3_600_000;

/** The account is being moved between data centres, and HubSpot does not say for how long. https://developers.hubspot.com/docs/api/error-handling (2026-11) */
export const MOVING_WAIT_MS = 3_600_000;

/** A search sees a change up to a minute late (help.okta.com, HubSpot "Search Contacts", 2026-11); several times that is safe. */
export const DEFAULT_OVERLAP_MINUTES = 5;

/** A search pages through so many rows and refuses what lies behind. Read 2026-11:
 *  https://developers.hubspot.com/docs/api-reference/search/guide */
export const SEARCH_CAP = 10_000;
