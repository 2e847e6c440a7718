import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import {
  ParentClosePolicy,
  executeChild,
  getExternalWorkflowHandle,
  proxyActivities,
  startChild,
  workflowInfo,
} from "@temporalio/workflow";
import type { PlanId, RunId } from "#profile/ids.ts";
import type { Activities } from "../activities.ts";
import { HEART_TIMEOUT, planWorkflowId, refreshId, syncId, vendorQueue } from "../names.ts";
import { syncStream } from "../sync/workflow.ts";
import { applyPlan, supersede } from "../write-back/workflow.ts";
import type {
  BuiltPlan,
  Destination,
  RefreshInput,
  RefreshSummary,
  RunStarted,
  StepInput,
  StreamToSync,
} from "./messages.ts";

const engine = proxyActivities<Activities>({
  startToCloseTimeout: "1 hour",
  heartbeatTimeout: HEART_TIMEOUT,
  retry: { maximumInterval: "1 minute" },
});

/**
 * One turn of the loop for one workspace: pull every stream, unify, consent, score, plan, apply what is approved.
 * A stream or a tool that fails is named in the run and does not hold up the others.
 */
export async function refreshWorkspace(input: RefreshInput): Promise<RefreshSummary> {
  const run = await engine.beginRun({ workspaceId: input.workspaceId, key: workflowInfo().runId });
  const step = { workspaceId: input.workspaceId, runId: run.runId };
  try {
    const failedStreams = await syncAll(input, run);
    await engine.resolveIdentities(step);
    await engine.refreshConsents(step);
    await engine.computeScores(step);
    const plans = await Promise.allSettled(run.destinations.map((destination) => planAndApply(step, destination)));
    const count = (wanted: "waiting" | "applied") =>
      plans.filter((plan) => plan.status === "fulfilled" && plan.value === wanted).length;
    const failedPlans = plans.filter(({ status }) => status === "rejected").length;
    await engine.finishRun({ ...step, failedStreams, failedPlans });
    const [plansWaiting, plansApplied] = [count("waiting"), count("applied")];
    return { runId: run.runId, failedStreams, failedPlans, plansWaiting, plansApplied };
  } catch (error) {
    await engine.finishRun({ ...step, interrupted: true });
    throw error;
  }
}

/** What the schedule starts: its ids carry a time stamp, so it hands over to the one refresh a workspace may have. */
export async function refreshOnSchedule(input: RefreshInput): Promise<void> {
  try {
    await executeChild(refreshWorkspace, { workflowId: refreshId(input.workspaceId), args: [input] });
  } catch (error) {
    // One is already running and sees what this one would.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

async function syncAll(input: RefreshInput, run: RunStarted): Promise<number> {
  const outcomes = await Promise.allSettled(run.streams.map((stream) => syncOne(input, run.runId, stream)));
  return outcomes.filter((outcome) => outcome.status === "rejected").length;
}

async function syncOne(input: RefreshInput, runId: RunId, stream: StreamToSync): Promise<void> {
  await executeChild(syncStream, {
    workflowId: syncId(stream.connectionId, stream.stream),
    args: [{ workspaceId: input.workspaceId, runId, ...stream }],
  });
}

async function planAndApply(step: StepInput, destination: Destination): Promise<"none" | "waiting" | "applied"> {
  const vendor = proxyActivities<Activities>({
    taskQueue: vendorQueue(destination.connector),
    startToCloseTimeout: "1 hour",
    heartbeatTimeout: HEART_TIMEOUT,
    retry: { maximumInterval: "5 minutes" },
    priority: { fairnessKey: destination.connectionId },
  });
  const built: BuiltPlan = await vendor.buildPlan({ ...step, ...destination });
  if (built.supersededPlanId !== null) {
    // Best effort: the store already refuses to apply it.
    await getExternalWorkflowHandle(planWorkflowId(built.supersededPlanId))
      .signal(supersede)
      .catch(() => undefined);
  }
  if (built.planId === null || built.status === "none" || built.status === "empty") return "none";
  const plan = await startOrNull(step, built.planId, destination);
  if (built.status === "waiting") return "waiting";
  await plan?.result();
  return "applied";
}

async function startOrNull(step: StepInput, planId: PlanId, destination: Destination) {
  try {
    return await startChild(applyPlan, {
      workflowId: planWorkflowId(planId),
      args: [{ ...step, planId, ...destination }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
  } catch (error) {
    // It has been waiting for approval since an earlier run.
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}
