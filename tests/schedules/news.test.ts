/** A refresh on schedule looks for news first: what it costs to find none, and what it does with some. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Run } from "#profile/store/runs.ts";
import { actionsOf } from "#tests/support/histories.ts";
import { approveAll, countsOf, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { contactIdOf, smallShop } from "#tests/support/people.ts";

const PEOPLE = 40;
/** More than ten pages of a search hold. */
const MANY = 2_100;
/** Temporal Cloud counts two for each time a schedule fires. */
const ACTIONS_OF_A_SCHEDULE = 2;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let loop: TestLoop;
beforeAll(async () => {
  loop = await startTestLoop();
  const shop = smallShop({ people: PEOPLE, now: Date.now() });
  loop.hubspot.load(shop.hubspot);
  loop.stripe.load(shop.stripe);
  await loop.refresh();
  await approveAll(loop);
  // Our own writes come back.
  await loop.refresh();
  await loop.refresh();
});
afterAll(() => loop.stop());

/** As the schedule does. @returns what the looking cost, and the run that followed */
async function scheduled(): Promise<{ actions: number; run: Run | null }> {
  const { workspaceId, engine, names, deps } = loop;
  const before = await newestRun();
  const { installationId: installation } = await deps.installation.get();
  const handle = await engine.client.workflow.start("refreshOnSchedule", {
    workflowId: names.scheduledRefresh(workspaceId),
    taskQueue: names.engineQueue,
    args: [{ workspaceId, installation }],
  });
  await handle.result();
  const newest = await newestRun();
  return {
    actions: actionsOf(await handle.fetchHistory()),
    run: newest === null || newest.runId === before?.runId ? null : newest,
  };
}

const newestRun = async () => (await loop.deps.runs.lastRuns(loop.workspaceId, 1))[0] ?? null;

/** When each stream's workflow was last begun. */
async function streamWorkflows(): Promise<(string | null)[]> {
  const { connectionIds, names, engine } = loop;
  const ids = [
    ...["contacts", "companies", "deals"].map((stream) => names.sync(connectionIds.hubspot, stream)),
    ...["customers", "charges", "refunds"].map((stream) => names.sync(connectionIds.stripe, stream)),
  ];
  return Promise.all(ids.map(async (id) => (await engine.client.workflow.getHandle(id).describe()).runId));
}

it("costs a few actions and leaves one counted row where nothing is new, and every stream is known to be fresh", async () => {
  const runs = (await loop.deps.runs.lastRuns(loop.workspaceId, 50)).length;
  const begunAt = new Date();
  for (let time = 1; time <= 2; time++) {
    const { actions, run } = await scheduled();
    expect(run).toBeNull();
    expect(actions + ACTIONS_OF_A_SCHEDULE).toBeLessThanOrEqual(6);
    expect(await loop.deps.news.idleRefreshes(loop.workspaceId)).toMatchObject({ refreshes: time });
  }
  expect(await loop.deps.runs.lastRuns(loop.workspaceId, 50)).toHaveLength(runs);
  for (const [connector, stream] of [
    ["hubspot", "contacts"],
    ["stripe", "charges"],
  ] as const) {
    const { lastSuccessAt } = await loop.deps.ingest.streamState(
      loop.workspaceId,
      loop.connectionIds[connector],
      stream,
    );
    expect(lastSuccessAt?.getTime()).toBeGreaterThan(begunAt.getTime());
  }
});

it("takes in a little news itself, and goes through with what follows from it", async () => {
  const before = await streamWorkflows();
  loop.hubspot.change("contacts", contactIdOf(1), { phone: "+447911123456" });
  const { run } = await scheduled();
  if (run === null) throw new Error("There must be a run.");
  expect(run.outcome).toBe("ok");
  expect(countsOf(run, "sync hubspot contacts")).toMatchObject({ changed: 1 });
  expect(countsOf(run, "identity")["touched"]).toBe(1);
  expect(await streamWorkflows()).toEqual(before);
  expect(await loop.deps.news.idleRefreshes(loop.workspaceId)).toBeNull();
});

it("looks less often when nothing was new for long, sooner where webhooks tell, and as often as usual after news", async () => {
  const { deps, workspaceId, connectionIds, hubspot } = loop;
  await deps.rhythm.fix(workspaceId, null);
  const minutes = async (): Promise<number> => {
    // A step may be due by time alone; then nothing is.
    for (let runs = 0; (await scheduled()).run !== null; runs += 1)
      if (runs === 3) throw new Error("Always something.");
    return (await deps.rhythm.read(workspaceId)).refreshMinutes;
  };
  expect(await minutes()).toBe(15);
  loop.advance(3 * HOUR_MS);
  expect(await minutes()).toBe(15);
  const told = async (connector: "hubspot" | "stripe") => {
    const of = { connector, account: `account of ${connector}` };
    await deps.connections.updateConnection(
      workspaceId,
      connectionIds[connector],
      { externalAccount: of.account },
      "t",
    );
    const event = {
      id: `event at ${connector}`,
      effect: "changed",
      at: new Date().toISOString(),
      records: [],
    } as const;
    await deps.inbox.receive([{ ...of, ...event }]);
  };
  await told("hubspot");
  // Of the other tool only reading tells.
  expect(await minutes()).toBe(15);
  await told("stripe");
  expect(await minutes()).toBe(30);
  loop.advance(14 * HOUR_MS);
  expect(await minutes()).toBe(240);
  hubspot.change("contacts", contactIdOf(2), { phone: "+447911123457" });
  expect((await scheduled()).run).not.toBeNull();
  expect(await deps.rhythm.read(workspaceId)).toMatchObject({ refreshMinutes: 15, fixed: false });
});

it("gives a stream with much that is new a workflow of its own, which goes on where the looking ended", async () => {
  await scheduled();
  const [before, ...others] = await streamWorkflows();
  const more = smallShop({ people: MANY, now: Date.now() }).hubspot;
  const updatedAt = new Date(loop.deps.now()).toISOString();
  const contacts = more.contacts.slice(PEOPLE).map((contact) => ({ ...contact, updatedAt }));
  loop.hubspot.load({ contacts, companies: [], deals: [] });
  const { run } = await scheduled();
  if (run === null) throw new Error("There must be a run.");
  expect(countsOf(run, "sync hubspot contacts")).toMatchObject({
    // Each with a consent.
    inserted: 2 * (MANY - PEOPLE),
  });
  const [contactsAfter, ...othersAfter] = await streamWorkflows();
  expect(contactsAfter).not.toBe(before);
  expect(othersAfter).toEqual(others);
});

it("says of a tool that refuses us what a whole refresh says", async () => {
  loop.hubspot.faults.revoked = true;
  const { run } = await scheduled();
  expect(run?.outcome).toBe("failed");
  const connection = await loop.deps.connections.get(loop.workspaceId, loop.connectionIds.hubspot);
  expect(connection.status).toBe("needs_reconnect");
  loop.hubspot.faults.revoked = false;
  await loop.deps.connections.setStatus(loop.workspaceId, loop.connectionIds.hubspot, "ready", null, "test");
  expect((await scheduled()).run?.outcome).toBe("ok");
});

it("moves people on when only time has passed, and goes through everything once a day", async () => {
  loop.advance(120 * DAY_MS);
  const before = await streamWorkflows();
  const { run } = await scheduled();
  expect(countsOf(run ?? fail(), "scores")["profiles"]).toBeGreaterThan(0);
  for (const [index, id] of (await streamWorkflows()).entries()) expect(id).not.toBe(before[index]);
});

function fail(): never {
  throw new Error("There must be a run.");
}
