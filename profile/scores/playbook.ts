/** What can be done for somebody, in order of precedence: the first entry that fits and is allowed is the next best action. */
import { showDay } from "./calendar.ts";
import type { Stage } from "./lifecycle-machine.ts";
import { type Lifecycle, rhythmSentence, STAGE_WORDS } from "./lifecycle.ts";
import type { MessageChannel } from "./message-channels.ts";
import type { ProfileFacts } from "./types.ts";

/** Purchase days from which a person is worth somebody's own time. */
const REVIEW_PURCHASES = 4;
const BUYING: readonly Stage[] = ["customer_active", "customer_loyal"];
const LEAVING: readonly Stage[] = ["customer_at_risk", "customer_lapsed", "subscriber_cancelled"];
const MIGHT_BE_ASKED: readonly Stage[] = [
  ...BUYING,
  ...LEAVING,
  "customer_new",
  "customer_reactivated",
  "lead_engaged",
];

export interface Situation {
  facts: ProfileFacts;
  lifecycle: Lifecycle;
  /** Day number. */
  today: number;
  /** Nobody has said yes or no to marketing by e-mail or text. */
  permissionUnknown: boolean;
}

interface Play {
  action: string;
  /** As a marketer reads it. */
  words: string;
  /** It sends a marketing message over this channel. */
  channel?: MessageChannel;
  /** Why it fits this person, as a sentence true on any day it fits; null: it does not. */
  fits(situation: Situation): string | null;
}

const stageIs = (stages: readonly Stage[], { lifecycle }: Situation) => stages.includes(lifecycle.stage);

/** The day the next order is expected, for people who have a rhythm of their own. */
export function dueDay({ rhythm, stage }: Lifecycle): number | null {
  if (rhythm === null || rhythm.basis !== "own" || !BUYING.includes(stage)) return null;
  return rhythm.lastDay + rhythm.gapDays;
}

function reorderDue({ lifecycle, today }: Situation): string | null {
  const due = dueDay(lifecycle);
  if (due === null || lifecycle.rhythm === null || today < due) return null;
  return `${rhythmSentence(lifecycle.rhythm).slice(0, -1)}, so the next one was due by ${showDay(due)}.`;
}

function leaving(situation: Situation): string | null {
  if (!stageIs(LEAVING, situation)) return null;
  const { stage, since, rhythm } = situation.lifecycle;
  const state = `${STAGE_WORDS[stage]} since ${showDay(since)}`;
  return rhythm === null ? `${state}.` : `${state}: last purchase on ${showDay(rhythm.lastDay)}.`;
}

const sinceSentence =
  (...stages: Stage[]) =>
  (situation: Situation): string | null =>
    stageIs(stages, situation)
      ? `${STAGE_WORDS[situation.lifecycle.stage]} since ${showDay(situation.lifecycle.since)}.`
      : null;

const PLAYS = [
  {
    action: "follow_up_payment",
    words: "Follow up on payment",
    fits: (s) => (stageIs(["subscriber_grace"], s) ? "The subscription is unpaid or paused." : null),
  },
  {
    action: "follow_up_deal",
    words: "Follow up on open deal",
    fits: ({ facts }) => (facts.openDeals > 0 ? "There is an open deal." : null),
  },
  { action: "reorder_reminder_email", words: "E-mail a reorder reminder", channel: "email", fits: reorderDue },
  { action: "reorder_reminder_sms", words: "Text a reorder reminder", channel: "sms", fits: reorderDue },
  { action: "winback_email", words: "E-mail a win-back message", channel: "email", fits: leaving },
  { action: "winback_sms", words: "Text a win-back message", channel: "sms", fits: leaving },
  {
    action: "welcome_back_email",
    words: "E-mail a welcome back",
    channel: "email",
    fits: sinceSentence("customer_reactivated"),
  },
  {
    action: "onboarding_email",
    words: "E-mail an onboarding message",
    channel: "email",
    fits: sinceSentence("customer_new"),
  },
  {
    action: "loyalty_thanks_email",
    words: "E-mail a thank-you",
    channel: "email",
    fits: sinceSentence("customer_loyal"),
  },
  { action: "welcome_email", words: "E-mail a welcome", channel: "email", fits: sinceSentence("lead_new") },
  {
    action: "nurture_email",
    words: "E-mail useful content",
    channel: "email",
    fits: sinceSentence("lead_engaged", "lead_open"),
  },
  {
    action: "review_manually",
    words: "Review manually",
    fits: (s) => (s.facts.purchaseDays.length >= REVIEW_PURCHASES ? leaving(s) : null),
  },
  {
    action: "ask_permission",
    words: "Ask for permission at the next contact",
    fits: (s) => (s.permissionUnknown ? sinceSentence(...MIGHT_BE_ASKED)(s) : null),
  },
  { action: "none", words: "Do nothing now", fits: () => "Nothing else is called for." },
] as const satisfies readonly Play[];

export type Action = (typeof PLAYS)[number]["action"];

export const PLAYBOOK: readonly (Play & { action: Action })[] = PLAYS;

export const ACTION_WORDS = Object.fromEntries(PLAYS.map(({ action, words }) => [action, words])) as Record<
  Action,
  string
>; // one entry per play

const channels = new Map<unknown, MessageChannel | undefined>(PLAYBOOK.map(({ action, channel }) => [action, channel]));

/** The channel over which an action sends; undefined: it sends nothing, or is no action. */
export const messageChannelOf = (action: unknown): MessageChannel | undefined => channels.get(action);
