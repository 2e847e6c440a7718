import { beforeAll, describe, expect, it } from "vitest";
import { blockingKeysOf } from "./blocking.ts";
import { comparisonAt, comparisons } from "./comparisons.ts";
import { expectMatches } from "./expectation.ts";
import { learn } from "./learn.ts";
import { type LinkageModel, weightOf } from "./model.ts";
import { drawsOf } from "./random.ts";
import { RecordTable, UNKNOWN } from "./record-table.ts";
import { Scorer } from "./score.ts";
import { townOf } from "./testing.ts";

const few = { randomPairs: 60_000 };

describe("from a town's records", () => {
  const town = townOf(1_200);
  const records = town.map(({ facts }) => facts);
  let model: LinkageModel;
  beforeAll(async () => {
    model = await learn(new RecordTable(records), few);
  }, 60_000);

  it("learns that rarer agreements say more", () => {
    const weight = (field: keyof typeof comparisonAt, level: number): number =>
      model.comparisons[comparisonAt[field]]?.weights[level] ?? 0;
    expect(model.learned).toBe(true);
    expect(weight("birth_date", 0)).toBeGreaterThan(weight("city", 0));
    expect(weight("last_name", 0)).toBeGreaterThan(weight("first_name", 0));
    expect(weight("last_name", 0)).toBeGreaterThan(0);
    expect(weight("last_name", 4)).toBeLessThan(0);
    // Nobody has one: it says nothing, and is no number of any kind.
    expect(model.comparisons[comparisonAt.email]?.weights.every((clue) => clue === 0)).toBe(true);
  });

  it("joins who belongs together and nobody else", () => {
    const scorer = new Scorer(records, model);
    const blocks = Map.groupBy(
      records.flatMap((facts, record) => blockingKeysOf(facts).map((key) => ({ key, record }))),
      ({ key }) => key,
    );
    const pairs = new Set<number>();
    for (const block of blocks.values())
      for (const [at, { record: a }] of block.entries())
        for (const { record: b } of block.slice(at + 1)) pairs.add(a * 10_000 + b);
    let [right, wrong] = [0, 0];
    for (const pair of pairs) {
      const [a, b] = [Math.floor(pair / 10_000), pair % 10_000];
      if (scorer.score(a, b).joins !== "alone") continue;
      if (town[a]?.person === town[b]?.person) right++;
      else wrong++;
    }
    expect(wrong).toBe(0);
    expect(right / 1_200).toBeGreaterThan(0.97);
  });

  it("keeps of values only how common those are that several people have", () => {
    const terms = model.comparisons[comparisonAt.birth_date]?.terms ?? {};
    expect(Object.values(terms).every((share) => share * 1_200 > 1)).toBe(true);
    expect(JSON.stringify(model)).not.toContain(records[0]?.name.last ?? "");
  });
});

it("does not learn from few records, and asks for more there", async () => {
  const records = townOf(300).map(({ facts }) => facts);
  const model = await learn(new RecordTable(records), few);
  expect(model.learned).toBe(false);
  expect(model.automatic).toBeCloseTo(weightOf(0.99) + 3, 9);
  expect(model.review).toBeCloseTo(3, 9);
  expect(model.comparisons[comparisonAt.last_name]?.m[0]).toBe(0.6);
});

it("does not learn where hardly any pair is certain", async () => {
  const records = townOf(1_200).flatMap(({ facts }, at) => (at % 2 === 0 ? facts : []));
  const twice = [...records, ...townOf(1_000, 2).flatMap(({ facts }, at) => (at % 2 === 0 ? facts : []))];
  expect((await learn(new RecordTable(twice), few)).learned).toBe(false);
});

it("leaves out what is the same for nearly everybody, and says so", async () => {
  const records = townOf(300).map(({ facts }) => ({ ...facts, gender: "female" }));
  const model = await learn(new RecordTable(records), few);
  expect(model.comparisons[comparisonAt.gender]?.weights).toEqual([0, 0]);
  expect(model.warnings).toContain("The gender is left out: it is the same nearly as often for different people.");
});

it("finds how often matches agree among pairs of which nobody knows who matches", () => {
  const fields = ["last_name", "postcode", "street_number"] as const;
  const truth = { last_name: [0.8, 0.1, 0.02, 0.03, 0.05], postcode: [0.7, 0.1, 0.1, 0.1], street_number: [0.9, 0.1] };
  const chance = {
    last_name: [0.01, 0.01, 0.01, 0.07, 0.9],
    postcode: [0.02, 0.02, 0.06, 0.9],
    street_number: [0.05, 0.95],
  };
  const draw = drawsOf(3);
  const pick = (shares: readonly number[]): number => {
    let left = draw(1_000_000) / 1_000_000;
    return Math.max(
      0,
      shares.findIndex((share) => (left -= share) < 0),
    );
  };
  const patterns = Array.from({ length: 40_000 }, (_, pair) => {
    const levels = new Uint8Array(comparisons.length).fill(UNKNOWN);
    for (const field of fields) levels[comparisonAt[field]] = pick(pair % 5 === 0 ? truth[field] : chance[field]);
    return { levels, count: 1 };
  });
  const u = comparisons.map(({ field, levels }) =>
    field in chance ? chance[field as keyof typeof chance] : levels.map(() => 1 / levels.length),
  );
  const found = expectMatches(patterns, { u, lambda: 0.001, block: [comparisonAt.birth_date] });
  expect(found.lambda).toBeCloseTo(0.2, 1);
  for (const field of fields)
    truth[field].forEach((share, level) => expect(found.m[comparisonAt[field]]?.[level]).toBeCloseTo(share, 1));
  expect(found.m[comparisonAt.birth_date]).toBeNull();
  expect(found.m[comparisonAt.email]).toBeNull();
});
