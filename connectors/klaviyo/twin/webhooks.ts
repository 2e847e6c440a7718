/**
 * Klaviyo's system webhooks: events as they come in, several to a request, signed over the body and the time behind it. Only
 * app partners and some accounts have them. Read 2026-11: https://developers.klaviyo.com/en/docs/system-webhooks
 */
import { createHmac } from "node:crypto";
import { WebhookSender, type WebhookEndpoint } from "#connectors/core/twin/webhook-sender.ts";
import type { EventRow, KlaviyoAccount } from "./account.ts";
import { invalid } from "./errors.ts";
import { events } from "./resources.ts";

/** How many Klaviyo puts into a request is not documented [U]. */
const TOGETHER = 20;
const SHORTEST_SECRET = 16;

interface Notification {
  external_id: string;
  topic: string;
  /** As an event that is asked for. */
  payload: { data: unknown };
}

export class KlaviyoWebhooks extends WebhookSender<Notification> {
  /** @throws VendorError as Klaviyo refuses to create such a webhook */
  override subscribe(endpoint: WebhookEndpoint): void {
    if (endpoint.secret.length < SHORTEST_SECRET)
      throw invalid(`The secret key must have ${SHORTEST_SECRET} characters at least.`, {
        pointer: "/data/attributes",
      });
    super.subscribe(endpoint);
  }
}

export function klaviyoWebhooks(account: KlaviyoAccount): KlaviyoWebhooks {
  const sender = new KlaviyoWebhooks(
    {
      together: TOGETHER,
      body: (data) => JSON.stringify({ data, meta: { timestamp: new Date(account.now()).toISOString() } }),
      headers(body, { secret }, at) {
        const timestamp = String(Math.floor(at / 1_000));
        return {
          "klaviyo-webhook-id": "WTRB01",
          "klaviyo-timestamp": timestamp,
          "klaviyo-signature": createHmac("sha256", secret).update(body).update(timestamp).digest("hex"),
        };
      },
    },
    Date.now,
  );
  account.onEvent = (event) => sender.happened(notificationOf(account, event));
  return sender;
}

function notificationOf(account: KlaviyoAccount, event: EventRow): Notification {
  const name = account.metrics.get(event.metricId)?.name ?? "";
  return {
    external_id: event.id,
    topic: `event:klaviyo.${name.toLowerCase().replaceAll(/[^a-z]+/g, "_")}`,
    payload: {
      data: events(account).present(
        event,
        () => null,
        () => false,
      ),
    },
  };
}
