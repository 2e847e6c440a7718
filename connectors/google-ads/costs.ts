/** What the work takes in calls. Reading: queries, each over some days of one account; those with more than 10,000 rows take more. */
import type { CallCost, Costs, StreamCosts } from "#connectors/core/costs.ts";
import { dayAfter, daysBetween } from "#connectors/core/figures.ts";
import { dayAt } from "#connectors/core/local-time.ts";
import { hierarchy } from "./accounts.ts";
import type { GoogleAdsClient } from "./client.ts";
import { cursor } from "./days.ts";
import { CLICK_DAYS, DAYS_PER_QUERY, LOOK_PAUSES_MS, MEMBERS_PER_CALL } from "./limits.ts";
import type { Bucket } from "./limits.ts";

const call = (bucket: Bucket, cost: Omit<CallCost, "bucket"> = {}): CallCost => ({ bucket, ...cost });
const operation = (cost: Omit<CallCost, "bucket"> = {}) => call("operations", cost);

/** Fetched where the last one has ended, and not at all with a sign-in. */
const token = call("token", { perhaps: true });

/** Which accounts there are; first of all, where none was named, which one the credentials reach. */
const accounts = [operation(), operation({ perhaps: true })];
const queries = [operation({ per: 1 }), ...accounts];

const stream = (
  daysPerQuery: number,
  usualDays: (client: GoogleAdsClient) => number,
): StreamCosts<GoogleAdsClient> => ({
  all: queries,
  changes: queries,
  count: accounts,
  async units(client, position) {
    const { since, at } = cursor.safeParse(position).data ?? { since: {}, at: null };
    // In the middle of a read: what is left of it is not told apart.
    if (at !== null) return null;
    const days = (await hierarchy(client)).accounts.map(({ id, timeZone }) => {
      const today = dayAt(client.now(), timeZone);
      const oldest = dayAfter(today, -usualDays(client));
      const first = Object.hasOwn(since, id) ? (since[id] ?? oldest) : oldest;
      return first <= today ? daysBetween(first, today).length : 1;
    });
    return days.reduce((sum, count) => sum + Math.ceil(count / daysPerQuery), 0);
  },
});

export const costs: Costs<GoogleAdsClient> = {
  check: accounts,
  streams: {
    spend: stream(DAYS_PER_QUERY, ({ settings }) => settings.backfillDays),
    // The first of so many days is among them, and nothing older can be asked for.
    clicks: stream(1, ({ settings }) => Math.min(settings.clickDays, CLICK_DAYS) - 1),
  },
  audience: {
    // The account's audiences, and ours where it is missing.
    ensure: [call("user_lists"), call("user_lists", { perhaps: true }), token],
    members: [
      call("user_lists"),
      call("audience_write", { per: MEMBERS_PER_CALL }),
      call("audience_read", { per: MEMBERS_PER_CALL }),
      // How often one has to look until a job is done is up to Google.
      call("audience_read", { per: MEMBERS_PER_CALL, calls: LOOK_PAUSES_MS.length, perhaps: true }),
      token,
    ],
  },
};
