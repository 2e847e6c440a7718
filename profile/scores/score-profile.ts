/** All scores of one profile. Pure: facts and context in, answers out. */
import { TRAITS } from "#profile/traits.ts";
import { calendarOf } from "./calendar.ts";
import { overdueOf } from "./churn-risk.ts";
import { lifecycleOf } from "./lifecycle.ts";
import { obstacleToProfiling } from "./permission.ts";
import type { Answer, ProfileFacts, Score, ScoreContext, Scoring } from "./types.ts";

/** Always one answer per trait, in the order of the table; some may be refusals. */
export function scoreProfile(facts: ProfileFacts, context: ScoreContext): Score<unknown>[] {
  const obstacle = obstacleToProfiling(facts.consents);
  if (obstacle !== null) return TRAITS.map(({ name }) => ({ name, ...withheld(obstacle) }));
  const calendar = calendarOf(context.timeZone);
  const today = calendar.dayOf(Date.parse(context.asOf));
  const lifecycle = lifecycleOf(facts, context.baseline, calendar, today);
  const overdue = overdueOf(lifecycle, calendar, today);
  const scoring: Scoring = { facts, context, calendar, today, lifecycle, overdue };
  return TRAITS.map(({ name, compute }) => ({ name, ...compute(scoring) }));
}

const withheld = (reason: string): Answer<never> => ({
  status: "refused",
  value: null,
  reasons: [reason],
  method: "none",
  modelVersion: "objection-1",
  validUntil: null,
});

/** When the profile must be looked at again although nothing new came in; null: never. */
export function dueAt(scores: readonly Score<unknown>[]): string | null {
  let earliest: string | null = null;
  for (const { validUntil } of scores) {
    if (validUntil !== null && (earliest === null || validUntil < earliest)) earliest = validUntil;
  }
  return earliest;
}
