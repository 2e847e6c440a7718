/** What HubSpot allows this account, as its answers say. */
import { z } from "zod";

/** Read 2026-11: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines */
const named = z.object({
  calls: z.coerce.number().int().min(1).max(1_000_000),
  windowMs: z.coerce.number().int().min(100).max(3_600_000),
});

/** Calls in any stretch of so many milliseconds; null where the answer does not say, as a search's, or says nonsense. */
export function allowanceIn(headers: Headers): z.infer<typeof named> | null {
  const seen = named.safeParse({
    calls: headers.get("x-hubspot-ratelimit-max"),
    windowMs: headers.get("x-hubspot-ratelimit-interval-milliseconds"),
  });
  return seen.data ?? null;
}
