import { describe, expect, it } from "vitest";
import { retryAfterMs, servedAtOf } from "./retry-after.ts";

const DATE = "Sat, 28 Nov 2026 12:00:00 GMT";
const AT = Date.parse(DATE);

describe("the wait a vendor asks for", () => {
  it.each([
    ["7", 7_000],
    ["0.5", 500],
    ["1.0004", 1_001],
    [" 3 ", 3_000],
    ["Sat, 28 Nov 2026 12:02:00 GMT", 120_000],
    ["2026-11-28T12:00:10Z", 10_000],
    ["86400", 86_400_000],
    ["999999", 86_400_000],
    ["Sat, 28 Nov 2037 12:00:00 GMT", 86_400_000],
    // An instant where seconds belong: some send the time of the reset.
    [String(AT / 1_000 + 30), 30_000],
    [String(AT + 30_000), 30_000],
  ])("Retry-After %j", (text, wait) => {
    expect(retryAfterMs({ date: DATE, "retry-after": text })).toBe(wait);
  });

  it.each(["", "0", "-5", "soon", "NaN", "Infinity", "1e3", "0x10", "5 s", "Sat, 28 Nov 2026 11:59:00 GMT", "12,5"])(
    "Retry-After %j names none",
    (text) => {
      expect(retryAfterMs({ date: DATE, "retry-after": text })).toBeUndefined();
    },
  );

  it("finds the header whatever its case and container", () => {
    expect(retryAfterMs({ "Retry-After": ["4", "9"] })).toBe(4_000);
    expect(retryAfterMs({ "RETRY-AFTER": 4 })).toBe(4_000);
    expect(retryAfterMs(new Headers({ "Retry-After": "4" }))).toBe(4_000);
    expect(retryAfterMs({ "retry-after-ms": "250", "retry-after": "1" })).toBe(250);
    expect(retryAfterMs({})).toBeUndefined();
  });

  it.each([
    ["x-ratelimit-reset", "30", 30_000],
    ["x-ratelimit-reset", String(AT / 1_000 + 30), 30_000],
    ["x-ratelimit-reset", String(AT + 30_000), 30_000],
    ["X-Rate-Limit-Reset", "30", 30_000],
    ["RateLimit-Reset", "2.5", 2_500],
    ["x-ratelimit-reset-after", "2", 2_000],
    ["x-ratelimit-reset", String(AT / 1_000 - 30), undefined],
  ])("takes %s: %s after a 429, and after nothing else", (name, text, wait) => {
    expect(retryAfterMs({ date: DATE, [name]: text }, true)).toBe(wait);
    expect(retryAfterMs({ date: DATE, [name]: text })).toBeUndefined();
  });

  it("prefers what was asked for over the reset of a window", () => {
    expect(retryAfterMs({ "retry-after": "2", "x-ratelimit-reset": "60" }, true)).toBe(2_000);
    expect(retryAfterMs({ "retry-after": "soon", "x-ratelimit-reset": "60" }, true)).toBe(60_000);
  });

  it("reads the vendor's clock", () => {
    expect(servedAtOf({ Date: DATE })).toBe(AT);
    expect(servedAtOf({ date: "yesterday" })).toBeNull();
    expect(servedAtOf({})).toBeNull();
  });
});
