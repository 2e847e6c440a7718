/** Stripe's events as they are sent to an endpoint. Read 2026-11: https://docs.stripe.com/webhooks */
import { createHmac } from "node:crypto";
import { z } from "zod";
import { decoded, eventId, headerOf } from "#connectors/core/webhooks.ts";
import type { WebhookEvent, Webhooks } from "#connectors/core/webhooks.ts";
import { idOf, isOwnEcho } from "./changes.ts";
import { instantOf } from "./row.ts";
import { eventBody } from "./schema.ts";
import { STREAM_EVENTS } from "./stream-events.ts";

export const webhooks: Webhooks = {
  env: "STRIPE_WEBHOOK_SECRET",
  where:
    "In the Stripe Dashboard: Developers, Webhooks, add an endpoint with that address and the events that connectors/stripe/README.md lists; its signing secret begins with whsec_.",
  /** `t=1700000000,v1=<hex>`; while a secret is rolled, `v1` stands there twice. Other schemes are none of ours. */
  signed(headers) {
    const parts = (headerOf(headers, "stripe-signature") ?? "").split(",").map((part) => part.trim());
    const of = (name: string) =>
      parts.flatMap((part) => (part.startsWith(`${name}=`) ? part.slice(name.length + 1) : []));
    const [timestamp, ...others] = of("t");
    const signatures = of("v1").flatMap((text) => decoded(text, "hex") ?? []);
    if (timestamp === undefined || others.length > 0 || !/^\d{1,12}$/.test(timestamp) || signatures.length === 0)
      return null;
    return { signatures, timestamp, at: Number(timestamp) * 1_000 };
  },
  sign: (secret, { body }, timestamp) => createHmac("sha256", secret).update(`${timestamp}.`).update(body).digest(),
  parse(body) {
    // Thin notifications tell of no object that we read.
    if (kind.safeParse(body).data?.object === "v2.core.event") return { events: [], unreadable: 0 };
    const outer = envelope.safeParse(body).data;
    if (outer === undefined) return { events: [], unreadable: 1 };
    const event = { account: outer.account ?? null, id: outer.id, at: instantOf(outer.created), ...modeOf(outer) };
    if (outer.type === "account.application.deauthorized")
      return { events: [{ ...event, effect: "access", records: [] }], unreadable: 0 };
    const stream = STREAM_OF.get(outer.type);
    if (stream === undefined) return { events: [], unreadable: 0 };
    const parsed = eventBody.safeParse(body);
    if (!parsed.success) return { events: [], unreadable: 1 };
    if (isOwnEcho(parsed.data)) return { events: [], unreadable: 0 };
    const { object } = parsed.data.data;
    const id = outer.type.startsWith("charge.dispute.") ? idOf(object.charge) : object.id;
    if (!eventId.safeParse(id).success || id === null) return { events: [], unreadable: 1 };
    return { events: [{ ...event, effect: "changed", records: [{ stream, id }] }], unreadable: 0 };
  },
};

const kind = z.object({ object: z.string() });

const envelope = z.object({
  id: eventId,
  type: z.string(),
  created: z.number().int().min(0).max(253_402_300_799),
  livemode: z.boolean().optional(),
  /** Of a connected account; an account's own endpoint leaves it off. */
  account: eventId.nullish(),
});

const STREAM_OF = new Map(
  Object.entries(STREAM_EVENTS).flatMap(([stream, types]) => types.map((type): [string, string] => [type, stream])),
);

function modeOf({ livemode }: z.infer<typeof envelope>): Pick<WebhookEvent, "mode"> {
  return livemode === undefined ? {} : { mode: livemode ? "live" : "test" };
}
