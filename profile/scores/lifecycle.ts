/** The lifecycle stage of a profile: the machine of lifecycle-machine.ts, driven by the profile's facts. */
import { type Calendar, showDay } from "./calendar.ts";
import { phaseOn, timeline, type Phase, type Stage } from "./lifecycle-machine.ts";
import { FIXED_LIMITS, MIN_REPEAT_BUYERS, type Rhythm, rhythmOf } from "./rhythm.ts";
import type { Answer, ProfileFacts, Scoring, ShopBaseline, SubscriptionFact } from "./types.ts";

const NEW_DAYS = 30;
const REACTIVATED_DAYS = 60;
const LOYAL_PURCHASES = 4;
/** Purchase days that make loyal where too few customers allow a comparison of spend. */
const LOYAL_PURCHASES_ALONE = 6;
const ENGAGED_DAYS = 30;
const COLD_DAYS = 90;
const CANCELLED_DAYS = 365;

export interface Lifecycle {
  stage: Stage;
  /** Day number since when. */
  since: number;
  /** What time alone does next; undefined: nothing. */
  next: Phase | undefined;
  rhythm: Rhythm | null;
  /** The subscription that decided; null when none did. */
  subscription: SubscriptionFact | null;
}

/** Where the profile stands on the day, from facts alone: the same facts and day always give the same answer. */
export function lifecycleOf(facts: ProfileFacts, baseline: ShopBaseline, calendar: Calendar, today: number): Lifecycle {
  const rhythm = rhythmOf(facts.purchaseDays, baseline);
  const contract = contractPhases(facts, calendar, rhythm);
  const phases =
    contract?.phases ?? (rhythm === null ? leadPhases(facts, calendar) : customerPhases(facts, baseline, rhythm));
  const { current, next } = phaseOn(timeline(phases), today);
  // Every branch above yields at least one phase.
  if (current === undefined) throw new Error("A profile without a lifecycle phase.");
  return { stage: current.stage, since: current.from, next, rhythm, subscription: contract?.subscription ?? null };
}

/** Paid contracts come first. One that ended speaks only while nothing was bought after it. */
function contractPhases(facts: ProfileFacts, calendar: Calendar, rhythm: Rhythm | null) {
  const named = (...statuses: string[]) => facts.subscriptions.findLast(({ status }) => statuses.includes(status));
  const running = named("active", "trialing");
  if (running !== undefined) {
    return {
      subscription: running,
      phases: [at(calendar.dayOf(running.startedAt), "subscriber_active")],
    };
  }
  const unpaid = named("past_due", "paused");
  if (unpaid !== undefined) {
    return {
      subscription: unpaid,
      phases: [at(calendar.dayOf(unpaid.startedAt), "subscriber_grace")],
    };
  }
  let ended: { subscription: SubscriptionFact; day: number } | null = null;
  for (const subscription of facts.subscriptions) {
    if (subscription.status !== "cancelled") continue;
    const day = endDay(subscription, calendar);
    if (ended === null || day >= ended.day) ended = { subscription, day };
  }
  if (ended === null || (rhythm !== null && rhythm.lastDay > ended.day)) return null;
  const phases = [at(ended.day, "subscriber_cancelled"), at(ended.day + CANCELLED_DAYS + 1, "customer_churned")];
  return { subscription: ended.subscription, phases };
}

/** The day a cancelled subscription ended. */
export function endDay(subscription: SubscriptionFact, calendar: Calendar): number {
  return calendar.dayOf(subscription.endedAt ?? subscription.currentPeriodEnd ?? subscription.startedAt);
}

