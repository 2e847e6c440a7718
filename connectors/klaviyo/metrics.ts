/** Klaviyo's metrics in our words. Accounts make metrics of their own, so anything else keeps its name. */

interface Meaning {
  type: string;
  /** The channel a message went through; null: none. */
  channel: "email" | "sms" | "push" | null;
}

/** https://help.klaviyo.com/hc/en-us/articles/360036974872 (read 2026-11); those of SMS, push and shops [U]. */
const KNOWN: Record<string, Meaning> = {
  "received email": { type: "email_sent", channel: "email" },
  "opened email": { type: "email_opened", channel: "email" },
  "clicked email": { type: "email_clicked", channel: "email" },
  "bounced email": { type: "email_bounced", channel: "email" },
  "dropped email": { type: "email_dropped", channel: "email" },
  "received sms": { type: "sms_sent", channel: "sms" },
  "clicked sms": { type: "sms_clicked", channel: "sms" },
  "received push": { type: "push_sent", channel: "push" },
  "opened push": { type: "push_opened", channel: "push" },
  "active on site": { type: "visit", channel: null },
  "placed order": { type: "order_placed", channel: null },
  "refunded order": { type: "refund", channel: null },
};

/** Null where nothing of the name is left that could be a type. */
export function meaningOf(metric: string): Meaning | null {
  const name = metric.trim().toLowerCase();
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
  if (known !== undefined) return known;
  const type = name
    .normalize("NFKD")
    .replaceAll(/[^a-z]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 60);
  if (type === "") return null;
  const channel = /\b(email|sms|push)\b/.exec(name)?.[1] as Meaning["channel"] | undefined;
  // What ends like this counts as a message that was sent to the person: only Klaviyo's own are.
  return { type: type.endsWith("_sent") ? `${type}_event` : type, channel: channel ?? null };
}

/** An event that tells of a change of consent: `Unsubscribed`, `Subscribed to List`, `Unsubscribed from SMS Marketing` [U] ... */
export const isConsentMetric = (metric: string): boolean =>
  /\bunsubscribed\b|\bsubscribed to (?!back in stock)/i.test(metric);
