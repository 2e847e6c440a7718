/** What the tools show now, read from the twins over HTTP with their own list calls, as anybody could. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { FIELDS } from "#profile/plan/fields.ts";
import type { FieldValues } from "#profile/plan/types.ts";
import { DEMO_HUBSPOT_TOKEN, DEMO_KLAVIYO_KEY, DEMO_STRIPE_KEY } from "../accounts.ts";

export const FIELD_NAMES = FIELDS.map((field) => field.definition.name);

const hubspotPage = z.object({
  results: z.array(z.object({ id: z.string(), properties: z.record(z.string(), z.string().nullable()) })),
  paging: z.object({ next: z.object({ after: z.string() }).optional() }).optional(),
});

const stripePage = z.object({
  data: z.array(z.object({ id: z.string(), metadata: z.record(z.string(), z.string()) })),
  has_more: z.boolean(),
});

const klaviyoPage = z.object({
  data: z.array(z.object({ id: z.string(), attributes: z.object({ properties: z.record(z.string(), z.unknown()) }) })),
  links: z.object({ next: z.string().nullish() }),
});

/** Tools whose records show our fields, and which records these are. */
export const WRITTEN_TOOLS = {
  hubspot: { stream: "contacts", read: readHubspot },
  klaviyo: { stream: "profiles", read: readKlaviyo },
  stripe: { stream: "customers", read: readStripe },
} as const;
export type WrittenTool = keyof typeof WRITTEN_TOOLS;
export type ShownFields = Record<WrittenTool, Map<string, FieldValues>>;

/** @param twins base URLs by connector; of a tool that is not among them nothing is shown */
export async function readTools(twins: Readonly<Record<string, string>>): Promise<ShownFields> {
  const read = async (tool: WrittenTool) => {
    const url = twins[tool];
    return url === undefined ? new Map<string, FieldValues>() : WRITTEN_TOOLS[tool].read(url);
  };
  return { hubspot: await read("hubspot"), klaviyo: await read("klaviyo"), stripe: await read("stripe") };
}

/**
 * Who is in the audience of this name, as the advertising tool was told of them; no tool would say, but this one's stand-in.
 *
 * @param control of the twins; null: nobody can be asked
 */
export async function readAudience(control: string | null, name: string): Promise<string[]> {
  if (control === null) return [];
  return z.array(z.string()).parse(await getJson(`${control}/audience/${name.replaceAll("_", "-")}`, {}));
}

/** Our fields on every live HubSpot contact, by contact id. */
async function readHubspot(url: string): Promise<Map<string, FieldValues>> {
  const contacts = new Map<string, FieldValues>();
  let after: string | undefined;
  do {
    const query = new URLSearchParams({
      limit: "100",
      properties: FIELD_NAMES.join(","),
      ...(after === undefined ? {} : { after }),
    });
    const page = hubspotPage.parse(
      await getJson(`${url}/crm/v3/objects/contacts?${query.toString()}`, bearer(DEMO_HUBSPOT_TOKEN)),
    );
    for (const { id, properties } of page.results) contacts.set(id, ours(properties));
    after = page.paging?.next?.after;
  } while (after !== undefined);
  return contacts;
}

/** Our fields among every Klaviyo profile's properties, by profile id. */
async function readKlaviyo(url: string): Promise<Map<string, FieldValues>> {
  const profiles = new Map<string, FieldValues>();
  const headers = { authorization: `Klaviyo-API-Key ${DEMO_KLAVIYO_KEY}`, revision: "2026-07-15" };
  const first = new URLSearchParams({ "page[size]": "100", sort: "id", "fields[profile]": "properties" });
  for (let path: string | null = `/api/profiles?${first.toString()}`; path !== null;) {
    const { data, links } = klaviyoPage.parse(await getJson(url + path, headers));
    for (const { id, attributes } of data) profiles.set(id, ours(attributes.properties));
    // Its links lead to Klaviyo's own host.
    const next = links.next == null ? null : new URL(links.next);
    path = next === null ? null : next.pathname + next.search;
  }
  return profiles;
}

/** Our fields in every Stripe customer's metadata, by customer id. */
async function readStripe(url: string): Promise<Map<string, FieldValues>> {
  const customers = new Map<string, FieldValues>();
  let last: string | undefined;
  for (let more = true; more;) {
    const query = new URLSearchParams({ limit: "100", ...(last === undefined ? {} : { starting_after: last }) });
    const page = stripePage.parse(await getJson(`${url}/v1/customers?${query.toString()}`, bearer(DEMO_STRIPE_KEY)));
    for (const { id, metadata } of page.data) customers.set(id, ours(metadata));
    last = page.data.at(-1)?.id;
    more = page.has_more && last !== undefined;
  }
  return customers;
}

const ours = (values: Record<string, unknown>): FieldValues =>
  Object.fromEntries(FIELD_NAMES.map((name) => [name, textOf(values[name])]));

const textOf = (value: unknown): string | null =>
  typeof value === "number" ? String(value) : typeof value === "string" && value !== "" ? value : null;

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function getJson(url: string, headers: Record<string, string>): Promise<unknown> {
  for (let attempt = 0; attempt < 60; attempt++) {
    const response = await fetch(url, { headers });
    if (response.ok) return response.json();
    if (response.status !== 429) throw new Error(`${new URL(url).pathname} answered ${response.status}.`);
    await response.body?.cancel();
    await sleep(Number(response.headers.get("retry-after") ?? "1") * 1_000);
  }
  throw new Error("The twin kept answering 429.");
}
