/** Google Analytics 4: figures by day, and the members of audiences where the site tells Google its own user ids. */
import { defineConnector } from "#connectors/core/contract.ts";
import { audienceMembers } from "./audience.ts";
import { auth } from "./auth.ts";
import { connect, DATA_ORIGIN } from "./client.ts";
import { costs } from "./costs.ts";
import { classify, TITLE } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { reportStream } from "./reading.ts";
import { REPORTS } from "./reports.ts";
import { credentials, settings } from "./settings.ts";

export const ga4 = defineConnector({
  id: "ga4",
  title: TITLE,
  settings,
  credentials,
  auth,
  baseUrl: DATA_ORIGIN,
  limits: LIMITS,
  costs,
  connect,
  classify,
  check: (client) => client.identity(),
  streams: {
    channels: reportStream(REPORTS.channels),
    sources: reportStream(REPORTS.sources),
    campaigns: reportStream(REPORTS.campaigns),
    landing_pages: reportStream(REPORTS.landing_pages),
    funnel: reportStream(REPORTS.funnel),
    audience_members: audienceMembers,
  },
  isIdle: (stream, { audiences }) => stream === "audience_members" && audiences.length === 0,
});
