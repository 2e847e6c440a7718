/** Invented people and sales for tests of the twin and the connector. */
import { inventedPerson } from "#connectors/core/twin/people.ts";
import type { StripeSeed } from "./twin/seed.ts";

type Customer = StripeSeed["customers"][number];
type Charge = StripeSeed["charges"][number];

/** 2026-03-01T00:00:00Z and `minutes` later. */
export function instant(minutes: number): string {
  return new Date(Date.UTC(2026, 2, 1) + minutes * 60_000).toISOString();
}

export function seedOf(parts: Partial<StripeSeed>): StripeSeed {
  return { customers: [], charges: [], refunds: [], subscriptions: [], ...parts };
}

export function customerSeed(index: number, fields: Partial<Customer> = {}): Customer {
  return {
    id: `cus_${String(index).padStart(6, "0")}`,
    email: `person${index}@hollowpine.co.uk`,
    name: `Robin Ashdown${index}`,
    phone: null,
    country: "GB",
    postcode: "LS1 4AP",
    city: "Leeds",
    createdAt: instant(index),
    ...fields,
  };
}

export function chargeSeed(index: number, fields: Partial<Charge> = {}): Charge {
  return {
    id: `ch_${String(index).padStart(6, "0")}`,
    customer: null,
    billing: { email: null, name: null, phone: null, country: null, postcode: null },
    receiptEmail: null,
    amount: 2500,
    amountRefunded: 0,
    currency: "gbp",
    status: "succeeded",
    cardPresent: false,
    fingerprint: null,
    createdAt: instant(index),
    ...fields,
  };
}

export function customers(count: number): Customer[] {
  return Array.from({ length: count }, (_, index) => customerSeed(index));
}

/** The first `count` invented people and what they bought: some weekly, some monthly, some long ago. */
export function inventedCustomers(count: number, now: number): StripeSeed {
  const people = Array.from({ length: count }, (_, index) => ({ index, ...inventedPerson(index) }));
  return seedOf({
    customers: people.map(({ index, firstName, lastName, email, phone, city, postcode, since }) =>
      customerSeed(index, { name: `${firstName} ${lastName}`, email, phone, city, postcode, createdAt: since }),
    ),
    charges: people.flatMap(({ index }) =>
      Array.from({ length: 1 + (index % 5) }, (_, nth) =>
        chargeSeed(index * 5 + nth, {
          customer: customerSeed(index).id,
          amount: 1200 + 150 * (index % 30),
          createdAt: new Date(now - (1 + nth) * (7 + 30 * (index % 4)) * 86_400_000).toISOString(),
        }),
      ),
    ),
  });
}
