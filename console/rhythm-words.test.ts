import { expect, it } from "vitest";
import { parseRefresh, rhythmWords } from "./rhythm-words.ts";

it("takes minutes, hours, a day and auto, and says what it does not take", () => {
  expect(["5m", "90 minutes", "2h", "24h", "1d", "Auto"].map(parseRefresh)).toEqual([5, 90, 120, 1_440, 1_440, null]);
  for (const wrong of ["", "0m", "2", "25h", "2d", "often", "1.5h", "-5m"])
    expect(() => parseRefresh(wrong), wrong).toThrow(/from 1m to 24h/);
});

it("says how often and why", () => {
  const since = new Date("2026-11-20T12:00:00Z");
  const words = (refreshMinutes: number, quietHours: number | null, fixed = false) =>
    rhythmWords(
      {
        ...{ refreshMinutes, fixed, since },
        newsAt: quietHours === null ? null : new Date(since.getTime() - quietHours * 3_600_000),
      },
      () => "yesterday",
    );
  expect(words(15, 1)).toBe("every 15 minutes");
  expect(words(15, null)).toBe("every 15 minutes");
  expect(words(60, 25)).toBe("every hour: reading last brought something new yesterday");
  expect(words(240, 20)).toBe(
    "every 4 hours: webhooks tell of changes, and reading last brought something new yesterday",
  );
  expect(words(60, 25, true)).toBe("every hour, as was set");
});
