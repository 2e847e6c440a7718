/** Stripe: payments, subscriptions and the till (Terminal). */
import { z } from "zod";
import { defineConnector } from "#connectors/core/contract.ts";
import { defineStream } from "#connectors/core/stream.ts";
import type { StreamSpec } from "#connectors/core/stream.ts";
import { auth } from "./auth.ts";
import { connect, credentials, settings } from "./client.ts";
import type { StripeClient } from "./client.ts";
import { classify } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { chargeToRecords, customerToRecords, refundToRecords, subscriptionToRecords } from "./mapping.ts";
import type { StripeRow } from "./mapping.ts";
import { cursor, read } from "./reading.ts";
import type { Cursor, Source } from "./reading.ts";
import { customerWriteBack } from "./write-back.ts";

/** Stripe offers no counts, so none is given: completeness rests on the list having ended. */
function stream(
  source: Source,
  rest: Pick<StreamSpec<StripeClient, StripeRow, Cursor>, "title" | "kind" | "deletes" | "toRecords">,
) {
  return defineStream<StripeClient, StripeRow, Cursor>({
    ...rest,
    cursor,
    read: (client, from) => read(client, source, from),
    row: z.custom<StripeRow>(),
  });
}

export const stripe = defineConnector({
  id: "stripe",
  title: "Stripe",
  settings,
  credentials,
  auth,
  baseUrl: "https://api.stripe.com",
  limits: LIMITS,
  connect,
  classify,
  check: (client) => client.account(),
  streams: {
    customers: stream(
      {
        resource: "customers",
        eventTypes: ["customer.created", "customer.updated", "customer.deleted"],
        listsAll: true,
      },
      // Events tell of deletions; a list simply leaves the deleted ones out.
      { title: "Customers", kind: "person", deletes: "full-scan", toRecords: customerToRecords },
    ),
    charges: stream(
      {
        resource: "charges",
        eventTypes: [
          "charge.succeeded",
          "charge.pending",
          "charge.failed",
          "charge.captured",
          "charge.expired",
          "charge.refunded",
          "charge.updated",
        ],
      },
      { title: "Charges", kind: "order", deletes: "none", toRecords: chargeToRecords },
    ),
    refunds: stream(
      {
        resource: "refunds",
        eventTypes: ["refund.created", "refund.updated", "refund.failed"],
        // Inside an event the charge is a bare id, and the charge is what names the person.
        eventsLackDetail: true,
      },
      { title: "Refunds", kind: "touchpoint", deletes: "none", toRecords: refundToRecords },
    ),
    subscriptions: stream(
      {
        resource: "subscriptions",
        eventTypes: [
          "customer.subscription.created",
          "customer.subscription.updated",
          "customer.subscription.deleted",
          "customer.subscription.paused",
          "customer.subscription.resumed",
        ],
      },
      { title: "Subscriptions", kind: "subscription", deletes: "none", toRecords: subscriptionToRecords },
    ),
  },
  writeBack: customerWriteBack,
});
