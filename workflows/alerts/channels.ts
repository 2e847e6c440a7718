/** The ways of telling: a webhook, mail. */
import { createHmac } from "node:crypto";
import { isLoopback } from "#connectors/core/loopback.ts";
import type { Config } from "#config.ts";
import { textOf, titleOf, type AlertMessage } from "./message.ts";

export interface AlertChannel {
  name: "webhook" | "mail";
  /** @throws Error saying why it could not be told; never with the address or a secret */
  tell(message: AlertMessage): Promise<void>;
}

const TIMEOUT_MS = 10_000;

export function alertChannels({ webhook, mail }: Config["alerts"]): AlertChannel[] {
  return [...(webhook === null ? [] : [webhookChannel(webhook)]), ...(mail === null ? [] : [mailChannel(mail)])];
}

/**
 * Signed as many services do it: `t` is the second it was sent, `v1` HMAC-SHA-256 in hex over `<t>.<body>` with the secret. A
 * redirect is not followed: it would take the message to a place that nobody has set.
 */
function webhookChannel({ url, secret }: NonNullable<Config["alerts"]["webhook"]>): AlertChannel {
  return {
    name: "webhook",
    async tell(message) {
      const body = JSON.stringify(message);
      const t = Math.floor(Date.now() / 1_000);
      const v1 = createHmac("sha256", secret).update(`${t}.${body}`).digest("hex");
      const response = await fetch(url, {
        ...{ method: "POST", redirect: "manual", body, signal: AbortSignal.timeout(TIMEOUT_MS) },
        headers: {
          "content-type": "application/json",
          "tributary-delivery": message.id,
          "tributary-signature": `t=${t},v1=${v1}`,
        },
      }).catch((error: unknown) => {
        throw new Error(`the webhook could not be reached (${reasonOf(error)})`, { cause: error });
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
    },
  };
}

function mailChannel({ smtpUrl, to, from }: NonNullable<Config["alerts"]["mail"]>): AlertChannel {
  const timeouts = { connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS };
  // Passwords and alerts do not travel in the clear, but on this machine they may.
  const options = { url: smtpUrl, requireTLS: !isLoopback(new URL(smtpUrl).hostname), ...timeouts };
  return {
    name: "mail",
    async tell(message) {
      const envelope = { to, from, subject: titleOf(message), text: textOf(message) };
      try {
        // Loaded when there is something to tell.
        const { createTransport } = await import("nodemailer");
        await createTransport(options).sendMail({ ...envelope, messageId: `<${message.id}@tributary>` });
      } catch (error) {
        throw new Error(`the mail server did not take it (${reasonOf(error)})`, { cause: error });
      }
    },
  };
}

/** A code, as ECONNREFUSED or EAUTH: messages of libraries may repeat addresses. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return cause instanceof Error ? cause.name : "unknown";
}
