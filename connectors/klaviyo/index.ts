/** Klaviyo: profiles with their consent, what they did, which lists they joined; our fields as custom properties. */
import { defineConnector } from "#connectors/core/contract.ts";
import { auth } from "./auth.ts";
import { costs } from "./costs.ts";
import { classify } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { events } from "./read/events.ts";
import { lists } from "./read/lists.ts";
import { profiles } from "./read/profiles.ts";
import { credentials, settings } from "./settings.ts";
import { webhooks } from "./webhooks.ts";
import { writeBack } from "./write-back.ts";

export const klaviyo = defineConnector({
  id: "klaviyo",
  title: "Klaviyo",
  settings,
  credentials,
  auth,
  baseUrl: "https://a.klaviyo.com",
  limits: LIMITS,
  costs,
  connect: async (environment) => (await import("./client.ts")).createClient(environment),
  classify,
  check: (client) => client.account(),
  streams: { profiles, events, lists },
  writeBack,
  webhooks,
});
