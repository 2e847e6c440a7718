/** What the consent states of a profile mean for scores. Unknown is not yes. */
import { judge, type KnownAnswer } from "#profile/consent/decide.ts";
import type { MessageChannel } from "./message-channels.ts";

export type MessagePermission = "granted" | "refused" | "unknown";

/** Why no profile may be made of this person; null: it may. Then no score is kept, whatever it would be used for. */
export function obstacleToProfiling(consents: readonly KnownAnswer[]): string | null {
  const { verdict } = judge(consents, { purpose: "personalisation", channel: "any" }, "anywhere");
  if (verdict === "allowed") return null;
  return verdict === "objected"
    ? "This person objected to profiling, so nothing is computed about them."
    : "Profiling needs this person's consent and none is on record, so nothing is computed about them.";
}

/** May we send marketing over this channel, to one of the person's addresses? */
export function marketingPermission(consents: readonly KnownAnswer[], channel: MessageChannel): MessagePermission {
  const { verdict } = judge(consents, { purpose: "marketing", channel }, "anywhere");
  if (verdict === "allowed") return "granted";
  return verdict === "objected" ? "refused" : "unknown";
}
