/** Stripe's bad manners, each behind a switch. Counters count down to 0; the rest holds until set back. */
export interface StripeFaults {
  /** The next N requests are answered 429. */
  rateLimitNext: number;
  /** `Retry-After` of those; Stripe usually sends none. */
  retryAfterSeconds: number | null;
  /** The next N writes are answered 429 `lock_timeout`: somebody else is changing the object. */
  lockTimeoutNext: number;
  /** The next N requests are answered 500 before anything happens; nothing is kept under an idempotency key. */
  failNext: number;
  /** The next N writes happen, are answered 500, and the 500 is kept under the idempotency key. */
  failAfterWriteNext: number;
  /** The next N writes fail with a 500 that is kept under the idempotency key; nothing is written. */
  failAndKeepNext: number;
  /** The next N requests are carried out, but the connection breaks in the middle of the reply. */
  dropNext: number;
  /** The next N metadata writes are answered 200 without being stored. */
  ignoreWritesNext: number;
  /** The key no longer works. */
  revoked: boolean;
  /** Permissions a restricted key lacks, as `rak_customer_write`. */
  denied: Set<string>;
  /** Events made while this is set become visible so much later; set for one change only, they come out of order. */
  eventLagMs: number;
  /** Lists show each event twice. */
  eventsTwice: boolean;
  /** API version that events made from now on are rendered in. */
  eventApiVersion: string;
  /** Every reply waits. */
  slowMs: number;
}

export const API_VERSION = "2026-10-28.endive";

export function noFaults(): StripeFaults {
  return {
    rateLimitNext: 0,
    retryAfterSeconds: null,
    lockTimeoutNext: 0,
    failNext: 0,
    failAfterWriteNext: 0,
    failAndKeepNext: 0,
    dropNext: 0,
    ignoreWritesNext: 0,
    revoked: false,
    denied: new Set(),
    eventLagMs: 0,
    eventsTwice: false,
    eventApiVersion: API_VERSION,
    slowMs: 0,
  };
}

type Counter = { [K in keyof StripeFaults]: StripeFaults[K] extends number ? K : never }[keyof StripeFaults];

/** Uses one up, if any is left. */
export function strikes(faults: StripeFaults, counter: Counter): boolean {
  if (faults[counter] <= 0) return false;
  faults[counter] -= 1;
  return true;
}
