/** What reading takes in calls: a day of a report is one, unless it has more rows than a page. */
import type { Costs, StreamCosts } from "#connectors/core/costs.ts";
import type { Ga4Client } from "./client.ts";
import type { Bucket } from "./limits.ts";
import { daysToRead } from "./reading.ts";

const call = (bucket: Bucket) => ({ bucket });

/** Its time zone. */
const PROPERTY = call("admin");
/** Fetched where the last one has ended. */
const TOKEN = { ...call("token"), perhaps: true as const };
const DAYS = [{ ...call("reports"), per: 1 }, PROPERTY, TOKEN];

const report: StreamCosts<Ga4Client> = { all: DAYS, changes: DAYS, units: daysToRead, count: [PROPERTY, TOKEN] };

const AUDIENCES = "How long Google takes to list an audience, and how many are in it, shows only while it is read.";

export const costs: Costs<Ga4Client> = {
  check: [PROPERTY, TOKEN],
  streams: {
    channels: report,
    sources: report,
    campaigns: report,
    landing_pages: report,
    funnel: report,
    audience_members: { all: AUDIENCES, changes: AUDIENCES },
  },
};
