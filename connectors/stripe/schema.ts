/**
 * Stripe's replies, only the fields read. `nullish` throughout: objects inside events are rendered in the API version of
 * their day, where a field may be null, absent or both. Unknown fields are dropped. API version 2026-10-28.endive.
 */
import { z } from "zod";

const seconds = z.number().int();
const text = z.string().nullish();

/** An id, or the object itself where it was expanded. */
const reference = z.union([z.string(), z.object({ id: z.string() })]).nullish();

const address = z.object({ city: text, country: text, postal_code: text }).nullish();

export const listReply = z.object({ has_more: z.boolean(), data: z.array(z.unknown()) });

/** What every listed object has; refunds carry no `livemode`. */
export const listedObject = z.object({ id: z.string(), created: seconds, livemode: z.boolean().optional() });

export const accountReply = z.object({
  id: z.string(),
  business_profile: z.object({ name: text }).nullish(),
  settings: z.object({ dashboard: z.object({ display_name: text }).nullish() }).nullish(),
});

export const customerBody = z.object({
  id: z.string(),
  created: seconds.nullish(),
  email: text,
  name: text,
  individual_name: text,
  business_name: text,
  phone: text,
  address,
  shipping: z.object({ phone: text, address }).nullish(),
});
export type CustomerBody = z.infer<typeof customerBody>;

/** What write-back reads. */
export const customerMetadata = z.object({
  id: z.string(),
  deleted: z.boolean().optional(),
  metadata: z.record(z.string(), z.string()).nullish(),
});

const cardDetails = z.object({ fingerprint: text }).nullish();

export const chargeBody = z.object({
  id: z.string(),
  created: seconds,
  amount: z.number().int(),
  amount_refunded: z.number().int().nullish(),
  currency: z.string(),
  customer: reference,
  status: z.string(),
  captured: z.boolean().nullish(),
  refunded: z.boolean().nullish(),
  billing_details: z.object({ email: text, name: text, phone: text, address }).nullish(),
  receipt_email: text,
  payment_method_details: z
    .object({ type: text, card: cardDetails, card_present: cardDetails, interac_present: cardDetails })
    .nullish(),
});
export type ChargeBody = z.infer<typeof chargeBody>;

export const refundBody = z.object({
  id: z.string(),
  created: seconds,
  amount: z.number().int(),
  currency: z.string(),
  status: text,
  /** Asked for expanded. */
  charge: z.union([z.string(), chargeBody]).nullish(),
});

/** The SDK (23.1.0) hands decimal strings out as its own Decimal objects, but leaves those inside events strings. */
const decimal = z.preprocess((value) => (value == null ? value : Number(value)), z.number().nullish());

const price = z.object({
  unit_amount: z.number().nullish(),
  unit_amount_decimal: decimal,
  recurring: z
    .object({
      interval: z.enum(["day", "week", "month", "year"]),
      interval_count: z.number().int().positive().nullish(),
    })
    .nullish(),
});

export const subscriptionBody = z.object({
  id: z.string(),
  status: z.string(),
  customer: reference,
  currency: z.string(),
  created: seconds,
  start_date: seconds.nullish(),
  ended_at: seconds.nullish(),
  pause_collection: z.object({}).nullish(),
  /** Moved onto the items in version 2025-03-31; older events have it here. */
  current_period_end: seconds.nullish(),
  items: z.object({
    data: z.array(
      z.object({ quantity: z.number().nullish(), current_period_end: seconds.nullish(), price: price.nullish() }),
    ),
  }),
});

export type SubscriptionBody = z.infer<typeof subscriptionBody>;

export const eventBody = z.object({
  id: z.string(),
  type: z.string(),
  created: seconds,
  api_version: text,
  livemode: z.boolean().optional(),
  data: z.object({
    object: z.looseObject({ id: z.string() }),
    previous_attributes: z.record(z.string(), z.unknown()).nullish(),
  }),
});
export type StripeEvent = z.infer<typeof eventBody>;
