/** Refresh schedules: whose they are, when they are made, and when they fire. */
import { randomBytes } from "node:crypto";
import { ScheduleNotFoundError } from "@temporalio/client";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { runIdOf } from "#profile/ids.ts";
import type { RunId, WorkspaceId } from "#profile/ids.ts";
import type { RunningTemporal } from "#stack/temporal/server.ts";
import { startOwnTemporal } from "#tests/support/temporal.ts";
import { namesOf } from "#workflows/names.ts";
import { keepSchedules, makeUpSchedules, repairSchedules, scheduleOf } from "#workflows/schedules.ts";
import { createInstallation, scheduleIds, type Installation } from "./installations.ts";

const KEY = randomBytes(32).toString("base64");
const earlier = namesOf(undefined);
let temporal: RunningTemporal;
const installations: Installation[] = [];

beforeAll(async () => {
  // Its schedules are all there are.
  temporal = await startOwnTemporal();
});
afterEach(async () => {
  for (const one of installations.splice(0)) {
    for (const id of await scheduleIds(one)) await one.engine.client.schedule.getHandle(id).delete();
    await one.stop();
  }
});
afterAll(() => temporal.stop());

async function install(key?: string): Promise<Installation> {
  const made = await createInstallation(temporal.address, key);
  installations.push(made);
  return made;
}

/** As visibility knows it, which is a moment later than the server itself. */
const eventually = (assert: () => Promise<void>) => vi.waitFor(assert, { timeout: 200_000, interval: 100 });

/** As release 0.1.0 made it. */
async function earlierSchedule({ engine, workspaceId }: Installation): Promise<void> {
  await engine.client.schedule.create({
    scheduleId: earlier.refreshSchedule(workspaceId),
    spec: { intervals: [{ every: "1 day" }] },
    action: {
      ...{ type: "startWorkflow", workflowType: "refreshOnSchedule", taskQueue: earlier.engineQueue },
      ...{ workflowId: earlier.scheduledRefresh(workspaceId), args: [{ workspaceId }] },
    },
  });
}

/** A refresh as release 0.1.0 named it; nobody works on it. @returns the run it is in the database */
async function earlierRefresh({ engine, workspaceId }: Installation, { ends = true } = {}): Promise<RunId> {
  const workflowId = earlier.refresh(workspaceId);
  const { firstExecutionRunId } = await engine.client.workflow.start("refreshWorkspace", {
    ...{ workflowId, taskQueue: earlier.engineQueue, args: [{ workspaceId }] },
  });
  await eventually(async () => {
    const seen: string[] = [];
    for await (const { runId } of engine.client.workflow.list({ query: `WorkflowId = "${workflowId}"` }))
      seen.push(runId);
    expect(seen).toContain(firstExecutionRunId);
  });
  if (ends) await engine.client.workflow.getHandle(workflowId).terminate();
  return runIdOf(workspaceId, firstExecutionRunId);
}

it("of two installations in one namespace, with a workspace of one name in each, neither touches the other's schedules", async () => {
  const [one, other] = [await install(), await install()];
  expect(one.workspaceId).toBe(other.workspaceId);
  await makeUpSchedules(one.engine.client, one.deps);
  const stray = await other.addWorkspace("stray");
  await makeUpSchedules(other.engine.client, other.deps);
  const of = ({ names }: Installation, id: WorkspaceId) => names.refreshSchedule(id);
  const all = [of(one, one.workspaceId), of(other, other.workspaceId), of(other, stray)];
  await eventually(async () => expect(await scheduleIds(one)).toEqual(all.toSorted()));

  // The other one's workspaces are strays to nobody but itself.
  await repairSchedules(one.engine.client, one.deps, await one.deps.connections.listWorkspaces());
  expect(await scheduleIds(one)).toEqual(all.toSorted());
  await other.owner.query("DELETE FROM workspace WHERE workspace_id = $1", [stray]);
  await repairSchedules(other.engine.client, other.deps, await other.deps.connections.listWorkspaces());
  await eventually(async () => expect(await scheduleIds(one)).not.toContain(of(other, stray)));
  expect(await scheduleIds(one)).toContain(of(one, one.workspaceId));
});

it("asks for work on queues of its own, so that it is never given the other installation's", async () => {
  const [one, other] = [await install(), await install()];
  await makeUpSchedules(one.engine.client, one.deps);
  const { action } = await one.engine.client.schedule.getHandle(one.names.refreshSchedule(one.workspaceId)).describe();
  expect(action.taskQueue).toBe(one.names.engineQueue);
  expect(action.taskQueue).not.toBe(other.names.engineQueue);
  expect(one.names.vendorQueue("hubspot")).not.toBe(other.names.vendorQueue("hubspot"));
  expect(one.names.refresh(one.workspaceId)).not.toBe(other.names.refresh(other.workspaceId));
});

it("makes a schedule when the workspace is there and when its rhythm changes, and has nothing to do in between", async () => {
  const one = await install();
  const { client } = one.engine;
  expect(await makeUpSchedules(client, one.deps)).toBe(1);
  expect(await makeUpSchedules(client, one.deps)).toBe(0);
  await one.addWorkspace("test");
  expect(await makeUpSchedules(client, one.deps)).toBe(0);
  await one.addWorkspace("test", 30);
  expect(await makeUpSchedules(client, one.deps)).toBe(1);
  const { spec, policies } = await client.schedule.getHandle(one.names.refreshSchedule(one.workspaceId)).describe();
  expect(spec.intervals?.[0]?.every).toBe(30 * 60_000);
  expect(policies).toMatchObject({ overlap: "SKIP", catchupWindow: 24 * 3_600_000 });
});

