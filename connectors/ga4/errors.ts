/** What Google Analytics answers, told as who has to act. */
import { untilMidnightMs } from "#connectors/core/midnight.ts";
import { servedAtOf } from "#connectors/core/retry-after.ts";
import { googleErrors } from "#connectors/google/errors.ts";
import type { GoogleAnswer } from "#connectors/google/errors.ts";
import { QUOTA_ZONE } from "./limits.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const TITLE = "Google Analytics 4";

/** No header names the wait: the sentence says which quota it is, and is not shown. */
function waitOf({ message, headers = {} }: GoogleAnswer, asked: number | undefined): number {
  if (asked !== undefined) return asked;
  const now = servedAtOf(headers) ?? Date.now();
  if (/concurrent/i.test(message)) return 10_000;
  if (/per day|daily/i.test(message)) return untilMidnightMs(now, QUOTA_ZONE) ?? HOUR;
  if (/hour/i.test(message)) return untilNextHour(now);
  return MINUTE;
}

export const untilNextHour = (nowMs: number): number => HOUR - (nowMs % HOUR);

export const classify = googleErrors(TITLE, "the scope analytics.readonly, or the role Viewer on the property,", {
  statuses: {
    429: {
      kind: "rate_limited",
      waitMs: waitOf,
      // Every stream of the property spends of the same tokens.
      wholeAccount: ({ message }) => /token|hour|day/i.test(message),
    },
    404: {
      kind: "permission",
      say: `${TITLE} has no such property or audience, or does not show it to these credentials. Check the ids, and that the account has the role Viewer.`,
    },
  },
  codes: {
    INVALID_ARGUMENT: {
      kind: "contract",
      say: `${TITLE} does not take this report. Its dimensions may not go together in this property.`,
    },
  },
});
