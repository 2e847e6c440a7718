/** A plan whose workflow is gone in the middle of writing. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import { runCli } from "#tests/console/run-cli.ts";
import { zoneOfNoon } from "#tests/support/disturbance.ts";
import { differences, endState, type EndState } from "#tests/support/end-state.ts";
import { approveAll, runWorkers, startTestLoop, type TestLoop, type TestLoopOptions } from "#tests/support/loop.ts";
import { smallShop } from "#tests/support/people.ts";
import { startWorkerProcess } from "#tests/support/worker-process.ts";
import { planWorkflowId, undoWorkflowId } from "#workflows/names.ts";

const NOW = Date.now();
/** Stripe takes one in a call. */
const CUSTOMERS = 150;
/** The calls under way when the worker dies are taken in by the tool only then. */
const LATE_MS = 2_000;

const writesOf = ({ stripe }: TestLoop) =>
  [...stripe.requests].reduce(
    (sum, [operation, count]) => (operation.startsWith("POST /v1/customers/") ? sum + count : sum),
    0,
  );

async function begin(options: Pick<TestLoopOptions, "durable"> = {}): Promise<TestLoop> {
  const loop = await startTestLoop({ ...options, workers: false });
  const { workspaceId } = loop;
  // Scores count days: no midnight may fall between this shop and the one it is compared with.
  await loop.test.database.inWorkspace(workspaceId, (transaction) =>
    transaction.query("UPDATE workspace SET time_zone = $2 WHERE workspace_id = $1", [workspaceId, zoneOfNoon(NOW)]),
  );
  loop.stripe.load(smallShop({ people: 2 * CUSTOMERS, now: NOW }).stripe);
  return loop;
}

/** Does it with workers of the test's own process. */
async function withWorkers<T>({ temporal, deps, masterKeys }: TestLoop, work: () => Promise<T>): Promise<T> {
  const stop = await runWorkers(temporal, deps, masterKeys);
  try {
    return await work();
  } finally {
    await stop();
  }
}

async function planOf({ deps, workspaceId }: TestLoop, kind: PlanSummary["kind"]): Promise<PlanSummary> {
  const plans = await deps.plans.list(workspaceId, 10);
  // HubSpot is empty, and so is its plan.
  const plan = plans.find((known) => known.connector === "stripe" && known.kind === kind);
  if (plan === undefined) throw new Error(`There must be a plan: ${kind}.`);
  return plan;
}

async function undo(loop: TestLoop): Promise<unknown> {
  const { planId, connectionId, connector } = await planOf(loop, "write");
  return loop.engine.undo({ workspaceId: loop.workspaceId, planId, connectionId, connector, actor: "test" });
}

/** Kills the worker when half of the records are written. */
async function killWhileWriting(loop: TestLoop, work: () => Promise<unknown>): Promise<void> {
  const { faults } = loop.stripe;
  const half = writesOf(loop) + CUSTOMERS / 2;
  faults.afterAnswer = () => {
    if (writesOf(loop) >= half) faults.delayMs = LATE_MS;
  };
  const worker = await startWorkerProcess(loop.workerEnvironment);
  // Nobody answers any more once the worker is dead; before, a refusal is one.
  const refusals: unknown[] = [];
  work().catch((error: unknown) => refusals.push(error));
  while (faults.delayMs === 0 && refusals.length === 0) await sleep(5);
  expect(refusals).toEqual([]);
  await worker.kill();
  faults.afterAnswer = null;
  faults.delayMs = 0;
  await sleep(LATE_MS);
}

/** What an operator does about it: looks, is told, does as told. */
async function retryAsTold(loop: TestLoop, kind: PlanSummary["kind"], why: RegExp): Promise<void> {
  const { planId, status } = await planOf(loop, kind);
  expect(status).toBe("applying");
  const cli = (...args: string[]) => runCli(loop.workerEnvironment, args);
  const said = [await cli("doctor"), await cli("status")];
  expect(said.map(({ code }) => code)).toEqual([1, 0]);
  for (const { out } of said) {
    expect(out).toMatch(why);
    expect(out).toContain(`tributary plan retry ${planId}`);
  }
  expect(await cli("plan", "retry", planId)).toMatchObject({ code: 0, err: "" });
  expect(await loop.deps.plans.underWay(loop.workspaceId)).toEqual([]);
}

let undisturbed: number;
let written: EndState;
let undone: EndState;
beforeAll(async () => {
  const calm = await begin();
  await withWorkers(calm, async () => {
    await calm.refresh();
    await approveAll(calm);
    undisturbed = writesOf(calm);
    written = await endState(calm);
    await undo(calm);
    undone = await endState(calm);
  });
  await calm.stop();
});

it("compares with an undisturbed run, in which every record is written once", () => {
  expect(undisturbed).toBe(CUSTOMERS);
  expect(written["delivery"]).toHaveLength(CUSTOMERS);
  expect(differences(written, undone)).not.toEqual([]);
});

interface Loss {
  name: string;
  durable?: "temporal";
  why: RegExp;
  lose(loop: TestLoop, workflowId: string): Promise<unknown>;
}

const losses: Loss[] = [
  {
    name: "its workflow was terminated",
    why: /its workflow was terminated/,
    lose: ({ engine }, workflowId) => engine.client.workflow.getHandle(workflowId).terminate("by hand"),
  },
  {
    name: "Temporal's history was lost",
    durable: "temporal",
    why: /Temporal knows no workflow of it/,
    lose: (loop) => loop.loseTemporalHistory(),
  },
];

describe.each(losses)("a plan that nobody carries out any more because $name", ({ durable, why, lose }) => {
  let loop: TestLoop;
  beforeAll(async () => {
    loop = await begin(durable === undefined ? {} : { durable });
    await withWorkers(loop, () => loop.refresh());
  });
  afterAll(() => loop.stop());

  it("is found, and a retry writes what the tool does not hold yet and nothing else", async () => {
    const { planId, digest } = await planOf(loop, "write");
    await killWhileWriting(loop, () => loop.engine.approve(planId, "test", digest ?? ""));
    expect(writesOf(loop)).toBeLessThan(CUSTOMERS);
    await lose(loop, planWorkflowId(planId));
    await withWorkers(loop, () => retryAsTold(loop, "write", why));
    expect(differences(written, await endState(loop))).toEqual([]);
    expect(writesOf(loop)).toBe(CUSTOMERS);
  });

  it("is finished the same way when it was an undo", async () => {
    await killWhileWriting(loop, () => undo(loop));
    expect(writesOf(loop)).toBeLessThan(2 * CUSTOMERS);
    await lose(loop, undoWorkflowId((await planOf(loop, "write")).planId));
    await withWorkers(loop, () => retryAsTold(loop, "undo", why));
    expect(differences(undone, await endState(loop))).toEqual([]);
    expect(writesOf(loop)).toBe(2 * CUSTOMERS);
  });
});
