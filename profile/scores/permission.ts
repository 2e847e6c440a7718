/** What the consent states of a profile mean for scores. Unknown is not yes. */
import type { ConsentFact, ProfileFacts } from "./types.ts";

export type MessageChannel = "email" | "sms";
export type MessagePermission = "granted" | "refused" | "unknown";

const isNo = (consent: ConsentFact) => consent.state === "denied" || consent.state === "withdrawn";

/**
 * They said that no profile shall be made of them, over whichever channel: then no score is kept, whatever it would be
 * used for. A no to everything counts too, unless profiling itself was answered since.
 */
export function objectsToProfiling(consents: readonly ConsentFact[]): boolean {
  const profiling = consents.filter(({ purpose }) => purpose === "personalisation");
  if (profiling.some(isNo)) return true;
  const answered = profiling.some(({ channel }) => channel === "any");
  return !answered && consents.some((one) => isNo(one) && one.purpose === "any" && one.channel === "any");
}

/**
 * May we send marketing over this channel? The answer to that very question has weighed every wider no and decides;
 * without one a wider no ("no e-mail at all") forbids. A wider yes allows nothing.
 */
export function marketingPermission(consents: readonly ConsentFact[], channel: MessageChannel): MessagePermission {
  const covering = consents.filter(
    (one) =>
      (one.purpose === "marketing" || one.purpose === "any") && (one.channel === channel || one.channel === "any"),
  );
  const exact = covering.filter((one) => one.purpose === "marketing" && one.channel === channel);
  if ((exact.length === 0 ? covering : exact).some(isNo)) return "refused";
  return exact.some(({ state }) => state === "granted") ? "granted" : "unknown";
}

export function canReach(facts: ProfileFacts, channel: MessageChannel): boolean {
  return channel === "email" ? facts.reachable.email : facts.reachable.phone;
}
