/** What can be done for somebody, in order of precedence: the first entry that fits and is allowed is the next best action. */
import { showDay } from "./calendar.ts";
import type { Stage } from "./lifecycle-machine.ts";
import { type Lifecycle, rhythmSentence, STAGE_WORDS } from "./lifecycle.ts";
import type { MessageChannel } from "./permission.ts";
import type { ProfileFacts } from "./types.ts";

export const ACTIONS = [
  "follow_up_payment",
  "follow_up_deal",
  "reorder_reminder_email",
  "reorder_reminder_sms",
  "winback_email",
  "winback_sms",
  "welcome_back_email",
  "onboarding_email",
  "loyalty_thanks_email",
  "welcome_email",
  "nurture_email",
  "review_manually",
  "ask_permission",
  "none",
] as const;
export type Action = (typeof ACTIONS)[number];

/** Actions as a marketer reads them. */
export const ACTION_WORDS: Record<Action, string> = {
  follow_up_payment: "Follow up on payment",
  follow_up_deal: "Follow up on open deal",
  reorder_reminder_email: "E-mail a reorder reminder",
  reorder_reminder_sms: "Text a reorder reminder",
  winback_email: "E-mail a win-back",
  winback_sms: "Text a win-back",
  welcome_back_email: "E-mail a welcome back",
  onboarding_email: "E-mail an onboarding",
  loyalty_thanks_email: "E-mail a thank-you",
  welcome_email: "E-mail a welcome",
  nurture_email: "E-mail useful content",
  review_manually: "Look at it in person",
  ask_permission: "Ask for permission at the next contact",
  none: "Do nothing now",
};

/** Actions that send a marketing message, and over which channel. */
export const MESSAGE_CHANNEL: Readonly<Partial<Record<Action, MessageChannel>>> = {
  reorder_reminder_email: "email",
  reorder_reminder_sms: "sms",
  winback_email: "email",
  winback_sms: "sms",
  welcome_back_email: "email",
  onboarding_email: "email",
  loyalty_thanks_email: "email",
  welcome_email: "email",
  nurture_email: "email",
};

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
  action: Action;
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
  return rhythm === null ? `${state}.` : `${state}: last order on ${showDay(rhythm.lastDay)}.`;
}

const sinceSentence =
  (...stages: Stage[]) =>
  (situation: Situation): string | null =>
    stageIs(stages, situation)
      ? `${STAGE_WORDS[situation.lifecycle.stage]} since ${showDay(situation.lifecycle.since)}.`
      : null;

export const PLAYBOOK: readonly Play[] = [
  {
    action: "follow_up_payment",
    fits: (s) => (stageIs(["subscriber_grace"], s) ? "The subscription is unpaid or paused." : null),
  },
  { action: "follow_up_deal", fits: ({ facts }) => (facts.openDeals > 0 ? "There is an open deal." : null) },
  { action: "reorder_reminder_email", fits: reorderDue },
  { action: "reorder_reminder_sms", fits: reorderDue },
  { action: "winback_email", fits: leaving },
  { action: "winback_sms", fits: leaving },
  { action: "welcome_back_email", fits: sinceSentence("customer_reactivated") },
  { action: "onboarding_email", fits: sinceSentence("customer_new") },
  { action: "loyalty_thanks_email", fits: sinceSentence("customer_loyal") },
  { action: "welcome_email", fits: sinceSentence("lead_new") },
  { action: "nurture_email", fits: sinceSentence("lead_engaged", "lead_open") },
  {
    action: "review_manually",
    fits: (s) => (s.facts.purchaseDays.length >= REVIEW_PURCHASES ? leaving(s) : null),
  },
  {
    action: "ask_permission",
    fits: (s) => (s.permissionUnknown ? sinceSentence(...MIGHT_BE_ASKED)(s) : null),
  },
  { action: "none", fits: () => "Nothing else is called for." },
];
