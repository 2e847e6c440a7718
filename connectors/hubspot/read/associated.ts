/** Companies and deals: objects that belong to contacts. */
import { inBatches } from "../../core/batches.ts";
import type { CanonicalRecord } from "../../core/records.ts";
import { defineStream } from "../../core/stream.ts";
import { cursorGuard } from "../../core/walk.ts";
import type { HubspotClient } from "../client.ts";
import { BATCH_SIZE } from "../limits.ts";
import { COMPANY_PROPERTIES, companyToRecords, DEAL_PROPERTIES, dealToRecords } from "../mapping.ts";
import type { AssociatedExtra } from "../mapping.ts";
import { objectRow } from "../schema.ts";
import type { BatchProblem, ObjectRow } from "../schema.ts";
import { objectCursor } from "./cursor.ts";
import type { ObjectCursor } from "./cursor.ts";
import { findObjects } from "./find.ts";
import { readObjects, tombstoneOf } from "./objects.ts";

interface Associated {
  title: string;
  kind: "organisation" | "deal";
  properties: string[];
  toRecords(row: ObjectRow, extra: AssociatedExtra): CanonicalRecord[];
}

function associatedStream(type: "companies" | "deals", { title, kind, properties, toRecords }: Associated) {
  const reading = { type, properties, modifiedProperty: "hs_lastmodifieddate" } as const;
  return defineStream<HubspotClient, ObjectRow, ObjectCursor, AssociatedExtra>({
    title,
    kind,
    cursor: objectCursor,
    deletes: "full-scan",
    row: objectRow,
    tombstone: tombstoneOf,
    read: (client, cursor) => readObjects(client, reading, cursor),
    find: (client, news) => findObjects(client, reading, news),
    enrich: async (client, rows) => {
      const live = rows.filter((row) => row.archived !== true);
      const contactIds = await contactsOf(
        client,
        type,
        live.map(({ id }) => id),
      );
      const lacking = type === "deals" && live.some((row) => !row.properties.deal_currency_code);
      const accountCurrency = lacking ? ((await client.account()).companyCurrency ?? null) : null;
      return { extra: { contactIds, accountCurrency } };
    },
    toRecords,
    count: async (client) => (await client.search(type, [], [], null, 1)).total,
  });
}

export const companies = associatedStream("companies", {
  title: "Companies",
  kind: "organisation",
  properties: COMPANY_PROPERTIES,
  toRecords: companyToRecords,
});

export const deals = associatedStream("deals", {
  title: "Deals",
  kind: "deal",
  properties: DEAL_PROPERTIES,
  toRecords: dealToRecords,
});

type Type = "companies" | "deals";
interface Page {
  contactIds: string[];
  after: string | null;
}

/** All contacts of each record, in a steady order so that the same set is the same record; null: HubSpot did not say. */
async function contactsOf(client: HubspotClient, type: Type, ids: string[]): Promise<Map<string, string[] | null>> {
  const first = await inBatches<string, Page | null>(ids, {
    size: BATCH_SIZE,
    keyOf: (id) => id,
    send: (batch) => askFor(client, type, batch),
    refused: () => null,
    unanswered: () => null,
  });
  const found = new Map<string, string[] | null>();
  for (const [n, id] of ids.entries()) found.set(id, await withFurther(client, type, id, first[n] ?? null));
  return found;
}

/** Nobody is with a record only where HubSpot says so; any other problem leaves it unanswered. */
async function askFor(client: HubspotClient, type: Type, ids: string[]): Promise<Map<string, Page>> {
  const { rows, problems } = await client.associatedContacts(
    type,
    ids.map((id) => ({ id })),
  );
  const nobody = problems.filter(({ subCategory }) => subCategory?.endsWith("NO_ASSOCIATIONS_FOUND") === true);
  const pages = new Map<string, Page>(nobody.flatMap(idsOf).map((id) => [id, { contactIds: [], after: null }]));
  // A record can stand there several times, a part of its contacts each.
  for (const { _from, to, paging } of rows) {
    const before = pages.get(_from.id);
    pages.set(_from.id, {
      contactIds: [...(before?.contactIds ?? []), ...to.map(({ toObjectId }) => toObjectId)],
      after: paging?.next?.after ?? before?.after ?? null,
    });
  }
  return pages;
}

async function withFurther(
  client: HubspotClient,
  type: Type,
  id: string,
  first: Page | null,
): Promise<string[] | null> {
  const guard = cursorGuard(`HubSpot's associations of ${type}`, null);
  const contacts = new Set<string>();
  for (let page = first; page !== null;) {
    for (const contactId of page.contactIds) contacts.add(contactId);
    if (page.after === null) return [...contacts].toSorted();
    guard(page.after, page.contactIds.length);
    const { rows } = await client.associatedContacts(type, [{ id, after: page.after }]);
    const next = rows.find(({ _from }) => _from.id === id);
    page =
      next === undefined
        ? null
        : { contactIds: next.to.map(({ toObjectId }) => toObjectId), after: next.paging?.next?.after ?? null };
  }
  return null;
}

function idsOf({ context }: BatchProblem): string[] {
  return Object.values(context ?? {})
    .flat()
    .filter((id) => typeof id === "string");
}
