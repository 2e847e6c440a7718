/**
 * What Klaviyo says about a profile's subscriptions, as statements for the ledger. Pure.
 *
 * E-mail marketing is allowed where the person is subscribed, nothing suppresses them and Klaviyo says that they can
 * receive it; all three are needed. `can_receive_email_marketing` alone is no consent: it is true of everybody whom nothing
 * suppresses (https://developers.klaviyo.com/en/docs/collect_email_and_sms_consent_via_api, read 2026-11).
 */
import type { ConsentRecord } from "#connectors/core/records.ts";
import { saidByThePerson, statement, statementsOf } from "#connectors/core/statements.ts";
import type { Subscription, Use } from "#connectors/core/statements.ts";
import { instantOf } from "./schema.ts";
import type { Channel, EmailMarketing, ProfileRow, Suppression } from "./schema.ts";

const EMAIL: Use = { channel: "email", purpose: "marketing" };
const SMS: Use = { channel: "sms", purpose: "marketing" };
const SMS_SERVICE: Use = { channel: "sms", purpose: "service" };
const OPENS: Use = { channel: "email", purpose: "open_tracking" };
const PUSH: Use = { channel: "push", purpose: "marketing" };

/** The mail could not be delivered: nobody said no, and nobody can be written to. */
const UNDELIVERABLE = new Set(["HARD_BOUNCE", "INVALID_EMAIL"]);
const COMPLAINTS = new Set(["SPAM_COMPLAINT", "SPAM_REPORT"]);
/** Said by the person, as opposed to somebody at the business. */
const OWN_NO = new Set(["UNSUBSCRIBE", "SPAM_COMPLAINT", "SPAM_REPORT"]);

/** Short of a yes, and nobody said no. */
const NO_YES = { state: "strange", basis: "none", explicit: false } as const;

const NOT_SAID = "Klaviyo did not say how the person is subscribed";

export function consentsOf({ id, attributes }: ProfileRow): ConsentRecord[] {
  const { subscriptions, email, phone_number: phone } = attributes;
  const { sms, mobile_push: push } = subscriptions ?? {};
  const about = (address: string | null, known: Subscription) =>
    statementsOf({ stream: "profiles", id, address }, { known: [known] }, [known.use]).records;
  const records: ConsentRecord[] = [];
  const marketing = subscriptions?.email?.marketing;
  if (marketing == null)
    records.push(
      ...statementsOf({ stream: "profiles", id, address: filled(email) }, { unknown: NOT_SAID }, [EMAIL]).records,
    );
  else records.push(...about(filled(email), addressed(email, emailMarketing(marketing))));
  records.push(...suppressionsOf(id, filled(email), marketing?.suppression ?? []));
  const tracking = subscriptions?.email?.open_tracking;
  if (tracking != null && isSaid(tracking))
    records.push(
      ...about(filled(email), addressed(email, simple("open-tracking", OPENS, tracking, tracking.can_receive))).map(
        (record) => endingBy(record, tracking.valid_until),
      ),
    );
  for (const [ref, use, channel, canReceive] of [
    ["sms-marketing", SMS, sms?.marketing, sms?.marketing?.can_receive_sms_marketing],
    ["sms-transactional", SMS_SERVICE, sms?.transactional, sms?.transactional?.can_receive_sms_transactional],
  ] as const) {
    // Of whom there is no number, that they never subscribed by it is not worth a statement.
    if (channel == null || (filled(phone) === null && !isSaid(channel))) continue;
    records.push(...about(filled(phone), addressed(phone, simple(ref, use, channel, canReceive))));
  }
  if (push?.marketing != null)
    records.push(
      ...about(null, simple("push-marketing", PUSH, push.marketing, push.marketing.can_receive_push_marketing)),
    );
  return records;
}

/** What Klaviyo has learnt of the address itself: nothing may be sent there, whoever says yes to it elsewhere. */
function suppressionsOf(id: string, address: string | null, suppressions: Suppression[]): ConsentRecord[] {
  if (address === null) return [];
  return suppressions.flatMap(({ reason, timestamp }): ConsentRecord[] => {
    const cause = UNDELIVERABLE.has(reason) ? "hard_bounce" : COMPLAINTS.has(reason) ? "complaint" : null;
    if (cause === null) return [];
    const at = instantOf(timestamp);
    const base = statement({ stream: "profiles", id, address }, { channel: "email", purpose: "any" }, cause);
    const proof = `Klaviyo: the address is suppressed (${word(reason)}).`;
    return [{ ...base, updatedAt: at, effectiveAt: at, state: "denied", cause, proof }];
  });
}

/** A consent that ends, or of which it is not clear when it does. */
function endingBy(record: ConsentRecord, until: string | null | undefined): ConsentRecord {
  if (until == null || record.state !== "granted") return record;
  const expiresAt = instantOf(until);
  return expiresAt === null ? { ...record, state: "unknown", explicit: false } : { ...record, expiresAt };
}

