/**
 * A stateful stand-in of a HubSpot account, over real HTTP on loopback: our written understanding of the vendor. When
 * HubSpot disagrees, this is corrected first.
 */
import { randomUUID } from "node:crypto";
import type { FieldDefinition } from "#connectors/core/contract.ts";
import { keyOrSignIn } from "#connectors/core/twin/access.ts";
import { deeds } from "#connectors/core/twin/account.ts";
import { dailyAllowance, rollingWindow } from "#connectors/core/twin/limiter.ts";
import { ok } from "#connectors/core/twin/route.ts";
import { authorizationServer } from "#connectors/core/twin/authorization-server.ts";
import type { AuthorizationServer, AuthorizationServerOptions } from "#connectors/core/twin/authorization-server.ts";
import type { Call, Paging, Route, Routes } from "#connectors/core/twin/route.ts";
import type { WebhookSender } from "#connectors/core/twin/webhook-sender.ts";
import { startTwin } from "#connectors/core/twin/twin.ts";
import type { Twin, TwinOptions } from "#connectors/core/twin/twin.ts";
import { signIn as hubspotSignIn } from "../sign-in.ts";
import { HubspotAccount, OBJECT_TYPES, valueOf } from "./account.ts";
import type { HubspotFaults, Values } from "./account.ts";
import { associations, batchRead, batchUpdate, readStatuses } from "./batch.ts";
import { errors, throttled } from "./errors.ts";
import { getObject, listObjects } from "./objects.ts";
import { contactListPage, contactPage } from "./page.ts";
import { propertyRoutes } from "./property-routes.ts";
import { searchObjects } from "./search.ts";
import type { HubspotSeed } from "./seed.ts";
import { hubspotWebhooks, type Notification } from "./webhooks.ts";

export interface HubspotTwinOptions extends TwinOptions {
  /** The one token the account accepts. */
  accessToken?: string;
  /** Calls in any ten seconds, in place of HubSpot's figure for a larger account; a Free one has 100. */
  callsPerTenSeconds?: number;
  /** Calls from midnight to midnight of the portal, in place of HubSpot's figure. */
  requestsPerDay?: number;
  /** Apps that people can sign in with; the one of this machine unless given. */
  apps?: AuthorizationServerOptions["apps"];
  /** What refresh tokens do when they are used, in place of what HubSpot does. */
  refresh?: AuthorizationServerOptions["refresh"];
}

const DEEDS = [
  "create",
  "change",
  "archive",
  "restore",
  "merge",
  "setStatus",
  "forget",
  "associate",
  "protect",
] as const;

/** Everything besides the wire happens "at the vendor": somebody edits, deletes or merges in HubSpot itself. */
export interface HubspotTwin extends Twin<HubspotSeed>, Pick<HubspotAccount, (typeof DEEDS)[number]> {
  readonly accessToken: string;
  readonly faults: HubspotFaults;
  readonly signIn: AuthorizationServer;
  readonly webhooks: WebhookSender<Notification>;
  /** A value as it stands now; null where unset or unknown. */
  value(contactId: string, property: string): string | null;
  /** Everything of a contact that is set; null where there is no such contact. */
  properties(contactId: string): Values | null;
  contactIds(): string[];
  /** How the account holds a property of its contacts. */
  field(name: string): { type: FieldDefinition["type"]; hidden: boolean };
}

/** A second account that a person can choose by mistake. It holds nothing: only who it is can be asked. */
const SISTER_PORTAL = 48_151_999;

const DEFAULT_ACCESS_TOKEN = "pat-twin-00000000-0000-0000-0000-000000000000";

/**
 * Per ten seconds and day (Professional), and searches a second.
 * Source: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines (2026-11).
 */
const PER_TEN_SECONDS = 190;
const PER_DAY = 625_000;
const SEARCHES_PER_SECOND = 5;

const PORTAL = {
  ...{ portalId: 48_151_623, accountType: "STANDARD", timeZone: "Europe/London", companyCurrency: "GBP" },
  ...{ additionalCurrencies: [], utcOffset: "+00:00", utcOffsetMilliseconds: 0 },
  ...{ uiDomain: "app.hubspot.com", dataHostingLocation: "eu1" },
};

const paging: Paging = {
  cursors: ["after"],
  rows: (body) => (body as { results?: unknown[] }).results ?? null,
  // A cursor is opaque: written in another way it is another cursor to the same place.
  promiseMore: (body, call) =>
    Object.assign(body as object, { paging: { next: { after: `0${call.query.get("after") ?? ""}` } } }),
  stub: (row) => ({ id: (row as { id: string }).id, archived: true }),
  bad: (row) => ({ id: (row as { id: string }).id, properties: null }),
};

