/** HubSpot's subscription statuses and opt-outs as statements for the ledger. Pure. */
import type { ConsentRecord } from "../core/records.ts";
import type { ObjectRow, SubscriptionStatus } from "./schema.ts";

export type Use = Pick<ConsentRecord, "channel" | "purpose">;

/** What HubSpot answered for an address; `unknown` says why there is no answer. */
export type Statuses = { known: SubscriptionStatus[] } | { unknown: string };

export interface ContactConsents {
  records: ConsentRecord[];
  /** What was taken for unknown, to be shown. */
  doubts: { ref: string; reason: string }[];
}

export interface ConsentContext {
  /** What a subscription type permits. */
  useOf(subscriptionId: string): Use;
  /** All uses that subscriptions of this account can permit. */
  uses: Use[];
  /** When `hs_email_optout` last became true; null: not known. */
  optedOutAt: string | null;
}

/** Set by the person or by a user of the account; whichever, it stands above every subscription. */
export function hasOptedOut(row: ObjectRow): boolean {
  return row.properties.hs_email_optout?.toLowerCase() === "true";
}

/** @param answer null: statuses cannot be asked for, or the contact has no address */
export function consentsOf(row: ObjectRow, answer: Statuses | null, context: ConsentContext): ContactConsents {
  const address = row.properties.email?.trim() || null;
  const said = answer === null ? { records: [], doubts: [] } : statementsOf(row, address, answer, context);
  if (!hasOptedOut(row)) return said;
  const all = optOut(row, address, context.optedOutAt, said.records);
  // Beside a no for the same use an "unknown" says nothing.
  const others = said.records.filter((record) => record.state !== "unknown" || !sameUse(record, all));
  return { ...said, records: [...others, all] };
}

type State = "granted" | "withdrawn" | "unspecified" | "strange";

function stateOf({ status }: SubscriptionStatus): State {
  switch (status.trim().toUpperCase()) {
    case "SUBSCRIBED":
      return "granted";
    case "UNSUBSCRIBED":
      return "withdrawn";
    case "NOT_SPECIFIED":
      return "unspecified";
    default:
      return "strange";
  }
}

function statementsOf(
  row: ObjectRow,
  address: string | null,
  answer: Statuses,
  { useOf, uses }: ConsentContext,
): ContactConsents {
  const records: ConsentRecord[] = [];
  const doubts: ContactConsents["doubts"] = [];
  const unknown = (use: Use, why: string, ref: string | null) => {
    records.push(unknownOf(row, address, use, why));
    if (ref !== null)
      doubts.push({ ref, reason: `${why}; consent to ${use.channel} ${use.purpose} counts as unknown from now on.` });
  };
  if ("unknown" in answer) {
    for (const use of distinct(uses)) unknown(use, answer.unknown, `${row.id}:${use.channel}:${use.purpose}`);
    return { records, doubts };
  }
  for (const [n, status] of answer.known.entries()) {
    const state = stateOf(status);
    if (state === "granted" || state === "withdrawn")
      records.push(
        statementOf(row, address, useOf(status.subscriptionId), { status, state, n: nthOf(answer.known, n) }),
      );
  }
  const used =
    answer.known.length === 0 ? uses.slice(0, 1) : answer.known.map((status) => useOf(status.subscriptionId));
  for (const use of distinct(used)) {
    const ofUse = answer.known.filter((status) => sameUse(useOf(status.subscriptionId), use));
    const strange = ofUse.find((status) => stateOf(status) === "strange");
    // A word we do not know may be a no; next to a yes of another type, "not specified" is none.
    if (strange !== undefined)
      unknown(
        use,
        `HubSpot gives subscription ${strange.subscriptionId} a status we do not know`,
        `${row.id}:${strange.subscriptionId}`,
      );
    else if (ofUse.every((status) => stateOf(status) === "unspecified")) {
      const wentBack = ofUse.find(({ timestamp }) => timestamp != null);
      if (wentBack === undefined) unknown(use, "HubSpot has no status of the contact's subscriptions", null);
      else
        unknown(
          use,
          `HubSpot set subscription ${wentBack.subscriptionId} back to "not specified"`,
          `${row.id}:${wentBack.subscriptionId}`,
        );
    }
  }
  return { records, doubts };
}

