/** HubSpot's subscription statuses and opt-outs as statements for the ledger. Pure. */
import type { ConsentRecord } from "../core/records.ts";
import { sameUse, saidByThePerson, statement, statementsOf } from "../core/statements.ts";
import type { Statements, Subject, Subscription, Use } from "../core/statements.ts";
import type { ObjectRow, SubscriptionStatus } from "./schema.ts";

/** What HubSpot answered for an address; `unknown` says why there is no answer. */
export type Statuses = { known: (SubscriptionStatus | null)[] } | { unknown: string };

export interface ConsentContext {
  /** What a subscription type permits. */
  useOf(subscriptionId: string): Use;
  /** All uses that subscriptions of this account can permit. */
  uses: Use[];
  /** When `hs_email_optout` last became true; null: not known. */
  optedOutAt: string | null;
}

/**
 * Set by the person or by a user of the account; whichever, it stands above every subscription. HubSpot writes `true`; any
 * other word that does not say no may mean it as well.
 */
export function hasOptedOut(row: ObjectRow): boolean {
  const word = row.properties.hs_email_optout?.trim().toLowerCase() ?? "";
  return !["", "false", "no", "0"].includes(word);
}

/** @param answer null: statuses cannot be asked for, or the contact has no address */
export function consentsOf(row: ObjectRow, answer: Statuses | null, context: ConsentContext): Statements {
  const subject = { stream: "contacts", id: row.id, address: row.properties.email?.trim() || null };
  const said =
    answer === null
      ? { records: [], doubts: [] }
      : statementsOf(subject, subscriptionsOf(answer, context), context.uses);
  if (!hasOptedOut(row)) return said;
  const all = optOut(subject, context.optedOutAt, said.records);
  // Beside a no for the same use an "unknown" says nothing.
  const others = said.records.filter((record) => record.state !== "unknown" || !sameUse(record, all));
  return { ...said, records: [...others, all] };
}

const STATES: Record<string, Subscription["state"]> = {
  SUBSCRIBED: "granted",
  UNSUBSCRIBED: "withdrawn",
  NOT_SPECIFIED: "unspecified",
};

function subscriptionsOf(answer: Statuses, { useOf, uses }: ConsentContext) {
  if ("unknown" in answer) return answer;
  const readable = answer.known.filter((status) => status !== null);
  const known = readable
    .filter(isOfChannel)
    .toSorted(byUnit)
    .map((status): Subscription => {
      const state = STATES[status.status.trim().toUpperCase()] ?? "strange";
      const basis = state === "granted" ? basisOf(status.legalBasis ?? null) : "none";
      const personally = saidByThePerson(status.source ?? "");
      return {
        ref: status.subscriptionId,
        use: useOf(status.subscriptionId),
        state,
        at: status.timestamp ?? null,
        basis,
        explicit: personally && (state === "granted" ? basis === "opt_in" : state === "withdrawn"),
        proof: proofOf(status),
      };
    });
  if (readable.length === answer.known.length) return { known };
  // What could not be read may be a no to any of them: each no stands, a yes does not.
  const refused = known.filter(({ state }) => state === "withdrawn");
  const doubted = uses.filter(
    (use, n) => uses.findIndex((other) => sameUse(other, use)) === n && !refused.some((one) => sameUse(one.use, use)),
  );
  return { known: [...refused, ...doubted.map(unreadable)] };

  /** A yes to another channel, such as WhatsApp, is none to e-mail. A no is kept wherever it stands. */
  function isOfChannel({ channel, status, subscriptionId }: SubscriptionStatus): boolean {
    if (channel == null || channel.toUpperCase() === "EMAIL" || useOf(subscriptionId).channel !== "email") return true;
    return STATES[status.trim().toUpperCase()] === "withdrawn";
  }
}

function unreadable(use: Use): Subscription {
  const ref = `unreadable:${use.channel}:${use.purpose}`;
  return { ref, use, state: "strange", at: null, basis: "none", explicit: false, proof: "" };
}

/** A list that stands there several times is told apart by place, so the places must not depend on HubSpot's order. */
function byUnit(a: SubscriptionStatus, b: SubscriptionStatus): number {
  const placeOf = ({ subscriptionId, businessUnitId, status }: SubscriptionStatus) =>
    [subscriptionId, businessUnitId ?? "", status].join(" ");
  return placeOf(a) < placeOf(b) ? -1 : placeOf(a) > placeOf(b) ? 1 : 0;
}

/** Whatever is subscribed, the opt-out from everything stands above it: it counts as said last. */
function optOut(subject: Subject, optedOutAt: string | null, others: ConsentRecord[]): ConsentRecord {
  const later = others.filter(({ state }) => state === "granted").flatMap(({ effectiveAt }) => effectiveAt ?? []);
  const effectiveAt =
    optedOutAt === null ? null : later.reduce((a, b) => (Date.parse(a) >= Date.parse(b) ? a : b), optedOutAt);
  return {
    ...statement(subject, { channel: "email", purpose: "marketing" }, "all"),
    updatedAt: effectiveAt,
    state: "withdrawn",
    effectiveAt,
    proof: "HubSpot: unsubscribed from all e-mail (hs_email_optout).",
  };
}

/** HubSpot's names for legal bases: https://developers.hubspot.com/docs/api-reference/communication-preferences-subscriptions-v3/guide (2026-11) */
function basisOf(legalBasis: string | null): ConsentRecord["basis"] {
  if (legalBasis === "CONSENT_WITH_NOTICE") return "opt_in";
  if (legalBasis === "PERFORMANCE_OF_CONTRACT") return "contract";
  return legalBasis?.startsWith("LEGITIMATE_INTEREST") === true ? "legitimate_interest" : "none";
}

/** The explanation field and the status' free text may name people; addresses are taken out of what is kept. */
function proofOf({ subscriptionName, subscriptionId, status, source, legalBasis }: SubscriptionStatus): string {
  const clean = (text: string) => text.replaceAll(/\S+@\S+/g, "(address)").slice(0, 200);
  const name = clean(subscriptionName ?? "subscription");
  return `HubSpot: ${name} (${subscriptionId}) ${status}, source ${clean(source ?? "") || "not given"}, legal basis ${legalBasis ?? "not given"}.`;
}
