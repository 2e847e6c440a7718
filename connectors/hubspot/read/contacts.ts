import { z } from "zod";
import { defineStream } from "../../core/stream.ts";
import type { Reject } from "../../core/contract.ts";
import { ConnectorError } from "../../core/errors.ts";
import { Operator } from "../client.ts";
import type { HubspotClient } from "../client.ts";
import { BATCH_SIZE, HISTORY_BATCH_SIZE } from "../limits.ts";
import { CONTACT_PROPERTIES, contactToRecords, hasOptedOut, mergedIdsOf } from "../mapping.ts";
import type { JudgedStatus, RawContact } from "../mapping.ts";
import type { ObjectRow, SubscriptionStatus } from "../schema.ts";
import { chunked } from "./chunked.ts";
import { objectCursor } from "./cursor.ts";
import { checkedRows, readObjects } from "./objects.ts";

export const contacts = defineStream({
  title: "Contacts",
  kind: "person",
  cursor: objectCursor,
  deletes: "full-scan",
  row: z.custom<RawContact>(),
  read: (client: HubspotClient, cursor) => {
    const statuses = statusReader(client);
    return readObjects(
      client,
      {
        type: "contacts",
        properties: CONTACT_PROPERTIES,
        modifiedProperty: "lastmodifieddate",
        live: async (rows) => {
          const { byId, rejects } = await statuses(rows);
          const optedOut = await optOutTimes(client, rows, byId);
          const raw = rows.map((row): RawContact => ({
            state: "live",
            row,
            statuses: byId.get(row.id) ?? [],
            optedOutAt: optedOut.get(row.id) ?? null,
          }));
          return { raw, rejects };
        },
        archived: async (rows) => {
          const merged = await mergedAway(client, rows);
          return rows.filter((row) => !merged.has(row.id)).map((row): RawContact => ({ state: "archived", row }));
        },
      },
      cursor,
    );
  },
  toRecords: contactToRecords,
  count: async (client) => (await client.search("contacts", [], [], null, 1)).total,
});

/** Asks for subscription statuses until HubSpot says the scope is missing; then says so once per read and goes on without. */
function statusReader(
  client: HubspotClient,
): (rows: ObjectRow[]) => Promise<{ byId: Map<string, JudgedStatus[]>; rejects: Reject[] }> {
  let refused = false;
  return async (rows) => {
    const byId = new Map<string, JudgedStatus[]>();
    const addressed = rows.flatMap(({ id, properties }) => (properties.email ? [{ id, email: properties.email }] : []));
    for (const part of chunked(addressed, BATCH_SIZE)) {
      if (refused) break;
      try {
        const found = await statusesOf(
          client,
          part.map(({ email }) => email),
        );
        for (const { id, email } of part)
          byId.set(
            id,
            (found.get(email.toLowerCase()) ?? []).map((status) => judged(client, status)),
          );
      } catch (error) {
        if (!isOfKind(error, "permission")) throw error;
        refused = true;
        const reason = `Subscription statuses cannot be read, so consent stays unknown for all contacts. ${error.message}`;
        return { byId, rejects: [{ ref: "subscription-statuses", reason, raw: null }] };
      }
    }
    return { byId, rejects: [] };
  };
}

/** One address HubSpot finds malformed makes it refuse them all: halved until that one is left out, its consent unknown. */
async function statusesOf(client: HubspotClient, emails: string[]): Promise<Map<string, SubscriptionStatus[]>> {
  try {
    return await client.subscriptionStatuses(emails);
  } catch (error) {
    if (!isOfKind(error, "invalid_record")) throw error;
    if (emails.length === 1) return new Map();
    const middle = Math.ceil(emails.length / 2);
    const first = await statusesOf(client, emails.slice(0, middle));
    return new Map([...first, ...(await statusesOf(client, emails.slice(middle)))]);
  }
}

function isOfKind(error: unknown, kind: ConnectorError["kind"]): error is ConnectorError {
  return error instanceof ConnectorError && error.kind === kind;
}

function judged(client: HubspotClient, status: Omit<JudgedStatus, "channel" | "purpose">): JudgedStatus {
  const { channel = "email", purpose = "marketing" } = client.settings.subscriptions[status.subscriptionId] ?? {};
  return { ...status, channel, purpose };
}

/**
 * When contacts opted out of everything. A status says so where there is one; else the property's history does, for the
 * record's own modified date moves with each of our writes and would make the same opt-out a new statement each time.
 */
async function optOutTimes(
  client: HubspotClient,
  rows: ObjectRow[],
  statuses: Map<string, JudgedStatus[]>,
): Promise<Map<string, string>> {
  const times = new Map<string, string>();
  const unknown: string[] = [];
  for (const row of rows.filter(hasOptedOut)) {
    const said = (statuses.get(row.id) ?? []).flatMap(({ status, timestamp }) =>
      status === "UNSUBSCRIBED" && timestamp ? [timestamp] : [],
    );
    const latest = said.toSorted().at(-1);
    if (latest === undefined) unknown.push(row.id);
    else times.set(row.id, latest);
  }
  for (const part of chunked(unknown, HISTORY_BATCH_SIZE))
    for (const [id, at] of await client.lastChanged(part, "hs_email_optout")) times.set(id, at);
  return times;
}

/** Archived contacts that live on in another one: the winner's row reports them, with where they went. */
async function mergedAway(client: HubspotClient, rows: ObjectRow[]): Promise<Set<string>> {
  const merged = new Set<string>();
  for (const part of chunked(rows, BATCH_SIZE)) {
    const filters = [{ propertyName: "hs_merged_object_ids", operator: Operator.In, values: part.map(({ id }) => id) }];
    const { results } = await client.search("contacts", ["hs_merged_object_ids"], filters, null);
    for (const winner of checkedRows(results)) for (const id of mergedIdsOf(winner)) merged.add(id);
  }
  return merged;
}
