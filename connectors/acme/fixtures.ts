/** Invented people and orders for tests, the demo and a twin started by hand. */
import { inventedPerson } from "#connectors/core/twin/people.ts";
import type { OrderRow, PersonRow } from "./schema.ts";
import type { AcmeSeed } from "./twin/seed.ts";

const SEEDED_AT = Date.parse("2026-03-01T09:00:00.000Z");

/** A yes, a no and a silence in turn. */
const MARKETING = ["subscribed", "unsubscribed", "never"] as const;

export function personSeed(index: number, change: Partial<PersonRow> = {}): PersonRow {
  const at = new Date(SEEDED_AT + index * 1_000).toISOString();
  const status = MARKETING[index % 3] ?? "never";
  return {
    ...{ id: `p_${index + 1}`, email: `person${index}@marlowbooks.co.uk`, phone: null },
    ...{ first_name: "Ada", last_name: "Marlow", created_at: at, updated_at: at },
    marketing_email: { status, changed_at: status === "never" ? null : at },
    ...change,
  };
}

export function orderSeed(index: number, change: Partial<OrderRow> = {}): OrderRow {
  const at = new Date(SEEDED_AT + index * 1_000).toISOString();
  return {
    ...{ id: `o_${index + 1}`, person_id: personSeed(index).id, total: "12.50", refunded: "0.00" },
    ...{ currency: "gbp", status: "paid", placed_at: at, updated_at: at, ...change },
  };
}

/** The first `count` invented people, each with an order. */
export function inventedAcme(count: number): AcmeSeed {
  const indexes = Array.from({ length: count }, (_, index) => index);
  return {
    people: indexes.map((index) => {
      const { firstName, lastName, email, phone, since } = inventedPerson(index);
      return personSeed(index, { ...{ email, phone, first_name: firstName, last_name: lastName }, created_at: since });
    }),
    orders: indexes.map((index) => orderSeed(index, { total: `${12 + (index % 30)}.50` })),
  };
}
