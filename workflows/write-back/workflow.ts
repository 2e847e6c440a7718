import {
  allHandlersFinished,
  condition,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setHandler,
  sleep,
} from "@temporalio/workflow";
import type { Activities } from "../activities.ts";
import { HEART_TIMEOUT, namesOf } from "../names.ts";
import { inTurn } from "../priority.ts";
import type { Approval, PlanInput, UndoInput, UndoSummary } from "./messages.ts";

/** Returns when the approval is stored; refused when the digest is not the plan's. */
export const approve = defineUpdate<void, [Approval]>("approve");
export const reject = defineUpdate<void, [string]>("reject");
/** A newer plan took this one's place. */
export const supersede = defineSignal("supersede");

/** Passes over rows the vendor asked us to try again, with growing pauses; what still fails then is reported. */
const RETRY_PAUSES_MS = [5_000, 30_000, 120_000, 600_000];

/** A signal that a newer plan took the place can get lost with the worker that sends it; the database knows. */
const LOOK_AGAIN_AFTER = "1 day";

const engine = proxyActivities<Activities>({
  startToCloseTimeout: "10 minutes",
  heartbeatTimeout: HEART_TIMEOUT,
  retry: { maximumInterval: "1 minute" },
});

type Decision = "waiting" | "approved" | "ended";

/** Waits for approval where the plan needs one, writes in vendor-sized batches, reads back, retries failed rows alone. */
export async function applyPlan(input: PlanInput): Promise<void> {
  let decision: Decision = "waiting";
  // Before anything is awaited: an approval may be there as soon as the workflow is.
  setHandler(approve, async (approval) => {
    await engine.approvePlan(input, approval);
    decision = "approved";
  });
  setHandler(reject, async (actor) => {
    await engine.rejectPlan(input, actor);
    decision = "ended";
  });
  setHandler(supersede, () => {
    decision = "ended";
  });
  for (;;) {
    const stored = await engine.planDecision(input);
    if (decision === "waiting") decision = stored;
    if (decision !== "waiting") break;
    await condition(() => decision !== "waiting", LOOK_AGAIN_AFTER);
  }
  await condition(allHandlersFinished);
  if (decision === "approved") await carryOut(input);
}

/** Puts back what a plan changed wherever the value is still ours. */
export async function undoPlan(input: UndoInput): Promise<UndoSummary> {
  const { undoPlanId } = await engine.beginUndo(input);
  await carryOut({ ...input, planId: undoPlanId, runId: null });
  return { undoPlanId };
}

async function carryOut(input: PlanInput): Promise<void> {
  const vendor = proxyActivities<Activities>({
    taskQueue: namesOf(input.installation).vendorQueue(input.connector),
    startToCloseTimeout: "2 hours",
    heartbeatTimeout: HEART_TIMEOUT,
    retry: { maximumInterval: "5 minutes" },
    priority: inTurn(input.workspaceId),
  });
  const without = await vendor.prepareFields(input);
  for (const pauseMs of [...RETRY_PAUSES_MS, null]) {
    const { retry } = await vendor.applyBatches(input, without);
    if (retry === 0 || pauseMs === null) break;
    await sleep(pauseMs);
  }
  await engine.finishPlan(input);
}
