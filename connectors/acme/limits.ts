/** What Acme allows, each with where it was read. */
import type { RateLimit } from "#connectors/core/contract.ts";

export const LIMITS = {
  main: { calls: 10, windowMs: 1_000, source: "https://acme.example/docs/rate-limits", readOn: "2026-11-28" },
} satisfies Record<string, RateLimit>;

/** Largest page of any list. https://acme.example/docs/paging (2026-11-28) */
export const PAGE_SIZE = 100;

/** People that one call reads or writes. https://acme.example/docs/batches (2026-11-28) */
export const BATCH_SIZE = 50;

/** Longest value of a field, characters. https://acme.example/docs/fields (2026-11-28) */
export const LONGEST_VALUE = 500;
