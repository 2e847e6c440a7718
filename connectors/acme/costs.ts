/** What reading and writing take in calls. */
import type { CallCost, Costs, StreamCosts } from "#connectors/core/costs.ts";
import type { AcmeClient } from "./client.ts";
import { BATCH_SIZE, PAGE_SIZE } from "./limits.ts";

const call = (cost: Omit<CallCost, "bucket"> = {}): CallCost => ({ bucket: "main", ...cost });
const pages = [call({ per: PAGE_SIZE, anyway: true })];
const stream: StreamCosts<AcmeClient> = { all: pages, changes: pages };

export const costs: Costs<AcmeClient> = {
  check: [call()],
  streams: { people: stream, orders: stream },
  write: {
    // The list of fields, and each that is missing.
    fields: [call(), call({ per: 1, perhaps: true })],
    look: [call({ per: BATCH_SIZE })],
    write: [call({ per: BATCH_SIZE })],
  },
};
