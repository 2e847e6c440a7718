/** A HubSpot account for the contract suite, every stream of it filled. */
import type { ContractAccount } from "#connectors/core/contract-suite/account.ts";
import { hostTwin } from "#connectors/core/contract-suite/twin-host.ts";
import type { ObjectType } from "./twin/account.ts";
import { startHubspotTwin } from "./twin/index.ts";
import type { HubspotSeed, HubspotSeedContact } from "./twin/seed.ts";

const SEEDED_AT = Date.parse("2026-03-01T09:00:00.000Z");
const FIRST: Record<ObjectType, number> = { contacts: 1_001, companies: 500_001, deals: 700_001 };
const NEWS = { subscriptionId: "1", subscriptionName: "News", source: "Form", legalBasisExplanation: "sign-up" };

export async function startContractAccount(size: number, now: () => number): Promise<ContractAccount> {
  const seed = seedOf(size);
  const host = await hostTwin(now, async (options) => {
    const twin = await startHubspotTwin(options);
    twin.load(seed);
    return twin;
  });
  const typeOf = (stream: string): ObjectType => {
    if (stream === "contacts" || stream === "companies" || stream === "deals") return stream;
    throw new Error(`HubSpot has no stream ${stream}.`);
  };
  const idOf = (stream: string, index: number) => String(FIRST[typeOf(stream)] + index);
  const changed = { contacts: { lastname: "Changed" }, companies: { name: "Changed" }, deals: { amount: "77" } };
  return host.account({
    credentials: { accessToken: host.twin.accessToken },
    idOf,
    change: async (stream, index) => host.twin.change(typeOf(stream), idOf(stream, index), changed[typeOf(stream)]),
    add: async (stream) => host.twin.create(typeOf(stream), changed[typeOf(stream)], [idOf("contacts", 0)]),
    remove: async (stream, index) => host.twin.archive(typeOf(stream), idOf(stream, index)),
    merge: async (winner, loser) => host.twin.merge(idOf("contacts", winner), idOf("contacts", loser)),
    load: (stream, row) =>
      host.twin.load({ contacts: [], companies: [], deals: [], [stream]: [row as HubspotSeedContact] }),
    vendor: {
      permissionOf: (stream) => `crm.objects.${stream}.read`,
      permissionToWrite: "crm.objects.contacts.write",
      fieldOf: (name) => host.twin.field(name),
    },
  });
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
