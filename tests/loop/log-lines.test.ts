/** What a worker process really writes: every line of a run can be found by its run and by its workspace. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { approveAll, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { contactIdOf, mobileOf, smallShop } from "#tests/support/people.ts";
import { startWorkerProcess } from "#tests/support/worker-process.ts";

const line = z.looseObject({
  level: z.number(),
  msg: z.string(),
  runId: z.string().optional(),
  workspaceId: z.string().optional(),
  workflowId: z.string().optional(),
  sdkComponent: z.string().optional(),
  workflowType: z.string().optional(),
  activityType: z.string().optional(),
});
type Line = z.infer<typeof line>;

/** Of the process, or of Temporal's about its own pollers. */
const isOfNoRun = ({ msg, sdkComponent, workflowId }: Line) =>
  /^(worker ready|refresh schedules made)$/.test(msg) || (sdkComponent !== undefined && workflowId === undefined);

let loop: TestLoop;
let lines: Line[];
let text: string;
let undone: string;
let runIds: string[];
beforeAll(async () => {
  loop = await startTestLoop({ workers: false });
  const { hubspot, stripe, engine, deps, workspaceId } = loop;
  const shop = smallShop({ people: 20, now: Date.now() });
  hubspot.load(shop.hubspot);
  stripe.load(shop.stripe);
  const worker = await startWorkerProcess({ ...loop.workerEnvironment, LOG_LEVEL: "debug" });
  // More than what is asked ahead for the forecast, which does without an answer.
  hubspot.faults.dropReply = 6;
  await loop.refresh();
  await approveAll(loop);
  hubspot.change("contacts", contactIdOf(1), { phone: mobileOf(900) });
  await loop.refresh();
  const plan = (await deps.plans.list(workspaceId, 50)).filter(({ connector }) => connector === "hubspot").at(-1);
  if (plan === undefined) throw new Error("There must be a plan.");
  const { planId, connectionId, connector } = plan;
  ({ undoPlanId: undone } = await engine.undo({ workspaceId, planId, connectionId, connector, actor: "test" }));
  hubspot.faults.revoked = true;
  await loop.refresh();
  runIds = (await deps.runs.lastRuns(workspaceId, 10)).map(({ runId }) => runId);
  await worker.stop();
  text = worker.output();
  lines = text
    .trim()
    .split("\n")
    .map((one) => line.parse(JSON.parse(one)));
});
afterAll(() => loop.stop());

const ofUndo = ({ workflowType, planId }: Line) => workflowType === "undoPlan" || planId === undone;

describe("the lines of a worker", () => {
  it("cover the whole loop: reading, what failed there, plans made, plans applied, runs ended", () => {
    const said = new Set(lines.map(({ msg }) => msg));
    for (const expected of ["run finished", "plan applied", "Activity failed", "Workflow failed", "Workflow begun"])
      expect(said).toContain(expected);
    expect(new Set(lines.map(({ activityType }) => activityType))).toContain("applyBatches");
    expect(lines.some(({ level, kind }) => level >= 40 && kind === "transient")).toBe(true);
    expect(runIds).toHaveLength(3);
  });

  it("carry the workspace, each of them", () => {
    const without = lines.filter((one) => !isOfNoRun(one) && one.workspaceId !== loop.workspaceId);
    expect(without.map(({ msg, workflowType }) => [msg, workflowType])).toEqual([]);
  });

  it("carry the run, each but those of an undo, which belongs to none", () => {
    const without = lines.filter((one) => !isOfNoRun(one) && !ofUndo(one) && !runIds.includes(one.runId ?? ""));
    expect(without.map(({ msg, workflowType, runId }) => [msg, workflowType, runId])).toEqual([]);
    for (const runId of runIds)
      expect(lines.some((one) => one.runId === runId && one.msg === "run finished")).toBe(true);
  });

  it("tell the plan, wherever one is carried out", () => {
    const applied = lines.filter(({ msg }) => msg === "plan applied");
    expect(applied.length).toBeGreaterThan(2);
    expect(applied.filter(({ planId }) => typeof planId !== "string")).toEqual([]);
  });

  it("name a field once", () => {
    const twice = text.split("\n").filter((one) => one.split('"runId":').length > 2);
    expect(twice).toEqual([]);
  });
});
