/** What a page's rows lack and Stripe has elsewhere: disputes of a charge, a refund's charge, a subscription's other items. */
import { z } from "zod";
import { walkPages } from "#connectors/core/walk.ts";
import type { StripeClient } from "./client.ts";
import { inParallel } from "#connectors/core/in-parallel.ts";
import { PARALLEL_CALLS } from "./limits.ts";
import type { Row } from "./row.ts";
import { chargeBody, disputeBody, refundBody, subscriptionItem } from "./schema.ts";
import type { ChargeBody, RefundBody, SubscriptionBody, SubscriptionItem } from "./schema.ts";

/** Of the charges that need it, by id. */
export type Losses = ReadonlyMap<string, { refunded: number; lost: number }>;

/** A lost dispute takes money without showing in `amount_refunded`; after a partial capture that figure is not what was given back. */
export async function lossesOf(client: StripeClient, rows: Row<ChargeBody>[]): Promise<Losses> {
  const unclear = rows.filter((charge) => charge.disputed === true || isUnclear(charge));
  const found = await inParallel(unclear, PARALLEL_CALLS, async (charge) => {
    const lost = charge.disputed === true ? await lostBy(client, charge) : 0;
    const refunded = isUnclear(charge) ? await givenBack(client, charge) : (charge.amount_refunded ?? 0);
    return [charge.id, { lost, refunded }] as const;
  });
  return new Map(found);
}

/** What was not captured may stand as refunded, and so may a part of what was. */
function isUnclear({ captured, amount, amount_captured: taken, amount_refunded: refunded }: ChargeBody): boolean {
  return captured !== false && taken != null && taken < amount && (refunded ?? 0) > 0;
}

async function lostBy(client: StripeClient, charge: ChargeBody): Promise<number> {
  const { rows } = await client.disputes(charge.id);
  const lost = z
    .array(disputeBody)
    .parse(rows)
    .filter(({ status }) => status === "lost");
  // In another currency than the sale it cannot be set against it but as a whole.
  return lost.reduce(
    (sum, dispute) => sum + (dispute.currency === charge.currency ? dispute.amount : charge.amount),
    0,
  );
}

async function givenBack(client: StripeClient, charge: ChargeBody): Promise<number> {
  const { rows } = await client.refundsOf(charge.id);
  const refunds = z.array(refundBody).parse(rows);
  return refunds.reduce((sum, refund) => (isTakenBack(refund) ? sum : sum + refund.amount), 0);
}

/** A failed or cancelled refund gave nothing back. */
export const isTakenBack = ({ status }: RefundBody): boolean => status === "failed" || status === "canceled";

/** Charges of the refunds that came without theirs, as they stand; null: there is none in this account. */
export type Charges = ReadonlyMap<string, unknown>;

export async function chargesOf(client: StripeClient, rows: Row<RefundBody>[]): Promise<Charges> {
  const ids = [...new Set(rows.flatMap(({ charge }) => (typeof charge === "string" ? charge : [])))];
  const found = await inParallel(ids, PARALLEL_CALLS, (id) => client.retrieve("charges", id));
  return new Map(ids.map((id, index) => [id, found[index]]));
}

export function chargeOf({ charge }: RefundBody, charges: Charges): ChargeBody | null {
  if (charge == null || typeof charge !== "string") return charge ?? null;
  const found = charges.get(charge) ?? null;
  if (found === null) throw new Error("its charge is not in this account");
  return chargeBody.parse(found);
}

/** All items of the subscriptions that have more than are shown, by the subscription's id. */
export type Items = ReadonlyMap<string, SubscriptionItem[]>;

export async function itemsOf(client: StripeClient, rows: Row<SubscriptionBody>[]): Promise<Items> {
  const long = rows.flatMap(({ id, items }) => (items.has_more === true ? id : []));
  const found = await inParallel(long, PARALLEL_CALLS, async (id) => {
    const items: SubscriptionItem[] = [];
    const pages = walkPages("Subscription items", async (after) => {
      const page = await client.items(id, after === null ? {} : { starting_after: after });
      const last = z.object({ id: z.string() }).safeParse(page.rows.at(-1)).data;
      return { ...page, next: page.hasMore ? (last?.id ?? "(none)") : null };
    });
    for await (const page of pages) items.push(...z.array(subscriptionItem).parse(page.rows));
    return items;
  });
  return new Map(long.map((id, index) => [id, found[index] ?? []]));
}
