/** Objects in Stripe's shape, API version 2026-10-28.endive: the fields a reader could meet, most at their resting value. */
import type { ChargeState, CustomerState, Kind, RefundState, States, SubscriptionState } from "./objects.ts";

export const API_VERSION = "2026-10-28.endive";

export type Rendered = Record<string, unknown>;

const RENDERERS: { [K in Kind]: (state: States[K], livemode: boolean) => Rendered } = {
  customers: renderCustomer,
  charges: renderCharge,
  refunds: renderRefund,
  subscriptions: renderSubscription,
};

export function render<K extends Kind>(kind: K, state: States[K], livemode: boolean): Rendered {
  return RENDERERS[kind](state, livemode);
}

/** Fields a reader could meet that the twin never fills. */
const nulls = (...names: string[]): Rendered => Object.fromEntries(names.map((name) => [name, null]));

const CUSTOMER_AT_REST: Rendered = {
  ...nulls("currency", "default_source", "discount", "shipping", "test_clock"),
  ...{ balance: 0, delinquent: false, next_invoice_sequence: 1, preferred_locales: [], tax_exempt: "none" },
  invoice_settings: nulls("custom_fields", "default_payment_method", "footer", "rendering_options"),
};
const CHARGE_AT_REST: Rendered = {
  ...nulls("application", "application_fee", "application_fee_amount", "calculated_statement_descriptor"),
  ...nulls("description", "on_behalf_of", "receipt_number", "receipt_url", "review", "shipping", "source_transfer"),
  ...nulls("statement_descriptor", "statement_descriptor_suffix", "transfer_data", "transfer_group"),
  ...{ disputed: false, fraud_details: {} },
};
const SUBSCRIPTION_AT_REST: Rendered = {
  ...nulls("application", "cancel_at", "default_payment_method", "description", "latest_invoice", "pause_collection"),
  ...nulls("schedule", "test_clock", "trial_end", "trial_start"),
  ...{ automatic_tax: { enabled: false }, cancel_at_period_end: false, collection_method: "charge_automatically" },
  ...{ discounts: [], metadata: {} },
};

function renderCustomer(customer: CustomerState, livemode: boolean): Rendered {
  const { id, country, postcode, city, created, description, email, metadata, name, phone } = customer;
  if (customer.deleted === true) return { id, object: "customer", deleted: true };
  const lines = { line1: customer.line1 ?? null, line2: customer.line2 ?? null, state: customer.state ?? null };
  const noAddress = country === null && postcode === null && city === null && lines.line1 === null;
  return {
    ...CUSTOMER_AT_REST,
    ...{ id, object: "customer", created, description, email, livemode, metadata, name, phone },
    address: noAddress ? null : { ...address(country, postcode, city), ...lines },
    invoice_prefix: id.slice(-8).toUpperCase(),
  };
}

function renderCharge(charge: ChargeState, livemode: boolean): Rendered {
  const { id, billing, amount, amountRefunded, captured, created, currency, customer, metadata, status } = charge;
  const { email, name, phone, country, postcode } = billing;
  const succeeded = status === "succeeded";
  const failed = status === "failed";
  const type = charge.cardPresent ? "card_present" : "card";
  const serial = id.slice(3);
  return {
    ...CHARGE_AT_REST,
    ...{ id, object: "charge", amount, captured, created, currency, customer, livemode, metadata, status },
    amount_captured: captured ? amount : 0,
    amount_refunded: amountRefunded,
    balance_transaction: succeeded ? `txn_${serial}` : null,
    billing_details: { address: address(country, postcode, null), email, name, phone, tax_id: null },
    failure_code: failed ? "card_declined" : null,
    failure_message: failed ? "Your card was declined." : null,
    outcome: {
      network_status: succeeded ? "approved_by_network" : "declined_by_network",
      type: succeeded ? "authorized" : "issuer_declined",
    },
    paid: succeeded,
    payment_intent: `pi_${serial}`,
    payment_method: `pm_${serial}`,
    payment_method_details: {
      [type]: {
        ...{ brand: "visa", country, exp_month: 8, exp_year: 2030, fingerprint: charge.fingerprint },
        ...{ funding: "credit", last4: "4242", network: "visa" },
      },
      type,
    },
    receipt_email: charge.receiptEmail,
    refunded: amount > 0 && amountRefunded >= amount,
  };
}

function renderRefund({ id, amount, charge, created, currency, metadata, status }: RefundState): Rendered {
  return {
    ...nulls("balance_transaction", "reason", "receipt_number", "source_transfer_reversal", "transfer_reversal"),
    ...{ id, object: "refund", amount, charge, created, currency, metadata, status },
    destination_details: { card: { type: "refund" }, type: "card" },
    payment_intent: `pi_${charge.slice(3)}`,
  };
}

function renderSubscription(subscription: SubscriptionState, livemode: boolean): Rendered {
  const { id, created, currency, customer, status, endedAt, periodEnd, amount, interval } = subscription;
  const price = {
    ...{ id: `price_${currency}_${amount}_${interval}`, object: "price", active: true, currency, type: "recurring" },
    ...{ billing_scheme: "per_unit", unit_amount: amount, unit_amount_decimal: String(amount) },
    recurring: { interval, interval_count: 1, usage_type: "licensed" },
  };
  const item = {
    ...{ id: `si_${id.slice(4)}`, object: "subscription_item", created, metadata: {}, quantity: 1, subscription: id },
    ...{ current_period_end: periodEnd, current_period_start: created, price },
  };
  const url = `/v1/subscription_items?subscription=${id}`;
  return {
    ...SUBSCRIPTION_AT_REST,
    ...{ id, object: "subscription", created, currency, customer, livemode, status },
    ...{ billing_cycle_anchor: created, canceled_at: endedAt, ended_at: endedAt, start_date: created },
    items: { object: "list", data: [item], has_more: false, total_count: 1, url },
  };
}

function address(country: string | null, postcode: string | null, city: string | null): Rendered {
  return { city, country, line1: null, line2: null, postal_code: postcode, state: null };
}

/**
 * `previous_attributes` of an event: the old values of what changed; inside objects only the parts that changed, null for
 * what was not there before.
 */
export function previousAttributes(before: Rendered, after: Rendered): Rendered {
  const previous: Rendered = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const was = before[key] ?? null;
    const is = after[key] ?? null;
    if (isPlain(was) && isPlain(is)) {
      const inside = previousAttributes(was, is);
      if (Object.keys(inside).length > 0) previous[key] = inside;
    } else if (JSON.stringify(was) !== JSON.stringify(is)) previous[key] = was;
  }
  return previous;
}

function isPlain(value: unknown): value is Rendered {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
