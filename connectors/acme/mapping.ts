/** Acme's rows as ours. Pure. */
import { isCurrency, toMinor } from "#connectors/core/currency.ts";
import type { CanonicalRecord, OrderRecord } from "#connectors/core/records.ts";
import { statementsOf } from "#connectors/core/statements.ts";
import type { Subscription, Use } from "#connectors/core/statements.ts";
import type { OrderRow, PersonRow } from "./schema.ts";

const EMAIL_MARKETING: Use = { channel: "email", purpose: "marketing" };

export function personToRecords(row: PersonRow): CanonicalRecord[] {
  const { records } = statementsOf(
    { stream: "people", id: row.id, address: row.email },
    { known: [subscriptionOf(row)] },
    [EMAIL_MARKETING],
  );
  return [
    {
      ...{ kind: "person", id: row.id, updatedAt: row.updated_at, deleted: false, createdAt: row.created_at },
      emails: present(row.email),
      phones: present(row.phone),
      ...{ firstName: row.first_name, lastName: row.last_name, company: null },
      ...{ country: null, postcode: null, city: null, externalIds: [], mergedInto: null },
    },
    ...records,
  ];
}

const STATES: Record<string, Subscription["state"]> = {
  subscribed: "granted",
  unsubscribed: "withdrawn",
  never: "unspecified",
};

function subscriptionOf({ marketing_email: { status, changed_at: at } }: PersonRow): Subscription {
  const state = STATES[status] ?? "strange";
  const basis = state === "granted" ? "opt_in" : "none";
  // Whether the person said so, or somebody at the shop, Acme does not tell.
  return { ref: "email", use: EMAIL_MARKETING, state, at, basis, explicit: false, proof: `Acme: e-mail ${state}.` };
}

const present = (text: string | null): string[] => (text === null || text.trim() === "" ? [] : [text]);

/** @throws RangeError for what is no amount or no currency: the row is then refused */
export function orderToRecords(row: OrderRow): CanonicalRecord[] {
  const currency = row.currency.toUpperCase();
  if (!isCurrency(currency)) throw new RangeError("the currency is none of ISO 4217");
  const [amountMinor, refundedMinor] = [toMinor(row.total, currency), toMinor(row.refunded, currency)];
  if (amountMinor === null || refundedMinor === null) throw new RangeError("an amount is no decimal number");
  return [
    {
      ...{ kind: "order", id: row.id, updatedAt: row.updated_at, deleted: false, placedAt: row.placed_at },
      person: row.person_id === null ? null : { stream: "people", id: row.person_id },
      ...{ amountMinor, refundedMinor, currency, status: statusOf(row, amountMinor, refundedMinor) },
      channel: "online",
    },
  ];
}

function statusOf({ status }: OrderRow, amount: number, refunded: number): OrderRecord["status"] {
  if (status === "void") return "cancelled";
  if (status === "open") return "pending";
  return amount > 0 && refunded >= amount ? "refunded" : "paid";
}
