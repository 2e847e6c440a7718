/** The calls of HubSpot we use: one function per call, replies checked, every one through the account's quota. */
import { Client } from "@hubspot/api-client";
import type { Filter } from "@hubspot/api-client/lib/codegen/crm/objects/models/Filter.js";
import { FilterOperatorEnum } from "@hubspot/api-client/lib/codegen/crm/objects/models/Filter.js";
import type { PropertyCreate } from "@hubspot/api-client/lib/codegen/crm/properties/models/PropertyCreate.js";
import { z } from "zod";
import type { ConnectEnvironment } from "../core/contract.ts";
import { HubspotRefusal } from "./errors.ts";
import { DEFAULT_OVERLAP_MINUTES, SEARCH_PAGE } from "./limits.ts";
import {
  accountReply,
  associationsReply,
  batchReply,
  historyReply,
  listReply,
  objectRow,
  propertiesReply,
  propertyReply,
  searchReply,
  statusesReply,
} from "./schema.ts";
import type { ObjectRow, PropertyReply, SubscriptionStatus } from "./schema.ts";
import { consentChannel, consentPurpose } from "../core/records.ts";

export { FilterOperatorEnum as Operator };

const use = z.strictObject({ channel: consentChannel, purpose: consentPurpose });

export const settings = z.strictObject({
  /** HubSpot subscription type id -> what it permits. Types not named are e-mail marketing. */
  subscriptions: z.record(z.string(), use).default({}),
  /** How far an incremental read reaches back behind the last one, for the search index lags behind. */
  overlapMinutes: z.number().min(1).max(1440).default(DEFAULT_OVERLAP_MINUTES),
});
export type Settings = z.infer<typeof settings>;

export const credentials = z.strictObject({ accessToken: z.string().min(1) });
export type Credentials = z.infer<typeof credentials>;

export type ObjectType = "contacts" | "companies" | "deals";

/** `servedAt`: HubSpot's own clock when it answered, epoch milliseconds; null where it does not say. */
export interface ListPage {
  results: unknown[];
  after: string | null;
  servedAt: number | null;
}

export interface SearchPage {
  /** Of the whole query. */
  total: number;
  results: unknown[];
  servedAt: number | null;
}

export interface BatchOutcome {
  results: ObjectRow[];
  /** Ids the reply calls failed, with the vendor's category. */
  failures: Map<string, string>;
}

export type HubspotClient = ReturnType<typeof createClient>;

