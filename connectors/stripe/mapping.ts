/** Stripe's objects into our records; pure. Metadata is never read, so what we wrote there cannot come back as news. */
import type {
  CanonicalRecord,
  OrderRecord,
  PersonRecord,
  PersonRef,
  SubscriptionRecord,
} from "#connectors/core/records.ts";
import { furtherFacts } from "#connectors/core/records.ts";
import { idOf } from "./changes.ts";
import { moneyOf } from "./currency.ts";
import { detailOf, isTakenBack } from "./detail.ts";
import type { Details, Returned } from "./detail.ts";
import { instantOf } from "./row.ts";
import type { Row } from "./row.ts";
import type { ChargeBody, CustomerBody, RefundBody, SubscriptionBody, SubscriptionItem } from "./schema.ts";
import { recurringAmount } from "./subscription-amount.ts";

export function customerToRecords(customer: Row<CustomerBody>): CanonicalRecord[] {
  return [
    {
      ...person(customer),
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
export function chargeToRecords(charge: Row<ChargeBody>, returned: Details<Returned>): CanonicalRecord[] {
  const who = personOf(charge);
  const { refunded, lost } = detailOf(returned, charge.id) ?? { refunded: charge.amount_refunded ?? 0, lost: 0 };
  const paid = amountPaid(charge);
  // What was only authorised and let go was never paid, so nothing of it came back.
  const givenBack = charge.captured === false ? 0 : Math.min(refunded + lost, paid);
  const order: OrderRecord = {
    ...base(charge),
    kind: "order",
    person: who,
    placedAt: instantOf(charge.created),
    ...moneyOf(paid, charge.currency),
    refundedMinor: moneyOf(givenBack, charge.currency).amountMinor,
    status: orderStatus(charge, givenBack >= paid && givenBack > 0),
    channel: orderChannel(charge),
  };
  if (who?.stream === "charges") return [guest(charge), order];
  if (charge.asRead.formerGuest === true) return [{ ...guest(charge), deleted: true }, order];
  return [order];
}

export function refundToRecords(refund: Row<RefundBody>, charges: Details<ChargeBody>): CanonicalRecord[] {
  const charge = typeof refund.charge === "string" ? detailOf(charges, refund.charge) : refund.charge;
  if (refund.status != null && !REFUND_STATUSES.has(refund.status)) throw new Error("unknown status");
  return [
    {
      ...base(refund),
      kind: "touchpoint",
      // Taken out again should it have been seen as pending.
      deleted: isTakenBack(refund),
      person: charge == null ? null : personOf(charge),
      type: "refund",
      at: instantOf(refund.created),
      channel: null,
      campaign: null,
      ...moneyOf(refund.amount, refund.currency),
    },
  ];
}

const REFUND_STATUSES = new Set(["succeeded", "pending", "requires_action", "failed", "canceled"]);

export function subscriptionToRecords(
  subscription: Row<SubscriptionBody>,
  items: Details<SubscriptionItem[]>,
): CanonicalRecord[] {
  const customer = idOf(subscription.customer);
  const all = detailOf(items, subscription.id) ?? subscription.items.data;
  const { amount, interval } = recurringAmount(all, subscription.currency);
  const money = moneyOf(amount ?? 0, subscription.currency);
  const ends = all.flatMap((item) => item.current_period_end ?? []);
  const periodEnd = ends.length > 0 ? Math.min(...ends) : subscription.current_period_end;
  const record: SubscriptionRecord = {
    ...base(subscription),
    kind: "subscription",
    person: customer === null ? null : { stream: "customers", id: customer },
    status: subscriptionStatus(subscription.status, subscription.pause_collection != null),
    startedAt: instantOf(subscription.start_date ?? subscription.created),
    currentPeriodEnd: periodEnd == null ? null : instantOf(periodEnd),
    endedAt: subscription.ended_at == null ? null : instantOf(subscription.ended_at),
    amountMinor: amount === null ? null : money.amountMinor,
    currency: money.currency,
    interval,
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

function guest(charge: Row<ChargeBody>): PersonRecord {
  const billing = charge.billing_details;
  const fingerprint = fingerprintOf(charge);
  return {
    ...person(charge),
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

function base({ id, asRead: { changedAt } }: Row<{ id: string }>) {
  return { id, updatedAt: changedAt === null ? null : instantOf(changedAt), deleted: false };
}

function person(row: Row<{ id: string }>) {
  return { ...base(row), kind: "person" as const, externalIds: [] as PersonRecord["externalIds"], mergedInto: null };
}

/** What was taken, not what was authorised, once that is settled. */
function amountPaid({ status, captured, amount, amount_captured: taken }: ChargeBody): number {
  return status === "succeeded" && captured !== false ? (taken ?? amount) : amount;
}

function orderStatus(charge: ChargeBody, isGivenBack: boolean): OrderRecord["status"] {
  if (charge.status === "failed") return "failed";
  if (charge.status === "pending") return "pending";
  if (charge.status !== "succeeded") throw new Error("unknown status");
  // Authorised only: not money yet, and an authorisation given back never was.
  if (charge.captured === false) return charge.refunded === true ? "cancelled" : "pending";
  return isGivenBack ? "refunded" : "paid";
}

function orderChannel(charge: ChargeBody): OrderRecord["channel"] {
  const type = charge.payment_method_details?.type;
  if (type == null) return "unknown";
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
  if (known === undefined) throw new Error("unknown status");
  return known === "active" && collectionPaused ? "paused" : known;
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
    ...furtherFacts({
      street: address?.line1 ?? null,
      addressLine2: address?.line2 ?? null,
      region: address?.state ?? null,
    }),
  };
}

function present(values: (string | null | undefined)[]): string[] {
  return values.filter((value): value is string => value != null && value !== "");
}
