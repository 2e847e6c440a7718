/** The lifecycle as a state machine: which stages there are, and the stretches of days spent in each while nothing happens. */

export const STAGES = [
  "anonymous",
  "lead_new",
  "lead_engaged",
  "lead_open",
  "lead_cold",
  "lead_qualified",
  "customer_new",
  "customer_active",
  "customer_loyal",
  "customer_reactivated",
  "customer_at_risk",
  "customer_lapsed",
  "customer_churned",
  "subscriber_active",
  "subscriber_grace",
  "subscriber_cancelled",
] as const;
export type Stage = (typeof STAGES)[number];

/** A stretch of days in one stage; it ends where the next phase begins. */
export interface Phase {
  /** Day number on which it begins. */
  from: number;
  stage: Stage;
}

/** Drops phases that would begin no earlier than a later one: they never happen. */
export function timeline(phases: readonly Phase[]): Phase[] {
  return phases.filter((phase, index) => phases.slice(index + 1).every((later) => later.from > phase.from));
}

/** The phase of a day and the one after it. Before the first phase (clocks differ) the first one holds. */
export function phaseOn(
  phases: readonly Phase[],
  day: number,
): { current: Phase | undefined; next: Phase | undefined } {
  let index = 0;
  while (index + 1 < phases.length && (phases[index + 1]?.from ?? Infinity) <= day) index += 1;
  return { current: phases[index], next: phases[index + 1] };
}
