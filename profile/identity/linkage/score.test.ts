import { beforeAll, describe, expect, it } from "vitest";
import { blockingKeysOf } from "./blocking.ts";
import type { LinkageFacts } from "./facts.ts";
import { learn } from "./learn.ts";
import type { LinkageModel } from "./model.ts";
import { RecordTable } from "./record-table.ts";
import { Scorer } from "./score.ts";
import { factsOf, townOf } from "./testing.ts";

let model: LinkageModel;
beforeAll(async () => {
  model = await learn(new RecordTable(townOf(1_000).map(({ facts }) => facts)), { randomPairs: 60_000 });
}, 60_000);

const score = (a: LinkageFacts, b: LinkageFacts) => new Scorer([a, b], model).score(0, 1);

const home = { postcode: "AB123CD", street: "mill lane", streetNumber: "12", city: "kazami" };
const born = { birthDate: "1975-03-09" };

describe("joins by itself", () => {
  it.each([
    ["the same name and day of birth", factsOf("Petra Kowalik", born), factsOf("Petra Kowalik", born)],
    [
      "a misspelt name at the same address",
      factsOf("Petra Kowalik", { ...born, ...home }),
      factsOf("Petra Kowalk", { ...born, ...home }),
    ],
    [
      "names in the wrong fields",
      factsOf("Petra Kowalik", { ...born, ...home }),
      factsOf("Kowalik Petra", { ...born, ...home }),
    ],
    [
      "a short form of the name",
      factsOf("Thomas Kowalik", { ...born, ...home }),
      factsOf("Tommie Kowalik", { ...born, ...home }),
    ],
    [
      "a new family name, born the same day at the same address",
      factsOf("Petra Kowalik", { ...born, ...home }),
      factsOf("Petra Brandt", { ...born, ...home }),
    ],
  ])("%s", (_, a, b) => {
    expect(score(a, b).joins).toBe("alone");
    expect(score(b, a)).toEqual(score(a, b));
  });
});

describe("leaves to a person", () => {
  it.each([
    ["father and son", factsOf("George Kowalik Sr", home), factsOf("George Kowalik Jr", home)],
    [
      "father and son, one of whom is not told apart",
      factsOf("George Kowalik", home),
      factsOf("George Kowalik Jr", home),
    ],
    ["twins", factsOf("Nora Kowalik", { ...born, ...home }), factsOf("Lisa Kowalik", { ...born, ...home })],
    [
      "twins whose names differ by an ending",
      factsOf("Paul Kowalik", { ...born, ...home }),
      factsOf("Paula Kowalik", { ...born, ...home }),
    ],
    ["a new family name at the same address alone", factsOf("Petra Kowalik", home), factsOf("Petra Brandt", home)],
    ["a name alone, however rare", factsOf("Xanthippe Kowalik"), factsOf("Xanthippe Kowalik")],
  ])("%s", (_, a, b) => {
    expect(score(a, b).joins).toBe("never");
  });
});

it("takes a digit's difference in a day of birth for less than a veto and more than nothing", () => {
  const petra = factsOf("Petra Kowalik", { ...born, ...home });
  const other = (birthDate: string) => score(petra, { ...petra, birthDate }).weight;
  expect(other("1975-03-09")).toBeGreaterThan(other("1975-03-08"));
  expect(other("1975-03-08")).toBeGreaterThan(other("1962-11-30"));
  expect(score(petra, { ...petra, birthDate: "1975-03-08" }).joins).toBe("alone");
});

it("gives a rare name more weight than a common one", () => {
  const common = townOf(1_000)
    .map(({ facts }) => facts.name.last ?? "")
    .toSorted()
    .reduce((best, name, at, all) => (all[at + 30] === name ? name : best), "");
  const weight = (last: string) => score(factsOf(`Petra ${last}`), factsOf(`Petra ${last}`)).weight;
  expect(weight("kowalik")).toBeGreaterThan(weight(common) + 1);
});

it("does not take an initial for more than a name, though hardly any stranger has one", () => {
  const weight = (name: string) => score(factsOf("Petra Kowalik", born), factsOf(name, born)).weight;
  expect(weight("P Kowalik")).toBeLessThanOrEqual(weight("Petra Kowalik"));
  expect(weight("P Kowalik")).toBeGreaterThan(weight("Q Kowalik"));
});

it("does not let an address stand for several clues", () => {
  const [alone, whole] = [{ postcode: home.postcode, street: home.street }, home];
  const gained =
    score(factsOf("Petra Kowalik", whole), factsOf("Petra Kowalik", whole)).weight -
    score(factsOf("Petra Kowalik", alone), factsOf("Petra Kowalik", alone)).weight;
  expect(gained).toBeLessThan(1);
});

it("finds records by keys that hold in spite of one wrong field", () => {
  const petra = factsOf("Petra Kowalik", {
    ...born,
    ...home,
    emails: ["petra@brandt.example"],
    phones: ["+4915112345678"],
  });
  const keys = new Set(blockingKeysOf(petra));
  const spoilt: Partial<LinkageFacts>[] = [
    { name: { first: "petra", last: "xx" } },
    { name: { first: "xx", last: "kowalik" } },
    { name: { first: "kowalik", last: "petra" } },
    { birthDate: "2001-01-01" },
    { postcode: "ZZ99ZZ", emails: [], phones: [] },
  ];
  for (const change of spoilt) expect(blockingKeysOf({ ...petra, ...change }).some((key) => keys.has(key))).toBe(true);
});
