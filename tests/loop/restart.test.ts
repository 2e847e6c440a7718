import { beforeAll, describe, expect, it } from "vitest";
import { chaptersOf, prepareStory, untilProgress, type Story } from "#tests/support/disturbance.ts";
import { differences, endState, type EndState } from "#tests/support/end-state.ts";
import { startTestLoop, type TestLoop, type TestLoopOptions } from "#tests/support/loop.ts";
import { startWorkerProcess } from "#tests/support/worker-process.ts";

const story: Story = { people: 600, at: Date.now() };
/** Work that takes seconds, so that the restart falls inside it. */
const VENDOR_DELAY_MS = 25;
let undisturbed: EndState;

/** Tells the story with a disturbance in the middle of each chapter. */
async function tell(
  options: Pick<TestLoopOptions, "durable">,
  disturb: (loop: TestLoop) => Promise<void>,
): Promise<{ state: EndState; disturbances: number }> {
  const loop = await startTestLoop({ ...options, workers: false });
  let disturbances = 0;
  try {
    await prepareStory(loop, story);
    loop.hubspot.faults.delayMs = VENDOR_DELAY_MS;
    loop.stripe.faults.delayMs = VENDOR_DELAY_MS;
    const worker = await startWorkerProcess(loop.workerEnvironment);
    for (const { run } of chaptersOf(loop, story)) {
      let over = false;
      const work = run().finally(() => {
        over = true;
      });
      await untilProgress(loop, () => over);
      if (!over) {
        await disturb(loop);
        disturbances += 1;
      }
      await Promise.race([work, worker.died]);
    }
    const state = await endState(loop);
    await worker.stop();
    return { state, disturbances };
  } finally {
    await loop.stop();
  }
}

beforeAll(async () => {
  undisturbed = (await tell({}, async () => undefined)).state;
});

describe("a server restarted in the middle of every chapter", () => {
  it("changes nothing of the end when it is Postgres, and the worker lives on", async () => {
    const { state, disturbances } = await tell({ durable: "postgres" }, (loop) => loop.restartPostgres());
    expect(disturbances).toBe(3);
    expect(differences(undisturbed, state)).toEqual([]);
  });

  it("changes nothing of the end when it is Temporal, and the worker lives on", async () => {
    const { state, disturbances } = await tell({ durable: "temporal" }, (loop) => loop.restartTemporal());
    expect(disturbances).toBe(3);
    expect(differences(undisturbed, state)).toEqual([]);
  });
});