/** Which of several statuses of one subscription type this is: business units each have their own. */
function nthOf(statuses: SubscriptionStatus[], position: number): number {
  const id = statuses[position]?.subscriptionId;
  return statuses.slice(0, position).filter(({ subscriptionId }) => subscriptionId === id).length;
}

function statementOf(
  row: ObjectRow,
  address: string | null,
  use: Use,
  { status, state, n }: { status: SubscriptionStatus; state: "granted" | "withdrawn"; n: number },
): ConsentRecord {
  const basis = state === "granted" ? basisOf(status.legalBasis ?? null) : "none";
  const personally = saidByThePerson(status.source ?? "");
  const at = status.timestamp ?? null;
  return {
    ...statement(row, address, use, `${status.subscriptionId}${n === 0 ? "" : `:${n}`}`),
    updatedAt: at,
    state,
    basis,
    explicit: state === "granted" ? basis === "opt_in" && personally : personally,
    effectiveAt: at,
    proof: proofOf(status),
  };
}

function unknownOf(row: ObjectRow, address: string | null, use: Use, why: string): ConsentRecord {
  return { ...statement(row, address, use, `${use.channel}:${use.purpose}`), state: "unknown", proof: `${why}.` };
}

/** Whatever is subscribed, the opt-out from everything stands above it: it counts as said last. */
function optOut(
  row: ObjectRow,
  address: string | null,
  optedOutAt: string | null,
  others: ConsentRecord[],
): ConsentRecord {
  const later = others.filter(({ state }) => state === "granted").flatMap(({ effectiveAt }) => effectiveAt ?? []);
  const effectiveAt =
    optedOutAt === null ? null : later.reduce((a, b) => (Date.parse(a) >= Date.parse(b) ? a : b), optedOutAt);
  return {
    ...statement(row, address, { channel: "email", purpose: "marketing" }, "all"),
    updatedAt: effectiveAt,
    state: "withdrawn",
    effectiveAt,
    proof: "HubSpot: unsubscribed from all e-mail (hs_email_optout).",
  };
}

/** What every statement shares; without a date it counts from when it reaches us. */
function statement(
  row: ObjectRow,
  address: string | null,
  use: Use,
  suffix: string,
): Omit<ConsentRecord, "state" | "proof"> {
  return {
    kind: "consent",
    id: `${row.id}:${suffix}`,
    updatedAt: null,
    deleted: false,
    person: { stream: "contacts", id: row.id },
    address,
    ...use,
    basis: "none",
    explicit: false,
    effectiveAt: null,
    expiresAt: null,
  };
}

function sameUse(a: Use, b: Use): boolean {
  return a.channel === b.channel && a.purpose === b.purpose;
}

function distinct(uses: Use[]): Use[] {
  return uses.filter((use, n) => uses.findIndex((other) => sameUse(other, use)) === n);
}

/** HubSpot's names for legal bases: https://developers.hubspot.com/docs/api-reference/communication-preferences-subscriptions-v3/guide (2026-11) */
function basisOf(legalBasis: string | null): ConsentRecord["basis"] {
  if (legalBasis === "CONSENT_WITH_NOTICE") return "opt_in";
  if (legalBasis === "PERFORMANCE_OF_CONTRACT") return "contract";
  return legalBasis?.startsWith("LEGITIMATE_INTEREST") === true ? "legitimate_interest" : "none";
}

/** Sources are free words, the list of them is not documented: only what clearly names an act of the person counts. */
function saidByThePerson(source: string): boolean {
  const words = source.toLowerCase().replaceAll("_", " ");
  if (/import|api|integration|workflow|migrat|sync|manual|\buser\b|list/.test(words)) return false;
  return /\bforms?\b|form submission|preference|unsubscribe|subscription page|double opt|email link|link in|reply|consent page/.test(
    words,
  );
}

/** The explanation field and the status' free text may name people; addresses are taken out of what is kept. */
function proofOf({ subscriptionName, subscriptionId, status, source, legalBasis }: SubscriptionStatus): string {
  const clean = (text: string) => text.replaceAll(/\S+@\S+/g, "(address)").slice(0, 200);
  const name = clean(subscriptionName ?? "subscription");
  return `HubSpot: ${name} (${subscriptionId}) ${status}, source ${clean(source ?? "") || "not given"}, legal basis ${legalBasis ?? "not given"}.`;
}
