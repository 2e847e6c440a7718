import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseInstant } from "./dates.ts";

const read = (text: string, dayOrder: "dmy" | "mdy" = "dmy", timeZone = "Europe/London") =>
  parseInstant(text, { dayOrder, timeZone })?.replace(".000Z", "Z") ?? null;

describe("dates", () => {
  it.each([
    ["2010-12-01T08:26:00Z", "2010-12-01T08:26:00Z"],
    ["2024-05-01 10:00:00 -0400", "2024-05-01T14:00:00Z"],
    ["2024-05-01T10:00:00.250+02:00", "2024-05-01T08:00:00.250Z"],
    ["2024-05-01 10:00:00 UTC", "2024-05-01T10:00:00Z"],
    ["2024-05-01", "2024-04-30T23:00:00Z"],
    ["03/04/2025", "2025-04-02T23:00:00Z"],
    ["03.04.2025 14:30", "2025-04-03T13:30:00Z"],
    ["3/4/25 2:30 PM", "2025-04-03T13:30:00Z"],
    ["20250403", "2025-04-02T23:00:00Z"],
    ["1714557600", "2024-05-01T10:00:00Z"],
    ["1714557600000", "2024-05-01T10:00:00Z"],
  ])("reads %s", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each([
    ["4. März 2026", "2026-03-04"],
    ["1er août 2025", "2025-08-01"],
    ["4 de marzo de 2026", "2026-03-04"],
    ["4 mrt 2026", "2026-03-04"],
    ["2 augustus 2025", "2025-08-02"],
    ["14. maj 2026", "2026-05-14"],
    ["4 de fevereiro de 2026", "2026-02-04"],
    ["14 października 2025", "2025-10-14"],
    ["4 Mart 2026", "2026-03-04"],
    ["14 Ağustos 2025", "2025-08-14"],
    ["4. března 2026", "2026-03-04"],
  ])("reads the month's name in %s", (text, day) => {
    expect(read(text, "dmy", "UTC")).toBe(`${day}T00:00:00Z`);
  });

  it("reads month first where told, but never with points", () => {
    expect(read("03/04/2025", "mdy", "UTC")).toBe("2025-03-04T00:00:00Z");
    expect(read("03.04.2025", "mdy", "UTC")).toBe("2025-04-03T00:00:00Z");
  });

  it.each([
    "31/02/2025",
    "2025-02-30T10:00:00Z",
    "13/13/2025",
    "2025-01-01T25:00:00",
    "yesterday",
    "12",
    "",
    "01/02-2025",
    "1/1/0001",
    "10:30",
  ])("takes %s for no date", (text) => {
    expect(read(text)).toBeNull();
  });

  it("takes the first of a doubled hour and moves on from a skipped one", () => {
    expect(read("26/10/2025 01:30")).toBe("2025-10-26T00:30:00Z");
    expect(read("26/10/2025 02:30")).toBe("2025-10-26T02:30:00Z");
    expect(read("30/03/2025 01:30")).toBe("2025-03-30T01:30:00Z");
    expect(read("30/03/2025 02:30")).toBe("2025-03-30T01:30:00Z");
    expect(read("2025-11-02 01:30", "dmy", "America/New_York")).toBe("2025-11-02T05:30:00Z");
  });

  it("reads back what any zone's clock shows, but for the doubled hour", () => {
    const zones = [
      "Europe/Berlin",
      "America/New_York",
      "Asia/Kolkata",
      "Australia/Lord_Howe",
      "Pacific/Apia",
      "America/Sao_Paulo",
    ];
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2005, 0), max: Date.UTC(2035, 0) }),
        fc.constantFrom(...zones),
        (millis, timeZone) => {
          const instant = Math.floor(millis / 1000) * 1000;
          const shown = new Date(instant).toLocaleString("sv-SE", { timeZone });
          const back = Date.parse(parseInstant(shown, { dayOrder: "dmy", timeZone }) ?? "");
          expect(new Date(back).toLocaleString("sv-SE", { timeZone })).toBe(shown);
          expect(instant - back).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
