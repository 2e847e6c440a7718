/** What HubSpot sends to an app's target URL: up to a hundred notifications a request, signed by HubSpot's own library. */
import { Signature } from "@hubspot/api-client";
import { WebhookSender } from "#connectors/core/twin/webhook-sender.ts";
import type { Happening, HubspotAccount } from "./account.ts";

export type Notification = Record<string, unknown>;

const APP_ID = 20_001;
const WORDS = { contacts: "contact", companies: "company", deals: "deal" } as const;
/** One subscription for each kind; of a property each has its own, which makes no difference to who reads them. */
const SUBSCRIPTIONS = [
  "creation",
  "propertyChange",
  "deletion",
  "restore",
  "merge",
  "privacyDeletion",
  "associationChange",
];

/** Events that happen in the account are told as its subscriptions would be. */
export function hubspotWebhooks(account: HubspotAccount, portalId: number): WebhookSender<Notification> {
  const sender = new WebhookSender<Notification>(
    {
      together: 100,
      body: (events) => JSON.stringify(events),
      headers: (requestBody, { url, secret: clientSecret }, timestamp) => ({
        "x-hubspot-request-timestamp": String(timestamp),
        "x-hubspot-signature-v3": Signature.getSignature("POST", "v3", {
          ...{ clientSecret, requestBody, url, timestamp, signature: "" },
        }),
      }),
    },
    Date.now,
  );
  account.onHappening = (happening) => sender.happened(notificationOf(account, portalId, happening));
  return sender;
}

function notificationOf(account: HubspotAccount, portalId: number, { type, id, what, more }: Happening): Notification {
  return {
    ...{ eventId: account.next("events"), subscriptionId: 100 + SUBSCRIPTIONS.indexOf(what), portalId, appId: APP_ID },
    ...{ occurredAt: account.now(), subscriptionType: `${WORDS[type]}.${what}`, attemptNumber: 0 },
    ...(what === "associationChange" ? {} : { objectId: Number(id) }),
    ...{ changeFlag: what === "creation" ? "CREATED" : "UPDATED", changeSource: "CRM_UI", sourceId: "userId:1" },
    ...more,
  };
}
