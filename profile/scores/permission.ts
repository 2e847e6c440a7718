/** What the consent states of a profile mean for scores. Unknown is not yes. */
import type { ConsentFact, ProfileFacts } from "./types.ts";

export type MessageChannel = "email" | "sms";
export type MessagePermission = "granted" | "refused" | "unknown";

const isNo = (consent: ConsentFact) => consent.state === "denied" || consent.state === "withdrawn";

/** They said that no profile shall be made of them: then no score is kept, whatever it would be used for. */
export function objectsToProfiling(consents: readonly ConsentFact[]): boolean {
  return consents.some(
    (consent) =>
      isNo(consent) &&
      (consent.purpose === "personalisation" || (consent.purpose === "any" && consent.channel === "any")),
  );
}

/**
 * May we send marketing over this channel? A no covers every narrower use ("no e-mail at all" forbids marketing by
 * e-mail); a yes covers only what it names.
 */
export function marketingPermission(consents: readonly ConsentFact[], channel: MessageChannel): MessagePermission {
  let granted = false;
  for (const consent of consents) {
    const coversPurpose = consent.purpose === "marketing" || consent.purpose === "any";
    const coversChannel = consent.channel === channel || consent.channel === "any";
    if (!coversPurpose || !coversChannel) continue;
    if (isNo(consent)) return "refused";
    granted ||= consent.state === "granted" && consent.purpose === "marketing" && consent.channel === channel;
  }
  return granted ? "granted" : "unknown";
}

export function canReach(facts: ProfileFacts, channel: MessageChannel): boolean {
  return channel === "email" ? facts.reachable.email : facts.reachable.phone;
}