function customerPhases(facts: ProfileFacts, baseline: ShopBaseline, rhythm: Rhythm): Phase[] {
  const { lastDay, purchases, gapDays } = rhythm;
  const buying: Stage = isLoyal(facts, baseline) ? "customer_loyal" : "customer_active";
  const tail = [
    at(lastDay + rhythm.atRiskFrom, "customer_at_risk"),
    at(lastDay + rhythm.lapsedFrom, "customer_lapsed"),
    at(lastDay + rhythm.churnedFrom, "customer_churned"),
  ];
  if (purchases === 1) {
    const settled = at(lastDay + Math.max(NEW_DAYS, gapDays) + 1, buying);
    return [at(lastDay, "customer_new"), settled, ...tail];
  }
  const before = rhythmOf(facts.purchaseDays, baseline, purchases - 1);
  if (before !== null && lastDay - before.lastDay >= before.lapsedFrom) {
    const settled = at(lastDay + REACTIVATED_DAYS + 1, buying);
    return [at(lastDay, "customer_reactivated"), settled, ...tail];
  }
  return [at(lastDay, buying), ...tail];
}

function isLoyal({ purchaseDays }: ProfileFacts, { topSpendMinor }: ShopBaseline): boolean {
  if (topSpendMinor === null) return purchaseDays.length >= LOYAL_PURCHASES_ALONE;
  if (purchaseDays.length < LOYAL_PURCHASES) return false;
  return purchaseDays.reduce((sum, { netMinor }) => sum + netMinor, 0) >= topSpendMinor;
}

function leadPhases(facts: ProfileFacts, calendar: Calendar): Phase[] {
  const seen = calendar.dayOf(facts.firstSeenAt);
  if (facts.openDeals > 0) return [at(seen, "lead_qualified")];
  if (!facts.hasIdentifier) return [at(seen, "anonymous")];
  const active = facts.lastActivityAt === null ? null : calendar.dayOf(facts.lastActivityAt);
  const newest = Math.max(seen, active ?? seen);
  const open = at(newest + ENGAGED_DAYS + 1, "lead_open");
  const cold = at(newest + COLD_DAYS + 1, "lead_cold");
  if (active === null) return [at(seen, "lead_new"), open, cold];
  const engaged = at(active, "lead_engaged");
  // Activity can be older than the first record of somebody (an imported history).
  return [engaged, at(active + ENGAGED_DAYS + 1, active < seen ? "lead_new" : "lead_open"), open, cold];
}

const at = (from: number, stage: Stage): Phase => ({ from, stage });

export function lifecycleStage({ lifecycle, context: { baseline }, calendar }: Scoring): Answer<Stage> {
  const { rhythm, next, stage } = lifecycle;
  const fixed = rhythm?.basis === "fixed" && lifecycle.subscription === null;
  const reasons = stageReasons(lifecycle, calendar, baseline);
  return {
    status: fixed || stage === "anonymous" ? "low_confidence" : "ok",
    value: stage,
    reasons: fixed ? [...reasons.slice(0, 2), FIXED_LIMITS_NOTE] : reasons,
    method: fixed
      ? "lifecycle state machine, fixed day limits"
      : "lifecycle state machine, the shop's own purchase rhythm",
    modelVersion: "lifecycle-1",
    validUntil: next === undefined ? null : calendar.startOf(next.from),
  };
}

/** An order that was not paid, or given back in full, is none. */
const NO_PURCHASE = "No purchase yet that was paid and kept";

export const FIXED_LIMITS_NOTE =
  `Fewer than ${MIN_REPEAT_BUYERS} repeat buyers are too few to learn the shop's rhythm: fixed limits of ` +
  `${FIXED_LIMITS.atRisk}, ${FIXED_LIMITS.lapsed} and ${FIXED_LIMITS.churned} days are used.`;

/** `Expected to buy every 35 days; last purchase on 12 Sep 2026.` The gap is drawn towards the shop's: no habit is claimed. */
export function rhythmSentence({ basis, gapDays, purchases, lastDay }: Rhythm): string {
  const last = `last purchase on ${showDay(lastDay)}.`;
  if (basis === "own") return `Expected to buy every ${gapDays} days; ${last}`;
  if (purchases > 1) return `Bought on ${purchases} days; ${last}`;
  if (basis === "fixed") return `Bought on one day so far, ${showDay(lastDay)}.`;
  return `Bought on one day so far, ${showDay(lastDay)}; repeat buyers here usually come back within ${gapDays} days.`;
}

