/** Stripe's objects into our records; pure. Metadata is never read, so what we wrote there cannot come back as news. */
import type { z } from "zod";
import { ConnectorError } from "#connectors/core/errors.ts";
import type {
  CanonicalRecord,
  OrderRecord,
  PersonRecord,
  PersonRef,
  SubscriptionRecord,
} from "#connectors/core/records.ts";
import { moneyOf } from "./currency.ts";
import { chargeBody, customerBody, refundBody, subscriptionBody } from "./schema.ts";
import type { ChargeBody, CustomerBody, SubscriptionBody } from "./schema.ts";

/** One object of a stream, from a list or out of an event. */
export interface StripeRow {
  id: string;
  /** The object as Stripe sent it. */
  body: unknown;
  /** Seconds; when the event happened that brought it. Null from a list: objects do not say when they last changed. */
  changedAt: number | null;
  deleted: boolean;
  /** A charge that was a guest's until now, and has been given a customer. */
  formerGuest?: boolean;
}

export function customerToRecords(row: StripeRow): CanonicalRecord[] {
  const customer = parseBody("customer", customerBody, row.body);
  return [
    {
      ...person(row),
      createdAt: customer.created == null ? null : instantOf(customer.created),
      emails: present([customer.email]),
      phones: present([customer.phone, customer.shipping?.phone]),
      ...nameParts(customer.individual_name ?? customer.name),
      company: customer.business_name ?? null,
      ...place(customer.address ?? customer.shipping?.address),
    },
  ];
}

/** An order; and where nobody is on file for it, the guest as a person of this stream under the charge's own id. */
export function chargeToRecords(row: StripeRow): CanonicalRecord[] {
  const charge = parseBody("charge", chargeBody, row.body);
  const who = personOf(charge);
  const order: OrderRecord = {
    ...base(row),
    kind: "order",
    person: who,
    placedAt: instantOf(charge.created),
    ...moneyOf(charge.amount, charge.currency),
    refundedMinor: moneyOf(charge.amount_refunded ?? 0, charge.currency).amountMinor,
    status: orderStatus(charge),
    channel: orderChannel(charge),
  };
  if (who?.stream === "charges") return [guest(row, charge), order];
  if (row.formerGuest === true) return [{ ...guest(row, charge), deleted: true }, order];
  return [order];
}

export function refundToRecords(row: StripeRow): CanonicalRecord[] {
  const refund = parseBody("refund", refundBody, row.body);
  return [
    {
      ...base(row),
      kind: "touchpoint",
      // A failed or cancelled refund gave nothing back: it is taken out again should it have been seen as pending.
      deleted: row.deleted || refund.status === "failed" || refund.status === "canceled",
      person: typeof refund.charge === "object" && refund.charge !== null ? personOf(refund.charge) : null,
      type: "refund",
      at: instantOf(refund.created),
      channel: null,
      campaign: null,
      ...moneyOf(refund.amount, refund.currency),
    },
  ];
}

export function subscriptionToRecords(row: StripeRow): CanonicalRecord[] {
  const subscription = parseBody("subscription", subscriptionBody, row.body);
  const customer = idOf(subscription.customer);
  const items = subscription.items.data;
  const recurring = items.find((item) => item.price?.recurring != null)?.price?.recurring;
  const total = items.reduce((sum, item) => sum + unitAmount(item.price) * (item.quantity ?? 1), 0);
  const ends = items.flatMap((item) => item.current_period_end ?? []);
  const periodEnd = ends.length > 0 ? Math.min(...ends) : subscription.current_period_end;
  const record: SubscriptionRecord = {
    ...base(row),
    kind: "subscription",
    person: customer === null ? null : { stream: "customers", id: customer },
    status: subscriptionStatus(subscription.status, subscription.pause_collection != null),
    startedAt: instantOf(subscription.start_date ?? subscription.created),
    currentPeriodEnd: periodEnd == null ? null : instantOf(periodEnd),
    endedAt: subscription.ended_at == null ? null : instantOf(subscription.ended_at),
    // "Every 3 months" is told as its share per month.
    ...moneyOf(Math.round(total / (recurring?.interval_count ?? 1)), subscription.currency),
    interval: recurring?.interval ?? "month",
  };
  return [record];
}

