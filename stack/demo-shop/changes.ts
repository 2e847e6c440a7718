/** What happens in the shop tomorrow: edits in the CRM, new orders, new customers, on the vendors' side. */
import type { HubspotTwin } from "#connectors/hubspot/twin/index.ts";
import type { KlaviyoTwin } from "#connectors/klaviyo/twin/index.ts";
import type { StripeSeed } from "#connectors/stripe/twin/seed.ts";
import type { StripeTwin } from "#connectors/stripe/twin/index.ts";
import { customerOf, type Customer } from "./customer.ts";
import { hashOf, randomOf, type Random } from "./random.ts";
import { idOf } from "./stripe.ts";
import { places } from "./vocabulary.ts";
import type { ShopFacts } from "./write.ts";

const TOPIC = 40;

export interface ChangeCounts {
  /** Customers touched. */
  customers: number;
  contactsChanged: number;
  /** Moved in the e-mail tool, and clicked a letter there. */
  profilesChanged: number;
  chargesAdded: number;
  customersAdded: number;
}

type Tools = {
  hubspot?: Pick<HubspotTwin, "change">;
  klaviyo?: Pick<KlaviyoTwin, "edit" | "track" | "properties">;
  stripe?: Pick<StripeTwin, "addCharge" | "addCustomer" | "now" | "customer">;
};

/**
 * Changes one thing about each of `count` different customers of the shop, fewer when it has fewer that a tool knows.
 * The same seed changes the same customers in the same way; another seed others.
 */
export function changeSome(
  tools: Tools,
  facts: ShopFacts,
  { count, seed }: { count: number; seed: number },
): ChangeCounts {
  const done: ChangeCounts = {
    ...{ customers: 0, contactsChanged: 0, profilesChanged: 0, chargesAdded: 0, customersAdded: 0 },
  };
  for (const index of shuffled(facts.customers, seed)) {
    if (done.customers >= count) break;
    const customer = customerOf(index, facts);
    const random = randomOf(seed, TOPIC, index);
    if (changeOne(tools, customer, random, hashOf(seed, index), done)) done.customers++;
  }
  return done;
}

/** Whether any tool knows the customer. */
function changeOne(
  { hubspot, klaviyo, stripe }: Tools,
  customer: Customer,
  random: Random,
  key: number,
  done: ChangeCounts,
): boolean {
  const contact =
    hubspot && customer.hubspot.contacts.find((each) => each.archived !== true && each.properties["email"]);
  const account = stripe && customer.stripe.customers.find((each) => stripe.customer(each.id) !== undefined);
  const profile = klaviyo && customer.klaviyo.profiles.find((each) => klaviyo.properties(each.id) !== null);
  const [town, district] = random.pick(places);
  if (profile !== undefined && random.chance(0.25)) {
    klaviyo?.edit(profile.id, { location: { city: town, zip: `${district} ${1 + random.below(9)}XY` } });
    klaviyo?.track({ metric: "Clicked Email", profile: profile.id, properties: { "Campaign Name": "Tea letter" } });
    done.profilesChanged++;
    return true;
  }
  if (contact !== undefined && (account === undefined || random.chance(0.6))) {
    // The suffix makes it a change even for somebody who lives there already.
    hubspot?.change("contacts", contact.id, {
      city: town,
      zip: `${district} ${1 + random.below(9)}XY`,
      address: `${key % 200} High Street`,
    });
    done.contactsChanged++;
    return true;
  }
  if (account === undefined || stripe === undefined) return false;
  const created = new Date(stripe.now()).toISOString();
  if (random.chance(0.15)) {
    const twin = { ...account, id: idOf("cus", key, 1), createdAt: created, metadata: {} };
    stripe.addCustomer(twin);
    done.customersAdded++;
  }
  stripe.addCharge(chargeOf(account, idOf("ch", key, 2), created, random));
  done.chargesAdded++;
  return true;
}

function chargeOf(
  { id, email, name, phone, country, postcode }: StripeSeed["customers"][number],
  charge: string,
  createdAt: string,
  random: Random,
): StripeSeed["charges"][number] {
  return {
    id: charge,
    customer: id,
    billing: { email, name, phone, country, postcode },
    receiptEmail: null,
    amount: 500 + random.below(6000),
    amountRefunded: 0,
    currency: "gbp",
    status: "succeeded",
    cardPresent: false,
    fingerprint: null,
    createdAt,
  };
}

/** 0 to n - 1, each once, in an order that follows from the seed: a step that shares no factor with n visits all. */
function* shuffled(n: number, seed: number): Generator<number> {
  let step = 1 + (hashOf(seed, n, 1) % n);
  while (greatestCommonDivisor(step, n) !== 1) step++;
  let at = hashOf(seed, n, 2) % n;
  for (let count = 0; count < n; count++) {
    yield at;
    at = (at + step) % n;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
