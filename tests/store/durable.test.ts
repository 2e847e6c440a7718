/** Which commits wait for the disk: docs/decisions/027-commits-that-do-not-wait.md. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uuidOf, type ConnectionId, type PlanId, type RunId } from "#profile/ids.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import { openDatabase, runSoon, type Database } from "#profile/store/database.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createPlanStore } from "#profile/store/plan/store.ts";
import { createRunStore } from "#profile/store/runs.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { page } from "#tests/support/records.ts";

let test: TestDatabase;
let database: Database;
/** Of the transactions since it was last emptied. */
let waited: boolean[] = [];
let watched: Database;

beforeAll(async () => {
  test = await createTestDatabase();
  // The server of the tests waits for nothing, unlike any other.
  const url = new URL(test.database.pool.options.connectionString ?? "");
  url.searchParams.set("options", "-c synchronous_commit=on");
  database = openDatabase(url.href, { max: 1 });
  watched = {
    ...database,
    inWorkspace: (workspaceId, work, options) =>
      database.inWorkspace(
        workspaceId,
        async (transaction) => {
          const [row] = await transaction.query<{ on: boolean }>(
            "SELECT current_setting('synchronous_commit') = 'on' AS on",
          );
          waited.push(row?.on === true);
          return work(transaction);
        },
        options,
      ),
  };
});
afterAll(async () => {
  await database.close();
  await test.drop();
});

async function waits(work: () => Promise<unknown>): Promise<boolean[]> {
  waited = [];
  // That there is no such plan is told after the transaction began.
  await work().catch(() => undefined);
  return waited;
}

const runId = uuidOf("run", "durable") as RunId;
const planId = uuidOf("plan", "durable") as PlanId;
const at = "2026-11-28T12:00:00.000Z";

describe("a commit waits for the disk", () => {
  it("before a vendor is sent anything, and before a person or Temporal is told that something is done", async () => {
    const plans = createPlanStore(watched);
    const runs = createRunStore(watched);
    const { workspaceId } = test;
    for (const work of [
      () => plans.markSent(workspaceId, planId, ["1"]),
      () => plans.markJob(workspaceId, planId, "job", ["1"]),
      () => plans.seal(workspaceId, planId, "contacts", at),
      () => plans.approve(workspaceId, planId, { actor: "somebody", digest: "", at }),
      () => plans.finish(workspaceId, planId, at),
      () => runs.addCounts(workspaceId, runId, "identity", {}, { finished: true }),
      () => runs.finishRun(workspaceId, runId, "ok"),
    ])
      expect(new Set(await waits(work)), String(work)).toEqual(new Set([true]));
  });

  it("not for what is done again where it is lost", async () => {
    const plans = createPlanStore(watched);
    const { workspaceId } = test;
    const place = { connectionId: uuidOf("connection", "durable") as ConnectionId, stream: "contacts" };
    const scores = createScoreStore(watched);
    for (const work of [
      () => createIngestStore(watched).savePage(workspaceId, { ...place, from: null, page: page([]) }),
      () => createIdentityStore(watched).resolveBatch(workspaceId, { limit: 10 }),
      () => createConsentStore(watched).refreshBatch(workspaceId, { limit: 10, at }),
      () => scores.scoreBatch(workspaceId, { limit: 10, asOf: at }),
      () => plans.addChanges(workspaceId, planId, []),
      () => plans.recordResults(workspaceId, planId, [], at),
      () => createRunStore(watched).addCounts(workspaceId, runId, "identity", { records: 1 }),
    ])
      expect((await waits(work)).at(-1), String(work)).toBe(false);
  });

  it("again in the transaction after one that did not, on the same connection", async () => {
    const seen = "SELECT current_setting('synchronous_commit') AS seen";
    const inWorkspace = (durable: "at once" | "soon") =>
      database.inWorkspace(test.workspaceId, (transaction) => transaction.query<{ seen: string }>(seen), { durable });
    expect(await inWorkspace("soon")).toEqual([{ seen: "off" }]);
    expect(await inWorkspace("at once")).toEqual([{ seen: "on" }]);
    expect(await runSoon(database, seen)).toEqual([{ seen: "off" }]);
    expect((await database.pool.query(seen)).rows).toEqual([{ seen: "on" }]);
  });
});