/** Null: a sale at the till without any trace of who it was. */
export function personOf(charge: ChargeBody): PersonRef | null {
  const customer = idOf(charge.customer);
  if (customer !== null) return { stream: "customers", id: customer };
  const billing = charge.billing_details;
  const traces = [billing?.email, billing?.phone, billing?.name, charge.receipt_email, fingerprintOf(charge)];
  return present(traces).length > 0 ? { stream: "charges", id: charge.id } : null;
}

function guest(row: StripeRow, charge: ChargeBody): PersonRecord {
  const billing = charge.billing_details;
  const fingerprint = fingerprintOf(charge);
  return {
    ...person(row),
    createdAt: instantOf(charge.created),
    emails: [...new Set(present([billing?.email, charge.receipt_email]))],
    phones: present([billing?.phone]),
    ...nameParts(billing?.name),
    company: null,
    ...place(billing?.address),
    // Names a card, not a person: cards are shared and replaced, so identity takes it as weak evidence.
    externalIds: fingerprint === null ? [] : [{ kind: "card_fingerprint", value: fingerprint, scope: "connection" }],
  };
}

function base(row: StripeRow) {
  return { id: row.id, updatedAt: row.changedAt === null ? null : instantOf(row.changedAt), deleted: row.deleted };
}

function person(row: StripeRow) {
  return { ...base(row), kind: "person" as const, externalIds: [] as PersonRecord["externalIds"], mergedInto: null };
}

function orderStatus(charge: ChargeBody): OrderRecord["status"] {
  if (charge.status === "failed") return "failed";
  if (charge.status !== "succeeded") return "pending";
  // Authorised only: not money yet, and an authorisation given back never was.
  if (charge.captured === false) return charge.refunded === true ? "cancelled" : "pending";
  return charge.refunded === true ? "refunded" : "paid";
}

function orderChannel(charge: ChargeBody): OrderRecord["channel"] {
  const type = charge.payment_method_details?.type;
  return type === "card_present" || type === "interac_present" ? "store" : "online";
}

const SUBSCRIPTION_STATUS: Record<string, SubscriptionRecord["status"]> = {
  trialing: "trialing",
  active: "active",
  past_due: "past_due",
  // Stripe's end of dunning when the merchant chose to leave it open: money is owed.
  unpaid: "past_due",
  paused: "paused",
  canceled: "cancelled",
  incomplete: "incomplete",
  incomplete_expired: "cancelled",
};

function subscriptionStatus(status: string, collectionPaused: boolean): SubscriptionRecord["status"] {
  const known = SUBSCRIPTION_STATUS[status];
  if (known === undefined) throw new ConnectorError("contract", "subscription: unknown status");
  return known === "active" && collectionPaused ? "paused" : known;
}

/** Tiered prices have no single amount and count as 0; `unit_amount_decimal` holds fractions of a minor unit. */
function unitAmount(price: SubscriptionBody["items"]["data"][number]["price"]) {
  return price?.unit_amount ?? price?.unit_amount_decimal ?? 0;
}

function fingerprintOf(charge: ChargeBody): string | null {
  const details = charge.payment_method_details;
  return (details?.card ?? details?.card_present ?? details?.interac_present)?.fingerprint ?? null;
}

/** Stripe keeps one name field: the first word is taken as first name, the rest as last name. */
function nameParts(name: string | null | undefined): { firstName: string | null; lastName: string | null } {
  const words = (name ?? "").split(/\s+/).filter((word) => word !== "");
  const [firstName = null, ...rest] = words;
  return { firstName, lastName: rest.length > 0 ? rest.join(" ") : null };
}

function place(address: CustomerBody["address"]) {
  const country = address?.country?.toUpperCase() ?? "";
  return {
    // Old accounts hold free text here.
    country: /^[A-Z]{2}$/.test(country) ? country : null,
    postcode: address?.postal_code ?? null,
    city: address?.city ?? null,
  };
}

function idOf(reference: string | { id: string } | null | undefined): string | null {
  return typeof reference === "string" ? reference : (reference?.id ?? null);
}

function present(values: (string | null | undefined)[]): string[] {
  return values.filter((value): value is string => value != null && value !== "");
}

function instantOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** Throws with the places that do not fit, never with the values. */
function parseBody<T>(name: string, schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.slice(0, 3).map((issue) => issue.path.join(".") || "(whole object)");
  throw new ConnectorError("contract", `${name}: unknown form at ${where.join(", ")}`);
}