export function createClient(environment: ConnectEnvironment<Settings, Credentials>) {
  const { call, now, baseUrl } = environment;
  // Retries and limiter of this SDK are process-global: unset, the framework does both.
  const sdk = new Client({ basePath: baseUrl, accessToken: environment.credentials.accessToken });

  const request = async (
    method: string,
    path: string,
    qs: Record<string, string>,
    body?: unknown,
  ): Promise<unknown> => {
    const response = await sdk.apiRequest({ method, path, qs, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    if (!response.ok) throw new HubspotRefusal(response.status, jsonOf(text), Object.fromEntries(response.headers));
    return JSON.parse(text);
  };

  return {
    settings: environment.settings,
    now,

    account: () =>
      call("general", "account.details", async () =>
        accountReply.parse(await request("GET", "/account-info/v3/details", {})),
      ),

    list: (
      type: ObjectType,
      properties: string[],
      after: string | null,
      limit: number,
      archived: boolean,
    ): Promise<ListPage> =>
      call("general", `${type}.list`, async () => {
        const { data, headers } = await sdk.crm.objects.basicApi.getPageWithHttpInfo(
          type,
          limit,
          after ?? undefined,
          properties,
          undefined,
          undefined,
          archived,
        );
        const reply = listReply.parse(data);
        return { results: reply.results, after: reply.paging?.next?.after ?? null, servedAt: servedAtOf(headers) };
      }),

    /** Always the first page of the query: whoever wants more narrows the filters. */
    search: (
      type: ObjectType,
      properties: string[],
      filters: Filter[],
      sort: string | null,
      limit = SEARCH_PAGE,
    ): Promise<SearchPage> =>
      call("search", `${type}.search`, async () => {
        const filterGroups = filters.length === 0 ? [] : [{ filters }];
        const sorts = sort === null ? [] : [sort];
        const body = { filterGroups, sorts, properties, limit, after: "0" };
        const { data, headers } = await sdk.crm.objects.searchApi.doSearchWithHttpInfo(type, body);
        return { ...searchReply.parse(data), servedAt: servedAtOf(headers) };
      }),

    /** At most 100 ids, none twice. Ids not found are simply absent; a merged id answers under the winner's id. */
    readBatch: (type: ObjectType, ids: string[], properties: string[]): Promise<ObjectRow[]> =>
      call("general", `${type}.batchRead`, async () => {
        const inputs = ids.map((id) => ({ id }));
        return batchReply.parse(
          await sdk.crm.objects.batchApi.read(type, { inputs, properties, propertiesWithHistory: [] }, false),
        ).results;
      }),

    /** When each contact's property last took its present value, by id. At most 50 ids. */
    lastChanged: (ids: string[], property: string): Promise<Map<string, string>> =>
      call("general", "contacts.batchReadHistory", async () => {
        const inputs = ids.map((id) => ({ id }));
        const reply = historyReply.parse(
          await sdk.crm.objects.batchApi.read(
            "contacts",
            { inputs, properties: [property], propertiesWithHistory: [property] },
            false,
          ),
        );
        const times = reply.results.flatMap(({ id, propertiesWithHistory }) => {
          const [latest] = (propertiesWithHistory?.[property] ?? [])
            .map(({ timestamp }) => timestamp)
            .toSorted()
            .toReversed();
          return latest === undefined ? [] : [[id, latest] as const];
        });
        return new Map(times);
      }),

    /** The live record this id answers with (a merged id answers with the winner's), or null. */
    read: (id: string, properties: string[]): Promise<ObjectRow | null> =>
      call("general", "contacts.read", async () => {
        try {
          return objectRow.parse(await sdk.crm.objects.basicApi.getById("contacts", id, properties));
        } catch (error) {
          if (z.object({ code: z.literal(404) }).safeParse(error).success) return null;
          throw error;
        }
      }),

    /** At most 100 records, no id twice. Empty text clears. */
    updateBatch: (inputs: { id: string; properties: Record<string, string> }[]): Promise<BatchOutcome> =>
      call("general", "contacts.batchUpdate", async () => {
        const reply = batchReply.parse(await sdk.crm.objects.batchApi.update("contacts", { inputs }));
        const failures = new Map<string, string>();
        for (const { category, context } of reply.errors ?? [])
          for (const id of idsIn(context)) failures.set(id, category ?? "UNKNOWN");
        return { results: reply.results, failures };
      }),

    /** Contacts of each company or deal, by its id; paged to the end by the caller with `after`. */
    associatedContacts: (
      from: ObjectType,
      inputs: { id: string; after?: string }[],
    ): Promise<{ id: string; contactIds: string[]; after: string | null }[]> =>
      call("general", `${from}.associations`, async () => {
        const reply = associationsReply.parse(
          await sdk.crm.associations.v4.batchApi.getPage(from, "contacts", { inputs }),
        );
        return reply.results.map(({ _from, to, paging }) => ({
          id: _from.id,
          contactIds: to.map(({ toObjectId }) => toObjectId),
          after: paging?.next?.after ?? null,
        }));
      }),

    /** E-mail subscription statuses by lower-cased address; at most 100 addresses. Not in the typed SDK. */
    subscriptionStatuses: (emails: string[]): Promise<Map<string, SubscriptionStatus[]>> =>
      call("general", "contacts.subscriptionStatuses", async () => {
        const path = "/communication-preferences/v4/statuses/batch/read";
        const reply = statusesReply.parse(await request("POST", path, { channel: "EMAIL" }, { inputs: emails }));
        return new Map(
          reply.results.map(({ subscriberIdString, statuses }) => [subscriberIdString.toLowerCase(), statuses]),
        );
      }),

    group: (name: string): Promise<boolean> =>
      call("general", "properties.group", async () => {
        try {
          await sdk.crm.properties.groupsApi.getByName("contacts", name);
          return true;
        } catch (error) {
          if (z.object({ code: z.literal(404) }).safeParse(error).success) return false;
          throw error;
        }
      }),

    createGroup: (name: string, label: string): Promise<void> =>
      call("general", "properties.createGroup", async () => {
        await sdk.crm.properties.groupsApi.create("contacts", { name, label, displayOrder: -1 });
      }),

    properties: (archived: boolean): Promise<PropertyReply[]> =>
      call(
        "general",
        "properties.list",
        async () => propertiesReply.parse(await sdk.crm.properties.coreApi.getAll("contacts", archived)).results,
      ),

    property: (name: string): Promise<PropertyReply> =>
      call("general", "properties.read", async () =>
        propertyReply.parse(await sdk.crm.properties.coreApi.getByName("contacts", name)),
      ),

    createProperty: (definition: PropertyCreate): Promise<void> =>
      call("general", "properties.create", async () => {
        await sdk.crm.properties.coreApi.create("contacts", definition);
      }),

    /** Replaces the whole list of options. */
    setOptions: (name: string, options: PropertyReply["options"]): Promise<void> =>
      call("general", "properties.update", async () => {
        await sdk.crm.properties.coreApi.update("contacts", name, {
          options: options.map(({ description = "", ...option }, n) => ({
            ...option,
            description,
            hidden: option.hidden ?? false,
            displayOrder: option.displayOrder ?? n,
          })),
        });
      }),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's HTML page: the status alone says what there is to know.
    return null;
  }
}

function servedAtOf(headers: Record<string, string>): number | null {
  const at = Date.parse(headers.date ?? "");
  return Number.isNaN(at) ? null : at;
}

function idsIn(context: Record<string, unknown> | undefined): string[] {
  return [context?.ids, context?.id].flat().filter((id) => typeof id === "string");
}
