import { afterAll, beforeAll, expect, it } from "vitest";
import { uuidOf, type RunId } from "#profile/ids.ts";
import { createRunStore } from "#profile/store/runs.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const runId = (name: string) => uuidOf("run", name) as RunId;

it("adds up what a step did, over pages and over workers that add at the same time", async () => {
  const runs = createRunStore(test.database);
  const id = runId("a");
  await runs.startRun(test.workspaceId, id);
  await runs.startRun(test.workspaceId, id);
  await Promise.all(
    Array.from({ length: 10 }, () => runs.addCounts(test.workspaceId, id, "sync", { pages: 1, inserted: 5 })),
  );
  await runs.addCounts(test.workspaceId, id, "sync", { changed: 2 }, { finished: true });
  await runs.addCounts(test.workspaceId, id, "score", {});
  await runs.finishRun(test.workspaceId, id, "failed", "Reconnect the account.");
  const [run] = await runs.lastRuns(test.workspaceId, 5);
  expect(run).toMatchObject({ runId: id, outcome: "failed", message: "Reconnect the account." });
  expect(run?.steps.map(({ step, counts, finishedAt }) => ({ step, counts, done: finishedAt !== null }))).toEqual([
    { step: "sync", counts: { pages: 10, inserted: 50, changed: 2 }, done: true },
    { step: "score", counts: {}, done: false },
  ]);
});

it("lists the newest runs first", async () => {
  const runs = createRunStore(test.database);
  for (const name of ["x", "y", "z"]) await runs.startRun(test.workspaceId, runId(name));
  expect((await runs.lastRuns(test.workspaceId, 2)).map((run) => run.runId)).toEqual([runId("z"), runId("y")]);
});
