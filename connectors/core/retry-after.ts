/** How long a vendor asks to wait, in whichever of its headers and notations. */

export type HeaderSource = Headers | Record<string, string | string[] | number | undefined>;

/** No vendor means a wait of more than a day; a longer one is a wrong clock or a wrong unit. */
const LONGEST_WAIT_MS = 24 * 3_600_000;

/** Longest count of seconds taken for a wait; beyond it a number is an instant. Ten years of seconds are still before 1980. */
const SECONDS_UP_TO = 315_360_000;
const INSTANT_SECONDS_UP_TO = 100_000_000_000;

const RESET_HEADERS = ["x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset", "x-ratelimit-reset-after"];

/**
 * Milliseconds to wait; undefined where the vendor names no wait that makes sense (none, negative, no number, past).
 *
 * `Retry-After` counts seconds, whole or not, or names a date, which is read against the reply's own `Date`.
 *
 * @param orReset look at `X-RateLimit-Reset` and its like too: they stand in good answers as well, so only after a 429
 */
export function retryAfterMs(headers: HeaderSource, orReset = false): number | undefined {
  const served = Date.parse(headerOf(headers, "date") ?? "");
  const from = Number.isNaN(served) ? Date.now() : served;
  const milliseconds = numberOf(headerOf(headers, "retry-after-ms"));
  const asked = sensible(milliseconds) ?? sensible(waitOf(headerOf(headers, "retry-after"), from));
  if (asked !== undefined || !orReset) return asked;
  for (const name of RESET_HEADERS) {
    const wait = sensible(waitOf(headerOf(headers, name), from));
    if (wait !== undefined) return wait;
  }
  return undefined;
}

/** The vendor's own clock when it answered, milliseconds since the epoch; null where it does not say. */
export function servedAtOf(headers: HeaderSource): number | null {
  const at = Date.parse(headerOf(headers, "date") ?? "");
  return Number.isNaN(at) ? null : at;
}

function sensible(waitMs: number | undefined): number | undefined {
  if (waitMs === undefined || !Number.isFinite(waitMs) || waitMs <= 0) return undefined;
  return Math.min(Math.ceil(waitMs), LONGEST_WAIT_MS);
}

function waitOf(text: string | undefined, from: number): number | undefined {
  const number = numberOf(text);
  if (number === undefined) {
    // Words and numbers with a sign are no dates, though `Date.parse` makes some of them.
    if (text === undefined || !/^[A-Za-z]{3}|^\d{4}-\d\d-\d\d/.test(text)) return undefined;
    return Date.parse(text) - from;
  }
  if (number <= SECONDS_UP_TO) return number * 1_000;
  return (number <= INSTANT_SECONDS_UP_TO ? number * 1_000 : number) - from;
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function headerOf(headers: HeaderSource, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name)?.trim();
  const value = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? undefined : String(first).trim();
}
