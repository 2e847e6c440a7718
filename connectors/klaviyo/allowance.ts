/** What Klaviyo allows this account, as its answers say. */
import type { Allowance } from "#connectors/core/call.ts";

/** The window's own word where several are named: `75, 75;w=1, 750;w=60`. A bare figure is that of the minute. */
const MINUTE = /(\d+)\s*;\s*w=60\b/;

/**
 * The steady figure of an endpoint, spread over its seconds as our own are; null where the answer names none, or nonsense.
 * Read 2026-11: https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling
 */
export function allowanceIn(headers: Headers): Allowance | null {
  const text = headers.get("ratelimit-limit")?.trim() ?? "";
  const perMinute = Number(MINUTE.exec(text)?.[1] ?? (/^\d+$/.test(text) ? text : Number.NaN));
  if (!(perMinute >= 1 && perMinute <= 1_000_000)) return null;
  return perMinute >= 60
    ? { calls: Math.floor(perMinute / 60), windowMs: 1_000 }
    : { calls: 1, windowMs: Math.ceil(60_000 / perMinute) };
}
