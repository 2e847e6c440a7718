import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { namesAgree, namesConflict } from "./names.ts";
import { normaliseName } from "./normalise/name.ts";
import { jaroWinkler, withinOneEdit } from "./strings.ts";

const name = (text: string) => {
  const [first = null, last = null] = text.split(" ");
  return normaliseName(first, last);
};

describe("two names", () => {
  it.each([
    ["Katherine Brown", "Kate Brown", "a nickname"],
    ["Anna Hill", "A Hill", "an initial"],
    ["Anna Hill", "Anna Stone", "a marriage"],
    ["Ian Hill", "Ina Hill", "letters swapped in a short name"],
    ["Zoë Hill", "Zë Hill", "a letter lost in a short name"],
    ["Jonathan Hill", "Jonathon Hil", "slips of the keyboard"],
    ["Anna Hill", "Hill Anna", "fields swapped"],
    ["Catherine Hillman", "Hilman Catherine", "fields swapped, with a letter lost"],
    ["Anna Hill-Stone", "Anne Stone", "half of a double name"],
    ["Anna Hill", "Hill", "half a name"],
    ["Maria Rossi", "Rossi", "half a name"],
  ])("%s and %s may be one person: %s", (a, b) => {
    expect(namesConflict(name(a), name(b), "typos")).toBe(false);
    expect(namesConflict(name(b), name(a), "typos")).toBe(false);
  });

  it.each([
    ["Anna Hill", "Tom Hill"],
    ["Anna Hill", "Robert Stone"],
    ["Anna Hill", "B Hill"],
    ["Sarah Hill", "Emma Hill"],
    ["Anna Hill", "Anita Stone"],
  ])("%s and %s are two people", (a, b) => {
    expect(namesConflict(name(a), name(b), "typos")).toBe(true);
    expect(namesConflict(name(b), name(a), "household")).toBe(true);
  });

  it.each([
    ["Paul Hill", "Paula Hill"],
    ["Mario Rossi", "Maria Rossi"],
    ["Daniel Hill", "Danielle Hill"],
  ])("%s and %s are two people of one household, and one slip away at one e-mail address", (a, b) => {
    expect(namesConflict(name(a), name(b), "household")).toBe(true);
    expect(namesConflict(name(a), name(b), "typos")).toBe(false);
  });

  it.each([
    ["Ella Moss", "Elsa Moss"],
    ["Christine Park", "Christopher Park"],
    ["Alexander Hill", "Alexandra Hill"],
    ["Joan Hill", "John Hill"],
    ["Marion Hill", "Marlon Hill", "marlon is in no list"],
    ["Stefanie Koch", "Stefan Koch"],
  ])("%s and %s are two people also at one address, alike as they are spelt", (a, b, unless?: string) => {
    expect(namesConflict(name(a), name(b), "typos")).toBe(unless === undefined);
    expect(namesConflict(name(a), name(b), "account")).toBe(false);
  });

  it.each([
    ["Marc Dean", "Mark Dean"],
    ["Stephan Koch", "Stefan Koch"],
    ["Hanna Koch", "Hannah Koch"],
    ["Eric Koch", "Erik Koch"],
    ["Karl Koch", "Carl Koch"],
    ["Ann Cole", "Anna Cole"],
    ["Sofia Hill", "Sophia Hill"],
    ["Jan-Erik Holm", "Jan Holm"],
  ])("%s and %s is one name written twice", (a, b) => {
    expect(namesConflict(name(a), name(b), "household")).toBe(false);
  });

  const full = (first: string, last: string) => normaliseName(first, last);
  it("of a father and a son are two, with one Jr or two; an account number outweighs one left out", () => {
    const [plain, junior, senior] = [full("George", "Hale"), full("George", "Hale Jr."), full("George", "Hale Sr")];
    expect(namesConflict(senior, junior, "account")).toBe(true);
    expect(namesConflict(plain, junior, "household")).toBe(true);
    expect(namesConflict(plain, junior, "typos")).toBe(true);
    expect(namesConflict(plain, junior, "account")).toBe(false);
    expect(namesConflict(junior, full("G", "Hale Junior"), "typos")).toBe(false);
    expect(namesAgree(plain, junior)).toBe(false);
  });

  it("agree only when both are full and the same", () => {
    expect(namesAgree(name("Robert Hill"), name("Bob Hill"))).toBe(true);
    expect(namesAgree(name("Anna Hill"), name("Anne Stone"))).toBe(false);
    expect(namesAgree(name("Anna Hill"), name("Anna"))).toBe(false);
    expect(namesAgree(name("A Hill"), name("Anna Hill"))).toBe(false);
    expect(namesAgree(name("Maria Rossi"), name("Mario Rossi"))).toBe(false);
  });
});

describe("string similarity", () => {
  it("knows what one slip is", () => {
    expect(withinOneEdit("anna", "ana")).toBe(true);
    expect(withinOneEdit("anna", "nana")).toBe(true);
    expect(withinOneEdit("anna", "anns")).toBe(true);
    expect(withinOneEdit("anna", "anns1")).toBe(false);
    expect(withinOneEdit("anna", "naan")).toBe(false);
  });

  const golden = new URL("../../../shared/data/golden/strings_clusters.json", import.meta.url);
  it("equals Jaro-Winkler of an independent implementation", (context) => {
    if (!existsSync(golden)) {
      context.skip("The golden numbers (shared/data/golden) are not on this machine.");
      return;
    }
    const schema = z.object({
      pairs: z.array(z.object({ a: z.string(), b: z.string(), jaro_winkler: z.number(), osa: z.number() })),
    });
    const { pairs } = schema.parse(JSON.parse(readFileSync(golden, "utf8")));
    for (const { a, b, jaro_winkler, osa } of pairs) {
      expect(jaroWinkler(a, b), `${a} ${b}`).toBeCloseTo(jaro_winkler, 12);
      expect(withinOneEdit(a, b), `${a} ${b}`).toBe(osa <= 1);
    }
  });
});
