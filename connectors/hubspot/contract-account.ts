/** A HubSpot account for the contract suite, every stream of it filled. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vendorAt } from "#connectors/core/contract-suite/account.ts";
import type { ContractAccount } from "#connectors/core/contract-suite/account.ts";
import type { ObjectType } from "./twin/account.ts";
import { startHubspotTwin } from "./twin/index.ts";
import type { HubspotSeed, HubspotSeedContact } from "./twin/seed.ts";

const SEEDED_AT = Date.parse("2026-03-01T09:00:00.000Z");
const FIRST: Record<ObjectType, number> = { contacts: 1_001, companies: 500_001, deals: 700_001 };
const NEWS = { subscriptionId: "1", subscriptionName: "News", source: "Form", legalBasisExplanation: "sign-up" };

export async function startContractAccount(size: number, now: () => number): Promise<ContractAccount> {
  const folder = mkdtempSync(join(tmpdir(), "tributary-hubspot-"));
  const journal = join(folder, "twin.jsonl");
  const options = { requestsPerSecond: 100_000, journal, now };
  let twin = await startHubspotTwin(options);
  const seed = seedOf(size);
  twin.load(seed);
  const { url } = twin;
  const typeOf = (stream: string): ObjectType => {
    if (stream === "contacts" || stream === "companies" || stream === "deals") return stream;
    throw new Error(`HubSpot has no stream ${stream}.`);
  };
  const idOf = (stream: string, index: number) => String(FIRST[typeOf(stream)] + index);
  const changed = { contacts: { lastname: "Changed" }, companies: { name: "Changed" }, deals: { amount: "77" } };
  return {
    settings: {},
    credentials: { accessToken: twin.accessToken },
    baseUrl: url,
    now,
    idOf,
    change: async (stream, index) => twin.change(typeOf(stream), idOf(stream, index), changed[typeOf(stream)]),
    add: async (stream) => twin.create(typeOf(stream), changed[typeOf(stream)], [idOf("contacts", 0)]),
    remove: async (stream, index) => twin.archive(typeOf(stream), idOf(stream, index)),
    merge: async (winner, loser) => twin.merge(idOf("contacts", winner), idOf("contacts", loser)),
    load: (stream, row) => twin.load({ contacts: [], companies: [], deals: [], [stream]: [row as HubspotSeedContact] }),
    vendor: vendorAt(() => twin, {
      permissionOf: (stream) => `crm.objects.${stream}.read`,
      async restart() {
        await twin.close();
        twin = await startHubspotTwin({ ...options, port: Number(new URL(url).port) });
        twin.load(seed);
      },
      fieldOf: (name) => twin.field(name),
    }),
    async close() {
      await twin.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function seedOf(size: number): HubspotSeed {
  const indexes = Array.from({ length: size }, (_, index) => index);
  const at = (index: number) => new Date(SEEDED_AT + index * 1000).toISOString();
  const dates = (index: number) => ({ createdAt: at(index), updatedAt: at(index) });
  const contactIds = (index: number) => [String(FIRST.contacts + index)];
  return {
    contacts: indexes.map((index) => ({
      id: String(FIRST.contacts + index),
      ...dates(index),
      properties: { email: `person${index}@marlowbooks.co.uk`, firstname: "Ada", lastname: "Marlow" },
      subscriptions: [subscription(index, at(index))],
    })),
    companies: indexes.map((index) => ({
      ...{ id: String(FIRST.companies + index), ...dates(index), contactIds: contactIds(index) },
      properties: { name: "Marlow Books", domain: `books${index}.co.uk` },
    })),
    deals: indexes.map((index) => ({
      ...{ id: String(FIRST.deals + index), ...dates(index), contactIds: contactIds(index) },
      properties: { dealstage: "qualified", amount: "12.5" },
    })),
  };
}

/** Yes and no in turn. */
function subscription(index: number, timestamp: string) {
  const yes = index % 2 === 0;
  const status = yes ? ("SUBSCRIBED" as const) : ("UNSUBSCRIBED" as const);
  return { ...NEWS, status, legalBasis: yes ? "CONSENT_WITH_NOTICE" : null, timestamp };
}