it("a schedule that follows its news counts nothing as missed, and the next refresh need not go through everything", async () => {
  const { deps, engine, names, workspaceId } = await install();
  await makeUpSchedules(engine.client, deps);
  const at = new Date();
  const runId = runIdOf(workspaceId, "whole");
  await deps.runs.startRun(workspaceId, runId);
  await deps.runs.finishRun(workspaceId, runId, "ok");
  await deps.news.noteRun(workspaceId, at.toISOString(), true);
  const every = async () =>
    (await engine.client.schedule.getHandle(names.refreshSchedule(workspaceId)).describe()).spec.intervals?.[0]?.every;

  await deps.rhythm.noteNews(workspaceId, new Date(at.getTime() - 50 * 3_600_000));
  await deps.rhythm.noteQuiet(workspaceId, at, false);
  expect(await makeUpSchedules(engine.client, deps)).toBe(1);
  expect(await every()).toBe(120 * 60_000);
  await deps.rhythm.noteNews(workspaceId, at);
  expect(await makeUpSchedules(engine.client, deps)).toBe(1);
  expect(await every()).toBe(15 * 60_000);
  expect(await scheduleOf(engine.client, deps, workspaceId)).toMatchObject({ missed: 0, joined: 0 });
  expect(await deps.news.isWholeRefreshDue(workspaceId, at.toISOString())).toBe(false);

  // What somebody has set stays, whatever comes.
  await deps.rhythm.fix(workspaceId, 30);
  await deps.rhythm.noteQuiet(workspaceId, new Date(at.getTime() + 100 * 3_600_000), true);
  await deps.rhythm.noteNews(workspaceId, at);
  await makeUpSchedules(engine.client, deps);
  expect(await every()).toBe(30 * 60_000);
  expect(await deps.rhythm.read(workspaceId)).toMatchObject({ refreshMinutes: 30, fixed: true });
});

it("fires for many workspaces all over the interval, for each at its own unchanging place", async () => {
  const one = await install();
  const { client } = one.engine;
  const ids = [one.workspaceId];
  for (let shop = 0; shop < 29; shop++) ids.push(await one.addWorkspace(`shop-${shop}`));
  await makeUpSchedules(client, one.deps);
  const offsets = async () => {
    const all = ids.map((id) => client.schedule.getHandle(one.names.refreshSchedule(id)).describe());
    return (await Promise.all(all)).map(({ spec }) => spec.intervals?.[0]?.offset ?? -1);
  };
  const before = await offsets();
  // Thirty over fifteen minutes: no quarter of the interval is without any, and hardly two begin in one second.
  for (let quarter = 0; quarter < 4; quarter++)
    expect(before.filter((ms) => Math.floor(ms / 225_000) === quarter).length).toBeGreaterThan(0);
  expect(new Set(before).size).toBeGreaterThan(20);
  await repairSchedules(client, one.deps, await one.deps.connections.listWorkspaces());
  expect(await offsets()).toEqual(before);
});

it("makes them all again where Temporal has lost them, and a schedule of a lost key too", async () => {
  const one = await install();
  await one.addWorkspace("second");
  await makeUpSchedules(one.engine.client, one.deps);
  for (const id of await scheduleIds(one)) await one.engine.client.schedule.getHandle(id).delete();
  await keepSchedules(one.engine.client, one.deps).stop();
  await eventually(async () => expect(await scheduleIds(one)).toHaveLength(2));

  const { client } = (await install()).engine;
  await one.deps.installation.scheduleAll();
  expect(await makeUpSchedules(client, one.deps)).toBe(2);
  const { action } = await client.schedule.getHandle(one.names.refreshSchedule(one.workspaceId)).describe();
  expect(action.args).toMatchObject([{ workspaceId: one.workspaceId }]);
});

it("takes the place of a schedule of release 0.1.0 whose refreshes are runs of its database", async () => {
  const one = await install(KEY);
  await earlierSchedule(one);
  await one.deps.runs.startRun(one.workspaceId, await earlierRefresh(one));
  await makeUpSchedules(one.engine.client, one.deps);
  await eventually(async () => expect(await scheduleIds(one)).toEqual([one.names.refreshSchedule(one.workspaceId)]));
});

it("takes it also where its last refresh has begun while no worker was there, and is no run yet", async () => {
  const one = await install(KEY);
  const second = { ...one, workspaceId: await one.addWorkspace("second") };
  await earlierSchedule(second);
  await one.deps.runs.startRun(second.workspaceId, await earlierRefresh(second));
  await earlierRefresh(second, { ends: false });
  await makeUpSchedules(one.engine.client, one.deps);
  const { schedule, workflow } = one.engine.client;
  await expect(schedule.getHandle(earlier.refreshSchedule(second.workspaceId)).describe()).rejects.toBeInstanceOf(
    ScheduleNotFoundError,
  );
  await workflow.getHandle(earlier.refresh(second.workspaceId)).terminate();
});

it.each([
  ["its refreshes ran in another database", KEY, async () => undefined],
  [
    "its key is another",
    undefined,
    async (one: Installation, run: RunId) => one.deps.runs.startRun(one.workspaceId, run),
  ],
])("leaves a schedule of release 0.1.0 alone when %s", async (_why, key, arrange) => {
  const [maker, one] = [await install(KEY), await install(key)];
  await earlierSchedule(maker);
  await arrange(one, await earlierRefresh(maker));
  await makeUpSchedules(one.engine.client, one.deps);
  await eventually(async () =>
    expect(await scheduleIds(one)).toEqual(
      [earlier.refreshSchedule(one.workspaceId), one.names.refreshSchedule(one.workspaceId)].toSorted(),
    ),
  );
});
