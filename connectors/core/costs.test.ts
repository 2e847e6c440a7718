import { expect, it } from "vitest";
import { callsFor, exactly } from "./costs.ts";

const totals = (...args: Parameters<typeof callsFor>) => callsFor(...args).map(({ least, most }) => [least, most]);

it("counts the last page too, and calls that are made whatever there is", () => {
  const costs = [{ bucket: "list", per: 100 }, { bucket: "list" }, { bucket: "count" }];
  expect(callsFor(costs, exactly(201))).toEqual([
    { bucket: "list", least: 4, most: 4, inTurn: exactly(4) },
    { bucket: "count", least: 1, most: 1, inTurn: exactly(1) },
  ]);
  expect(totals([{ bucket: "list", per: 100, anyway: true }], exactly(0))).toEqual([[1, 1]]);
  expect(totals([{ bucket: "list", per: 100 }], exactly(0))).toEqual([]);
});

it("answers a range where records are not known to need a call, or are not known in number", () => {
  expect(totals([{ bucket: "a", per: 100, calls: 9, perhaps: true }], exactly(250))).toEqual([[0, 27]]);
  expect(totals([{ bucket: "a", per: 100 }], { least: 90, most: 110 })).toEqual([[1, 2]]);
});

it("counts the pages of a list that records are looked for in: few of many a page each, all of them whole pages", () => {
  const look = [{ bucket: "list", per: 100, scattered: true as const }];
  expect(totals(look, exactly(50), 100_000)).toEqual([[48, 48]]);
  expect(totals(look, exactly(10_000), 10_000)).toEqual([[100, 100]]);
  expect(totals(look, exactly(1_000), 10_000)).toEqual([[92, 92]]);
  // How many there are is not known, or was known when there were fewer.
  expect(totals(look, exactly(250))).toEqual([[3, 250]]);
  expect(totals(look, exactly(250), 100)).toEqual([[3, 250]]);
});

it("counts calls that are under way together as one after another", () => {
  expect(callsFor([{ bucket: "write", per: 1, atOnce: 6 }], exactly(13))).toEqual([
    { bucket: "write", least: 13, most: 13, inTurn: exactly(3) },
  ]);
});
