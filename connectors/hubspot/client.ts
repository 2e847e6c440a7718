/** The calls of HubSpot we use: one function per call, replies checked, every one through the account's quota. */
import { Client } from "@hubspot/api-client";
import type { Filter } from "@hubspot/api-client/lib/codegen/crm/objects/models/Filter.js";
import type { PropertyCreate } from "@hubspot/api-client/lib/codegen/crm/properties/models/PropertyCreate.js";
import { z } from "zod";
import type { ConnectEnvironment, VendorCall } from "../core/contract.ts";
import { agentFor } from "../core/agent.ts";
import { HttpRefusal, requestJson } from "../core/http.ts";
import { servedAtOf } from "../core/retry-after.ts";
import { allowanceIn, dayAllowanceIn } from "./allowance.ts";
import { untilMidnightMs } from "../core/midnight.ts";
import { DayUsedUp, isDayUsedUp, saysHubspot } from "./errors.ts";
import { SEARCH_PAGE } from "./limits.ts";
import * as reply from "./schema.ts";
import type { BatchProblem, ObjectRow, PropertyReply } from "./schema.ts";
import { refuseUnlessJson } from "./sdk-replies.ts";
import type { Credentials, Settings } from "./settings.ts";

export type ObjectType = "contacts" | "companies" | "deals";

export interface Listed {
  /** Unchecked. */
  results: unknown[];
  /** Null: HubSpot names no next page. */
  after: string | null;
  /** HubSpot's own clock when it answered, epoch milliseconds; null where it does not say. */
  servedAt: number | null;
}

/** Who is in neither list was not answered for. */
export interface BatchAnswer<Row> {
  rows: Row[];
  problems: BatchProblem[];
}

export type HubspotClient = ReturnType<typeof createClient>;

