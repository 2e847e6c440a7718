/** Companies and deals: objects that belong to contacts. */
import { z } from "zod";
import { defineStream } from "../../core/stream.ts";
import type { HubspotClient } from "../client.ts";
import { BATCH_SIZE } from "../limits.ts";
import { COMPANY_PROPERTIES, companyToRecords, DEAL_PROPERTIES, dealToRecords } from "../mapping.ts";
import type { RawAssociated } from "../mapping.ts";
import type { ObjectRow } from "../schema.ts";
import { chunked } from "./chunked.ts";
import { objectCursor } from "./cursor.ts";
import { readObjects } from "./objects.ts";

export const companies = defineStream({
  title: "Companies",
  kind: "organisation",
  cursor: objectCursor,
  deletes: "full-scan",
  row: z.custom<RawAssociated>(),
  read: (client: HubspotClient, cursor) =>
    readObjects(
      client,
      {
        ...associatedReading(client, "companies", async () => null),
        type: "companies",
        properties: COMPANY_PROPERTIES,
      },
      cursor,
    ),
  toRecords: companyToRecords,
  count: async (client) => (await client.search("companies", [], [], null, 1)).total,
});

export const deals = defineStream({
  title: "Deals",
  kind: "deal",
  cursor: objectCursor,
  deletes: "full-scan",
  row: z.custom<RawAssociated>(),
  read: (client: HubspotClient, cursor) => {
    let currency: Promise<string | null> | undefined;
    // Accounts with one currency leave it off their deals.
    const accountCurrency = () => (currency ??= client.account().then((account) => account.companyCurrency ?? null));
    return readObjects(
      client,
      { ...associatedReading(client, "deals", accountCurrency), type: "deals", properties: DEAL_PROPERTIES },
      cursor,
    );
  },
  toRecords: dealToRecords,
  count: async (client) => (await client.search("deals", [], [], null, 1)).total,
});

function associatedReading(
  client: HubspotClient,
  type: "companies" | "deals",
  accountCurrency: () => Promise<string | null>,
) {
  return {
    modifiedProperty: "hs_lastmodifieddate" as const,
    live: async (rows: ObjectRow[]) => {
      const people = await contactsOf(
        client,
        type,
        rows.map(({ id }) => id),
      );
      const missing = rows.some(({ properties }) => !properties.deal_currency_code);
      const currency = missing ? await accountCurrency() : null;
      return {
        raw: rows.map((row): RawAssociated => ({
          state: "live",
          row,
          contactIds: people.get(row.id) ?? [],
          accountCurrency: currency,
        })),
      };
    },
    archived: async (rows: ObjectRow[]) => rows.map((row): RawAssociated => ({ state: "archived", row })),
  };
}

/** All contacts of each record, in a steady order so that the same set is the same record. */
async function contactsOf(
  client: HubspotClient,
  type: "companies" | "deals",
  ids: string[],
): Promise<Map<string, string[]>> {
  const contacts = new Map<string, Set<string>>();
  for (const part of chunked(ids, BATCH_SIZE)) {
    let open: { id: string; after?: string }[] = part.map((id) => ({ id }));
    while (open.length > 0) {
      const answers = await client.associatedContacts(type, open);
      for (const { id, contactIds } of answers) contacts.set(id, new Set([...(contacts.get(id) ?? []), ...contactIds]));
      open = answers.flatMap(({ id, after }) => (after === null ? [] : [{ id, after }]));
    }
  }
  return new Map([...contacts].map(([id, found]) => [id, [...found].toSorted()]));
}
