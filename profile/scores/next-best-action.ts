/**
 * The next best action: the first play of the ordered playbook that fits and is allowed. "None" is always a candidate.
 * A message needs, in this order: a recorded yes to marketing over its channel, an address, room under the frequency
 * cap. Rule-based: no effect was measured, and the method says so.
 */
import { type Calendar, showDay } from "./calendar.ts";
import { blockedUntil } from "./frequency-cap.ts";
import { CHANNELS, MESSAGE_CHANNELS, type MessageChannel } from "./message-channels.ts";
import { marketingPermission } from "./permission.ts";
import { type Action, ACTION_WORDS, dueDay, PLAYBOOK, type Situation } from "./playbook.ts";
import type { Answer, ProfileFacts, Scoring } from "./types.ts";

interface Candidate {
  action: Action;
  channel: MessageChannel | undefined;
  why: string;
  /** Why it may not be done; null: it may. */
  obstacle: string | null;
}

export function nextBestAction({ facts, lifecycle, calendar, today, context }: Scoring): Answer<Action> {
  const asOfMs = Date.parse(context.asOf);
  const permissionUnknown = MESSAGE_CHANNELS.every(
    (channel) => marketingPermission(facts.consents, channel) === "unknown",
  );
  const situation: Situation = { facts, lifecycle, today, permissionUnknown };
  const changes: number[] = [];
  const candidates: Candidate[] = [];
  for (const { action, channel, fits } of PLAYBOOK) {
    const why = fits(situation);
    if (why === null) continue;
    candidates.push({
      action,
      channel,
      why,
      obstacle: channel === undefined ? null : obstacleTo(facts, channel, calendar, asOfMs, changes),
    });
  }
  const chosenAt = candidates.findIndex(({ obstacle }) => obstacle === null);
  const chosen = candidates[chosenAt];
  // "none" fits everybody and nothing stands in its way.
  if (chosen === undefined) throw new Error("A playbook without a last resort.");
  const due = dueDay(lifecycle);
  if (due !== null && due > today) changes.push(Date.parse(calendar.startOf(due)));
  if (lifecycle.next !== undefined) changes.push(Date.parse(calendar.startOf(lifecycle.next.from)));
  return {
    status: "ok",
    value: chosen.action,
    reasons: reasonsFor(chosen, candidates, chosenAt, due !== null && due > today ? due : null),
    method: "ordered playbook (rule-based, effect not measured)",
    modelVersion: "playbook-1",
    validUntil: changes.length === 0 ? null : new Date(Math.min(...changes)).toISOString(),
  };
}

/** First failing check wins. Notes in `changes` when a cap opens: from then on the answer may differ. */
function obstacleTo(
  facts: ProfileFacts,
  channel: MessageChannel,
  calendar: Calendar,
  asOfMs: number,
  changes: number[],
): string | null {
  const words = CHANNELS[channel].words;
  const permission = marketingPermission(facts.consents, channel);
  if (permission === "refused") return `marketing by ${words} was refused`;
  if (permission === "unknown") return `no valid permission for marketing by ${words} is on record`;
  if (!facts.reachable[CHANNELS[channel].address]) return `no usable address for ${words}`;
  const until = blockedUntil(facts.messages, channel, asOfMs);
  if (until === null) return null;
  changes.push(until);
  return `enough messages were sent; ${words} is possible again from ${showDay(calendar.dayOf(until))}`;
}

/** Why this, why now (what allows it), why not the runner-up. */
function reasonsFor(chosen: Candidate, candidates: Candidate[], chosenAt: number, due: number | null): string[] {
  const { channel } = chosen;
  const blocked = candidates.slice(0, chosenAt).find(({ obstacle }) => obstacle !== null);
  const nothing =
    due === null ? chosen.why : `Nothing is called for before ${showDay(due)}, when the next purchase is due.`;
  const why = chosen.action === "none" ? (blocked === undefined ? nothing : "No other action is allowed.") : chosen.why;
  const now =
    channel === undefined
      ? []
      : [`Marketing by ${CHANNELS[channel].words} is permitted and the limit on messages leaves room.`];
  const runnerUp = blocked ?? candidates.slice(chosenAt + 1).find(({ action }) => action !== "none");
  if (runnerUp === undefined) return [why, ...now];
  const name = `"${ACTION_WORDS[runnerUp.action]}"`;
  const whyNot =
    runnerUp.obstacle === null ? `${name} comes later in the playbook.` : `Not ${name}: ${runnerUp.obstacle}.`;
  return [why, ...now, whyNot];
}