function stageReasons(lifecycle: Lifecycle, calendar: Calendar, baseline: ShopBaseline): string[] {
  const { stage, since, next, rhythm, subscription } = lifecycle;
  if (subscription !== null) return subscriptionReasons(stage, since, subscription, calendar);
  if (rhythm === null) return leadReasons(stage, since, next);
  const outlook =
    next === undefined ? [] : [`${STAGE_WORDS[next.stage]} from ${showDay(next.from)} without another purchase.`];
  switch (stage) {
    case "customer_loyal":
      return [rhythmSentence(rhythm), loyalSentence(rhythm, baseline), ...outlook];
    case "customer_reactivated":
      return [`Came back on ${showDay(since)} after a long silence.`, ...outlook];
    case "customer_at_risk":
    case "customer_lapsed":
    case "customer_churned":
      return [rhythmSentence(rhythm), `${STAGE_WORDS[stage]} since ${showDay(since)}.`, ...outlook];
    default:
      return [rhythmSentence(rhythm), ...outlook];
  }
}

const loyalSentence = ({ purchases }: Rhythm, { topSpendMinor }: ShopBaseline) =>
  topSpendMinor === null
    ? `Bought on ${purchases} days.`
    : `Bought on ${purchases} days and spent as much as the top fifth of frequent buyers.`;

function subscriptionReasons(
  stage: Stage,
  since: number,
  subscription: SubscriptionFact,
  calendar: Calendar,
): string[] {
  const started = showDay(calendar.dayOf(subscription.startedAt));
  if (stage === "subscriber_active") return [`Has a running subscription since ${started}.`];
  if (stage === "subscriber_grace") return [`The subscription of ${started} is unpaid or paused.`];
  const ended = `The subscription ended on ${showDay(endDay(subscription, calendar))} and nothing was bought and kept since.`;
  return stage === "subscriber_cancelled" ? [ended] : [ended, `Churned since ${showDay(since)}.`];
}

function leadReasons(stage: Stage, since: number, next: Phase | undefined): string[] {
  const outlook = next === undefined ? [] : [`${STAGE_WORDS[next.stage]} from ${showDay(next.from)} without activity.`];
  switch (stage) {
    case "lead_qualified":
      return [`${NO_PURCHASE}, and an open deal.`];
    case "lead_engaged":
      return [`${NO_PURCHASE}; last active on ${showDay(since)}.`, ...outlook];
    case "lead_cold":
      return [`${NO_PURCHASE} and no activity for more than ${COLD_DAYS} days; cold since ${showDay(since)}.`];
    case "anonymous":
      return ["No e-mail address, phone number or account that tells who this is."];
    default:
      return [`${NO_PURCHASE}; ${STAGE_WORDS[stage].toLowerCase()} since ${showDay(since)}.`, ...outlook];
  }
}

/** Stages as a marketer reads them. */
export const STAGE_WORDS: Record<Stage, string> = {
  anonymous: "Anonymous",
  lead_new: "New lead",
  lead_engaged: "Engaged lead",
  lead_open: "Open lead",
  lead_cold: "Cold lead",
  lead_qualified: "Qualified lead",
  customer_new: "New customer",
  customer_active: "Active customer",
  customer_loyal: "Loyal customer",
  customer_reactivated: "Reactivated customer",
  customer_at_risk: "At risk",
  customer_lapsed: "Lapsed",
  customer_churned: "Churned",
  subscriber_active: "Active subscriber",
  subscriber_grace: "Subscriber with unpaid or paused subscription",
  subscriber_cancelled: "Cancelled subscriber",
};
