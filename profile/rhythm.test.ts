import { expect, it } from "vitest";
import { MOST_MINUTES, refreshMinutesAfter, USUAL_MINUTES } from "./rhythm.ts";

const HOUR_MS = 3_600_000;
const after = (hours: number, toldByWebhooks = false) =>
  refreshMinutesAfter({ quietMs: hours * HOUR_MS, toldByWebhooks });

it("refreshes less often the longer nothing was new, up to a bound", () => {
  expect([0, 11, 12, 24, 48, 96, 10_000].map((hours) => after(hours))).toEqual([
    15,
    15,
    30,
    60,
    120,
    240,
    MOST_MINUTES,
  ]);
});

it("takes its time sooner where webhooks tell of changes", () => {
  expect([0, 1, 2, 4, 8, 16].map((hours) => after(hours, true))).toEqual([15, 15, 30, 60, 120, 240]);
});

it("never refreshes more often than usual", () => {
  expect([after(-5), after(Number.NaN)]).toEqual([USUAL_MINUTES, USUAL_MINUTES]);
});
