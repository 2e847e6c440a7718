import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dayAfter, daysBetween, figureId, toMicros } from "./figures.ts";
import { dayAt } from "./local-time.ts";
import { canonicalRecord } from "./records.ts";

describe("the id of a row of figures", () => {
  it("is of its dimensions whatever their order, and fits however long they are", () => {
    expect(figureId({ source: "news", medium: "email" })).toBe(figureId({ medium: "email", source: "news" }));
    expect(figureId({ source: "news", medium: "email" })).not.toBe(figureId({ source: "email", medium: "news" }));
    expect(figureId({ page: "/x".repeat(5_000) }).length).toBe(32);
  });

  it("tells rows apart that only a removed value told apart", () => {
    expect(new Set([figureId({ page: "?" }), figureId({ page: "?" }, 1), figureId({ page: "?" }, 2)]).size).toBe(3);
  });
});

describe("money in millionths", () => {
  it.each([
    ["12.5", 12_500_000],
    ["0", 0],
    ["-0.000001", -1],
    ["0.0000005", 1],
    ["0.0000004999", 0],
    ["1234567.890123", 1_234_567_890_123],
  ])("%s is %d, exactly", (text, micros) => expect(toMicros(text)).toBe(micros));

  it.each(["", "1e3", "1,5", "NaN", "12.", "99999999999999999", "9007199254.740992"])("refuses %j", (text) =>
    expect(toMicros(text)).toBeNull(),
  );

  it("comes back from whatever a tool counts in millionths", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (micros) => {
        const digits = String(micros).padStart(7, "0");
        expect(toMicros(`${digits.slice(0, -6)}.${digits.slice(-6)}`)).toBe(micros);
      }),
    );
  });
});

describe("days", () => {
  it("are those that the account's clocks show", () => {
    const instant = Date.parse("2026-11-01T03:30:00Z");
    expect([dayAt(instant, "UTC"), dayAt(instant, "America/Los_Angeles"), dayAt(instant, "Pacific/Auckland")]).toEqual([
      "2026-11-01",
      "2026-10-31",
      "2026-11-01",
    ]);
    // The night on which clocks go back.
    expect(dayAt(Date.parse("2026-11-02T07:59:00Z"), "America/Los_Angeles")).toBe("2026-11-01");
  });

  it("are counted by the calendar", () => {
    expect(daysBetween("2028-02-27", "2028-03-01")).toEqual(["2028-02-27", "2028-02-28", "2028-02-29", "2028-03-01"]);
    expect(daysBetween("2026-11-02", "2026-11-01")).toEqual([]);
    expect(dayAfter("2027-01-01", -1)).toBe("2026-12-31");
  });
});

describe("a figure", () => {
  const metric = {
    ...{ kind: "metric", id: "1", updatedAt: null, deleted: false, account: "1", day: "2026-11-01", dimensions: {} },
    ...{ flags: [], name: "sessions", value: 1, unit: "count", currency: null },
  };

  it("is of a real day, has a finite value, and nothing besides", () => {
    expect(canonicalRecord.safeParse(metric).success).toBe(true);
    for (const wrong of [
      { day: "2026-02-30" },
      { day: "20261101" },
      { value: Infinity },
      { value: "1" },
      { person: "1" },
    ])
      expect([wrong, canonicalRecord.safeParse({ ...metric, ...wrong }).success]).toEqual([wrong, false]);
  });
});
