import { describe, expect, it } from "vitest";
import { money } from "./money.ts";

describe("an amount as people read it", () => {
  it.each([
    [123_450, "GBP", "£1,234.50"],
    [199_000, "HUF", "HUF 1,990.00"],
    [500, "JPY", "JP¥500"],
    [5_120, "KWD", "KWD 5.120"],
    [-5, "EUR", "-€0.05"],
    [9_007_199_254_740_991, "EUR", "€90,071,992,547,409.91"],
  ])("%i %s is %s", (minor, currency, text) => {
    expect(money(minor, currency).replaceAll("\u00a0", " ")).toBe(text);
  });
});
