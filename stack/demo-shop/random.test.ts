import { describe, expect, it } from "vitest";
import { randomOf } from "./random.ts";

const draws = (count: number, draw: () => number) => Array.from({ length: count }, draw);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("seeded random numbers", () => {
  it("repeat for the same keys and differ for others", () => {
    const first = draws(5, randomOf(1, 2).next);
    expect(draws(5, randomOf(1, 2).next)).toEqual(first);
    for (const keys of [[1, 3], [2, 2], [2, 1], [1]]) expect(draws(5, randomOf(...keys).next)).not.toEqual(first);
  });

  it("are uniform, and unrelated between neighbouring keys", () => {
    const firsts = Array.from({ length: 20_000 }, (_, key) => randomOf(9, key).next());
    expect(mean(firsts)).toBeCloseTo(0.5, 2);
    const tenths = Array.from(
      { length: 10 },
      (_, tenth) => firsts.filter((value) => Math.floor(value * 10) === tenth).length,
    );
    for (const count of tenths) expect(Math.abs(count - 2_000)).toBeLessThan(200);
    const steps = firsts.slice(1).map((value, index) => (value - 0.5) * ((firsts[index] ?? 0) - 0.5));
    expect(Math.abs(mean(steps))).toBeLessThan(0.003);
  });

  it("have the means of their distributions", () => {
    const random = randomOf(3);
    expect(mean(draws(20_000, () => random.gamma(0.8, 7)))).toBeCloseTo(0.8 / 7, 2);
    expect(mean(draws(20_000, () => random.gamma(6.25, 2)))).toBeCloseTo(3.125, 1);
    expect(mean(draws(20_000, () => random.beta(0.8, 3.6)))).toBeCloseTo(0.8 / 4.4, 2);
    expect(mean(draws(20_000, () => random.exponential(4)))).toBeCloseTo(0.25, 2);
  });

  it("draw the first of a skewed list most", () => {
    const random = randomOf(4);
    const picked = Map.groupBy(
      draws(6_000, () => random.pickSkewed([1, 2, 3])),
      (item) => item,
    );
    expect(picked.get(1)?.length).toBeGreaterThan(3_000);
    expect(picked.get(3)?.length).toBeLessThan(1_300);
  });
});
