import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomOf } from "#stack/demo-shop/random.ts";
import { chaptersOf, prepareStory, untilProgress, type Story } from "#tests/support/disturbance.ts";
import { differences, endState, type EndState } from "#tests/support/end-state.ts";
import { startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { startWorkerProcess } from "#tests/support/worker-process.ts";

/** `KILLS=20 npx vitest run tests/loop/kill.test.ts` for the long version; SEED for other moments. */
const KILLS = Number(process.env["KILLS"] ?? 5);
const SEED = Number(process.env["SEED"] ?? 1);
/** A kill costs up to the heart time-out, a growing pause and a start of the worker. */
const TIMEOUT_MS = 120_000 + KILLS * 60_000;
/** Work that takes seconds, so that a kill lands inside it. */
const PEOPLE = KILLS > 5 ? 3_000 : 900;
const VENDOR_DELAY_MS = 25;

const story: Story = { people: PEOPLE, at: Date.now() };
const random = randomOf(SEED);
let undisturbed: EndState;
let loop: TestLoop;
const kills: { chapter: string; afterMs: number; doing: string }[] = [];

async function begin(): Promise<TestLoop> {
  const begun = await startTestLoop({ workers: false });
  await prepareStory(begun, story);
  begun.hubspot.faults.delayMs = VENDOR_DELAY_MS;
  begun.stripe.faults.slowMs = VENDOR_DELAY_MS;
  return begun;
}

beforeAll(async () => {
  const calm = await begin();
  const worker = await startWorkerProcess(calm.workerEnvironment);
  for (const { run } of chaptersOf(calm, story)) await run();
  undisturbed = await endState(calm);
  await worker.stop();
  await calm.stop();
  loop = await begin();
}, TIMEOUT_MS);
afterAll(() => loop.stop());

describe("a worker that is killed again and again", () => {
  it(
    "leaves exactly what an undisturbed one leaves, row by row",
    async () => {
      let worker = await startWorkerProcess(loop.workerEnvironment);
      const chapters = chaptersOf(loop, story);
      for (const [index, { name, run }] of chapters.entries()) {
        let over = false;
        const work = run().finally(() => {
          over = true;
        });
        const upTo = Math.round((KILLS * (index + 1)) / chapters.length);
        while (!over && kills.length < upTo) {
          const doing = await untilProgress(loop, () => over);
          const afterMs = random.below(400);
          await sleep(afterMs);
          if (over) break;
          await worker.kill();
          kills.push({ chapter: name, afterMs, doing });
          worker = await startWorkerProcess(loop.workerEnvironment);
        }
        await work;
      }
      await worker.stop();
      console.log(kills.map(({ chapter, afterMs, doing }) => `killed in "${chapter}", ${afterMs} ms after ${doing}`).join("\n"));
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

const sleep = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));
