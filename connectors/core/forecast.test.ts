import { expect, it } from "vitest";
import { callsFor, exactly } from "./costs.ts";
import { forecastOf, rowsToCome } from "./forecast.ts";

const cited = { source: "https://vendor.brightleaf.co.uk/limits", readOn: "2026-11-20" };
const limits = {
  list: { calls: 100, windowMs: 10_000, ...cited },
  operations: { calls: 2_880, windowMs: 86_400_000, ...cited },
};
const outlooks = new Map([["list", { waitMs: 0, perSecond: 8.1 }]]);
const pages = (count: number, atOnce = 1) => callsFor([{ bucket: "list", per: 1, atOnce }], exactly(count));

it("goes by the slower of the quota and the vendor's answers", () => {
  const told = (callMs: number | null, atOnce = 1) =>
    forecastOf({ work: [pages(1_000, atOnce)], limits, outlooks, callMs }).seconds;
  // 9 calls are there at once, the rest comes back at 8.1 a second.
  expect(told(50)?.least).toBeCloseTo(991 / 8.1, 0);
  expect(told(300)?.least).toBeCloseTo(300, 0);
  expect(told(300, 6)?.least).toBeCloseTo(991 / 8.1, 0);
  expect(told(null)).toBeNull();
});

it("goes by a limit over several buckets too, and counts no call twice", () => {
  const within = { ...limits.list, within: "all" };
  const over = { list: within, read: within, all: { calls: 100, windowMs: 10_000, ...cited } };
  const work = [pages(500), callsFor([{ bucket: "read", per: 1 }], exactly(500))];
  const slow = new Map([["all", { waitMs: 0, perSecond: 8.1 }]]);
  const { calls, buckets, seconds } = forecastOf({ work, limits: over, outlooks: slow, callMs: 1 });
  expect(seconds?.least).toBeCloseTo(991 / 8.1, 0);
  expect([calls.most, buckets.length]).toEqual([1_000, 2]);
});

it("goes by the day's allowance that the account has named", () => {
  const day = { calls: 250_000, ...cited };
  const today = { calls: 1_000_000, left: 5 };
  const told = forecastOf({ work: [pages(1_000)], limits, outlooks, callMs: 1, day, today });
  expect(told).toMatchObject({ ofDay: exactly(0.001), ofSmallestDay: false, today });
});

it("adds what waits for the bucket already, and no burst then", () => {
  const behind = new Map([["list", { waitMs: 60_000, perSecond: 8.1 }]]);
  const { seconds } = forecastOf({ work: [pages(81)], limits, outlooks: behind, callMs: 1 });
  expect(seconds?.least).toBeCloseTo(70, 0);
});

it("counts streams that are read side by side as the longest of them, steps one after another as their sum", () => {
  const work = [pages(5), pages(3)];
  const seconds = (oneAfterAnother: boolean) =>
    forecastOf({ work, oneAfterAnother, limits, outlooks: new Map(), callMs: 1_000 }).seconds;
  expect([seconds(false), seconds(true)]).toEqual([exactly(5), exactly(8)]);
});

it("says what part of a day's quota it is where the vendor has such, of the smallest where the account's is not known", () => {
  const work = [callsFor([{ bucket: "operations", per: 1 }], exactly(288))];
  const known = forecastOf({ work, limits, outlooks, callMs: 1 });
  expect(known).toMatchObject({ ofDay: { least: 0.1 }, ofSmallestDay: false });
  const day = { calls: 250_000, ...cited };
  expect(forecastOf({ work: [pages(2_500)], limits, outlooks, callMs: 1, day })).toMatchObject({
    ...{ ofDay: { least: 0.01 }, ofSmallestDay: true },
  });
  expect(forecastOf({ work: [pages(1)], limits, outlooks, callMs: 1 }).ofDay).toBeNull();
});

it("takes changes to come as they did, and nothing for known of which there is one reading or none", () => {
  const at = (hours: number) => new Date(hours * 3_600_000);
  const past = [
    { startedAt: at(0), rows: 9_999 },
    { startedAt: at(1), rows: 100 },
    { startedAt: at(2), rows: 100 },
  ];
  expect(rowsToCome(past, at(2), at(6).getTime())).toEqual({ least: 360, most: 440 });
  expect(rowsToCome(past.slice(0, 1), at(2), at(6).getTime())).toBeNull();
  expect(rowsToCome([], at(2), at(6).getTime())).toBeNull();
});
