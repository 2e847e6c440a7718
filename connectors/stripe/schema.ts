/**
 * Stripe's replies, only the fields read. `nullish` throughout: objects inside events are rendered in the API version of
 * their day, where a field may be null, absent or both. Unknown fields are dropped.
 */
import type { Stripe } from "stripe";
import { z } from "zod";

/** That of the SDK, and the one this code was written for; events rendered in another one are fetched anew. */
export const API_VERSION: typeof Stripe.API_VERSION = "2026-10-28.endive";

/** To the end of the year 9999: past it there is no date to be made. */
const seconds = z.number().int().min(0).max(253_402_300_799);
const id = z.string().min(1).max(255);
const text = z.string().nullish();
const amount = z.number().int();

/** An id, or the object itself where it was expanded; of a deleted one a stub. */
const reference = z.union([z.string(), z.object({ id: z.string() })]).nullish();

const address = z
  .object({ city: text, country: text, postal_code: text, line1: text, line2: text, state: text })
  .nullish();

/** The rows are checked one by one, where each can be refused alone. */
export const listReply = z.object({ has_more: z.boolean(), data: z.array(z.unknown()) });

/** What a page's place is told by. */
export const listedObject = z.object({ id, created: seconds.optional().catch(undefined) });

export const accountReply = z.object({
  id: z.string(),
  business_profile: z.object({ name: text }).nullish(),
  settings: z.object({ dashboard: z.object({ display_name: text }).nullish() }).nullish(),
});

export const customerBody = z
  .object({
    id,
    created: seconds.nullish(),
    email: text,
    name: text,
    individual_name: text,
    business_name: text,
    phone: text,
    address,
    shipping: z.object({ phone: text, address }).nullish(),
  })
  // Taken for a customer it would blank the one we know.
  .refine((body) => Object.values({ ...body, id: undefined }).some((value) => value !== undefined), "only an id");
export type CustomerBody = z.infer<typeof customerBody>;

/** What write-back reads. */
export const customerMetadata = z.object({
  id: z.string(),
  created: seconds.optional().catch(undefined),
  deleted: z.boolean().optional(),
  metadata: z.record(z.string(), z.string()).nullish(),
});

const cardDetails = z.object({ fingerprint: text }).nullish();

export const disputeBody = z.object({ amount, currency: z.string(), status: z.string() });
export type DisputeBody = z.infer<typeof disputeBody>;

export const chargeBody = z.object({
  id,
  created: seconds,
  amount,
  amount_captured: amount.nullish(),
  amount_refunded: amount.nullish(),
  currency: z.string(),
  customer: reference,
  status: z.string(),
  captured: z.boolean().nullish(),
  refunded: z.boolean().nullish(),
  disputed: z.boolean().nullish(),
  dispute: z.union([z.string(), disputeBody]).nullish(),
  billing_details: z.object({ email: text, name: text, phone: text, address }).nullish(),
  receipt_email: text,
  payment_method_details: z
    .object({ type: text, card: cardDetails, card_present: cardDetails, interac_present: cardDetails })
    .nullish(),
});
export type ChargeBody = z.infer<typeof chargeBody>;

export const refundBody = z.object({
  id,
  created: seconds,
  amount,
  currency: z.string(),
  status: text,
  /** Asked for expanded. */
  charge: z.union([z.string(), chargeBody]).nullish(),
});
export type RefundBody = z.infer<typeof refundBody>;

/** The SDK (23.1.0) hands decimal strings out as its own Decimal objects, but leaves those inside events strings. */
const decimal = z.preprocess(
  (value): unknown => (value == null ? value : JSON.parse(JSON.stringify(value))),
  z
    .string()
    .regex(/^\d{1,20}(\.\d{1,20})?$/)
    .nullish(),
);

const price = z.object({
  currency: text,
  unit_amount: amount.nullish(),
  unit_amount_decimal: decimal,
  billing_scheme: text,
  transform_quantity: z.object({ divide_by: z.number().int().positive(), round: text }).nullish(),
  recurring: z
    .object({
      interval: z.enum(["day", "week", "month", "year"]),
      interval_count: z.number().int().positive().nullish(),
      usage_type: text,
    })
    .nullish(),
});

export const subscriptionItem = z.object({
  quantity: z.number().int().nullish(),
  current_period_end: seconds.nullish(),
  price: price.nullish(),
});
export type SubscriptionItem = z.infer<typeof subscriptionItem>;

export const subscriptionBody = z.object({
  id,
  status: z.string(),
  customer: reference,
  currency: z.string(),
  created: seconds,
  start_date: seconds.nullish(),
  ended_at: seconds.nullish(),
  pause_collection: z.object({}).nullish(),
  /** Moved onto the items in version 2025-03-31; older events have it here. */
  current_period_end: seconds.nullish(),
  /** At most ten of them. https://github.com/stripe/stripe-sync-engine/issues/104 (2026-11) */
  items: z.object({ has_more: z.boolean().nullish(), data: z.array(subscriptionItem) }),
});
export type SubscriptionBody = z.infer<typeof subscriptionBody>;

export const eventBody = z.object({
  id: z.string().optional(),
  type: z.string(),
  created: seconds,
  api_version: text,
  livemode: z.boolean().optional(),
  data: z.object({
    object: z.looseObject({ id, charge: reference }),
    previous_attributes: z.record(z.string(), z.unknown()).nullish(),
  }),
});
export type StripeEvent = z.infer<typeof eventBody>;
