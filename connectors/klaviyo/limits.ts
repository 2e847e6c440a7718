/** Klaviyo's figures, each with its source. */
import type { RateLimit } from "#connectors/core/contract.ts";

const GUIDE = "https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling";
const API = "https://github.com/klaviyo/openapi/blob/f0a30ba41254904dc410d84ca497df68f8872276/openapi/stable.json";
const READ = { readOn: "2026-11-22" } as const;

/**
 * Klaviyo counts per account and endpoint, in a window of a second (burst) and one of a minute (steady). One figure keeps
 * both: what the minute allows, spread over its seconds, is far below what a second allows.
 */
const L = { calls: 11, windowMs: 1_000, source: GUIDE, ...READ };
const XL = { calls: 58, windowMs: 1_000, source: GUIDE, ...READ };
/** These are the same for everybody, whatever an operator says of an account's calls in a second. */
const M = { calls: 5, windowMs: 2_000, fixed: true, source: API, ...READ } as const;
const XS = { calls: 1, windowMs: 4_000, fixed: true, source: API, ...READ } as const;

export const LIMITS = {
  profiles: L,
  profile: L,
  lists: L,
  members: L,
  events: XL,
  metrics: M,
  imports: M,
  import: M,
  import_errors: M,
  accounts: XS,
} satisfies Record<string, RateLimit>;
export type Bucket = keyof typeof LIMITS;

/** Largest pages, as the API description above says. That of events is 1,000 by its parameter and 200 by its description: 200 is right either way. */
export const PROFILE_PAGE = 100;
export const EVENT_PAGE = 200;
export const LIST_PAGE = 10;
export const IMPORT_ERROR_PAGE = 100;

/** Profiles of one import job, bytes of the request (less what stands around them) and of one profile in it: a job holds whatever ends first. */
export const IMPORT_PROFILES = 10_000;
export const IMPORT_BYTES = 5_000_000 - 1_000;
export const PROFILE_BYTES = 100_000;

/** The framework writes so many together; one job then answers within a minute or so. */
export const WRITE_BATCH = 1_000;

/** Our own bound, so that several long values fit into a profile's bytes. */
export const LONGEST_VALUE = 10_000;

/** A filter by ids goes into the address of a GET; servers and proxies refuse those beyond 8,000 bytes or so. */
export const FILTER_BYTES = 6_000;

/** Between looks at a job. Klaviyo names no time; together 45 seconds, after which the next attempt looks on. */
export const JOB_PAUSES_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 13_000];

/** How late a change may show is not documented: several minutes are safe. */
export const DEFAULT_OVERLAP_MINUTES = 5;

/** Shops hand orders on late, dated when they were placed. */
export const DEFAULT_EVENT_OVERLAP_MINUTES = 60;

/** Klaviyo tells of no deletion: only a read of everything shows it. */
export const DEFAULT_FULL_READ_HOURS = 24;
