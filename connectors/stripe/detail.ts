/** What a page's rows lack and Stripe has elsewhere: disputes of a charge, a refund's charge, a subscription's other items. */
import { z } from "zod";
import { ConnectorError } from "#connectors/core/errors.ts";
import { inParallel } from "#connectors/core/in-parallel.ts";
import { formOf } from "#connectors/core/stream.ts";
import { walkPages } from "#connectors/core/walk.ts";
import type { StripeClient } from "./client.ts";
import { PARALLEL_CALLS } from "./limits.ts";
import { modeOf } from "./row.ts";
import type { Row } from "./row.ts";
import { chargeBody, disputeBody, refundBody, subscriptionItem } from "./schema.ts";
import type { ChargeBody, DisputeBody, RefundBody, SubscriptionBody, SubscriptionItem } from "./schema.ts";

// Made once: a schema is compiled when it is first used.
const refundBodies = z.array(refundBody);
const subscriptionItems = z.array(subscriptionItem);

/** By id, of the rows that need it; an error refuses that row alone. */
export type Details<Detail> = ReadonlyMap<string, Detail | Error>;

async function detailsOf<Detail>(ids: string[], ask: (id: string) => Promise<Detail>): Promise<Details<Detail>> {
  const answers = await inParallel(ids, PARALLEL_CALLS, (id) => ask(id).catch(ofOneRow));
  return new Map(ids.map((id, index) => [id, answers[index] ?? new Error("nothing was found")]));
}

/** What is no matter of the whole account, such as a key or a limit. */
export function ofOneRow(error: unknown): Error {
  if (error instanceof z.ZodError) return new Error(formOf(error));
  if (error instanceof ConnectorError && error.kind === "contract") return error;
  throw error;
}

export function detailOf<Detail>(details: Details<Detail>, id: string): Detail | undefined {
  const detail = details.get(id);
  if (detail instanceof Error) throw detail;
  return detail;
}

/** What went back of a charge, in its own unit. */
export type Returned = { refunded: number; lost: number };

/**
 * A lost dispute takes money without showing in `amount_refunded`, and after a partial capture that figure may count
 * what was merely released.
 */
export function returnedOf(client: StripeClient, rows: Row<ChargeBody>[]): Promise<Details<Returned>> {
  const charges = new Map(rows.filter((row) => isDisputed(row) || isUnclear(row)).map((row) => [row.id, row]));
  return detailsOf([...charges.keys()], async (id) => {
    const charge = charges.get(id);
    if (charge === undefined) throw new Error(`No charge ${id}.`);
    const refunded = isUnclear(charge) ? await givenBack(client, charge) : (charge.amount_refunded ?? 0);
    return { refunded, lost: isDisputed(charge) ? await lostBy(client, charge) : 0 };
  });
}

/** Older versions name the dispute itself. */
const isDisputed = ({ disputed, dispute }: ChargeBody): boolean => disputed === true || dispute != null;

function isUnclear({ captured, amount, amount_captured: taken, amount_refunded: refunded }: ChargeBody): boolean {
  return captured !== false && taken != null && taken < amount && (refunded ?? 0) > 0;
}

async function lostBy(client: StripeClient, charge: ChargeBody): Promise<number> {
  const disputes: DisputeBody[] =
    typeof charge.dispute === "object" && charge.dispute !== null
      ? [charge.dispute]
      : z.array(disputeBody).parse((await client.disputes(charge.id)).rows);
  // In another currency than the sale it cannot be set against it but as a whole.
  const lost = disputes
    .filter(({ status }) => status === "lost")
    .map(({ amount, currency }) => (currency === charge.currency ? amount : charge.amount));
  return lost.reduce((sum, amount) => sum + amount, 0);
}

async function givenBack(client: StripeClient, charge: ChargeBody): Promise<number> {
  const refunds = refundBodies.parse((await client.refundsOf(charge.id)).rows);
  return refunds.reduce((sum, refund) => (isTakenBack(refund) ? sum : sum + refund.amount), 0);
}

/** A failed or cancelled refund gave nothing back. */
export const isTakenBack = ({ status }: RefundBody): boolean => status === "failed" || status === "canceled";

/** Of the refunds that came without theirs. */
export function chargesOf(client: StripeClient, rows: Row<RefundBody>[]): Promise<Details<ChargeBody>> {
  const ids = new Set(rows.flatMap(({ charge }) => (typeof charge === "string" ? charge : [])));
  return detailsOf([...ids], async (id) => {
    const found = await client.retrieve("charges", id);
    if (found === null) throw new ConnectorError("contract", "its charge is not in this account");
    const mode = modeOf(found);
    if (client.mode !== null && mode !== null && mode !== client.mode)
      throw new ConnectorError("contract", `its charge is a ${mode} one and the connection is for ${client.mode} ones`);
    return chargeBody.parse(found);
  });
}

/** All items, where more are than a subscription shows. */
export function itemsOf(client: StripeClient, rows: Row<SubscriptionBody>[]): Promise<Details<SubscriptionItem[]>> {
  const long = rows.flatMap(({ id, items }) => (items.has_more === true ? id : []));
  return detailsOf(long, async (id) => {
    const items: SubscriptionItem[] = [];
    const pages = walkPages("Subscription items", async (after) => {
      const page = await client.items(id, after === null ? {} : { starting_after: after });
      const last = z.object({ id: z.string() }).safeParse(page.rows.at(-1)).data;
      return { ...page, next: page.hasMore ? (last?.id ?? "(none)") : null };
    });
    for await (const page of pages) items.push(...subscriptionItems.parse(page.rows));
    return items;
  });
}
