import type { PlanSummary } from "#profile/store/plans-rows.ts";
import type { Twins } from "./running-stack.ts";

/**
 * The plans `npm start` approves by itself: the first of a tool that is a twin. A real account's plan is its owner's to
 * approve, and so is every later one that goes beyond what applies by itself.
 */
export function firstPlansOfTwins(plans: readonly PlanSummary[], twins: Twins | null): PlanSummary[] {
  const isTwin = (connector: string) =>
    (connector === "hubspot" && Boolean(twins?.hubspot)) || (connector === "stripe" && Boolean(twins?.stripe));
  const writtenBefore = new Set(
    plans
      .filter(({ status }) => status === "applied" || status === "applied_with_failures")
      .map((plan) => plan.connectionId),
  );
  return plans.filter(
    ({ status, connector, connectionId }) =>
      status === "waiting" && isTwin(connector) && !writtenBefore.has(connectionId),
  );
}
