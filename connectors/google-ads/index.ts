/** Google Ads: what advertising cost by day, which click was of which campaign, and our best customers as an audience. */
import { defineConnector } from "#connectors/core/contract.ts";
import { projectOf } from "#connectors/google/access.ts";
import { identityOf } from "./accounts.ts";
import { audiences } from "./audience.ts";
import { auth } from "./auth.ts";
import { ADS_ORIGIN, connect } from "./client.ts";
import { clicks } from "./clicks.ts";
import { costs } from "./costs.ts";
import { TITLE, classify } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { credentials, settings } from "./settings.ts";
import { spend } from "./spend.ts";

export const googleAds = defineConnector({
  id: "google-ads",
  title: TITLE,
  settings,
  credentials,
  auth,
  baseUrl: ADS_ORIGIN,
  limits: LIMITS,
  costs,
  appOf: ({ key }) => projectOf(key),
  connect,
  classify,
  check: identityOf,
  streams: { spend, clicks },
  audiences,
  audienceWanted: ({ audience }) => audience ?? null,
});