/** A yes without an address would be one for whatever address the person has elsewhere. */
function addressed(address: string | null | undefined, said: Subscription): Subscription {
  if (said.state !== "granted" || filled(address) !== null) return said;
  return { ...said, ...NO_YES, why: "Klaviyo has a subscription and no address that it is for" };
}

/** Whether opens of this person may be kept; never guessed. */
export function allowsOpens({ attributes }: ProfileRow, now: number): boolean {
  const tracking = attributes.subscriptions?.email?.open_tracking;
  if (tracking == null || wordOf(tracking) !== "SUBSCRIBED" || tracking.can_receive !== true) return false;
  if (tracking.valid_until == null) return true;
  return Date.parse(instantOf(tracking.valid_until) ?? "") > now;
}

function emailMarketing(marketing: EmailMarketing): Subscription {
  const { suppression } = marketing;
  const lists = marketing.list_suppressions?.length ?? 0;
  const base = {
    ref: "email-marketing",
    use: EMAIL,
    proof: proofOf("e-mail marketing", marketing, suppression ?? [], lists),
  };
  const own = simple("", EMAIL, marketing, marketing.can_receive_email_marketing);
  const noes = (suppression ?? []).filter(({ reason }) => !UNDELIVERABLE.has(reason));
  if (noes.length > 0)
    return {
      ...{ ...base, state: "withdrawn", basis: "none", explicit: noes.some(({ reason }) => OWN_NO.has(reason)) },
      at: latest(
        noes.map(({ timestamp }) => timestamp),
        own.state === "unspecified" ? [] : [marketing.consent_timestamp],
      ),
    };
  if (own.state !== "granted") return { ...own, ...base };
  if (suppression == null)
    return { ...own, ...base, ...NO_YES, why: "Klaviyo does not say whether something suppresses the person" };
  const [undeliverable] = suppression;
  if (undeliverable === undefined) return { ...own, ...base };
  return { ...own, ...base, ...NO_YES, why: `Klaviyo cannot deliver to the address (${undeliverable.reason})` };
}

/** A channel without suppressions of its own. */
function simple(ref: string, use: Use, channel: Channel, canReceive: boolean | null | undefined): Subscription {
  const at = instantOf(channel.consent_timestamp);
  const proof = proofOf(`${use.channel} ${use.purpose}`, channel, [], 0);
  const none = { basis: "none", explicit: false } as const;
  switch (wordOf(channel)) {
    case "SUBSCRIBED": {
      const explicit = channel.double_optin === true || isOwnWay(use, channel.method);
      if (canReceive !== true)
        return {
          ref,
          use,
          at,
          proof,
          ...NO_YES,
          why: "Klaviyo has a subscription and does not say that it may be used",
        };
      return { ref, use, at, proof, state: "granted", basis: "opt_in", explicit };
    }
    case "UNSUBSCRIBED":
      return { ref, use, at, proof, state: "withdrawn", basis: "none", explicit: isOwnWay(use, channel.method) };
    // A date beside it would mean that it was set back.
    case "NEVER_SUBSCRIBED":
    case "":
      return { ref, use, at, proof, state: "unspecified", ...none };
    default:
      return { ref, use, at, proof, ...NO_YES };
  }
}

const wordOf = ({ consent }: Channel): string => consent?.trim().toUpperCase() ?? "";

const isSaid = (channel: Channel): boolean => !["", "NEVER_SUBSCRIBED"].includes(wordOf(channel));

/** `TEXT` is a message the person sent. */
function isOwnWay({ channel }: Use, method: string | null | undefined): boolean {
  return saidByThePerson(method ?? "") || (channel === "sms" && method?.toUpperCase() === "TEXT");
}

/** A no counts as late as it may have been said; one without a date from when it reaches us. */
function latest(noes: (string | null | undefined)[], others: (string | null | undefined)[]): string | null {
  const dated = noes.map(instantOf);
  if (dated.includes(null)) return null;
  return (
    [...dated, ...others.map(instantOf)]
      .flatMap((at) => at ?? [])
      .toSorted()
      .at(-1) ?? null
  );
}

const filled = (text: string | null | undefined): string | null => (text?.trim() ? text : null);

/** The details of a method are free text and may name people. */
function proofOf(
  what: string,
  { consent, method, double_optin }: Channel,
  suppressed: Suppression[],
  lists: number,
): string {
  const parts = [`${word(consent) || "no word"}, method ${word(method) || "not given"}`];
  if (double_optin === true) parts.push("double opt-in");
  if (suppressed.length > 0) parts.push(`suppressed (${suppressed.map(({ reason }) => word(reason)).join(", ")})`);
  if (lists > 0) parts.push(`suppressed on ${lists} ${lists === 1 ? "list" : "lists"}`);
  return `Klaviyo: ${what} ${parts.join(", ")}.`.slice(0, 900);
}

const word = (text: string | null | undefined): string => (text ?? "").replaceAll(/[^\w ()-]/g, "").slice(0, 40);
