/** What Stripe allows, each with where it was read. */
import type { RateLimit } from "#connectors/core/contract.ts";

const RATE_LIMITS_PAGE = "https://docs.stripe.com/rate-limits";
const READ_ON = "2026-11-21";

/**
 * Each endpoint takes 25 requests a second unless listed otherwise, and an account 100 a second over all of them, 25 in a
 * sandbox: a bucket per endpoint, and one from which every call is spent besides.
 */
const endpoint: RateLimit = { calls: 25, windowMs: 1_000, within: "all", source: RATE_LIMITS_PAGE, readOn: READ_ON };

export const LIMITS = {
  all: { calls: 100, callsInTest: 25, windowMs: 1_000, source: RATE_LIMITS_PAGE, readOn: READ_ON },
  account: endpoint,
  charges: endpoint,
  customers: endpoint,
  customer_read: endpoint,
  customer_write: endpoint,
  disputes: endpoint,
  events: endpoint,
  refunds: endpoint,
  subscription_items: endpoint,
  subscriptions: endpoint,
} satisfies Record<string, RateLimit>;

/** Those that calls are of. */
export type Bucket = Exclude<keyof typeof LIMITS, "all">;

/** Largest page of any list. https://docs.stripe.com/api/pagination (2026-11-21) */
export const PAGE_SIZE = 100;

/** Events can be listed for 30 days. https://docs.stripe.com/api/events/list (2026-11-21) */
export const EVENT_RETENTION_SECONDS = 30 * 24 * 3600;

/** https://docs.stripe.com/metadata (2026-11-21) */
export const METADATA_MAX_KEYS = 50;
export const METADATA_MAX_KEY_LENGTH = 40;
export const METADATA_MAX_VALUE_LENGTH = 500;

/** https://docs.stripe.com/api/idempotent_requests (2026-11-21) */
export const IDEMPOTENCY_KEY_MAX_LENGTH = 255;

/** Calls under way at once where one call does one record: they fill 25 a second where an answer takes up to 0.4 s. */
export const PARALLEL_CALLS = 10;

/** Customers worth looking at together: in order of age they fill ten pages of the list. More would only take longer to show. */
export const READ_SIZE = 1_000;
