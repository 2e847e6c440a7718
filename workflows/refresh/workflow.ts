import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import { executeChild, patched, proxyActivities, workflowInfo } from "@temporalio/workflow";
import type { Activities } from "../activities.ts";
import { HEART_TIMEOUT, namesOf } from "../names.ts";
import { lookingForNews, onSchedule } from "../priority.ts";
import { syncStream } from "../sync/workflow.ts";
import { planAndApply } from "./destination.ts";
import { planTools, type PlannedTools } from "./destinations.ts";
import type { Look, News, RefreshInput, RefreshSummary, RunOutcome, RunStarted, StepInput } from "./messages.ts";
import { shareOut } from "./sharing.ts";
import { readStreams } from "./streams.ts";

const engine = proxyActivities<Activities>({
  startToCloseTimeout: "1 hour",
  heartbeatTimeout: HEART_TIMEOUT,
  retry: { maximumInterval: "1 minute" },
});

/**
 * One turn of the loop for one workspace: pull every stream, unify, consent, score, plan, apply what is approved.
 * A stream or a tool that fails or is late is named in the run and does not hold up the others.
 *
 * @param found of a scheduled refresh that need not go through everything
 */
export async function refreshWorkspace(input: RefreshInput, found?: News): Promise<RefreshSummary> {
  const begin = { workspaceId: input.workspaceId, key: workflowInfo().runId };
  const run = await engine.beginRun(found === undefined ? begin : { ...begin, found });
  const step = { ...input, runId: run.runId };
  // Refreshes of 0.1.0 wait for every stream and every tool, however long it takes.
  const inTime = patched("nothing waits for the slowest");
  try {
    const streams = inTime ? await readStreams(input, run) : await readAll(input, run);
    await shareOut(step, engine.resolveIdentities);
    await shareOut(step, engine.refreshConsents);
    await shareOut(step, engine.computeScores);
    const tools = inTime ? await planTools(step, run) : await planAll(step, run);
    const outcome: RunOutcome = { ...streams, failedPlans: tools.failed, latePlans: tools.late };
    // No version of its own: a history of a worker that did not ask says nothing of it, and none is due.
    if (run.pruneDue === true) await engine.pruneWorkspace(step);
    await engine.finishRun({ ...step, ...outcome });
    return { runId: run.runId, ...outcome, plansWaiting: tools.waiting, plansApplied: tools.applied };
  } catch (error) {
    await engine.finishRun({ ...step, interrupted: true });
    throw error;
  }
}

/**
 * What the schedule starts: it ends at once where there is no news, which is what most of them find. Its ids carry a time
 * stamp, so it hands over to the one refresh a workspace may have.
 */
export async function refreshOnSchedule(input: RefreshInput): Promise<void> {
  // Those of 0.1.0 did not look first, and did not say whose they were.
  const look = input.installation === undefined ? null : await lookForNews(input);
  if (look?.outcome === "nothing") return;
  try {
    await executeChild(refreshWorkspace, {
      workflowId: namesOf(input.installation).refresh(input.workspaceId),
      args: look?.outcome === "news" ? [input, look.news] : [input],
      priority: onSchedule(input.workspaceId),
    });
  } catch (error) {
    // One is already running and sees what this one would.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

function lookForNews(input: RefreshInput): Promise<Look> {
  const activities = proxyActivities<Activities>({
    startToCloseTimeout: "2 minutes",
    heartbeatTimeout: HEART_TIMEOUT,
    retry: { maximumInterval: "1 minute" },
    priority: lookingForNews(input.workspaceId),
  });
  return activities.lookForNews(input);
}

async function readAll(
  input: RefreshInput,
  { runId, streams }: RunStarted,
): Promise<Pick<RunOutcome, "failedStreams" | "lateStreams">> {
  const outcomes = await Promise.allSettled(
    streams.map((stream) =>
      executeChild(syncStream, {
        workflowId: namesOf(input.installation).sync(stream.connectionId, stream.stream),
        args: [{ ...input, runId, ...stream }],
      }),
    ),
  );
  return { failedStreams: outcomes.filter(({ status }) => status === "rejected").length, lateStreams: 0 };
}

async function planAll(step: StepInput, { destinations }: RunStarted): Promise<PlannedTools> {
  const plans = await Promise.allSettled(destinations.map((destination) => planAndApply(step, destination)));
  const count = (wanted: "waiting" | "applied") =>
    plans.filter((plan) => plan.status === "fulfilled" && plan.value === wanted).length;
  const failed = plans.filter(({ status }) => status === "rejected").length;
  return { failed, late: 0, waiting: count("waiting"), applied: count("applied") };
}
