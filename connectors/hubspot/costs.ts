/** What reading and writing take in calls. */
import type { CallCost, Costs, StreamCosts } from "../core/costs.ts";
import type { HubspotClient } from "./client.ts";
import type { Bucket } from "./limits.ts";
import { BATCH_SIZE, LIST_PAGE, SEARCH_PAGE } from "./limits.ts";

const general = (cost: Omit<CallCost, "bucket"> = {}): CallCost => ({ bucket: "general" satisfies Bucket, ...cost });
const search = (cost: Omit<CallCost, "bucket"> = {}): CallCost => ({ bucket: "search" satisfies Bucket, ...cost });

/** Besides the rows themselves: of contacts their subscriptions, of the others whose they are. */
const beside = general({ per: BATCH_SIZE });
/** Of contacts who opted out of everything, since when: a call for a page with any. Of deals without a currency, the account's. */
const sometimes = general({ per: BATCH_SIZE, perhaps: true });
/** The list of archived ones is read whole; how long it is shows only then. */
const archived = general();
/** Whether archived contacts live on in others. */
const merged = search({ perhaps: true });

const stream = (more: readonly CallCost[]): StreamCosts<HubspotClient> => ({
  all: [general({ per: LIST_PAGE, anyway: true }), archived, beside, ...more],
  changes: [search({ per: SEARCH_PAGE, anyway: true }), archived, beside, ...more],
  count: [search()],
});

export const costs: Costs<HubspotClient> = {
  check: [general()],
  streams: { contacts: stream([sometimes, merged]), companies: stream([]), deals: stream([sometimes]) },
  write: {
    fields: [general({ calls: 2 }), general({ perhaps: true }), general({ per: 1, perhaps: true })],
    look: [general({ per: BATCH_SIZE })],
    write: [general({ per: BATCH_SIZE })],
  },
  // Free and Starter accounts; others have more. Nobody says how much of it other apps have used.
  day: {
    calls: 250_000,
    source: "https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines",
    readOn: "2026-11-22",
  },
};
