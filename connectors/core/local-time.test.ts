import { describe, expect, it } from "vitest";
import { daySpan } from "./local-time.ts";

describe("a day of a place", () => {
  it.each([
    ["2026-07-01", "Europe/London", "2026-06-30T23:00:00.000Z", "2026-07-01T22:59:59.999Z"],
    ["2026-01-15", "America/New_York", "2026-01-15T05:00:00.000Z", "2026-01-16T04:59:59.999Z"],
    // 23 and 25 hours, where clocks change.
    ["2026-03-29", "Europe/London", "2026-03-29T00:00:00.000Z", "2026-03-29T22:59:59.999Z"],
    ["2026-10-25", "Europe/London", "2026-10-24T23:00:00.000Z", "2026-10-25T23:59:59.999Z"],
    // Midnight itself is left out: the day begins at one o'clock.
    ["2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00.000Z", "2018-11-05T01:59:59.999Z"],
    ["2026-07-01", "Pacific/Kiritimati", "2026-06-30T10:00:00.000Z", "2026-07-01T09:59:59.999Z"],
    ["2024-02-29", "UTC", "2024-02-29T00:00:00.000Z", "2024-02-29T23:59:59.999Z"],
  ])("%s in %s", (day, timeZone, from, to) => {
    expect(daySpan(day, timeZone)).toEqual({ from, to });
  });

  it.each(["2026-02-29", "2026-13-01", "2026-7-1", "2026-07-01T00:00:00Z", "", "0000-00-00"])("%j is none", (day) => {
    expect(daySpan(day, "Europe/London")).toBeNull();
  });
});