export async function startHubspotTwin(options: HubspotTwinOptions = {}): Promise<HubspotTwin> {
  const account = new HubspotAccount(options.now);
  const accessToken = options.accessToken ?? DEFAULT_ACCESS_TOKEN;
  const signIn = signInOf(account, options);
  const isKey = ({ authorization }: Call["headers"]) => authorization === `Bearer ${accessToken}`;
  const webhooks = hubspotWebhooks(account, PORTAL.portalId);
  const twin = await startTwin(
    {
      title: "HubSpot",
      account,
      routes: routesOf(account, signIn),
      errors,
      ...keyOrSignIn(
        isKey,
        signIn.tokenOf,
        ({ account: id, scopes }, permission) => id === String(PORTAL.portalId) && scopes.includes(permission),
      ),
      parts: [signIn, webhooks],
      admit: budgets(options, account, isKey),
      headers: () => ({ "x-hubspot-correlation-id": randomUUID() }),
      paging,
      pages: {
        "/contacts": (_, query) => contactListPage(account, query),
        "/contacts/:id": ({ id = "" }) => contactPage(account, id),
      },
    },
    options,
  );
  return {
    ...twin,
    accessToken,
    signIn,
    webhooks,
    faults: account.faults,
    load: (seed) => account.load(seed),
    ...deeds(account, ...DEEDS),
    value(id, property) {
      const contact = account.contact(id);
      return contact === undefined ? null : valueOf("contacts", contact, property);
    },
    properties: (id) => account.contact(id)?.properties ?? null,
    field(name) {
      const { type = "", hidden = true } = account.property("contacts", name) ?? {};
      return { type: type === "string" ? "text" : (type as FieldDefinition["type"]), hidden };
    },
    contactIds: () =>
      [...account.stores.contacts.table.values()].sort((a, b) => a.number - b.number).map(({ id }) => id),
  };
}

function routesOf(account: HubspotAccount, signIn: AuthorizationServer): Routes {
  const routes: Routes = {
    "GET /account-info/v3/details": {
      handle: ({ headers }) => {
        const chosen = signIn.tokenOf(headers)?.account;
        return ok({ ...PORTAL, portalId: chosen === undefined ? PORTAL.portalId : Number(chosen) });
      },
    },
    "POST /crm/v3/objects/contacts/batch/update": {
      permission: "crm.objects.contacts.write",
      batch: true,
      handle: (call) => batchUpdate(account, call),
    },
    "POST /communication-preferences/v4/statuses/batch/read": {
      permission: "communication_preferences.statuses.batch.read",
      batch: true,
      handle: (call) => readStatuses(account, call),
    },
    ...propertyRoutes(account),
  };
  for (const type of OBJECT_TYPES) {
    const path = `/crm/v3/objects/${type}`;
    const permission = `crm.objects.${type}.read`;
    Object.assign(routes, {
      [`GET ${path}`]: { permission, handle: (call) => listObjects(account, type, call) },
      [`GET ${path}/:id`]: { permission, handle: (call) => getObject(account, type, call.params.id ?? "", call.query) },
      [`POST ${path}/search`]: { permission, budget: "search", handle: (call) => searchObjects(account, type, call) },
      [`POST ${path}/batch/read`]: { permission, batch: true, handle: (call) => batchRead(account, type, call) },
    } satisfies Routes);
    if (type !== "contacts")
      routes[`POST /crm/v4/associations/${type}/contacts/batch/read`] = {
        permission,
        batch: true,
        handle: (call) => associations(account, type, call),
      };
  }
  return routes;
}

/** Half an hour, and the same refresh token again: https://developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide (2026-11). */
function signInOf(account: HubspotAccount, { apps, refresh = "keep" }: HubspotTwinOptions): AuthorizationServer {
  const { required, optional } = hubspotSignIn.scopes;
  return authorizationServer({
    title: "HubSpot",
    account,
    apps,
    accounts: [
      { id: String(PORTAL.portalId), title: "This account" },
      { id: String(SISTER_PORTAL), title: "Another account, which is empty" },
    ],
    paths: {
      authorize: "/oauth/authorize",
      token: "/oauth/2026-03/token",
      revoke: "/oauth/2026-03/token/revoke",
    },
    scopes: Object.fromEntries([...required, ...optional].map(({ name, purpose }) => [name, purpose])),
    optionalParameter: "optional_scope",
    authenticate: "body",
    pkce: "offered",
    accessSeconds: 1_800,
    refresh,
    answer: (grant, refreshToken) => ({
      ...{ access_token: grant.access, refresh_token: refreshToken, expires_in: 1_800 },
      ...{ token_type: "bearer", token_use: "access_token" },
      ...{ hub_id: Number(grant.account), scopes: grant.scopes, user_id: 7 },
    }),
  });
}

function budgets(options: HubspotTwinOptions, account: HubspotAccount, isKey: (headers: Call["headers"]) => boolean) {
  const { requestsPerSecond, callsPerTenSeconds = PER_TEN_SECONDS, requestsPerDay } = options;
  const [limit, windowMs] = requestsPerSecond === undefined ? [callsPerTenSeconds, 10_000] : [requestsPerSecond, 1_000];
  const general = rollingWindow(limit, windowMs);
  const searches = rollingWindow(requestsPerSecond ?? SEARCHES_PER_SECOND, 1_000);
  const day = dailyAllowance(requestsPerDay ?? PER_DAY, () => new Date(account.now()).toISOString().slice(0, 10));
  const perDay = requestsPerDay ?? PER_DAY;
  return (call: Call, route: Route): Record<string, string> => {
    const left = requestsPerSecond === undefined ? day.take() : perDay;
    if (left === null) throw throttled("DAILY");
    if (route.budget === "search") {
      if (searches.take() === null) throw throttled("SECONDLY");
      return {};
    }
    const remaining = general.take();
    if (remaining === null) throw throttled("TEN_SECONDLY_ROLLING");
    return {
      "x-hubspot-ratelimit-max": String(limit),
      "x-hubspot-ratelimit-remaining": String(remaining),
      "x-hubspot-ratelimit-interval-milliseconds": String(windowMs),
      // Not told to who signed in: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines (2026-11)
      ...(isKey(call.headers)
        ? { "x-hubspot-ratelimit-daily": String(perDay), "x-hubspot-ratelimit-daily-remaining": String(left) }
        : {}),
    };
  };
}
