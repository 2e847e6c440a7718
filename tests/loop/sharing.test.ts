/** A step with much to do, shared among workers: who does what, and who waits for whom. */
import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { readMasterKeys } from "#config.ts";
import { createLogger } from "#logger.ts";
import type { ConsentStore } from "#profile/store/consent/store.ts";
import type { RunId } from "#profile/ids.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import { createGivingWay } from "#workflows/giving-way.ts";
import { refreshActivities } from "#workflows/refresh/activities.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { countsOf } from "#tests/support/loop.ts";

/** More than the batches after which a worker asks for help, and enough for each of two helpers. */
const PROFILES = 20_000;
/** Profiles of a batch. */
const BATCH = 2_000;

let test: TestDatabase;
let owner: Client;
const open: (() => Promise<void>)[] = [];
beforeAll(async () => {
  test = await createTestDatabase();
  owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
});
beforeEach(async () => {
  await owner.query("TRUNCATE profile CASCADE");
  await owner.query(
    `INSERT INTO profile (workspace_id, profile_id, anchor_record_id)
     SELECT $1, gen_random_uuid(), gen_random_uuid() FROM generate_series(1, ${PROFILES})`,
    [test.workspaceId],
  );
});
afterAll(async () => {
  for (const close of open) await close();
  await owner.end();
  await test.drop();
});

type ConsentBatch = Awaited<ReturnType<ConsentStore["refreshBatch"]>>;

/** The activities of one worker. @param around what comes before and after each batch of consent */
function worker(
  around: (batch: () => Promise<ConsentBatch>) => Promise<ConsentBatch> = (batch) => batch(),
  givingWay = createGivingWay(),
) {
  const masterKeys = readMasterKeys({ TRIBUTARY_KEY: randomBytes(32).toString("base64") }, "");
  const log = createLogger({ name: "test", level: "fatal" });
  const { dependencies, close } = createDependencies({ databaseUrl: test.appUrl, masterKeys }, log);
  open.push(close);
  let profiles = 0;
  const { consent } = dependencies;
  const refreshBatch: typeof consent.refreshBatch = async (...given) => {
    const batch = await around(() => consent.refreshBatch(...given));
    profiles += batch.profiles;
    return batch;
  };
  const activities = refreshActivities({ ...dependencies, givingWay, consent: { ...consent, refreshBatch } });
  return { ...activities, runs: dependencies.runs, answered: () => profiles };
}

async function answered(): Promise<number> {
  const { rows } = await owner.query<{ done: number }>(
    "SELECT count(*)::int AS done FROM profile WHERE consented_seq >= touched_seq",
  );
  return rows[0]?.done ?? 0;
}

const stepOf = (runId: RunId) => ({ workspaceId: test.workspaceId, runId });

it("whoever began leaves the rest to all, who end it together; everything is counted once", async () => {
  const [one, other] = [worker(), worker()];
  const { runId } = await one.beginRun({ workspaceId: test.workspaceId, key: "shared" });
  const left = await one.refreshConsents({ ...stepOf(runId), mayShare: true });
  expect(left).toEqual({ at: expect.any(String) });
  const begun = await answered();
  expect(begun).toBeGreaterThan(0);
  expect(begun).toBeLessThan(PROFILES);
  const at = left?.at ?? "";
  const helping = [one, other, one, other].map((helper, part) =>
    helper.refreshConsents({ ...stepOf(runId), helps: { part, at } }),
  );
  expect(await Promise.all(helping)).toEqual([undefined, undefined, undefined, undefined]);
  expect(await answered()).toBe(PROFILES);
  expect(one.answered() + other.answered()).toBe(PROFILES);
  const [run] = await one.runs.lastRuns(test.workspaceId, 1);
  expect(run?.steps).toEqual([expect.objectContaining({ step: "consent", finishedAt: expect.any(Date) })]);
  if (run !== undefined) expect(countsOf(run, "consent")["profiles"]).toBe(PROFILES);
});

