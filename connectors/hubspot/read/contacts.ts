import { chunked } from "../../core/batches.ts";
import { defineStream } from "../../core/stream.ts";
import { FilterOperatorEnum as Operator } from "@hubspot/api-client/lib/codegen/crm/objects/models/Filter.js";
import type { HubspotClient } from "../client.ts";
import { FILTER_GROUPS, FILTER_VALUES } from "../limits.ts";
import { contactProperties, contactToRecords, mergedIdsOf } from "../mapping.ts";
import type { ContactExtra } from "../mapping.ts";
import { objectRow, readable } from "../schema.ts";
import type { ObjectRow } from "../schema.ts";
import { readConsents } from "./consents.ts";
import { objectCursor } from "./cursor.ts";
import type { ObjectCursor } from "./cursor.ts";
import { findObjects } from "./find.ts";
import { readObjects, tombstoneOf } from "./objects.ts";
import type { ObjectReading } from "./objects.ts";
import { searchAll } from "./search.ts";

const readingOf = ({ sensitive }: HubspotClient): ObjectReading => ({
  type: "contacts",
  properties: contactProperties(sensitive),
  modifiedProperty: "lastmodifieddate",
});

export const contacts = defineStream<HubspotClient, ObjectRow, ObjectCursor, ContactExtra>({
  title: "Contacts",
  kind: "person",
  cursor: objectCursor,
  // Archived ones are listed; those deleted for privacy are in no list, and a full read finds them missing.
  deletes: "full-scan",
  row: objectRow,
  tombstone: tombstoneOf,
  read: (client, cursor) => readObjects(client, readingOf(client), cursor),
  find: (client, news) => findObjects(client, readingOf(client), news),
  enrich: async (client, rows) => {
    const { consents, rejects } = await readConsents(
      client,
      rows.filter((row) => row.archived !== true),
    );
    const mergedAway = await mergedAmong(
      client,
      rows.filter((row) => row.archived === true),
    );
    return { extra: { consents, mergedAway }, rejects };
  },
  toRecords: contactToRecords,
  count: async (client) => (await client.search("contacts", [], [], null, 1)).total,
});

/** Archived contacts that live on in another one: the winner's row reports them, with where they went. */
async function mergedAmong(client: HubspotClient, archived: ObjectRow[]): Promise<Set<string>> {
  const merged = new Set<string>();
  const propertyName = "hs_merged_object_ids";
  const lists = chunked(archived, FILTER_VALUES).map((part) => ({
    ...{ propertyName, operator: Operator.In, values: part.map(({ id }) => id) },
  }));
  for (const anyOf of chunked(lists, FILTER_GROUPS)) {
    const winners = await searchAll(client, { type: "contacts", properties: [propertyName], filters: [], anyOf });
    for (const winner of readable(objectRow, winners)) for (const id of mergedIdsOf(winner)) merged.add(id);
  }
  return merged;
}
