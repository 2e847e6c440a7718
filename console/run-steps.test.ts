import { expect, it } from "vitest";
import { describeStep } from "./run-steps.ts";

const at = (seconds: number) => new Date(seconds * 1_000);

it("says what a step did, how long it took and how fast it was", () => {
  const counts = {
    read: 541_909,
    pages: 265,
    records: 45_255,
    inserted: 30_271,
    rejected: 2,
    "calls.x": 1,
    "calls.y": 2,
  };
  expect(describeStep({ step: "sync csv orders", startedAt: at(0), finishedAt: at(10), counts })).toEqual({
    step: "sync csv orders",
    did: "541,909 read, 30,271 new, 2 not understood, 3 vendor calls",
    seconds: 10,
    perSecond: 54_191,
  });
});

it("says so when there was nothing to do, and gives no rate for too little", () => {
  const idle = { step: "scores", startedAt: at(0), finishedAt: at(1), counts: { profiles: 0, changed: 0 } };
  expect(describeStep(idle)).toEqual({ step: "scores", did: "nothing to do", seconds: 1, perSecond: null });
  const underWay = describeStep({ step: "scores", startedAt: at(0), finishedAt: null, counts: { profiles: 5_000 } });
  expect(underWay).toMatchObject({ seconds: null, perSecond: null });
});
