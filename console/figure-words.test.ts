import { expect, it } from "vitest";
import { figureNotes, figureText } from "./figure-words.ts";

it("money stands in its currency, also one without decimals", () => {
  expect(figureText(1_234_500_000, "micros", "GBP")).toBe("£1,234.50");
  expect(figureText(1_234_000_000, "micros", "JPY")).toContain("1,234");
});

it("what cannot be summed is not, and people counted by row are at most so many", () => {
  expect(figureText(null, "ratio", null)).toBe("no sum: a ratio");
  expect(figureText(1_200, "people", null)).toBe("at most 1,200");
  expect(figureText(1_200, "count", null)).toBe("1,200");
});

it("says in words what makes a figure a part of the truth", () => {
  expect(figureNotes({ flags: ["other", "thresholded"], whole: false, settled: false })).toBe(
    'rows beyond the tool\'s limit are in "(other)"; rows of few people are withheld; rows are missing that could not be understood; may still change',
  );
  expect(figureNotes({ flags: [], whole: true, settled: true })).toBe("");
});
