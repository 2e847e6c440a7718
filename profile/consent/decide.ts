/**
 * May this be done? The one place that answers it, for scoring, planning, sending, audiences and export: what the ledger says
 * of a person against a table of requirements.
 */
import { type Grant, issueGrant, type Use } from "#connectors/core/grant.ts";
import { CONSENT_RULES_VERSION, generalNeed } from "./law.ts";
import { type ConsentAnswer, isRefusal, sameAddress } from "./ledger.ts";

export { CONSENT_RULES, type Requirement } from "./law.ts";

/** The addresses of the record that is written to, or that a message would go to. Null: it has none. */
export interface Addresses {
  email: string | null;
  phone: string | null;
}

/** `anywhere`: no record is meant yet, as when an action is chosen for a person. */
export type Recipient = Addresses | "anywhere";

/** As much of an answer as a decision needs. `addresses` may be left out where the recipient is `anywhere`. */
export type KnownAnswer = Pick<ConsentAnswer, "channel" | "purpose" | "state"> &
  Partial<Pick<ConsentAnswer, "addresses">>;

export type Verdict<Answer extends KnownAnswer> =
  /** `answer`: the yes it rests on; undefined where nobody has to say yes. */
  | { verdict: "allowed"; answer: Answer | undefined }
  /** Somebody said no. */
  | { verdict: "objected"; answer: Answer }
  /** A yes is needed, and there is none. */
  | { verdict: "no_yes"; answer: Answer | undefined }
  /** There is a yes, for another address than the recipient's. */
  | { verdict: "other_address"; answer: Answer }
  | { verdict: "no_purpose" };

/** Decides one use; everything that acts on consent comes through here. */
export function judge<Answer extends KnownAnswer>(
  answers: readonly Answer[],
  use: Use,
  recipient: Recipient,
): Verdict<Answer> {
  if (use.purpose === "any") return { verdict: "no_purpose" };
  const needs = generalNeed(use);
  if (needs === "always") return { verdict: "allowed", answer: undefined };

  const exact = answers.find(({ channel, purpose }) => channel === use.channel && purpose === use.purpose);
  const objection = objectionTo(answers, use, exact);
  if (objection !== undefined) return { verdict: "objected", answer: objection };
  if (needs === "no-objection") return { verdict: "allowed", answer: exact?.state === "granted" ? exact : undefined };
  if (exact?.state === "not_required") return { verdict: "allowed", answer: exact };
  if (exact?.state !== "granted") return { verdict: "no_yes", answer: exact };
  if (recipient !== "anywhere" && !holdsFor(exact, addressFor(use, recipient)))
    return { verdict: "other_address", answer: exact };
  return { verdict: "allowed", answer: exact };
}

/** Whether all of the uses are allowed. */
export const allows = (answers: readonly KnownAnswer[], uses: readonly Use[], recipient: Recipient): boolean =>
  uses.every((use) => judge(answers, use, recipient).verdict === "allowed");

/** An answer to the very question has weighed every wider no already. A use over any channel meets a no on each of them. */
function objectionTo<Answer extends KnownAnswer>(
  answers: readonly Answer[],
  use: Use,
  exact: Answer | undefined,
): Answer | undefined {
  return answers.find((answer) => {
    if (!isRefusal(answer.state)) return false;
    if (answer.channel === use.channel && answer.purpose === use.purpose) return true;
    if (use.channel === "any" && answer.purpose === use.purpose) return true;
    const covered =
      (answer.channel === use.channel || answer.channel === "any") &&
      (answer.purpose === use.purpose || answer.purpose === "any" || sells(answer, use));
    return covered && exact === undefined;
  });
}

/** Who may not be sold may not be advertised to by it. */
const sells = ({ purpose }: KnownAnswer, use: Use): boolean =>
  purpose === "sale_or_share" && use.purpose === "ad_audience";

/** Undefined: the channel goes to no address of the record. */
function addressFor({ channel }: Use, { email, phone }: Addresses): string | null | undefined {
  if (channel === "email" || channel === "ads") return email;
  return channel === "sms" || channel === "call" ? phone : undefined;
}

/** A yes for the whole person holds everywhere, one for an address only there. */
const holdsFor = ({ addresses = [] }: KnownAnswer, address: string | null | undefined): boolean =>
  address === undefined || addresses.some((held) => held === null || (address !== null && sameAddress(held, address)));

