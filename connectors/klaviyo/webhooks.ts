/**
 * Klaviyo's system webhooks, which only some accounts and apps have. They tell of events, so the event is read, and the profile
 * of whoever did it, whose consent may have changed with it; there is none about a profile as such.
 * Read 2026-11: https://developers.klaviyo.com/en/docs/system-webhooks
 */
import { createHmac } from "node:crypto";
import { z } from "zod";
import { decoded, eventId, eventsIn, headerOf } from "#connectors/core/webhooks.ts";
import type { WebhookEvent, Webhooks } from "#connectors/core/webhooks.ts";

export const webhooks: Webhooks = {
  env: "KLAVIYO_WEBHOOK_SECRET",
  where:
    "At Klaviyo: POST /api/webhooks with the connection's own address as endpoint_url, a secret_key of your own and the topics that connectors/klaviyo/README.md lists.",
  signed(headers) {
    const signature = decoded((headerOf(headers, "klaviyo-signature") ?? "").toLowerCase(), "hex");
    const timestamp = headerOf(headers, "klaviyo-timestamp") ?? "";
    return signature === null ? null : { signatures: [signature], timestamp, at: instantOf(timestamp) };
  },
  sign: (secret, { body }, timestamp) => createHmac("sha256", secret).update(body).update(timestamp).digest(),
  parse(body) {
    const list = z.object({ data: z.array(z.unknown()).max(MOST_EVENTS) }).safeParse(body).data?.data;
    return list === undefined ? { events: [], unreadable: 1 } : eventsIn(list, notification, eventOf);
  },
};

const MOST_EVENTS = 1_000;

const notification = z.object({
  topic: z.string(),
  /** As an event that is asked for. */
  payload: z.object({
    data: z.object({
      id: eventId,
      attributes: z.object({ datetime: z.iso.datetime({ offset: true }) }),
      relationships: z.object({ profile: z.object({ data: z.object({ id: eventId }) }) }).optional(),
    }),
  }),
});

/** Null: of no interest. No account is named, so it is the one whose address was called. */
function eventOf({ topic, payload: { data } }: z.infer<typeof notification>): WebhookEvent | null {
  if (!topic.startsWith("event:")) return null;
  const profile = data.relationships?.profile.data.id;
  return {
    ...{ account: null, id: data.id, at: new Date(data.attributes.datetime).toISOString(), effect: "changed" },
    records: [
      { stream: "events", id: data.id },
      ...(profile === undefined ? [] : [{ stream: "profiles", id: profile }]),
    ],
  };
}

/** In which form the time is sent is not documented: seconds, milliseconds and dates are told by their looks. */
function instantOf(timestamp: string): number {
  if (/^\d{9,11}$/.test(timestamp)) return Number(timestamp) * 1_000;
  return /^\d{12,14}$/.test(timestamp) ? Number(timestamp) : Date.parse(timestamp);
}
