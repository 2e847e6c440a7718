import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import { ParentClosePolicy, getExternalWorkflowHandle, proxyActivities, startChild } from "@temporalio/workflow";
import type { Activities } from "../activities.ts";
import { HEART_TIMEOUT, namesOf, planWorkflowId } from "../names.ts";
import type { PlanInput } from "../write-back/messages.ts";
import { inTurn } from "../priority.ts";
import { applyPlan, supersede } from "../write-back/workflow.ts";
import type { BuiltPlan, Destination, StepInput } from "./messages.ts";

export type Planned = "none" | "waiting" | "applied";

/** Plans for one tool and carries out what needs no approval; goes on by itself when the refresh has stopped waiting. */
export function planDestination(input: StepInput & Destination): Promise<Planned> {
  const { connectionId, connector, ...step } = input;
  return planAndApply(step, { connectionId, connector });
}

export async function planAndApply(step: StepInput, destination: Destination): Promise<Planned> {
  const vendor = proxyActivities<Activities>({
    taskQueue: namesOf(step.installation).vendorQueue(destination.connector),
    startToCloseTimeout: "1 hour",
    // Past a daily limit's reset; then the next refresh tries anew, and keeps what was compared.
    scheduleToCloseTimeout: "26 hours",
    heartbeatTimeout: HEART_TIMEOUT,
    retry: { maximumInterval: "5 minutes" },
    priority: inTurn(step.workspaceId),
  });
  const built: BuiltPlan = await vendor.buildPlan({ ...step, ...destination });
  if (built.supersededPlanId !== null) {
    // Best effort: the store already refuses to apply it.
    await getExternalWorkflowHandle(planWorkflowId(built.supersededPlanId))
      .signal(supersede)
      .catch(() => undefined);
  }
  if (built.planId === null || built.status === "none" || built.status === "empty") return "none";
  const plan = await startOrNull({ ...step, planId: built.planId, ...destination });
  if (built.status === "waiting") return "waiting";
  await plan?.result();
  return "applied";
}

async function startOrNull(input: PlanInput) {
  try {
    return await startChild(applyPlan, {
      workflowId: planWorkflowId(input.planId),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
  } catch (error) {
    // It has been waiting for approval since an earlier run.
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}
