/** All first-version scores of one profile. Pure: facts and context in, answers out. */
import { calendarOf } from "./calendar.ts";
import { churnScores } from "./churn-risk.ts";
import { lifecycleOf, lifecycleScore } from "./lifecycle.ts";
import { nextBestAction } from "./next-best-action.ts";
import { objectsToProfiling } from "./permission.ts";
import type { ProfileFacts, Score, ScoreContext, TraitName } from "./types.ts";

const TRAITS: readonly TraitName[] = ["lifecycle_stage", "churn_risk", "churn_risk_band", "next_best_action"];

/** Always one answer per trait, in the same order; some may be refusals. */
export function scoreProfile(facts: ProfileFacts, context: ScoreContext): Score<unknown>[] {
  if (objectsToProfiling(facts.consents)) return TRAITS.map(objection);
  const calendar = calendarOf(context.timeZone);
  const asOfMs = Date.parse(context.asOf);
  const today = calendar.dayOf(asOfMs);
  const lifecycle = lifecycleOf(facts, context.baseline, calendar, today);
  return [
    lifecycleScore(lifecycle, context, calendar),
    ...churnScores(lifecycle, calendar, today),
    nextBestAction(facts, lifecycle, calendar, today, asOfMs),
  ];
}

function objection(name: TraitName): Score<unknown> {
  return {
    name,
    status: "refused",
    value: null,
    reasons: ["This person objected to profiling, so nothing is computed about them."],
    method: "none",
    modelVersion: "objection-1",
    validUntil: null,
  };
}

/** When the profile must be looked at again although nothing new came in; null: never. */
export function dueAt(scores: readonly Score<unknown>[]): string | null {
  let earliest: string | null = null;
  for (const { validUntil } of scores) {
    if (validUntil !== null && (earliest === null || validUntil < earliest)) earliest = validUntil;
  }
  return earliest;
}
