/** A Klaviyo account for the contract suite, every stream of it filled. */
import type { ContractAccount } from "#connectors/core/contract-suite/account.ts";
import { hostTwin } from "#connectors/core/contract-suite/twin-host.ts";
import { subscribedSince } from "./fixtures.ts";
import { idOf as profileId } from "./twin/account.ts";
import { startKlaviyoTwin } from "./twin/index.ts";
import { NEVER_SUBSCRIBED } from "./twin/seed.ts";
import type { KlaviyoSeed, KlaviyoSeedEvent, KlaviyoSeedList, KlaviyoSeedProfile } from "./twin/seed.ts";

const SEEDED_AT = Date.parse("2026-03-01T09:00:00.000Z");
const LISTS = ["LAAAA1", "LBBBB2"] as const;

/** Two lists, and everybody on one of them: the lower ids on the first. */
const listOf = (index: number, size: number): string => (index < size / 2 ? LISTS[0] : LISTS[1]);

export async function startContractAccount(size: number, now: () => number): Promise<ContractAccount> {
  const seed = seedOf(size);
  const host = await hostTwin(now, async (options) => {
    const twin = await startKlaviyoTwin(options);
    twin.load(seed);
    return twin;
  });
  const idOf = (stream: string, index: number) => {
    if (stream === "events") return eventId(index);
    return stream === "lists" ? `${listOf(index, size)}:${profileId(index + 1)}` : profileId(index + 1);
  };
  return host.account({
    credentials: { apiKey: host.twin.apiKey },
    idOf,
    async change(stream, index) {
      if (stream === "events") throw new Error("What happened does not change.");
      if (stream === "lists") host.twin.join(listOf(index, size), profileId(index + 1));
      else host.twin.edit(profileId(index + 1), { last_name: "Changed" });
    },
    async add(stream) {
      if (stream === "events") return host.twin.track({ metric: "Placed Order", profile: profileId(1) });
      const id = host.twin.create({ email: "added@marlowbooks.co.uk" });
      return stream === "lists" ? host.twin.join(LISTS[0], id) : id;
    },
    remove: async (_, index) => host.twin.remove(profileId(index + 1)),
    load(stream, row) {
      const none: KlaviyoSeed = { profiles: [], events: [], lists: [] };
      const { member, ...list } = row as { member?: KlaviyoSeedProfile };
      host.twin.load({ ...none, [stream]: [list], ...(member === undefined ? {} : { profiles: [member] }) });
    },
    vendor: {
      permissionOf: (stream) => `${stream}:read`,
      permissionToWrite: "profiles:write",
    },
  });
}

const eventId = (index: number): string => `S${String(index).padStart(9, "0")}`;

function seedOf(size: number): KlaviyoSeed {
  const indexes = Array.from({ length: size }, (_, index) => index);
  const at = (index: number) => new Date(SEEDED_AT + index * 1000).toISOString();
  return {
    profiles: indexes.map((index): KlaviyoSeedProfile => ({
      id: profileId(index + 1),
      attributes: {
        ...{ email: `person${index}@marlowbooks.co.uk`, first_name: "Ada", last_name: "Marlow" },
        ...{ created: at(index), updated: at(index), subscriptions: subscriptionsOf(index, at(index)) },
      },
    })),
    events: indexes.map((index): KlaviyoSeedEvent => ({
      ...{ id: eventId(index), metric: "Clicked Email", profile: profileId(index + 1), datetime: at(index) },
    })),
    lists: LISTS.map((id): KlaviyoSeedList => ({
      ...{ id, name: `List ${id}` },
      members: indexes
        .filter((index) => listOf(index, size) === id)
        .map((index) => ({ profile: profileId(index + 1), joined: at(index) })),
    })),
  };
}

/** Yes and no in turn. */
function subscriptionsOf(index: number, timestamp: string) {
  const yes = subscribedSince(timestamp);
  if (index % 2 === 0) return yes;
  const suppression = [{ reason: "UNSUBSCRIBE", timestamp }];
  const left = { ...yes.email.marketing, can_receive_email_marketing: false, consent: "UNSUBSCRIBED", suppression };
  return { ...NEVER_SUBSCRIBED, email: { marketing: left } };
}