export function createClient(environment: ConnectEnvironment<Settings, Credentials>) {
  const { call, now, baseUrl, credentials: secret } = environment;
  const sdk = new Client({
    basePath: baseUrl,
    accessToken: secret.accessToken,
    // With an agent of its own the SDK follows no redirect; this one would not let it leave HubSpot anyway. Its retries
    // and its limiter are process-global: unset, the framework does both.
    httpAgent: agentFor(baseUrl),
    middleware: [
      refuseUnlessJson((served) => {
        const allowance = allowanceIn(served);
        if (allowance !== null) environment.learned?.("general", allowance);
        const day = dayAllowanceIn(served);
        if (day !== null) environment.learnedDay?.(day);
      }),
    ],
  });
  const headers = { authorization: `Bearer ${secret.accessToken}` };
  const readAccount = async () =>
    reply.accountReply.parse(await requestJson(baseUrl, { method: "GET", path: "/account-info/v3/details", headers }));
  let timeZone: string | undefined;

  /** A refusal for the day is given the account's midnight: asked for only then, the wait ends what would call in vain. */
  const ask: VendorCall = (bucket, operation, send) =>
    call(bucket, operation, async (signal) => {
      try {
        return await send(signal);
      } catch (error) {
        if (!isDayUsedUp(error)) throw error;
        timeZone ??= await readAccount().then(
          (account) => account.timeZone,
          // Refused as well, most likely: without the zone one asks again from time to time.
          () => undefined,
        );
        const servedAt = servedAtOf(error.headers) ?? now();
        throw new DayUsedUp(error, timeZone === undefined ? null : untilMidnightMs(servedAt, timeZone));
      }
    });

  const batch = <Row>(row: z.ZodType<Row>, answered: unknown): BatchAnswer<Row> => {
    const { results, errors } = reply.batchReply.parse(answered);
    return { rows: reply.readable(row, results), problems: reply.readable(reply.batchProblem, errors ?? []) };
  };

  return {
    settings: environment.settings,
    sensitive: environment.sensitive ?? new Set(),
    now,

    account: () =>
      ask("general", "account.details", async () => {
        const account = await readAccount();
        timeZone = account.timeZone;
        return account;
      }),

    list: (
      type: ObjectType,
      properties: string[],
      after: string | null,
      limit: number,
      archived: boolean,
    ): Promise<Listed> =>
      ask("general", `${type}.list`, async () => {
        const { data, headers: served } = await sdk.crm.objects.basicApi.getPageWithHttpInfo(
          type,
          limit,
          after ?? undefined,
          properties,
          undefined,
          undefined,
          archived,
        );
        const { results, paging } = reply.listReply.parse(data);
        return { results, after: paging?.next?.after ?? null, servedAt: servedAtOf(served) };
      }),

    /** Rows that pass all filters of one group. `after` is for a page without rows that has a next one; else whoever wants more narrows the filters. */
    search: (
      type: ObjectType,
      properties: string[],
      filterGroups: Filter[][],
      after: string | null = null,
      limit = SEARCH_PAGE,
    ): Promise<Listed & { total: number | null }> =>
      ask("search", `${type}.search`, async () => {
        const groups = filterGroups.filter((filters) => filters.length > 0).map((filters) => ({ filters }));
        const body = { filterGroups: groups, sorts: ["hs_object_id"], properties, limit, after: after ?? "0" };
        const { data, headers: served } = await sdk.crm.objects.searchApi.doSearchWithHttpInfo(type, body);
        const { results, paging, total = null } = reply.searchReply.parse(data);
        return { results, after: paging?.next?.after ?? null, servedAt: servedAtOf(served), total };
      }),

    /** At most 100 ids, none twice. A merged id answers under the winner's id. Either the live ones or the archived. */
    readBatch: (
      type: ObjectType,
      ids: string[],
      properties: string[],
      archived = false,
    ): Promise<BatchAnswer<ObjectRow>> =>
      ask("general", `${type}.batchRead`, async () => {
        const inputs = ids.map((id) => ({ id }));
        const body = { inputs, properties, propertiesWithHistory: [] };
        return batch(reply.objectRow, await sdk.crm.objects.batchApi.read(type, body, archived));
      }),

    /** The values a property of contacts has had. At most 50 ids. */
    history: (ids: string[], property: string): Promise<BatchAnswer<z.infer<typeof reply.historyRow>>> =>
      ask("general", "contacts.batchReadHistory", async () => {
        const inputs = ids.map((id) => ({ id }));
        const body = { inputs, properties: [property], propertiesWithHistory: [property] };
        return batch(reply.historyRow, await sdk.crm.objects.batchApi.read("contacts", body, false));
      }),

    /** The live record this id answers with (a merged id answers with the winner's), or null. */
    read: (id: string, properties: string[], type: ObjectType = "contacts"): Promise<ObjectRow | null> =>
      ask("general", `${type}.read`, async () => {
        try {
          return reply.objectRow.parse(await sdk.crm.objects.basicApi.getById(type, id, properties));
        } catch (error) {
          if (isMissing(error)) return null;
          throw error;
        }
      }),

    /** At most 100 records, no id twice. Empty text clears. */
    updateBatch: (inputs: { id: string; properties: Record<string, string> }[]): Promise<BatchAnswer<{ id: string }>> =>
      ask("general", "contacts.batchUpdate", async () =>
        batch(reply.idRow, await sdk.crm.objects.batchApi.update("contacts", { inputs })),
      ),

    /** A page of the contacts of each company or deal. At most 1,000 inputs. */
    associatedContacts: (
      from: ObjectType,
      inputs: { id: string; after?: string }[],
    ): Promise<BatchAnswer<z.infer<typeof reply.associationsRow>>> =>
      ask("general", `${from}.associations`, async () =>
        batch(reply.associationsRow, await sdk.crm.associations.v4.batchApi.getPage(from, "contacts", { inputs })),
      ),

    /** E-mail subscription statuses; at most 100 addresses. Not in the typed SDK. */
    subscriptionStatuses: (emails: string[]): Promise<BatchAnswer<z.infer<typeof reply.statusesRow>>> =>
      ask("general", "contacts.subscriptionStatuses", async (signal) => {
        const path = "/communication-preferences/v4/statuses/batch/read";
        const request = {
          method: "POST",
          path,
          query: { channel: "EMAIL" },
          headers,
          body: { inputs: emails },
          signal,
        };
        return batch(reply.statusesRow, await requestJson(baseUrl, request));
      }),

    group: (name: string): Promise<boolean> =>
      ask("general", "properties.group", async () => {
        try {
          await sdk.crm.properties.groupsApi.getByName("contacts", name);
          return true;
        } catch (error) {
          if (isMissing(error)) return false;
          throw error;
        }
      }),

    createGroup: (name: string, label: string): Promise<void> =>
      ask("general", "properties.createGroup", async () => {
        await sdk.crm.properties.groupsApi.create("contacts", { name, label, displayOrder: -1 });
      }),

    properties: (archived: boolean): Promise<PropertyReply[]> =>
      ask(
        "general",
        "properties.list",
        async () => reply.propertiesReply.parse(await sdk.crm.properties.coreApi.getAll("contacts", archived)).results,
      ),

    property: (name: string): Promise<PropertyReply> =>
      ask("general", "properties.read", async () =>
        reply.propertyReply.parse(await sdk.crm.properties.coreApi.getByName("contacts", name)),
      ),

    createProperty: (definition: PropertyCreate): Promise<void> =>
      ask("general", "properties.create", async () => {
        await sdk.crm.properties.coreApi.create("contacts", definition);
      }),

    /** Replaces the whole list of options. */
    setOptions: (name: string, options: PropertyReply["options"]): Promise<void> =>
      ask("general", "properties.update", async () => {
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

/** HubSpot's own word that there is no such thing; a proxy's page with 404 is none. */
function isMissing(error: unknown): boolean {
  return error instanceof HttpRefusal && error.status === 404 && saysHubspot(error);
}
