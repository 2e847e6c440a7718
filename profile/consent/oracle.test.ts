import { expect, it } from "vitest";
import { holdAgainstOracle } from "#tests/consent/hold-against-oracle.ts";

it("of 2,000 ledgers with merges, splits and odd dates the engine allows nothing that the written rules deny", () => {
  const { looser, looserCount, stricter, allowed, questions } = holdAgainstOracle(2_000, 7);
  expect({ looserCount, looser }).toEqual({ looserCount: 0, looser: [] });
  // Nor does it get there by allowing nothing.
  expect(allowed).toBeGreaterThan(questions / 6);
  expect(stricter).toEqual([]);
});
