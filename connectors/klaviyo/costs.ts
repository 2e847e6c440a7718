/** What reading and writing take in calls. */
import type { CallCost, Costs } from "#connectors/core/costs.ts";
import type { KlaviyoClient } from "./client.ts";
import { EVENT_PAGE, JOB_PAUSES_MS, PROFILE_PAGE, WRITE_BATCH } from "./limits.ts";
import type { Bucket } from "./limits.ts";

const call = (bucket: Bucket, cost: Omit<CallCost, "bucket"> = {}): CallCost => ({ bucket, ...cost });

/** Events of so many metrics tell of consent in an account that has all of Klaviyo's own (not from a page of Klaviyo's). */
const CONSENT_METRICS = 6;

const LISTS = "Which lists there are and how many people are on each shows only while they are read.";

export const costs: Costs<KlaviyoClient> = {
  check: [call("accounts")],
  streams: {
    profiles: {
      all: [call("profiles", { per: PROFILE_PAGE, anyway: true })],
      changes: [
        call("profiles", { per: PROFILE_PAGE, anyway: true }),
        // Those that were suppressed, and whose consent an event tells of.
        call("profiles"),
        call("metrics"),
        call("events", { calls: CONSENT_METRICS, perhaps: true }),
        call("profiles", { per: PROFILE_PAGE, perhaps: true }),
      ],
    },
    events: {
      all: [call("events", { per: EVENT_PAGE, anyway: true }), call("profiles", { per: PROFILE_PAGE, perhaps: true })],
      changes: [
        call("events", { per: EVENT_PAGE, anyway: true }),
        call("profiles", { per: PROFILE_PAGE, perhaps: true }),
      ],
    },
    lists: { all: LISTS, changes: LISTS },
  },
  write: {
    fields: [],
    look: [call("profiles", { per: PROFILE_PAGE })],
    write: [
      call("imports", { per: WRITE_BATCH }),
      // How often one has to look until a job is done is up to Klaviyo.
      call("import", { per: WRITE_BATCH }),
      call("import", { per: WRITE_BATCH, calls: JOB_PAUSES_MS.length, perhaps: true }),
      call("import_errors", { per: WRITE_BATCH, perhaps: true }),
    ],
  },
};
