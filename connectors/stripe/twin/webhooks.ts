/** What Stripe sends to an endpoint, one event a request, signed by Stripe's own library. */
import { Stripe } from "stripe";
import { WebhookSender } from "#connectors/core/twin/webhook-sender.ts";
import type { StripeAccount } from "./account.ts";
import { renderEvent } from "./reads.ts";
import type { Rendered } from "./render.ts";

/** An endpoint for connected accounts names them; an account's own does not. */
export type StripeWebhooks = WebhookSender<Rendered> & { namesAccount: boolean };

export function stripeWebhooks(account: StripeAccount, id: string): StripeWebhooks {
  const sender: StripeWebhooks = Object.assign(
    new WebhookSender<Rendered>(
      {
        together: 1,
        body: ([event]) => JSON.stringify({ ...event, ...(sender.namesAccount ? { account: id } : {}) }),
        headers: (payload, { secret }, at) => ({
          "stripe-signature": Stripe.webhooks.generateTestHeaderString({
            ...{ payload, secret, timestamp: Math.floor(at / 1_000) },
          }),
        }),
      },
      Date.now,
    ),
    { namesAccount: true },
  );
  account.onEvent = (event) => sender.happened(renderEvent(account, event));
  return sender;
}
