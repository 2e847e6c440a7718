/**
 * HubSpot's notifications of an app's subscriptions: a list of events, of several accounts where several have installed it.
 * Read 2026-11: https://developers.hubspot.com/docs/api/webhooks
 *
 * That an app was uninstalled is not among them: HubSpot tells it to the webhook journal alone, and by refusing our calls.
 */
import { createHmac } from "node:crypto";
import { z } from "zod";
import { decoded, eventId, eventsIn, headerOf } from "../core/webhooks.ts";
import type { WebhookEvent, Webhooks } from "../core/webhooks.ts";

/** The product's own properties begin with this; their changes are our writes coming back. */
const OUR_PREFIX = "tributary_";

/** The newer `object.` subscriptions name the type by number, the older ones by word. */
const STREAMS: Readonly<Record<string, string>> = {
  ...{ contact: "contacts", company: "companies", deal: "deals" },
  ...{ "0-1": "contacts", "0-2": "companies", "0-3": "deals" },
};

export const webhooks: Webhooks = {
  env: "HUBSPOT_WEBHOOK_SECRET",
  where:
    "In HubSpot: the app's webhooks, with that address as target URL and the subscriptions that connectors/hubspot/README.md lists; the secret is the app's client secret.",
  signed(headers) {
    const signature = decoded(headerOf(headers, "x-hubspot-signature-v3") ?? "", "base64");
    const timestamp = headerOf(headers, "x-hubspot-request-timestamp") ?? "";
    return signature === null || !/^\d{1,15}$/.test(timestamp)
      ? null
      : { signatures: [signature], timestamp, at: Number(timestamp) };
  },
  sign: (secret, { method, url, body }, timestamp) =>
    createHmac("sha256", secret)
      .update(`${method}${plainUrl(url)}`)
      .update(body)
      .update(timestamp)
      .digest(),
  parse(body) {
    const list = z.array(z.unknown()).max(MOST_EVENTS).safeParse(body).data;
    return list === undefined ? { events: [], unreadable: 1 } : eventsIn(list, notification, eventOf);
  },
};

/** HubSpot sends up to 100 together. */
const MOST_EVENTS = 1_000;

/** A number past what JSON keeps exactly would name another record. */
const number = z.int().min(0);
const id = z.union([number.transform(String), z.string().regex(/^\d{1,20}$/)]);

const notification = z.object({
  eventId: number,
  subscriptionId: number,
  portalId: number,
  occurredAt: number.max(253_402_300_799_999),
  subscriptionType: z.string(),
  objectId: id.optional(),
  objectTypeId: z.string().optional(),
  propertyName: z.string().nullish(),
  primaryObjectId: id.nullish(),
  mergedObjectIds: z.array(id).max(100).nullish(),
  newObjectId: id.nullish(),
  fromObjectId: id.nullish(),
  toObjectId: id.nullish(),
  associationType: z.string().nullish(),
});
type Notification = z.infer<typeof notification>;

/** Null: of no interest. */
function eventOf(one: Notification): WebhookEvent | null {
  const [word = "", what = ""] = one.subscriptionType.split(".");
  const records = recordsOf(one, word, what);
  if (records.length === 0) return null;
  // An id alone is not promised to be unique.
  const key = [one.subscriptionId, records[0]?.id, one.occurredAt, one.eventId].join(".");
  return {
    account: String(one.portalId),
    id: eventId.parse(key),
    at: new Date(one.occurredAt).toISOString(),
    effect: what === "privacyDeletion" ? "erased" : "changed",
    records,
  };
}

function recordsOf(one: Notification, word: string, what: string): WebhookEvent["records"] {
  const stream = STREAMS[word === "object" ? (one.objectTypeId ?? "") : word];
  switch (what) {
    case "creation":
    case "deletion":
    case "restore":
    case "privacyDeletion":
      return refs(stream, [one.objectId]);
    case "propertyChange":
      return one.propertyName?.startsWith(OUR_PREFIX) === true ? [] : refs(stream, [one.objectId]);
    case "merge":
      return refs(stream, [...[one.newObjectId, one.primaryObjectId, one.objectId], ...(one.mergedObjectIds ?? [])]);
    case "associationChange": {
      // `CONTACT_TO_COMPANY`: a company or deal holds its people, a contact does not hold what it belongs to.
      const [from, to] = (one.associationType ?? "").toLowerCase().split("_to_");
      return [...refs(STREAMS[from ?? ""], [one.fromObjectId]), ...refs(STREAMS[to ?? ""], [one.toObjectId])].filter(
        (ref) => ref.stream !== "contacts",
      );
    }
    default:
      return [];
  }
}

function refs(stream: string | undefined, ids: (string | null | undefined)[]): { stream: string; id: string }[] {
  if (stream === undefined) return [];
  return [...new Set(ids)].flatMap((id) => (id == null ? [] : { stream, id }));
}

/**
 * HubSpot signs the address with these characters as themselves. Read 2026-11:
 * https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
 */
function plainUrl(url: string): string {
  return url.replace(/%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi, decodeURIComponent);
}