it("what one lane leaves is left, though the other has found the end", async () => {
  const { workspaceId } = test;
  // Four whole batches and a part of one, which ends last.
  await owner.query("DELETE FROM profile WHERE profile_id IN (SELECT profile_id FROM profile LIMIT $1)", [
    PROFILES - 4 * BATCH - 1,
  ]);
  const { beginRun, refreshConsents, runs } = worker(async (batch) => {
    const done = await batch();
    if (done.profiles === BATCH) return done;
    const counted = async () => {
      const [run] = await runs.lastRuns(workspaceId, 1);
      return run === undefined ? 0 : countsOf(run, "consent")["profiles"];
    };
    while ((await counted()) !== 4 * BATCH) await owner.query("SELECT pg_sleep(0.01)");
    await counted();
    return done;
  });
  const { runId } = await beginRun({ workspaceId, key: "lanes" });
  expect(await refreshConsents({ ...stepOf(runId), mayShare: true })).toEqual({ at: expect.any(String) });
});

it("a worker that does not ask does everything itself", async () => {
  const { beginRun, refreshConsents } = worker();
  const { runId } = await beginRun({ workspaceId: test.workspaceId, key: "alone" });
  expect(await refreshConsents(stepOf(runId))).toBeUndefined();
  expect(await answered()).toBe(PROFILES);
});

it("of two helpers that come to one worker the second ends at once; one that comes again waits for the first", async () => {
  const gate = Promise.withResolvers<void>();
  const { beginRun, refreshConsents } = worker((batch) => gate.promise.then(batch));
  const { runId } = await beginRun({ workspaceId: test.workspaceId, key: "helped" });
  const at = new Date().toISOString();
  const help = (part: number) => refreshConsents({ ...stepOf(runId), helps: { part, at } });
  const first = help(0);
  expect(await help(1)).toBeUndefined();
  expect(await answered()).toBe(0);
  let over = false;
  const again = [help(0), help(1)].map((one) => one.then(() => (over = true)));
  await owner.query("SELECT pg_sleep(0.3)");
  expect(over).toBe(false);
  gate.resolve();
  await Promise.all([first, ...again]);
  expect(await answered()).toBe(PROFILES);
});

it("whoever comes while one is at its end has it look once more", async () => {
  const [looked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { beginRun, refreshConsents } = worker(async (batch) => {
    const done = await batch();
    looked.resolve();
    await held.promise;
    return done;
  });
  const { runId } = await beginRun({ workspaceId: test.workspaceId, key: "late" });
  const help = (part: number) => refreshConsents({ ...stepOf(runId), helps: { part, at: new Date().toISOString() } });
  // Another worker has them all, and dies.
  await owner.query("BEGIN");
  await owner.query("SELECT FROM profile FOR UPDATE");
  const first = help(0);
  await looked.promise;
  await owner.query("SELECT pg_sleep(0.3)");
  await owner.query("ROLLBACK");
  expect(await help(1)).toBeUndefined();
  held.resolve();
  await first;
  expect(await answered()).toBe(PROFILES);
});

it("waits after its first batches for what another workspace has begun on the same worker, and then goes on", async () => {
  let at = 0;
  let waits = 0;
  const bothWait = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const givingWay = createGivingWay({
    now: () => at,
    sleep: () => {
      waits += 1;
      if (waits === 2) bothWait.resolve();
      return over.promise;
    },
  });
  const one = worker((batch) => batch(), givingWay);
  const { runId } = await one.beginRun({ workspaceId: test.workspaceId, key: "giving way" });
  const elsewhere = Promise.withResolvers<void>();
  const small = givingWay.step({ workspaceId: "another", queue: "engine" }, () => elsewhere.promise);
  const large = givingWay.step({ workspaceId: test.workspaceId, queue: "engine" }, () =>
    one.refreshConsents(stepOf(runId)),
  );
  await bothWait.promise;
  expect(await answered()).toBe(2 * BATCH);
  elsewhere.resolve();
  await small;
  at += 1_000;
  over.resolve();
  await large;
  expect(await answered()).toBe(PROFILES);
});
