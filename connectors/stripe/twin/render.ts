/** Objects in Stripe's shape, API version 2026-10-28.endive: the fields a reader could meet, most at their resting value. */
import type { AnyState, ChargeState, CustomerState, RefundState, SubscriptionState } from "./objects.ts";

export type Rendered = Record<string, unknown>;

export function render(object: AnyState, livemode: boolean): Rendered {
  switch (object.kind) {
    case "customers":
      return renderCustomer(object.state, livemode);
    case "charges":
      return renderCharge(object.state, livemode);
    case "refunds":
      return renderRefund(object.state);
    case "subscriptions":
      return renderSubscription(object.state, livemode);
  }
}

export function deletedCustomer(id: string): Rendered {
  return { id, object: "customer", deleted: true };
}

function renderCustomer(customer: CustomerState, livemode: boolean): Rendered {
  const { country, postcode, city } = customer;
  const noAddress = country === null && postcode === null && city === null;
  return {
    id: customer.id,
    object: "customer",
    address: noAddress ? null : address(country, postcode, city),
    balance: 0,
    created: customer.created,
    currency: null,
    default_source: null,
    delinquent: false,
    description: customer.description,
    discount: null,
    email: customer.email,
    invoice_prefix: customer.id.slice(-8).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode,
    metadata: customer.metadata,
    name: customer.name,
    next_invoice_sequence: 1,
    phone: customer.phone,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
  };
}

function renderCharge(charge: ChargeState, livemode: boolean): Rendered {
  const { billing } = charge;
  const succeeded = charge.status === "succeeded";
  const type = charge.cardPresent ? "card_present" : "card";
  return {
    id: charge.id,
    object: "charge",
    amount: charge.amount,
    amount_captured: charge.captured ? charge.amount : 0,
    amount_refunded: charge.amountRefunded,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: succeeded ? `txn_${charge.id.slice(3)}` : null,
    billing_details: {
      address: address(billing.country, billing.postcode, null),
      email: billing.email,
      name: billing.name,
      phone: billing.phone,
      tax_id: null,
    },
    calculated_statement_descriptor: null,
    captured: charge.captured,
    created: charge.created,
    currency: charge.currency,
    customer: charge.customer,
    description: null,
    disputed: false,
    failure_code: charge.status === "failed" ? "card_declined" : null,
    failure_message: charge.status === "failed" ? "Your card was declined." : null,
    fraud_details: {},
    livemode,
    metadata: charge.metadata,
    on_behalf_of: null,
    outcome: {
      network_status: succeeded ? "approved_by_network" : "declined_by_network",
      type: succeeded ? "authorized" : "issuer_declined",
    },
    paid: succeeded,
    payment_intent: `pi_${charge.id.slice(3)}`,
    payment_method: `pm_${charge.id.slice(3)}`,
    payment_method_details: {
      [type]: {
        brand: "visa",
        country: billing.country,
        exp_month: 8,
        exp_year: 2030,
        fingerprint: charge.fingerprint,
        funding: "credit",
        last4: "4242",
        network: "visa",
      },
      type,
    },
    receipt_email: charge.receiptEmail,
    receipt_number: null,
    receipt_url: null,
    refunded: charge.amount > 0 && charge.amountRefunded >= charge.amount,
    review: null,
    shipping: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: charge.status,
    transfer_data: null,
    transfer_group: null,
  };
}

function renderRefund(refund: RefundState): Rendered {
  return {
    id: refund.id,
    object: "refund",
    amount: refund.amount,
    balance_transaction: null,
    charge: refund.charge,
    created: refund.created,
    currency: refund.currency,
    destination_details: { card: { type: "refund" }, type: "card" },
    metadata: refund.metadata,
    payment_intent: `pi_${refund.charge.slice(3)}`,
    reason: null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: refund.status,
    transfer_reversal: null,
  };
}

function renderSubscription(subscription: SubscriptionState, livemode: boolean): Rendered {
  const { id, created, currency } = subscription;
  return {
    id,
    object: "subscription",
    application: null,
    automatic_tax: { enabled: false },
    billing_cycle_anchor: created,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: subscription.endedAt,
    collection_method: "charge_automatically",
    created,
    currency,
    customer: subscription.customer,
    default_payment_method: null,
    description: null,
    discounts: [],
    ended_at: subscription.endedAt,
    items: {
      object: "list",
      data: [
        {
          id: `si_${id.slice(4)}`,
          object: "subscription_item",
          created,
          current_period_end: subscription.periodEnd,
          current_period_start: created,
          metadata: {},
          price: {
            id: `price_${currency}_${subscription.amount}_${subscription.interval}`,
            object: "price",
            active: true,
            billing_scheme: "per_unit",
            currency,
            recurring: { interval: subscription.interval, interval_count: 1, usage_type: "licensed" },
            type: "recurring",
            unit_amount: subscription.amount,
            unit_amount_decimal: String(subscription.amount),
          },
          quantity: 1,
          subscription: id,
        },
      ],
      has_more: false,
      total_count: 1,
      url: `/v1/subscription_items?subscription=${id}`,
    },
    latest_invoice: null,
    livemode,
    metadata: {},
    pause_collection: null,
    schedule: null,
    start_date: created,
    status: subscription.status,
    test_clock: null,
    trial_end: null,
    trial_start: null,
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
