/** One pass of the loop with its progress, the demo's first approval, and the summary. */
import { setTimeout as sleep } from "node:timers/promises";
import { databaseTrouble } from "#console/database-trouble.ts";
import { DEMO_WORKSPACE } from "#console/workspaces.ts";
import type { PlanId, RunId, WorkspaceId } from "#profile/ids.ts";
import { BEST_CUSTOMERS } from "#profile/plan/audience.ts";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import type { Database } from "#profile/store/database.ts";
import { createReader } from "#profile/store/views/read.ts";
import type { Run } from "#profile/store/runs.ts";
import { openEngine } from "#workflows/client.ts";
import type { Engine } from "#workflows/client.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { makeUpSchedules } from "#workflows/schedules.ts";
import { grade } from "./demo-shop/grade/grade.ts";
import { readAudience } from "./demo-shop/grade/tools.ts";
import { gradeLines } from "./demo-shop/grade/words.ts";
import { firstPlansOfTwins } from "./first-plans.ts";
import type { Log } from "./log.ts";
import type { StartOptions } from "./options.ts";
import type { RunningStack } from "./running-stack.ts";
import { nextSteps } from "./next-steps.ts";
import { reasonOf, StackError } from "./stack-error.ts";
import { summarise } from "./summary.ts";
import { STUCK_MS, watchRun } from "./watch-run.ts";

export interface LoopPlace {
  deps: Dependencies;
  database: Database;
  stack: RunningStack;
  options: StartOptions;
  log: Log;
  signal: AbortSignal;
}

const APPROVAL_TRIES = 3;

const APPROVER = "npm start (demo)";

const LOOK_EVERY_MS = 100;

/** How far back plans are looked at. */
const PLANS = 1_000;

/** The loop once for every workspace that has something to run; what to do next where none has. */
export async function runLoops(place: LoopPlace): Promise<void> {
  const { deps, stack, signal } = place;
  const { installationId } = await deps.installation.get();
  const engine = await openEngine(stack.temporal, stack.masterKeys, installationId);
  try {
    const workspaces = await deps.connections.listWorkspaces();
    await makeUpSchedules(engine.client, deps);
    let ran = 0;
    for (const { workspaceId, slug } of workspaces) {
      if (signal.aborted) return;
      const usable = (await deps.connections.listConnections(workspaceId)).filter(
        ({ status }) => status !== "paused" && status !== "disconnected",
      );
      if (usable.length === 0 || (slug === DEMO_WORKSPACE && stack.twins === null)) continue;
      ran += 1;
      await runLoop(place, engine, workspaceId, slug);
    }
    if (ran === 0) place.log(nextSteps(stack.dataDir, workspaces));
  } finally {
    await engine.close();
  }
}

async function runLoop(place: LoopPlace, engine: Engine, workspaceId: WorkspaceId, slug: string): Promise<void> {
  const { deps, database, stack, options, log } = place;
  const watching = new AbortController();
  const progress = watchRun(place, workspaceId, watching.signal);
  const turning = (async () => {
    const { runId } = await patiently(place, () => turn(place, engine, workspaceId));
    return patiently(place, () => find(deps, workspaceId, runId));
  })().finally(() => watching.abort());
  const [run] = await Promise.all([turning, progress]);
  const reader = createReader(database);
  const graded = slug === DEMO_WORKSPACE ? await patiently(place, () => gradeDemo(place, workspaceId)) : [];
  const words = await patiently(place, () =>
    summarise({ dependencies: deps, reader, workspaceId, run, stack, graded }),
  );
  log(slug === DEMO_WORKSPACE ? words : `Workspace ${slug}. ${words}`);
  if (run.outcome !== "failed") return;
  const why = run.message ?? "The run failed.";
  if (options.once) throw new StackError(why);
  // A tool that is unreachable today must not take the stack down with it.
  log(`Not everything went well: ${why} The next scheduled run tries again.`);
}

/** A larger shop is graded by `node stack/demo-shop/grade.ts`: all of it is read, here and in the tools. */
const GRADED_CUSTOMERS = 20_000;

