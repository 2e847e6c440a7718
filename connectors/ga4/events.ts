/**
 * Events for the Measurement Protocol. Google answers 2xx whatever comes, wrong secrets and broken events included, and
 * drops what it does not like without a word: so each is shown to the address that checks first, and only a browser that the
 * site itself knows, and whose person allows it, is ever told of.
 */
import { z } from "zod";
import { ConnectorError } from "#connectors/core/errors.ts";
import type { Grant } from "#connectors/core/grant.ts";
import type { Ga4Client } from "./client.ts";
import { TITLE } from "./errors.ts";
import { EVENTS } from "./limits.ts";
import { refusePeople } from "./without-people.ts";

/** Names that would tell Google who somebody is. */
type Personal =
  | "email"
  | "e_mail"
  | "phone"
  | "name"
  | "first_name"
  | "last_name"
  | "address"
  | "user_id"
  | "customer_id";

export type EventParams = Readonly<Record<string, string | number>> & { readonly [Name in Personal]?: never };

export interface OutgoingEvent {
  /** The browser's, as the site reads it from the `_ga` cookie: `123456789.1700000000`. An invented one would be another visitor. */
  clientId: string;
  name: string;
  /** ISO 8601. */
  at: string;
  params: EventParams;
  /** For analytics. Whether the event may be used for ads is in it too. */
  grant: Grant;
}

export interface EventResult {
  /** `checked`: Google found nothing wrong with it and took it; it never says more. */
  outcome: "checked" | "refused";
  /** For the person who must act; no personal data. */
  reason?: string;
}

const eventName = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;
/** Google's own, which it does not take from others. */
const RESERVED =
  /^(ad_|ga_|google_|firebase_|_)|^(first_open|first_visit|session_start|user_engagement|in_app_purchase|error|os_update)$/;

const checkReply = z.object({
  // Missing is not the same as none.
  validationMessages: z.array(z.looseObject({ validationCode: z.string().default("UNKNOWN") })),
});

/**
 * One result an event, in input order.
 *
 * @throws ConnectorError when the call failed, or no stream is set up to send to
 */
export async function sendEvents(client: Ga4Client, events: readonly OutgoingEvent[]): Promise<EventResult[]> {
  const { measurementId } = client.settings;
  const { measurementSecret: secret } = client.credentials;
  if (measurementId === undefined || secret === undefined)
    throw new ConnectorError(
      "permission",
      `${TITLE}: to send events, set the measurement id of the web stream and its secret.`,
    );
  const results: EventResult[] = [];
  for (const event of events) {
    const why = refusal(event, client.now());
    if (why !== null) results.push({ outcome: "refused", reason: why });
    else results.push(await sendOne(client, event, { measurementId, secret }));
  }
  return results;
}

/** One a request: what is wrong is then known to be wrong with it, and each browser has its own consent. */
async function sendOne(
  client: Ga4Client,
  event: OutgoingEvent,
  where: { measurementId: string; secret: string },
): Promise<EventResult> {
  const body = bodyOf(event);
  const { validationMessages } = checkReply.parse(await client.events(body, { ...where, debug: true }));
  const [first] = validationMessages;
  if (first !== undefined) {
    const code = /^[A-Z_]{1,60}$/.test(first.validationCode) ? first.validationCode : "UNKNOWN";
    return { outcome: "refused", reason: `${TITLE} would drop the event (${code}).` };
  }
  await client.events(body, { ...where, debug: false });
  return { outcome: "checked" };
}

const allows = ({ uses }: Grant, purpose: "analytics" | "ad_audience"): boolean =>
  uses.some((use) => use.purpose === purpose || use.purpose === "any");

/** Null: nothing is against it. */
function refusal({ clientId, name, at, params, grant }: OutgoingEvent, now: number): string | null {
  if (!allows(grant, "analytics")) return "This person has not allowed analytics: nothing is sent.";
  if (!/^\d{1,20}\.\d{1,20}$/.test(clientId)) return "This is no client id of a browser.";
  if (!eventName.test(name) || RESERVED.test(name)) return "Google does not take an event of this name.";
  const age = now - Date.parse(at);
  if (!(age >= 0 && age < EVENTS.backdateMs)) return "Google takes events of the last 72 hours only.";
  const entries = Object.entries(params);
  if (entries.length > EVENTS.params) return `An event has at most ${EVENTS.params} parameters.`;
  for (const [param, value] of entries) {
    if (!eventName.test(param) || RESERVED.test(param)) return "Google does not take a parameter of this name.";
    if (String(value).length > EVENTS.value) return `A parameter has at most ${EVENTS.value} characters.`;
  }
  try {
    refusePeople(params);
  } catch (error) {
    if (error instanceof ConnectorError) return error.message;
    throw error;
  }
  return null;
}

/** Consent goes with each event: without a word on it, it is not usable for ads, and must not be. */
function bodyOf({ clientId, name, at, params, grant }: OutgoingEvent): object {
  const ads = allows(grant, "ad_audience") ? "GRANTED" : "DENIED";
  return {
    client_id: clientId,
    timestamp_micros: Date.parse(at) * 1_000,
    consent: { ad_user_data: ads, ad_personalization: ads },
    events: [{ name, params }],
  };
}
