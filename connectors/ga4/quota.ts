/**
 * What is left of a property's quotas, as every answer says (`returnPropertyQuota`). Where it comes to what is left to the
 * customer's other apps, the next call is not made: nobody who shares the property calls until the quota is filled again.
 */
import { z } from "zod";
import { ConnectorError } from "#connectors/core/errors.ts";
import { untilMidnightMs } from "#connectors/core/midnight.ts";
import { TITLE, untilNextHour } from "./errors.ts";
import { LEFT_FOR_OTHERS, QUOTA_ZONE } from "./limits.ts";

/** Left out where it is 0, as protocol buffers do in JSON. */
const status = z.object({ consumed: z.number().default(0), remaining: z.number().default(0) });

export const propertyQuota = z.object({
  tokensPerDay: status.optional(),
  tokensPerHour: status.optional(),
  tokensPerProjectPerHour: status.optional(),
  concurrentRequests: status.optional(),
  serverErrorsPerProjectPerHour: status.optional(),
  potentiallyThresholdedRequestsPerHour: status.optional(),
});
export type PropertyQuota = z.infer<typeof propertyQuota>;

type Counted = keyof typeof LEFT_FOR_OTHERS;

const WORDS: Record<Exclude<Counted, "concurrentRequests">, { words: string; daily: boolean }> = {
  tokensPerDay: { words: "tokens of the day", daily: true },
  tokensPerHour: { words: "tokens of the hour", daily: false },
  tokensPerProjectPerHour: { words: "tokens of our project for the hour", daily: false },
  serverErrorsPerProjectPerHour: { words: "server errors that Google bears in an hour", daily: false },
  potentiallyThresholdedRequestsPerHour: { words: "thresholded reports of the hour", daily: false },
};

/** Null: there is enough left. */
export function exhausted(quota: PropertyQuota | undefined, nowMs: number, share = 0.9): ConnectorError | null {
  for (const [name, { words, daily }] of Object.entries(WORDS)) {
    const counted = name as keyof typeof WORDS;
    const left = quota?.[counted];
    if (left === undefined || left.remaining > LEFT_FOR_OTHERS[counted] * timesUsual(share)) continue;
    const retryAfterMs = daily ? (untilMidnightMs(nowMs, QUOTA_ZONE) ?? untilNextHour(nowMs)) : untilNextHour(nowMs);
    return new ConnectorError(
      "rate_limited",
      `${TITLE}: the ${words} of this property are nearly used up; what is left is for other apps.`,
      { retryAfterMs, wholeAccount: true },
    );
  }
  return null;
}

/** Others are asking for so much at once that we let them go first. */
export const isCrowded = (quota: PropertyQuota | undefined): boolean =>
  quota?.concurrentRequests !== undefined && quota.concurrentRequests.remaining <= LEFT_FOR_OTHERS.concurrentRequests;

/** What is left for others, in multiples of the tenth that usually is. */
const timesUsual = (share: number): number => (1 - share) / 0.1;
