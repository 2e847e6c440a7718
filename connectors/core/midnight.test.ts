import { describe, expect, it } from "vitest";
import { untilMidnightMs } from "./midnight.ts";

const HOUR = 3_600_000;

describe("the rest of a day", () => {
  it.each([
    ["2026-06-01T12:00:00Z", "UTC", 12 * HOUR],
    ["2026-06-01T12:00:00Z", "US/Eastern", 16 * HOUR],
    ["2026-06-01T12:00:00Z", "Asia/Kolkata", 6.5 * HOUR],
    ["2026-06-01T00:00:00Z", "UTC", 24 * HOUR],
    ["2026-06-01T23:59:59.999Z", "UTC", 1],
    // Clocks go forward at 02:00, and back.
    ["2026-03-08T06:00:00Z", "America/New_York", 22 * HOUR],
    ["2026-11-01T05:00:00Z", "America/New_York", 24 * HOUR],
    // Midnight itself is skipped: the day begins at one.
    ["2026-09-05T22:00:00Z", "America/Santiago", 6 * HOUR],
  ])("at %s in %s is %i ms", (at, zone, rest) => {
    expect(untilMidnightMs(Date.parse(at), zone)).toBe(rest);
  });

  it("is not known in a zone nobody knows", () => {
    expect(untilMidnightMs(0, "Mars/Base")).toBeNull();
    expect(untilMidnightMs(0, "")).toBeNull();
  });
});
