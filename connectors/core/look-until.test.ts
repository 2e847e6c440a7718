import { expect, it } from "vitest";
import { lookUntil } from "./look-until.ts";

const watched = (states: string[]) => {
  const pauses: number[] = [];
  let looks = 0;
  const look = async () => states[looks++] ?? "working";
  const until = (pausesMs: number[]) =>
    lookUntil(
      look,
      (state) => state === "done",
      pausesMs,
      async (ms) => void pauses.push(ms),
    );
  return { until, pauses, looks: () => looks };
};

it("looks until the work is over, and no longer", async () => {
  const { until, pauses, looks } = watched(["working", "done", "never asked for"]);
  expect([await until([10, 20, 30]), pauses, looks()]).toEqual(["done", [10], 2]);
});

it("gives up after the last look, with what that showed, and does not pause behind it", async () => {
  const { until, pauses, looks } = watched(["working", "strange", "working", "still"]);
  expect([await until([10, 20, 30]), pauses, looks()]).toEqual(["still", [10, 20, 30], 4]);
});
