/** Who carries a plan out when code, workers and runs change around it. */
import { setTimeout as sleep } from "node:timers/promises";
import { Client, Connection } from "@temporalio/client";
import { WorkflowNotFoundError } from "@temporalio/common";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import { runCli } from "#tests/console/run-cli.ts";
import { approveAll, runWorkers, startTestLoop, type TestLoop, type TestLoopOptions } from "#tests/support/loop.ts";
import { smallShop } from "#tests/support/people.ts";
import { bundleWorkflows } from "#workflows/bundle.ts";
import { namesOf, planWorkflowId } from "#workflows/names.ts";

const PEOPLE = 200;
/** HubSpot takes 100 records in a call. */
const WRITES = PEOPLE / 100;
let loop: TestLoop;

async function begin(options: TestLoopOptions = {}): Promise<void> {
  loop = await startTestLoop(options);
  loop.hubspot.load(smallShop({ people: PEOPLE, now: Date.now() }).hubspot);
}
afterEach(() => loop.stop());

async function planOf(kind: PlanSummary["kind"] = "write", connector = "hubspot"): Promise<PlanSummary> {
  const plan = (await loop.deps.plans.list(loop.workspaceId, 10)).find(
    (known) => known.connector === connector && known.kind === kind,
  );
  if (plan === undefined) throw new Error("There must be a plan.");
  return plan;
}

function writes(): number {
  const updates = [...loop.hubspot.requests].filter(([operation]) => operation.endsWith("/batch/update"));
  return updates.reduce((sum, [, count]) => sum + count, 0);
}

/** The tool takes its time from the answer after so many writes on. */
function slowAfter(count: number): void {
  loop.hubspot.faults.afterAnswer = () => {
    if (writes() >= count) loop.hubspot.faults.delayMs = 3_000;
  };
}

async function untilSlow(): Promise<void> {
  while (loop.hubspot.faults.delayMs === 0) await sleep(10);
}

function asBefore(): void {
  loop.hubspot.faults.afterAnswer = null;
  loop.hubspot.faults.delayMs = 0;
}

/** As another release might have it: it does something more before it writes. */
async function otherRelease(): Promise<{ code: string }> {
  const { code } = await bundleWorkflows();
  const [step, pause] = ["const without = await vendor.prepareFields(input);", /await \(0,\w+\.sleep\)\(pauseMs\);/];
  const [found] = pause.exec(code) ?? [];
  if (found === undefined || !code.includes(step)) throw new Error("The workflow no longer reads like this.");
  return { code: code.replace(step, `${found.replace("pauseMs", "1")} ${step}`) };
}

describe("an upgrade to code that cannot go on with a plan's workflow", () => {
  it("ends that workflow instead of trying for ever, and the next run finishes the plan", async () => {
    await begin({ workers: false });
    const { temporal, deps, masterKeys, engine, workspaceId } = loop;
    const stopOld = await runWorkers(temporal, deps, masterKeys, await otherRelease());
    await loop.refresh();
    const { planId, digest } = await planOf();
    slowAfter(1);
    await engine.approve(planId, "test", digest ?? "");
    await untilSlow();
    asBefore();
    await stopOld();
    const stopNew = await runWorkers(temporal, deps, masterKeys);
    try {
      await expect(engine.finished(planId)).rejects.toThrow();
      const left = await deps.plans.underWay(workspaceId);
      expect(left.map(({ status }) => status)).toEqual(["applying"]);
      expect(await engine.heldUp(workspaceId, left)).toMatchObject([
        { says: "nobody carries it out: its workflow failed" },
      ]);
      expect((await loop.refresh()).outcome).toBe("ok");
      expect((await planOf()).status).toBe("applied");
      expect(writes()).toBe(WRITES);
    } finally {
      await stopNew();
    }
  });
});

describe("a plan whose workflow no worker can read", () => {
  it("is approved all the same: another workflow takes the place of the one that is stuck", async () => {
    await begin();
    await loop.refresh();
    const plan = await planOf();
    const { engine, temporal } = loop;
    const workflowId = planWorkflowId(plan.planId);
    await engine.client.workflow.getHandle(workflowId).terminate("by hand");
    // As with a master key that is lost: every task of it fails.
    const connection = await Connection.connect({ address: temporal.address });
    const unreadable = await new Client({ connection }).workflow.start("applyPlan", {
      ...{
        workflowId,
        taskQueue: namesOf((await loop.deps.installation.get()).installationId).engineQueue,
        args: [{}],
      },
    });
    await connection.close();
    const attempts = async () =>
      (await engine.client.workflow.getHandle(workflowId).describe()).raw.pendingWorkflowTask?.attempt ?? 0;
    while ((await attempts()) < 4) await sleep(100);

    const approved = await runCli(loop.workerEnvironment, ["plan", "approve", plan.planId]);
    expect(approved.code).toBe(0);
    expect(approved.err).toMatch(/^Writing it: \d+ to \d+ calls.*\n$/);
    expect((await planOf()).status).toBe("applied");
    const stuck = await engine.client.workflow.getHandle(workflowId, unreadable.firstExecutionRunId).describe();
    expect(stuck.status.name).toBe("TERMINATED");
  });
});

describe("a run that finds a plan being written", () => {
  it("leaves it to the one who writes it, also where that is an undo, and a retry is told so", async () => {
    await begin();
    const { engine, stripe, workspaceId } = loop;
    stripe.load(smallShop({ people: 20, now: Date.now() }).stripe);
    await loop.refresh();
    await approveAll(loop);
    const { planId, connectionId, connector } = await planOf("write", "stripe");
    // Until that is over its workflow waits between one try and the next.
    stripe.faults.lockTimeoutNext = Number.MAX_SAFE_INTEGER;
    const undoing = engine.undo({ workspaceId, planId, connectionId, connector, actor: "test" });
    const undo = await vi.waitUntil(
      async () => (await loop.deps.plans.underWay(workspaceId)).find(({ status }) => status === "applying"),
      { timeout: 120_000 },
    );
    const retry = await runCli(loop.workerEnvironment, ["plan", "retry", undo.planId]);
    expect(retry).toMatchObject({ code: 1, out: "" });
    expect(retry.err).toContain("is being carried out at this moment");
    expect(await engine.refresh(workspaceId)).toMatchObject({ failedPlans: 0, plansApplied: 0 });
    await expect(engine.client.workflow.getHandle(planWorkflowId(undo.planId)).describe()).rejects.toThrow(
      WorkflowNotFoundError,
    );
    stripe.faults.lockTimeoutNext = 0;
    expect(await undoing).toEqual({ undoPlanId: undo.planId });
    expect((await planOf("undo", "stripe")).status).toBe("applied");
  });
});
