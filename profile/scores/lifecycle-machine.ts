/**
 * The lifecycle as a state machine: which stages there are and which named moves lead from one to the next. A move has
 * a cause: a fact that came in, or time that passed without one.
 */

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

interface Move {
  cause: "fact" | "time";
  /** `any`: a fact that settles the stage wherever somebody came from. */
  from: readonly Stage[] | "any";
  to: readonly Stage[];
}

const BUYING: readonly Stage[] = ["customer_active", "customer_loyal"];

export const MOVES = {
  never_identified: { cause: "fact", from: "any", to: ["anonymous"] },
  appeared: { cause: "fact", from: "any", to: ["lead_new"] },
  was_active: { cause: "fact", from: "any", to: ["lead_engaged"] },
  deal_opened: { cause: "fact", from: "any", to: ["lead_qualified"] },
  went_quiet: { cause: "time", from: ["lead_new", "lead_engaged"], to: ["lead_open", "lead_new"] },
  went_cold: { cause: "time", from: ["lead_open"], to: ["lead_cold"] },
  first_purchase: { cause: "fact", from: "any", to: ["customer_new"] },
  bought_again: { cause: "fact", from: "any", to: BUYING },
  came_back: { cause: "fact", from: ["customer_lapsed", "customer_churned"], to: ["customer_reactivated"] },
  settled_in: { cause: "time", from: ["customer_new", "customer_reactivated"], to: BUYING },
  became_overdue: {
    cause: "time",
    from: ["customer_new", "customer_reactivated", ...BUYING],
    to: ["customer_at_risk"],
  },
  stayed_away: { cause: "time", from: ["customer_at_risk"], to: ["customer_lapsed"] },
  given_up: { cause: "time", from: ["customer_lapsed", "subscriber_cancelled"], to: ["customer_churned"] },
  subscribed: { cause: "fact", from: "any", to: ["subscriber_active"] },
  payment_failed: { cause: "fact", from: "any", to: ["subscriber_grace"] },
  cancelled: { cause: "fact", from: "any", to: ["subscriber_cancelled"] },
} as const satisfies Record<string, Move>;
export type MoveName = keyof typeof MOVES;

/** A stretch of days in one stage; it ends where the next phase begins. */
export interface Phase {
  /** Day number on which it begins. */
  from: number;
  stage: Stage;
  move: MoveName;
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
