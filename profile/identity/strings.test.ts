import * as fc from "fast-check";
import { expect, it } from "vitest";
import { editDistance, jaroWinkler, jaroWinklerAtLeast } from "./strings.ts";

/** Computed by another implementation; prefix weight 0.1, prefix up to 4, no gate. */
const golden: [a: string, b: string, jaroWinkler: number, edits: number][] = [
  ["MARTHA", "MARHTA", 0.9611111111111111, 1],
  ["DWAYNE", "DUANE", 0.84, 2],
  ["DIXON", "DICKSONX", 0.8133333333333332, 4],
  ["CRATE", "TRACE", 0.7333333333333334, 2],
  ["JONES", "JOHNSON", 0.8323809523809523, 4],
  ["michele", "michelle", 0.975, 1],
  ["smith", "smyth", 0.8933333333333333, 1],
  ["abcvwxyz", "cabvwxyz", 0.9375, 2],
  ["a", "a", 1, 0],
  ["ab", "xy", 0, 2],
  ["kitten", "sitting", 0.746031746031746, 3],
  ["ca", "abc", 0, 3],
];

it.each(golden)("compares %s and %s as the published definitions do", (a, b, similarity, edits) => {
  expect(jaroWinkler(a, b)).toBeCloseTo(similarity, 12);
  expect(jaroWinkler(b, a)).toBeCloseTo(similarity, 12);
  expect(editDistance(a, b)).toBe(edits);
  expect(editDistance(b, a)).toBe(edits);
});

it("keeps within bounds whatever is compared", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), fc.string({ maxLength: 30 }), (a, b) => {
      expect(jaroWinkler(a, b)).toBeGreaterThanOrEqual(0);
      expect(jaroWinkler(a, b)).toBeLessThanOrEqual(1);
      expect(editDistance(a, b)).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

it("never takes two texts for less alike than they are when it looks at their letters alone", () => {
  const word = fc.string({ unit: fc.constantFrom(...Array.from("abcd é1-")), maxLength: 12 });
  fc.assert(
    fc.property(word, word, fc.constantFrom(0.7, 0.88, 0.92), (a, b, least) => {
      const similarity = jaroWinkler(a, b);
      if (similarity >= least) expect(jaroWinklerAtLeast(a, b, least)).toBe(similarity);
      else expect(jaroWinklerAtLeast(a, b, least)).toBeLessThan(least);
    }),
  );
});