/** What is known of one person when a use is decided. */
export interface ConsentFacts {
  profileId: string;
  answers: readonly ConsentAnswer[];
  recipient: Recipient;
}

export interface Refused {
  refused: true;
  /** For people: "E-mail marketing: not allowed - ...". */
  reason: string;
}

/**
 * Decides the uses of one send together: one grant for all, or the first refusal. No use at all is plain service.
 *
 * @param at the instant (ISO 8601) the answers are of
 */
export function decide(facts: ConsentFacts, uses: readonly Use[], at: string): Grant | Refused {
  const asked: readonly Use[] = uses.length === 0 ? [{ purpose: "service", channel: "any" }] : uses;
  const entryIds = new Set<string>();
  for (const use of asked) {
    const decision = judge(facts.answers, use, facts.recipient);
    if (decision.verdict !== "allowed") return { refused: true, reason: refusalOf(use, decision) };
    for (const entryId of entriesOf(decision.answer, use, facts.recipient)) entryIds.add(entryId);
  }
  return issueGrant({
    profileId: facts.profileId,
    uses: asked,
    entryIds: [...entryIds],
    rulesVersion: CONSENT_RULES_VERSION,
    decidedAt: at,
  });
}

/** Of a yes, the entries that hold for the recipient. */
function entriesOf(answer: ConsentAnswer | undefined, use: Use, recipient: Recipient): string[] {
  if (answer === undefined) return [];
  const address = recipient === "anywhere" ? undefined : addressFor(use, recipient);
  return answer.entryIds.filter((_, place) =>
    holdsFor({ ...answer, addresses: answer.addresses.slice(place, place + 1) }, address),
  );
}

function refusalOf(use: Use, decision: Exclude<Verdict<ConsentAnswer>, { verdict: "allowed" }>): string {
  switch (decision.verdict) {
    case "no_purpose":
      return "A use must name its purpose.";
    case "objected":
      return sentence(use, decision.answer.reason);
    case "no_yes":
      return sentence(use, decision.answer?.reason ?? "not allowed - no consent recorded");
    case "other_address":
      return sentence(use, "not allowed - the consent is for another address");
  }
}

const channelWords: Record<Use["channel"], string> = {
  email: "E-mail",
  sms: "Text message",
  call: "Telephone",
  post: "Post",
  push: "Push message",
  ads: "Advertising",
  onsite: "On-site",
  any: "Any-channel",
};

const purposeWords: Record<Use["purpose"], string> = {
  service: "service messages",
  marketing: "marketing",
  analytics: "analytics",
  personalisation: "personalisation",
  ad_audience: "audiences",
  sale_or_share: "sale or sharing of data",
  open_tracking: "open tracking",
  research: "research",
  any: "uses of any kind",
};

/** For people: "E-mail marketing: allowed - ...". */
export interface Explained {
  allowed: boolean;
  sentence: string;
  /** Of the ledger: those that allowed it, or that stand against it. */
  entryIds: readonly string[];
  rulesVersion: string;
  /** ISO 8601 */
  at: string;
}

/** The same decision with its reason, whichever way it goes. */
export function explain(facts: Omit<ConsentFacts, "profileId">, use: Use, at: string): Explained {
  const decision = judge(facts.answers, use, facts.recipient);
  const base = { rulesVersion: CONSENT_RULES_VERSION, at };
  if (decision.verdict !== "allowed") {
    const against = decision.verdict === "no_purpose" ? undefined : decision.answer;
    return { ...base, allowed: false, sentence: refusalOf(use, decision), entryIds: against?.entryIds ?? [] };
  }
  const entryIds = entriesOf(decision.answer, use, facts.recipient);
  const why = decision.answer?.reason ?? WITHOUT_A_YES[generalNeed(use)];
  return { ...base, allowed: true, sentence: sentence(use, why), entryIds };
}

const WITHOUT_A_YES = {
  always: "allowed - it is part of the service",
  "no-objection": "allowed - nobody objected",
  yes: "allowed",
  verified: "allowed",
} as const;

const sentence = (use: Use, answer: string): string =>
  `${channelWords[use.channel]} ${purposeWords[use.purpose]}: ${answer}`;
