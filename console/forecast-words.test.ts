import { expect, it } from "vitest";
import { exactly } from "#connectors/core/costs.ts";
import type { Range } from "#connectors/core/costs.ts";
import { besideReality, forecastWords } from "./forecast-words.ts";

const told = (calls: Range, seconds: Range | null, ofDay: Range | null = null, ofSmallestDay = false) =>
  forecastWords({ calls, buckets: [], seconds, ofDay, ofSmallestDay });

it("says how many calls, how long, and what part of a day's quota", () => {
  expect(told(exactly(2_140), exactly(203), exactly(0.18))).toBe(
    "2,140 calls, about 3 min 20 s, 18 % of a day's quota",
  );
  expect(told({ least: 200, most: 300 }, { least: 12, most: 18 })).toBe("200 to 300 calls, 12 s to 18 s");
  expect(told(exactly(1), exactly(0.2), exactly(0.00001), true)).toBe(
    "1 call, about a second, at most 1 % of a day's quota",
  );
  const today = { calls: 625_000, left: 1_200 };
  expect(
    forecastWords({
      calls: exactly(9),
      buckets: [],
      seconds: exactly(1),
      ofDay: exactly(0.1),
      today,
      ofSmallestDay: false,
    }),
  ).toBe("9 calls, about a second, 10 % of a day's quota, 1,200 of 625,000 calls are left today");
  expect(told(exactly(9), exactly(7_260))).toBe("9 calls, about 2 h 1 min");
  expect(told(exactly(9), exactly(118))).toBe("9 calls, about 2 min");
});

it("says what is not known in place of a number", () => {
  expect(told(exactly(9), null)).toBe("9 calls, how long is not known");
  expect(forecastWords({ unknown: "Nobody counts them." })).toBe("Not known: Nobody counts them.");
});

it("sets beside a forecast what it took", () => {
  const step = {
    ...{ step: "sync a b", startedAt: new Date(0), finishedAt: new Date(90_000) },
    ...{ counts: { read: 5, "calls.a": 3, "calls.b": 4 } },
    forecasts: { c: { unknown: "Nobody counts them." } },
  };
  const [beside] = besideReality([step, { ...step, forecasts: {} }]);
  expect(beside).toEqual({ step: "sync a b", forecast: "Not known: Nobody counts them.", took: "7 calls, 1 min 30 s" });
  expect(besideReality([{ ...step, finishedAt: null }])).toMatchObject([{ took: null }]);
});
