/** The console's server on a database of its own, called as vendors call it: signed by their own libraries. */
import { Signature } from "@hubspot/api-client";
import { Stripe } from "stripe";
import { readMasterKeys } from "#config.ts";
import { createServer } from "#console/server/server.ts";
import { serverStores } from "#console/server/stores.ts";
import { openWebhooks } from "#console/server/webhooks/open.ts";
import { createLogger } from "#logger.ts";
import { connectionIdOf, workspaceIdOf, type ConnectionId, type WorkspaceId } from "#profile/ids.ts";
import type { MasterKeys } from "#profile/store/credentials.ts";
import { openDatabase } from "#profile/store/database.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import type { Dependencies } from "#workflows/dependencies.ts";

export const APP_SECRET = "an-app-secret-of-hubspot";
export const PLATFORM_SECRET = "whsec_of_the_platform_endpoint";
export const ENVIRONMENT = { HUBSPOT_WEBHOOK_SECRET: APP_SECRET, STRIPE_WEBHOOK_SECRET: PLATFORM_SECRET };

export interface Reply {
  status: number;
  text: string;
  headers: Headers;
}

export interface WebhookConsole {
  url: string;
  deps: Dependencies;
  /** Workspaces that Temporal was told of, in order. */
  told: WorkspaceId[];
  logged(): string;
  post(path: string, body: string | Buffer, headers: Record<string, string>): Promise<Reply>;
  hubspot(events: object[], change?: { secret?: string; at?: number; path?: string }): Promise<Reply>;
  stripe(event: object, change?: { secret?: string; at?: number; path?: string }): Promise<Reply>;
  /** Makes a connection whose account is known. */
  connect(connection: {
    connector: string;
    account: string;
    slug?: string;
    name?: string;
    mode?: "live" | "test";
    baseUrl?: string | null;
    webhookSecrets?: string[];
  }): Promise<{ workspaceId: WorkspaceId; connectionId: ConnectionId }>;
  /** Counts of refusals are written down now. */
  close(): Promise<void>;
}

export const MASTER_KEYS = readMasterKeys({ TRIBUTARY_KEY: Buffer.alloc(32, 7).toString("base64") }, "");

export interface WebhookConsoleOptions {
  publicUrl?: string | null;
  environment?: Record<string, string>;
  masterKeys?: MasterKeys;
  /** Tells Temporal. */
  send?(workspaceId: WorkspaceId): Promise<void>;
}

export async function startWebhookConsole(
  databaseUrl: string,
  options: WebhookConsoleOptions = {},
): Promise<WebhookConsole> {
  const { publicUrl = null, environment = ENVIRONMENT, masterKeys = MASTER_KEYS, send } = options;
  let logged = "";
  const log = createLogger({
    name: "console",
    level: "trace",
    destination: { write: (line) => void (logged += line) },
  });
  const { dependencies: deps, close } = createDependencies({ databaseUrl, masterKeys }, log);
  const database = openDatabase(databaseUrl);
  const told: WorkspaceId[] = [];
  const webhooks = openWebhooks(deps, {
    ...{ log, publicUrl, environment },
    send: async (workspaceId) => {
      await send?.(workspaceId);
      told.push(workspaceId);
    },
  });
  const server = createServer({ ...serverStores(deps, database), log, hosts: [], webhooks: webhooks.routes });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  const post = async (path: string, body: string | Buffer, headers: Record<string, string>): Promise<Reply> => {
    const reply = await fetch(new URL(path, url), {
      ...{ method: "POST", headers: { "content-type": "application/json", ...headers } },
      body: typeof body === "string" ? body : new Uint8Array(body),
    });
    return { status: reply.status, text: await reply.text(), headers: reply.headers };
  };
  return {
    ...{ url, deps, told, post, logged: () => logged },
    hubspot(events, { secret = APP_SECRET, at = Date.now(), path = "/webhooks/hubspot" } = {}) {
      const body = JSON.stringify(events);
      return post(path, body, hubspotHeaders(body, `${publicUrl ?? url}${path}`, secret, at));
    },
    stripe(event, { secret = PLATFORM_SECRET, at = Date.now(), path = "/webhooks/stripe" } = {}) {
      const body = JSON.stringify(event);
      return post(path, body, stripeHeaders(body, secret, at));
    },
    async connect({ connector, account, slug = "test", name = "main", mode, baseUrl = null, webhookSecrets }) {
      const workspaceId = workspaceIdOf(slug);
      if (slug !== "test")
        await deps.connections.createWorkspace({
          ...{ slug, name: slug, defaultCountry: "GB", currency: "GBP", timeZone: "Europe/London" },
        });
      await deps.connections.upsertConnection(workspaceId, { connector, name, baseUrl }, "test");
      const connectionId = connectionIdOf(workspaceId, connector, name);
      const change = { externalAccount: account, mode: mode ?? null };
      await deps.connections.updateConnection(workspaceId, connectionId, change, "test");
      if (webhookSecrets !== undefined)
        await deps.credentials.put(workspaceId, connectionId, { apiKey: "sk_test_1", webhookSecrets });
      return { workspaceId, connectionId };
    },
    close: async () => {
      await server.close();
      await webhooks.close();
      await database.close();
      await close();
    },
  };
}

export function hubspotHeaders(body: string, url: string, clientSecret: string, timestamp: number) {
  const signed = { clientSecret, requestBody: body, url, timestamp, signature: "" };
  return {
    "x-hubspot-request-timestamp": String(timestamp),
    "x-hubspot-signature-v3": Signature.getSignature("POST", "v3", signed),
  };
}

export function stripeHeaders(payload: string, secret: string, at: number) {
  const timestamp = Math.floor(at / 1_000);
  return { "stripe-signature": Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp }) };
}

let serial = 0;

/** One of HubSpot's notifications; each is another event unless it says otherwise. */
export const notice = (objectId: number, more: object = {}) => ({
  ...{ eventId: (serial += 1), subscriptionId: 11, portalId: 4815, appId: 3, occurredAt: Date.now(), attemptNumber: 0 },
  ...{ objectId, subscriptionType: "contact.propertyChange", propertyName: "email", changeSource: "CRM_UI" },
  ...more,
});

export const stripeEvent = (type: string, object: object, more: object = {}) => ({
  ...{ id: `evt_${(serial += 1)}`, object: "event", type, created: Math.floor(Date.now() / 1_000), livemode: false },
  ...{ account: "acct_9", api_version: "2026-10-28.endive", data: { object } },
  ...more,
});
