import { describe, expect, it } from "vitest";
import { countryCodeOf } from "./countries.ts";

describe("a country in free text", () => {
  it.each([
    ["United Kingdom", "GB"],
    ["uk", "GB"],
    [" GB ", "GB"],
    ["Scotland", "GB"],
    ["USA", "US"],
    ["United States", "US"],
    ["France", "FR"],
    ["germany", "DE"],
    ["Japan", "JP"],
    ["Ireland", "IE"],
    ["Russia", "RU"],
    ["Narnia", null],
    ["XX", null],
    ["ZZ", null],
    ["", null],
  ])("%j is %s", (text, code) => {
    expect(countryCodeOf(text)).toBe(code);
  });
});
