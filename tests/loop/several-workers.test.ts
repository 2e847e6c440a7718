/** One workspace, several workers: a step with much to do is shared, and ends as if one had done it. */
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PersonRecord } from "#connectors/core/records.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { differences, endState } from "#tests/support/end-state.ts";
import { startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { consent, page, person } from "#tests/support/records.ts";
import { startWorkerProcess, type WorkerProcess } from "#tests/support/worker-process.ts";

/** More records and profiles than one worker does before it asks others. */
const PEOPLE = 13_000;
const WORKERS = 4;

let one: TestLoop;
let several: TestLoop;
const workers: WorkerProcess[] = [];
beforeAll(async () => {
  [one, several] = await Promise.all([startTestLoop(), startTestLoop({ workers: false })]);
  await Promise.all([one, several].map(save));
});
afterAll(async () => {
  for (const worker of workers) await worker.stop();
  await Promise.all([one.stop(), several.stop()]);
});

/** A stream that is not read any more. Every fourth is one with the next, by a mobile; every third has said no. */
async function save({ connectionIds: { hubspot: connectionId }, test, workspaceId }: TestLoop): Promise<void> {
  const ingest = createIngestStore(test.database);
  const people: PersonRecord[] = Array.from({ length: PEOPLE }, (_, n) =>
    person(String(n), {
      firstName: "Ada",
      lastName: "Marsh",
      phones: n % 4 < 2 ? [`07400 ${100_000 + (n >> 1)}`] : [],
    }),
  );
  for (let start = 0; start < PEOPLE; start += 2_000) {
    const given = people.slice(start, start + 2_000);
    const said = given.flatMap(({ id }, n) =>
      n % 3 === 0 ? { ...consent(`word ${id}`, id, { state: "withdrawn" }), person: { stream: "once", id } } : [],
    );
    const from = start === 0 ? null : { at: start };
    const next = { at: start + 2_000 };
    await ingest.savePage(workspaceId, {
      connectionId,
      stream: "once",
      from,
      page: page([...given, ...said], { next }),
    });
  }
}

it("four workers, two of which are killed in the middle, leave what one leaves", async () => {
  await one.refresh();
  for (let n = 0; n < WORKERS; n++) workers.push(await startWorkerProcess(several.workerEnvironment));
  const refreshing = several.refresh();
  await untilFirstIsResolved();
  for (const worker of workers.splice(0, 2)) await worker.kill();
  const run = await refreshing;
  expect(run.outcome).toBe("ok");
  const expected = await endState(one);
  expect(expected["membership"]).toHaveLength(PEOPLE);
  expect(differences(expected, await endState(several))).toEqual([]);
  expect((await workersSeenBy(several)).size).toBeGreaterThan(2);
});

/** By then the step has been shared out. */
async function untilFirstIsResolved(): Promise<void> {
  const owner = new Client({ connectionString: several.test.ownerUrl });
  await owner.connect();
  const anybody = "SELECT FROM membership LIMIT 1";
  while ((await owner.query(anybody)).rowCount === 0) await sleep(10);
  await owner.end();
}

/** Whom Temporal gave the run's steps to. */
async function workersSeenBy({ engine, names, workspaceId }: TestLoop): Promise<Set<string>> {
  const { events } = await engine.client.workflow.getHandle(names.refresh(workspaceId)).fetchHistory();
  return new Set((events ?? []).flatMap((event) => event.activityTaskStartedEventAttributes?.identity ?? []));
}