async function gradeDemo({ database, stack, options }: LoopPlace, workspaceId: WorkspaceId): Promise<string[]> {
  if (stack.twins === null) return [];
  if (options.customers > GRADED_CUSTOMERS)
    return [`not graded by itself at this size; in a second terminal: node stack/demo-shop/grade.ts`];
  const { tools, control, truthFolder } = stack.twins;
  const twins = Object.fromEntries(Object.entries(tools).map(([tool, { url }]) => [tool, url]));
  try {
    const audience = await readAudience(control, BEST_CUSTOMERS.name);
    return gradeLines(await grade({ database, workspaceId, truthFolder, twins, audience }));
  } catch (error) {
    if (passingTrouble(error) !== null) throw error;
    // What was done is done; that it could not be looked at afterwards ends nothing.
    return [`could not be compared: ${reasonOf(error)}`];
  }
}

const WAIT_MS = 2_000;

/** Repeats it while a server it needs is unreachable; says so once. Ctrl-C ends the wait, and --once does after a while. */
async function patiently<T>({ log, options, signal }: LoopPlace, work: () => Promise<T>): Promise<T> {
  const since = performance.now();
  for (let said = ""; ;) {
    try {
      return await work();
    } catch (error) {
      const trouble = passingTrouble(error);
      if (trouble === null || signal.aborted || (options.once && performance.now() - since > STUCK_MS)) throw error;
      if (trouble !== said) log(`${trouble} Waiting; the run continues by itself.`);
      said = trouble;
    }
    await sleep(WAIT_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Null when waiting would not help. */
function passingTrouble(error: unknown): string | null {
  const database = databaseTrouble(error);
  if (database !== null) return `The database does not answer: ${database}.`;
  const cause = error instanceof Error ? error.cause : undefined;
  for (const each of [error, cause])
    if (each instanceof Error && "code" in each && GRPC_AWAY.has(each.code)) return "Temporal does not answer.";
  return null;
}

/** DEADLINE_EXCEEDED and UNAVAILABLE. */
const GRPC_AWAY = new Set<unknown>([4, 14]);

/** The refresh, and the first plans of the demo's twins; all others are left to a person. */
async function turn(place: LoopPlace, engine: Engine, workspaceId: WorkspaceId) {
  const { deps, stack, options, log } = place;
  const refreshing = { over: false };
  const early = options.approve
    ? approveWhileRefreshing(place, engine, workspaceId, refreshing)
    : Promise.resolve(new Set<PlanId>());
  const summary = await engine.refresh(workspaceId).finally(() => {
    refreshing.over = true;
  });
  const begun = await early;
  const plans = await deps.plans.list(workspaceId, PLANS);
  const ours = options.approve ? firstPlansOfTwins(plans, stack.twins) : [];
  for (const plan of plans.filter(({ status }) => status === "waiting")) {
    if (ours.includes(plan)) log(approving(plan));
    else log(`Waiting for you: ${named(plan)}. Look: npx tributary plan show ${plan.planId}`);
  }
  const approved = plans.filter(({ planId, status }) => begun.has(planId) && status !== "waiting");
  await Promise.all([
    ...approved.map(({ planId }) => engine.finished(planId)),
    ...(ours.length > 0 ? [approveFirst(deps, engine, workspaceId, stack)] : []),
  ]);
  return summary;
}

const named = (plan: PlanSummary) => `the plan for ${plan.connector} (${plan.changes.toLocaleString("en")} records)`;
const approving = (plan: PlanSummary) =>
  `Approving ${named(plan)}: it is the demo's first; --no-approve leaves it to you`;

/**
 * A tool is written to as soon as its plan is there, while the next one is still being planned. What cannot be approved yet,
 * as when nobody carries the plan yet, is tried again, at the latest when the refresh is over.
 */
async function approveWhileRefreshing(
  { deps, stack, log, signal }: LoopPlace,
  engine: Engine,
  workspaceId: WorkspaceId,
  refreshing: { over: boolean },
): Promise<ReadonlySet<PlanId>> {
  const begun = new Set<PlanId>();
  while (!refreshing.over && !signal.aborted) {
    try {
      for (const plan of firstPlansOfTwins(await deps.plans.list(workspaceId, PLANS), stack.twins)) {
        begun.add(plan.planId);
        await engine.approve(plan.planId, APPROVER, plan.digest ?? "");
        log(approving(plan));
      }
    } catch {
      // The refresh goes on; whoever is in trouble says so when it is over.
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return begun;
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
  await engine.approve(plan.planId, APPROVER, plan.digest ?? "");
  await engine.finished(plan.planId);
}

async function find(deps: Dependencies, workspaceId: WorkspaceId, runId: RunId): Promise<Run> {
  const run = (await deps.runs.lastRuns(workspaceId, 20)).find((known) => known.runId === runId);
  if (run === undefined) throw new StackError("The database has no record of the run.");
  return run;
}
