/** Stripe: payments, subscriptions and the till (Terminal). */
import { defineConnector } from "#connectors/core/contract.ts";
import { defineStream } from "#connectors/core/stream.ts";
import type { StreamSpec } from "#connectors/core/stream.ts";
import type { z } from "zod";
import { auth } from "./auth.ts";
import type { StripeClient } from "./client.ts";
import { chargesOf, itemsOf, returnedOf } from "./detail.ts";
import { costs } from "./costs.ts";
import { classify } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { chargeToRecords, customerToRecords, refundToRecords, subscriptionToRecords } from "./mapping.ts";
import { find } from "./find.ts";
import { cursor, read } from "./reading.ts";
import type { Cursor, Source } from "./reading.ts";
import { modeOf, rowOf, tombstone } from "./row.ts";
import type { Row } from "./row.ts";
import { chargeBody, customerBody, refundBody, subscriptionBody } from "./schema.ts";
import { credentials, settings } from "./settings.ts";
import { STREAM_EVENTS } from "./stream-events.ts";
import { webhooks } from "./webhooks.ts";
import { customerWriteBack } from "./write-back.ts";

/** Stripe offers no counts, so none is given: completeness rests on the list having ended. */
function stream<Body extends { id: string }, Extra>(
  source: Source,
  body: z.ZodType<Body>,
  rest: Pick<StreamSpec<StripeClient, Row<Body>, Cursor, Extra>, "kind" | "deletes" | "enrich" | "toRecords">,
) {
  return defineStream<StripeClient, Row<Body>, Cursor, Extra>({
    ...rest,
    title: source.title,
    cursor,
    read: (client, from) => read(client, source, from),
    find: (client, news) => find(client, source, news),
    row: rowOf(body),
    tombstone,
    mode: { expected: (client) => client.mode, of: modeOf },
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
  costs,
  connect: async (environment) => (await import("./client.ts")).connect(environment),
  classify,
  check: (client) => client.account(),
  streams: {
    customers: stream(
      {
        title: "Customers",
        resource: "customers",
        eventTypes: STREAM_EVENTS.customers,
        listsAll: true,
      },
      customerBody,
      // Events tell of deletions; a list simply leaves the deleted ones out.
      { kind: "person", deletes: "full-scan", toRecords: customerToRecords },
    ),
    charges: stream(
      {
        title: "Charges",
        resource: "charges",
        eventTypes: STREAM_EVENTS.charges,
      },
      chargeBody,
      {
        kind: "order",
        deletes: "none",
        enrich: async (client, rows) => ({ extra: await returnedOf(client, rows) }),
        toRecords: chargeToRecords,
      },
    ),
    refunds: stream(
      {
        title: "Refunds",
        resource: "refunds",
        eventTypes: STREAM_EVENTS.refunds,
        // Inside an event the charge is a bare id, and the charge is what names the person.
        eventsLackDetail: true,
      },
      refundBody,
      {
        kind: "touchpoint",
        deletes: "none",
        enrich: async (client, rows) => ({ extra: await chargesOf(client, rows) }),
        toRecords: refundToRecords,
      },
    ),
    subscriptions: stream(
      {
        title: "Subscriptions",
        resource: "subscriptions",
        eventTypes: STREAM_EVENTS.subscriptions,
      },
      subscriptionBody,
      {
        kind: "subscription",
        deletes: "none",
        enrich: async (client, rows) => ({ extra: await itemsOf(client, rows) }),
        toRecords: subscriptionToRecords,
      },
    ),
  },
  writeBack: customerWriteBack,
  webhooks,
});
