/** Invented people for the tests of this folder. */
import { normaliseName } from "../normalise/name.ts";
import type { LinkageFacts } from "./facts.ts";
import { drawsOf } from "./random.ts";

const NOTHING: LinkageFacts = {
  name: { first: null, last: null },
  previousNames: [],
  birthDate: null,
  emails: [],
  phones: [],
  postcode: null,
  streetNumber: null,
  street: null,
  city: null,
  region: null,
  birthPlace: null,
  occupation: null,
  gender: null,
  company: null,
  nationalId: null,
};

/** @param name given name and family name, with "Jr" and the like */
export function factsOf(name: string, more: Partial<LinkageFacts> = {}): LinkageFacts {
  const [first = null, ...last] = name.split(" ");
  return { ...NOTHING, name: normaliseName(first, last.join(" ") || null), ...more };
}

export interface TownRecord {
  person: number;
  facts: LinkageFacts;
}

const syllables = ["ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "wu", "za"];

/**
 * A town of people with two records each, whose second one has typing errors in a part of its fields. Names are made up of
 * syllables, so that no list knows them, and skewed, so that some are common.
 */
export function townOf(people: number, seed = 1): TownRecord[] {
  const draw = drawsOf(seed);
  const skewed = (count: number): number => Math.floor((draw(1_000_000) / 1_000_000) ** 2 * count);
  const word = (number: number, length: number): string =>
    Array.from({ length }, (_, at) => syllables[Math.floor(number / 16 ** at) % 16]).join("");
  const spoilt = (text: string): string => {
    if (draw(10) > 0) return text;
    const at = 1 + draw(text.length - 1);
    return text.slice(0, at) + String.fromCharCode(97 + draw(26)) + text.slice(at + 1);
  };
  return Array.from({ length: people }, (_, person) => {
    const [first, last, street] = [word(skewed(400) * 7, 3), word(skewed(3000) * 5, 4), word(draw(500) * 11, 3)];
    const day = new Date(Date.UTC(1940, 0, 1 + draw(22_000))).toISOString().slice(0, 10);
    const facts = factsOf(`${first} ${last}`, {
      birthDate: day,
      postcode: `AB${10 + draw(80)}${draw(10)}CD`,
      street: `${street} road`,
      streetNumber: String(1 + draw(120)),
      city: word(skewed(40) * 3, 3),
    });
    const again = factsOf(`${spoilt(first)} ${spoilt(last)}`, {
      ...facts,
      name: { first: spoilt(first), last: spoilt(last) },
      street: draw(8) === 0 ? null : spoilt(facts.street ?? ""),
      postcode: draw(10) === 0 ? null : facts.postcode,
    });
    return [
      { person, facts },
      { person, facts: again },
    ];
  }).flat();
}
