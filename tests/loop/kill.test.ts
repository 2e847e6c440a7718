import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomOf } from "#stack/demo-shop/random.ts";
import { callsTo, chaptersOf, prepareStory, untilProgress, type Story } from "#tests/support/disturbance.ts";
import { differences, endState, type EndState } from "#tests/support/end-state.ts";
import { startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { startWorkerProcess } from "#tests/support/worker-process.ts";

/** `KILLS=20 npx vitest run tests/loop/kill.test.ts` for the long version, SEED for other moments. */
const KILLS = Number(process.env["KILLS"] ?? 5);
const SEED = Number(process.env["SEED"] ?? 1);
/** A kill costs up to the heart time-out, a growing pause before the next try, and a start of the worker. */
const TIMEOUT_MS = 120_000 + KILLS * 60_000;
/** Work that takes seconds, so that kills land inside it. */
const PEOPLE = KILLS > 5 ? 3_000 : 600;
const VENDOR_DELAY_MS = 25;
/** Of an undisturbed chapter's length; a kill after the end would be none. */
const KILLED_WITHIN = 0.8;

const story: Story = { people: PEOPLE, at: Date.now() };
const random = randomOf(SEED);
/** Of the undisturbed chapters. */
const durations: number[] = [];
const calls: number[] = [];
const kills: string[] = [];
let undisturbed: EndState;
let loop: TestLoop;

async function begin(): Promise<TestLoop> {
  const begun = await startTestLoop({ workers: false });
  await prepareStory(begun, story);
  begun.hubspot.faults.delayMs = VENDOR_DELAY_MS;
  begun.stripe.faults.delayMs = VENDOR_DELAY_MS;
  return begun;
}

beforeAll(async () => {
  const [calm, other] = await Promise.all([begin(), begin()]);
  loop = other;
  const worker = await startWorkerProcess(calm.workerEnvironment);
  for (const { run } of chaptersOf(calm, story)) {
    const [startedAt, callsBefore] = [performance.now(), callsTo(calm)];
    await run();
    durations.push(performance.now() - startedAt);
    calls.push(callsTo(calm) - callsBefore);
  }
  undisturbed = await endState(calm);
  await worker.stop();
  await calm.stop();
}, TIMEOUT_MS);
afterAll(() => loop.stop());

describe("a worker that is killed again and again", () => {
  it(
    "leaves exactly what an undisturbed one leaves, row by row",
    async () => {
      const startedAt = performance.now();
      let worker = await startWorkerProcess(loop.workerEnvironment);
      const chapters = chaptersOf(loop, story);
      for (const [index, { name, run }] of chapters.entries()) {
        let over = false;
        const enoughCalls = callsTo(loop) + KILLED_WITHIN * (calls[index] ?? 0);
        // A machine that is quicker now than it was undisturbed must not come to the end before the kill.
        const nearItsEnd = () => over || callsTo(loop) >= enoughCalls;
        const work = run().finally(() => {
          over = true;
        });
        for (const workMs of momentsOf(index, chapters.length)) {
          await untilProgress(loop, () => over);
          const since = performance.now();
          while (!nearItsEnd() && performance.now() - since < workMs) await sleep(5);
          if (over) break;
          const worked = Math.round(performance.now() - since);
          await worker.kill();
          kills.push(
            `killed after ${worked} of ${Math.round(workMs)} ms of work in "${name}", open: ${await openSteps()}`,
          );
          worker = await startWorkerProcess(loop.workerEnvironment);
        }
        await work;
      }
      await worker.stop();
      console.log(
        [...kills, `${kills.length} kills, ${Math.round((performance.now() - startedAt) / 1_000)} s`].join("\n"),
      );
      expect(differences(undisturbed, await endState(loop))).toEqual([]);
      expect(kills).toHaveLength(KILLS);
    },
    TIMEOUT_MS,
  );

  it("compared something: every person, order and delivery is in the state", () => {
    expect(undisturbed["source_record"]).toHaveLength(PEOPLE * 1.5);
    expect(undisturbed["customer_order"]).toHaveLength(PEOPLE * 1.5 + PEOPLE / 6);
    expect(undisturbed["membership"]).toHaveLength(PEOPLE * 1.5);
    expect(undisturbed["delivery"]?.length).toBeGreaterThan(PEOPLE * 1.5);
    expect(undisturbed["work left over"]).toEqual([]);
  });
});

/** Moments spread at random over the chapter's work, each as the work since the one before, milliseconds. */
function momentsOf(chapter: number, chapters: number): number[] {
  const count = Math.round((KILLS * (chapter + 1)) / chapters) - kills.length;
  const points = Array.from({ length: count }, () => random.next() * KILLED_WITHIN * (durations[chapter] ?? 0));
  return points.toSorted((a, b) => a - b).map((point, index, sorted) => point - (sorted[index - 1] ?? 0));
}

async function openSteps(): Promise<string> {
  const [run] = await loop.deps.runs.lastRuns(loop.workspaceId, 1);
  const open = (run?.steps ?? []).filter(({ finishedAt }) => finishedAt === null).map(({ step }) => step);
  return open.join(", ") || "between steps";
}
