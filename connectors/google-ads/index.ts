/** Google Ads: what advertising cost by day, and which click was of which campaign. */
import { defineConnector } from "#connectors/core/contract.ts";
import { projectOf } from "#connectors/google/access.ts";
import { identityOf } from "./accounts.ts";
import { auth } from "./auth.ts";
import { ADS_ORIGIN, connect } from "./client.ts";
import { clicks } from "./clicks.ts";
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
  appOf: ({ key }) => projectOf(key),
  connect,
  classify,
  check: identityOf,
  streams: { spend, clicks },
});
