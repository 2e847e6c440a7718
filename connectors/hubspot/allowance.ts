/** What HubSpot allows this account, as its answers say. */
import { z } from "zod";

/** Read 2026-11: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines */
const named = z.object({
  calls: z.coerce.number().int().min(1).max(1_000_000),
  windowMs: z.coerce.number().int().min(100).max(3_600_000),
});

const namedDay = z
  .object({ calls: z.coerce.number().int().min(1).max(100_000_000), left: z.coerce.number().int().min(0) })
  .refine(({ calls, left }) => left <= calls);

/** Of the account's day; null where the answer does not say, as to an app that somebody has signed in with, or says nonsense. */
export function dayAllowanceIn(headers: Headers): z.infer<typeof namedDay> | null {
  const [calls, left] = [headers.get("x-hubspot-ratelimit-daily"), headers.get("x-hubspot-ratelimit-daily-remaining")];
  // What is not there would count as 0.
  return calls === null || left === null || left.trim() === ""
    ? null
    : (namedDay.safeParse({ calls, left }).data ?? null);
}

/** Calls in any stretch of so many milliseconds; null where the answer does not say, as a search's, or says nonsense. */
export function allowanceIn(headers: Headers): z.infer<typeof named> | null {
  const seen = named.safeParse({
    calls: headers.get("x-hubspot-ratelimit-max"),
    windowMs: headers.get("x-hubspot-ratelimit-interval-milliseconds"),
  });
  return seen.data ?? null;
}
