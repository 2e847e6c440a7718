/** What the tools show now, read from the twins over HTTP with their own list calls, as anybody could. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { FIELDS } from "#profile/plan/fields.ts";
import type { FieldValues } from "#profile/plan/types.ts";
import { DEMO_HUBSPOT_TOKEN, DEMO_STRIPE_KEY } from "../accounts.ts";

export const FIELD_NAMES = FIELDS.map((field) => field.definition.name);

const hubspotPage = z.object({
  results: z.array(z.object({ id: z.string(), properties: z.record(z.string(), z.string().nullable()) })),
  paging: z.object({ next: z.object({ after: z.string() }).optional() }).optional(),
});

const stripePage = z.object({
  data: z.array(z.object({ id: z.string(), metadata: z.record(z.string(), z.string()) })),
  has_more: z.boolean(),
});

/** Our fields on every live HubSpot contact, by contact id. */
export async function readHubspot(url: string): Promise<Map<string, FieldValues>> {
  const contacts = new Map<string, FieldValues>();
  let after: string | undefined;
  do {
    const query = new URLSearchParams({
      limit: "100",
      properties: FIELD_NAMES.join(","),
      ...(after === undefined ? {} : { after }),
    });
    const page = hubspotPage.parse(
      await getJson(`${url}/crm/v3/objects/contacts?${query.toString()}`, DEMO_HUBSPOT_TOKEN),
    );
    for (const { id, properties } of page.results) contacts.set(id, ours(properties));
    after = page.paging?.next?.after;
  } while (after !== undefined);
  return contacts;
}

/** Our fields in every Stripe customer's metadata, by customer id. */
export async function readStripe(url: string): Promise<Map<string, FieldValues>> {
  const customers = new Map<string, FieldValues>();
  let last: string | undefined;
  for (let more = true; more;) {
    const query = new URLSearchParams({ limit: "100", ...(last === undefined ? {} : { starting_after: last }) });
    const page = stripePage.parse(await getJson(`${url}/v1/customers?${query.toString()}`, DEMO_STRIPE_KEY));
    for (const { id, metadata } of page.data) customers.set(id, ours(metadata));
    last = page.data.at(-1)?.id;
    more = page.has_more && last !== undefined;
  }
  return customers;
}

const ours = (values: Record<string, string | null>): FieldValues =>
  Object.fromEntries(FIELD_NAMES.map((name) => [name, values[name] || null]));

async function getJson(url: string, token: string): Promise<unknown> {
  for (let attempt = 0; attempt < 60; attempt++) {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    if (response.ok) return response.json();
    if (response.status !== 429) throw new Error(`${new URL(url).pathname} answered ${response.status}.`);
    await response.body?.cancel();
    await sleep(Number(response.headers.get("retry-after") ?? "1") * 1_000);
  }
  throw new Error("The twin kept answering 429.");
}
