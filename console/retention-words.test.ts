import { describe, expect, it } from "vitest";
import { keptWords, parseRetention } from "./retention-words.ts";

describe("a time to keep something for", () => {
  it("is a number of days, or for ever", () => {
    expect(parseRetention({ keepPlans: "90d", keepRuns: " 7 Days ", keepVersions: "forever" })).toEqual({
      plans: 90,
      runs: 7,
      versions: null,
    });
    expect(parseRetention({})).toEqual({});
    expect([keptWords(1), keptWords(90), keptWords(null)]).toEqual(["1 day", "90 days", "for ever"]);
  });

  it.each(["0d", "-1d", "90", "3m", "4000d", "", "never", "1e3d", "9".repeat(400)])("is not %j", (text) => {
    expect(() => parseRetention({ keepPlans: text, keepRuns: "x" })).toThrow(/plans.*1d to 3650d.*\n?.*/s);
    expect(() => parseRetention({ keepPlans: text, keepRuns: "x" })).toThrow(/"x" is not a time to keep runs for/);
  });
});
