import { defineConnector } from "../core/contract.ts";
import { auth } from "./auth.ts";
import type { HubspotClient } from "./client.ts";
import { costs } from "./costs.ts";
import { classify } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { companies, deals } from "./read/associated.ts";
import { contacts } from "./read/contacts.ts";
import { credentials, settings } from "./settings.ts";
import { webhooks } from "./webhooks.ts";
import { writeBack } from "./write-back.ts";

export const hubspot = defineConnector({
  id: "hubspot",
  title: "HubSpot",
  settings,
  credentials,
  auth,
  baseUrl: "https://api.hubapi.com",
  limits: LIMITS,
  costs,
  connect: async (environment) => (await import("./client.ts")).createClient(environment),
  classify,
  check: async (client: HubspotClient) => {
    const { portalId, accountType } = await client.account();
    const identity = { account: String(portalId), title: `HubSpot account ${portalId}` };
    const mode = modeOf(accountType);
    return mode === undefined ? identity : { ...identity, mode };
  },
  streams: { contacts, companies, deals },
  writeBack,
  webhooks,
});

/**
 * A kind we do not know says nothing, or a customer's real account would pass for a sandbox.
 * Read 2026-11: https://developers.hubspot.com/docs/api-reference/account-account-info-v3/guide
 */
function modeOf(accountType = ""): "live" | "test" | undefined {
  if (accountType === "STANDARD") return "live";
  return ["DEVELOPER_TEST", "SANDBOX", "APP_DEVELOPER"].includes(accountType) ? "test" : undefined;
}
