/**
 * A stateful stand-in of a HubSpot account, over real HTTP on loopback: our written understanding of the vendor. When
 * HubSpot disagrees, this is corrected first.
 */
import { randomUUID } from "node:crypto";
import type { FieldDefinition } from "#connectors/core/contract.ts";
import { deeds } from "#connectors/core/twin/account.ts";
import { dailyAllowance, rollingWindow } from "#connectors/core/twin/limiter.ts";
import { ok } from "#connectors/core/twin/route.ts";
import type { Paging, Route, Routes } from "#connectors/core/twin/route.ts";
import { startTwin } from "#connectors/core/twin/twin.ts";
import type { Twin, TwinOptions } from "#connectors/core/twin/twin.ts";
import { HubspotAccount, OBJECT_TYPES, valueOf } from "./account.ts";
import type { HubspotFaults, Values } from "./account.ts";
import { associations, batchRead, batchUpdate, readStatuses } from "./batch.ts";
import { errors, throttled } from "./errors.ts";
import { getObject, listObjects } from "./objects.ts";
import { contactListPage, contactPage } from "./page.ts";
import { propertyRoutes } from "./property-routes.ts";
import { searchObjects } from "./search.ts";
import type { HubspotSeed } from "./seed.ts";

export interface HubspotTwinOptions extends TwinOptions {
  /** The one token the account accepts. */
  accessToken?: string;
  /** Calls in any ten seconds, in place of HubSpot's figure for a larger account; a Free one has 100. */
  callsPerTenSeconds?: number;
  /** Calls from midnight to midnight of the portal, in place of HubSpot's figure. */
  requestsPerDay?: number;
}

const DEEDS = ["create", "change", "archive", "restore", "merge", "setStatus"] as const;

/** Everything besides the wire happens "at the vendor": somebody edits, deletes or merges in HubSpot itself. */
export interface HubspotTwin extends Twin<HubspotSeed>, Pick<HubspotAccount, (typeof DEEDS)[number]> {
  readonly accessToken: string;
  readonly faults: HubspotFaults;
  /** A value as it stands now; null where unset or unknown. */
  value(contactId: string, property: string): string | null;
  /** Everything of a contact that is set; null where there is no such contact. */
  properties(contactId: string): Values | null;
  contactIds(): string[];
  /** How the account holds a property of its contacts. */
  field(name: string): { type: FieldDefinition["type"]; hidden: boolean };
}

const DEFAULT_ACCESS_TOKEN = "pat-twin-00000000-0000-0000-0000-000000000000";

/**
 * Per ten seconds and day (Professional), and searches a second.
 * Source: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines (2026-11).
 */
const PER_TEN_SECONDS = 190;
const PER_DAY = 650_000;
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
  const twin = await startTwin(
    {
      title: "HubSpot",
      account,
      routes: routesOf(account),
      errors,
      authorised: ({ authorization }) => authorization === `Bearer ${accessToken}`,
      admit: budgets(options, account),
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

function routesOf(account: HubspotAccount): Routes {
  const routes: Routes = {
    "GET /account-info/v3/details": { handle: () => ok(PORTAL) },
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

function budgets(options: HubspotTwinOptions, account: HubspotAccount) {
  const { requestsPerSecond, callsPerTenSeconds = PER_TEN_SECONDS, requestsPerDay } = options;
  const [limit, windowMs] = requestsPerSecond === undefined ? [callsPerTenSeconds, 10_000] : [requestsPerSecond, 1_000];
  const general = rollingWindow(limit, windowMs);
  const searches = rollingWindow(requestsPerSecond ?? SEARCHES_PER_SECOND, 1_000);
  const day = dailyAllowance(requestsPerDay ?? PER_DAY, () => new Date(account.now()).toISOString().slice(0, 10));
  return (_: unknown, route: Route): Record<string, string> => {
    if (requestsPerSecond === undefined && day.take() === null) throw throttled("DAILY");
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
    };
  };
}
