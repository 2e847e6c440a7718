/**
 * Webhooks in: what a vendor sends when something changed. Which bytes it signs and what its events are about is the
 * connector's; comparing, the age of a request and what becomes of an event is the framework's.
 *
 * An event only says where to look. What is stored is read from the vendor, by the one way records are stored.
 */
import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Mode } from "./stream.ts";

/** A request as it came. */
export interface WebhookRequest {
  method: string;
  /** As the vendor called it, from our own configuration; some vendors sign it. */
  url: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The bytes as they came: parsed and written again they are others. */
  body: Buffer;
}

/** What a request says of its own signature. */
export interface Signed {
  /** One is enough: while a secret is being replaced, a vendor may sign with both. */
  signatures: readonly Buffer[];
  /** As in the request, for what is signed may hold it. */
  timestamp: string;
  /** The same, in milliseconds since the epoch. */
  at: number;
}

/** Why a request is not believed. */
export type Doubt = "unsigned" | "too old" | "from the future" | "wrong signature";

/** Something happened at the vendor. */
export interface WebhookEvent {
  /** The external account it happened in; null: the one whose address it was sent to. */
  account: string | null;
  /** The same at every delivery of this event, and never another's. Printable ASCII. */
  id: string;
  mode?: Mode;
  /** When it happened, ISO 8601. What is read because of it is at least as new. */
  at: string;
  /**
   * `changed`: the records are to be read again. `erased`: the vendor was told to forget them for good, so they are not asked
   * for any more. `access`: we may have lost it, and find out.
   */
  effect: "changed" | "erased" | "access";
  records: readonly { stream: string; id: string }[];
}

/** Of one request. */
export interface ParsedWebhook {
  events: WebhookEvent[];
  /** Events whose form we do not know. */
  unreadable: number;
}

export interface Webhooks {
  /** Environment variable with the secrets of the app that serves all accounts; several with commas. */
  env: string;
  /** Where the secret is found and the address is entered. One or two sentences. */
  where: string;
  /** Null: the request carries no signature of a form we know. */
  signed(headers: WebhookRequest["headers"]): Signed | null;
  /** The signature that this request should have. */
  sign(secret: string, request: WebhookRequest, timestamp: string): Buffer;
  /**
   * Leaves out what is no news to us: other kinds of events, and our own writes coming back.
   *
   * @param body parsed JSON of a request that was believed; hostile all the same
   */
  parse(body: unknown): ParsedWebhook;
}

/** A connection's own secrets are kept with its credentials, under this name. */
export const webhookSecrets = z.array(z.string().min(8).max(512)).max(4).optional();
const withSecrets = z.looseObject({ webhookSecrets });

/** @param credentials of a connection, as they are kept */
export function secretsIn(credentials: unknown): string[] {
  return withSecrets.safeParse(credentials).data?.webhookSecrets ?? [];
}

/** The app's secrets that the environment holds; several while one replaces another. */
export function secretsFrom(
  { env }: Pick<Webhooks, "env">,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  return (environment[env] ?? "")
    .split(",")
    .map((secret) => secret.trim())
    .filter((secret) => secret !== "");
}

/** Vendors sign each attempt anew, so an honest request is young; a kept one is not good for long. */
const OLDEST_MS = 300_000;
/** Clocks differ by seconds. */
const NEWEST_MS = 60_000;

/** @returns null: the request is the vendor's, and was made just now */
export function doubtAbout(
  webhooks: Pick<Webhooks, "signed" | "sign">,
  request: WebhookRequest,
  secrets: readonly string[],
  now: number,
): Doubt | null {
  const signed = webhooks.signed(request.headers);
  if (signed === null || !Number.isFinite(signed.at)) return "unsigned";
  if (now - signed.at > OLDEST_MS) return "too old";
  if (signed.at - now > NEWEST_MS) return "from the future";
  const genuine = secrets.some((secret) => {
    const expected = webhooks.sign(secret, request, signed.timestamp);
    return signed.signatures.some((given) => given.length === expected.length && timingSafeEqual(given, expected));
  });
  return genuine ? null : "wrong signature";
}

/** The one value of a header; null where it is missing or given twice. */
export function headerOf(headers: WebhookRequest["headers"], name: string): string | null {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value : null;
}

/** Bytes of a signature; null where the text is not what was encoded. */
export function decoded(text: string, encoding: "hex" | "base64"): Buffer | null {
  const bytes = Buffer.from(text, encoding);
  return bytes.length > 0 && bytes.toString(encoding) === text ? bytes : null;
}

/** Of a list in one request: those of a form we do not know are counted, and those of no interest (null) left out. */
export function eventsIn<Row>(
  list: readonly unknown[],
  form: z.ZodType<Row>,
  eventOf: (row: Row) => WebhookEvent | null,
): ParsedWebhook {
  const parsed = list.map((one) => form.safeParse(one).data);
  return {
    events: parsed.flatMap((one) => (one === undefined ? [] : (eventOf(one) ?? []))),
    unreadable: parsed.filter((one) => one === undefined).length,
  };
}

/** Ids become part of a key: nothing in them may surprise a database. */
export const eventId = z.string().regex(/^[\x21-\x7e]{1,255}$/);
