/** What reading and writing take in calls. Stripe offers no counts, so a first read cannot be told. */
import type { CallCost, Costs, StreamCosts } from "#connectors/core/costs.ts";
import type { Resource, StripeClient } from "./client.ts";
import { PAGE_SIZE, PARALLEL_CALLS } from "./limits.ts";
import type { Bucket } from "./limits.ts";

const call = (bucket: Bucket, cost: Omit<CallCost, "bucket"> = {}): CallCost => ({ bucket, ...cost });

/** Above one disputed charge in a hundred, card networks take measures against a shop (from memory). */
const disputed = call("disputes", { per: 100, perhaps: true, atOnce: PARALLEL_CALLS });
/** More items than a subscription shows, or a refund after a part of a charge was captured: few have that. */
const rarely = (bucket: Bucket) => call(bucket, { per: 100, perhaps: true, atOnce: PARALLEL_CALLS });

function stream(list: Resource, detail: readonly CallCost[], eventsLackDetail = false): StreamCosts<StripeClient> {
  const single = call(list === "customers" ? "customer_read" : list, { per: 1, atOnce: PARALLEL_CALLS });
  return {
    all: [call(list, { per: PAGE_SIZE, anyway: true }), ...detail],
    changes: [
      call("events", { per: PAGE_SIZE, anyway: true }),
      // Where they are more than a page: from which event on.
      call("events", { perhaps: true }),
      // Where the account's events are written in another version than ours, each object is asked for.
      eventsLackDetail ? single : { ...single, perhaps: true },
      ...detail,
    ],
  };
}

export const costs: Costs<StripeClient> = {
  check: [call("account")],
  streams: {
    customers: stream("customers", []),
    charges: stream("charges", [disputed, rarely("refunds")]),
    refunds: stream("refunds", [], true),
    subscriptions: stream("subscriptions", [rarely("subscription_items")]),
  },
  write: {
    fields: [],
    look: [call("customers", { per: PAGE_SIZE, scattered: true, atOnce: PARALLEL_CALLS })],
    write: [call("customer_write", { per: 1, atOnce: PARALLEL_CALLS })],
  },
};
