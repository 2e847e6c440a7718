import { WRITTEN } from "#profile/plan/types.ts";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import type { Twins } from "./running-stack.ts";

/** The name of a connection to a twin; one to a real account has another. */
export const TWIN_CONNECTION = "demo";

/**
 * The plans `npm start` approves by itself: the first of a tool that is a twin. A real account's plan is its owner's to
 * approve, and so is every later one that goes beyond what applies by itself.
 */
export function firstPlansOfTwins(plans: readonly PlanSummary[], twins: Twins | null): PlanSummary[] {
  const isTwin = ({ connector, connection }: PlanSummary) =>
    connection === TWIN_CONNECTION && twins !== null && connector in twins.tools;
  const writtenBefore = new Set(
    plans.filter(({ status }) => WRITTEN.some((written) => written === status)).map((plan) => plan.connectionId),
  );
  return plans.filter((plan) => plan.status === "waiting" && isTwin(plan) && !writtenBefore.has(plan.connectionId));
}
