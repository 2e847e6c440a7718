/** Plans that were begun and that nobody gets on with. Temporal is asked only where a plan is under way at all. */
import type { Workspace } from "#profile/store/connections.ts";
import type { PlanStore } from "#profile/store/plan/store.ts";
import type { Engine } from "#workflows/client.ts";
import { count } from "./output.ts";

export interface HeldUp {
  planId: string;
  connector: string;
  says: string;
  todo: string;
}

/** @param open opens the engine; closing it is the caller's */
export async function heldUpPlans(
  plans: Pick<PlanStore, "underWay">,
  workspaceId: Workspace["workspaceId"],
  open: () => Promise<Engine>,
): Promise<HeldUp[]> {
  const underWay = await plans.underWay(workspaceId);
  if (underWay.length === 0) return [];
  const found = await (await open()).heldUp(workspaceId, underWay);
  return found.map(({ plan, says }) => {
    const { planId, connector, changes, open: left } = plan;
    return {
      ...{ planId, connector },
      says: `${count(changes - left)} of ${count(changes)} records are done and ${says}`,
      todo: `\`tributary plan retry ${planId}\` looks what the tool holds and does the rest`,
    };
  });
}
