/** One pass of the loop with its progress, the demo's first approval, and the summary. */
import { setTimeout as sleep } from "node:timers/promises";
import { createLogger } from "#logger.ts";
import { workspaceIdOf } from "#profile/ids.ts";
import type { RunId, WorkspaceId } from "#profile/ids.ts";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import { createReader } from "#profile/store/views/read.ts";
import type { Run } from "#profile/store/runs.ts";
import { openEngine } from "#workflows/client.ts";
import type { Engine } from "#workflows/client.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { reconcileSchedules } from "#workflows/schedules.ts";
import { firstPlansOfTwins } from "./first-plans.ts";
import type { Log } from "./log.ts";
import type { StartOptions } from "./options.ts";
import type { RunningStack } from "./running-stack.ts";
import { StackError } from "./stack-error.ts";
import { describeStep, summarise } from "./summary.ts";

type LoopOptions = StartOptions & { log: Log; signal: AbortSignal };

const POLL_MS = 250;

const APPROVAL_TRIES = 3;

/** How far back plans are looked at. */
const PLANS = 1_000;

/** A long step says where it is this often. */
const SHOW_EVERY_MS = 3_000;

/** Without any progress for so long, `--once` gives up and says what it waits for. */
const STUCK_MS = 180_000;

export async function runLoop(stack: RunningStack, options: LoopOptions): Promise<void> {
  const log = createLogger({ name: "start", level: options.verbose ? "debug" : "warn" });
  const { dependencies, database, close } = createDependencies(stack, log);
  const engine = await openEngine(stack.temporal, stack.masterKeys);
  const workspaceId = workspaceIdOf("demo");
  try {
    await reconcileSchedules(engine.client, await dependencies.connections.listWorkspaces());
    const watching = new AbortController();
    const progress = watch(dependencies, workspaceId, options, watching.signal);
    const work = turn(dependencies, engine, workspaceId, stack, options).finally(() => watching.abort());
    await Promise.all([work, progress]);
    const { runId } = await work;
    const run = await find(dependencies, workspaceId, runId);
    options.log(await summarise({ dependencies, reader: createReader(database), workspaceId, run, stack }));
    if (run.outcome === "failed") throw new StackError(run.message ?? "The run failed.");
  } finally {
    await engine.close();
    await close();
  }
}

/** The refresh, then the first plans of the demo's twins; all others are left to a person. */
async function turn(
  deps: Dependencies,
  engine: Engine,
  workspaceId: WorkspaceId,
  stack: RunningStack,
  options: LoopOptions,
) {
  const summary = await engine.refresh(workspaceId);
  const plans = await deps.plans.list(workspaceId, PLANS);
  const ours = options.approve ? firstPlansOfTwins(plans, stack.twins) : [];
  for (const plan of plans.filter(({ status }) => status === "waiting")) {
    const what = `the plan for ${plan.connector} (${plan.changes.toLocaleString("en")} records)`;
    if (!ours.includes(plan)) options.log(`Waiting for you: ${what}. Look: npx tributary plan show ${plan.planId}`);
    else options.log(`Approving ${what}: it is the demo's first; --no-approve leaves it to you`);
  }
  if (ours.length > 0) await approveFirst(deps, engine, workspaceId, stack);
  return summary;
}

/** A refresh on schedule may put a newer plan in the place of one being approved: then that one is approved. */
async function approveFirst(
  deps: Dependencies,
  engine: Engine,
  workspaceId: WorkspaceId,
  stack: RunningStack,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const plans = firstPlansOfTwins(await deps.plans.list(workspaceId, PLANS), stack.twins);
    const outcomes = await Promise.allSettled(plans.map((plan) => approveAndWait(engine, plan)));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return;
    if (tries === APPROVAL_TRIES) throw failed.reason;
    await engine.refresh(workspaceId);
  }
}

async function approveAndWait(engine: Engine, plan: PlanSummary): Promise<void> {
  await engine.approve(plan.planId, "npm start (demo)", plan.digest ?? "");
  await engine.finished(plan.planId);
}

/** Prints each step of the run under way when it ends, long ones in between too. */
async function watch(
  deps: Dependencies,
  workspaceId: WorkspaceId,
  { log, once }: LoopOptions,
  signal: AbortSignal,
): Promise<void> {
  const printed = new Map<string, { line: string; shownAt: number }>();
  let lastNews = performance.now();
  const since = new Date(Date.now() - 1_000);
  const look = async () => {
    const [run] = await deps.runs.lastRuns(workspaceId, 1);
    if (run === undefined || run.startedAt < since) return;
    for (const step of run.steps) {
      const line = describeStep(step);
      if (printed.get(step.step)?.line === line) continue;
      lastNews = performance.now();
      const shownAt = printed.get(step.step)?.shownAt ?? lastNews;
      // Short steps show once, at their end; long ones every few seconds.
      const show = step.finishedAt !== null || lastNews - shownAt > SHOW_EVERY_MS;
      if (show) log(line);
      printed.set(step.step, { line, shownAt: show ? lastNews : shownAt });
    }
  };
  while (!signal.aborted) {
    await look();
    if (once && performance.now() - lastNews > STUCK_MS) throw new StackError(await stuck(deps, workspaceId));
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  await look();
}

async function stuck(deps: Dependencies, workspaceId: WorkspaceId): Promise<string> {
  const connections = await deps.connections.listConnections(workspaceId);
  const said = connections.flatMap(({ name, statusReason }) =>
    statusReason === null ? [] : [`${name}: ${statusReason}`],
  );
  return `Nothing moved for ${STUCK_MS / 60_000} minutes. ${said.join(" ")} Logs are in the data directory; \`npx tributary status\` names what fails.`;
}

async function find(deps: Dependencies, workspaceId: WorkspaceId, runId: RunId): Promise<Run> {
  const run = (await deps.runs.lastRuns(workspaceId, 20)).find((known) => known.runId === runId);
  if (run === undefined) throw new StackError("The run left no trace in the database.");
  return run;
}
