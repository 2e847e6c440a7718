/** From what the ledger says to a grant, by a table of requirements. */
import { type Grant, issueGrant, type Use } from "#connectors/core/grant.ts";
import type { ConsentAnswer } from "./ledger.ts";

/** Changes whenever the table does; every grant carries it. */
export const CONSENT_RULES_VERSION = "1";

/** `yes`: somebody must have said yes. `no-objection`: nobody may have said no. `always`: part of the service itself. */
type Requirement = "yes" | "no-objection" | "always";

/**
 * What each use needs: the strictest of the regimes we serve (EU and UK e-privacy, TCPA, CASL). First match counts; what is
 * not here needs a yes.
 */
const requirements: readonly { purpose: Use["purpose"]; channel?: Use["channel"]; needs: Requirement }[] = [
  { purpose: "service", needs: "always" },
  // Profiling for the business's own fields rests on legitimate interest: the person may object.
  { purpose: "personalisation", needs: "no-objection" },
  { purpose: "marketing", channel: "post", needs: "no-objection" },
  { purpose: "marketing", needs: "yes" },
  { purpose: "analytics", needs: "yes" },
  { purpose: "ad_audience", needs: "yes" },
];

/** What is known of one person when a use is decided. */
export interface ConsentFacts {
  profileId: string;
  answers: readonly ConsentAnswer[];
  /** Where it will be sent; a yes for another address does not count. Null: to no address. */
  address: string | null;
}

export interface Refused {
  refused: true;
  /** For people: "E-mail marketing: not allowed - ...". */
  reason: string;
}

/** Decides one use at the instant `at` (ISO 8601); the answers must be of that instant. */
export function decide(facts: ConsentFacts, use: Use, at: string): Grant | Refused {
  if (use.purpose === "any") return refuse("A use must name its purpose.");
  const needs = requirements.find(
    ({ purpose, channel }) => purpose === use.purpose && (channel === undefined || channel === use.channel),
  )?.needs;
  if (needs === "always") return grant(facts, use, at, []);

  const exact = facts.answers.find(({ channel, purpose }) => channel === use.channel && purpose === use.purpose);
  const objection = objectionTo(facts.answers, use, exact);
  if (objection !== undefined) return refuse(sentence(use, objection.reason));
  if (needs === "no-objection") return grant(facts, use, at, exact?.state === "granted" ? exact.entryIds : []);
  if (exact === undefined) return refuse(sentence(use, "not allowed - no consent recorded"));
  if (exact.state !== "granted") return refuse(sentence(use, exact.reason));
  if (facts.address !== null && exact.address !== null && !sameAddress(facts.address, exact.address)) {
    return refuse(sentence(use, "not allowed - the consent is for another address"));
  }
  return grant(facts, use, at, exact.entryIds);
}

/** "E-mail marketing: allowed - confirmed on 3 May 2026 (checkout form)" */
export function consentSentence(answer: ConsentAnswer): string {
  return sentence(answer, answer.reason);
}

/** An answer to the very question has weighed every wider no already. A use over any channel meets a no on each of them. */
function objectionTo(
  answers: readonly ConsentAnswer[],
  use: Use,
  exact: ConsentAnswer | undefined,
): ConsentAnswer | undefined {
  if (exact !== undefined && isNo(exact)) return exact;
  return answers.find((answer) => {
    if (!isNo(answer)) return false;
    if (use.channel === "any" && answer.purpose === use.purpose) return true;
    const covered =
      (answer.channel === use.channel || answer.channel === "any") &&
      (answer.purpose === use.purpose || answer.purpose === "any");
    return covered && exact === undefined;
  });
}

const isNo = (answer: ConsentAnswer): boolean => answer.state === "denied" || answer.state === "withdrawn";

const sameAddress = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();

function grant(facts: ConsentFacts, use: Use, at: string, entryIds: readonly string[]): Grant {
  return issueGrant({
    profileId: facts.profileId,
    uses: [use],
    entryIds,
    rulesVersion: CONSENT_RULES_VERSION,
    decidedAt: at,
  });
}

const refuse = (reason: string): Refused => ({ refused: true, reason });

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
  any: "uses of any kind",
};

const sentence = (use: Use, answer: string): string =>
  `${channelWords[use.channel]} ${purposeWords[use.purpose]}: ${answer}`;

/** Decides several uses of one send together: one grant for all, or the first refusal. No use at all is plain service. */
export function decideAll(facts: ConsentFacts, uses: readonly Use[], at: string): Grant | Refused {
  const asked = uses.length === 0 ? [{ purpose: "service", channel: "any" } as const] : uses;
  const entryIds = new Set<string>();
  for (const use of asked) {
    const decision = decide(facts, use, at);
    if ("refused" in decision) return decision;
    for (const entryId of decision.entryIds) entryIds.add(entryId);
  }
  return issueGrant({
    profileId: facts.profileId,
    uses: asked,
    entryIds: [...entryIds],
    rulesVersion: CONSENT_RULES_VERSION,
    decidedAt: at,
  });
}
