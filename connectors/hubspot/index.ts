import { defineConnector } from "../core/contract.ts";
import { createClient, credentials, settings } from "./client.ts";
import type { HubspotClient } from "./client.ts";
import { classify } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { companies, deals } from "./read/associated.ts";
import { contacts } from "./read/contacts.ts";
import { writeBack } from "./write-back.ts";

export const hubspot = defineConnector({
  id: "hubspot",
  title: "HubSpot",
  settings,
  credentials,
  baseUrl: "https://api.hubapi.com",
  limits: LIMITS,
  connect: createClient,
  classify,
  check: async (client: HubspotClient) => {
    const { portalId } = await client.account();
    return { account: String(portalId), title: `HubSpot account ${portalId}` };
  },
  streams: { contacts, companies, deals },
  writeBack,
});
