import anyAscii from "any-ascii";
import { companyForms, generations, nameSuffixes, nameTitles, placeholderNames } from "../blocked-values.ts";
import type { PersonName } from "../names.ts";
import { type Normalised, unusable } from "./normalised.ts";

const NO_NAME: PersonName = { first: null, last: null };
// oxlint-disable-next-line no-control-regex -- testing for ASCII is the point
const ASCII = /^[\x00-\x7f]*$/;

/** Longer fields hold notes; names are compared letter by letter. Characters. */
const LONGEST_NAME = 200;

/** As most names are written: nothing to fold, cut or take apart, which takes longer than all else. */
const PLAIN_WORD = /^[A-Za-z]{1,200}$/;

/** A name as it is compared, and what was taken off it. */
export interface ReadName extends Normalised, PersonName {
  middle: string | null;
  /** First letter of the given name. */
  initial: string | null;
  titles: string[];
  degrees: string[];
  /** It is the name of a business. */
  isOrganisation: boolean;
}

/**
 * Name keys for comparison: ASCII, lower case, without titles and suffixes. A whole name typed into one field is taken
 * apart; placeholders and company names give no name.
 */
export function normaliseName(first: string | null, last: string | null): PersonName {
  const { given, family, generation, fault } = partsOf(first, last);
  if (fault !== null) return NO_NAME;
  const name = { first: keyOf(given), last: keyOf(family) };
  return generation === undefined ? name : { ...name, generation };
}

/** The same with what else the name tells, and in words why it is no name where it is none. */
export function readName(first: string | null, last: string | null, middle: string | null = null): ReadName {
  const { given, family, generation, titles, degrees, fault } = partsOf(first, last);
  const name = fault === null ? { first: keyOf(given), last: keyOf(family) } : NO_NAME;
  const key = [name.first, name.last].filter((part) => part !== null).join(" ");
  return {
    ...judge(key, name, fault),
    ...name,
    ...(generation === undefined ? {} : { generation }),
    middle: keyOf(tokensOf(middle)),
    initial: name.first?.[0] ?? null,
    titles,
    degrees,
    isOrganisation: fault === BUSINESS,
  };
}

const BUSINESS = "It is the name of a business.";
const PLACEHOLDER = "It is a placeholder.";

function judge(key: string, { first, last }: PersonName, fault: string | null): Normalised {
  if (key === "") return unusable(fault ?? "There is none.");
  if (first === null || last === null) return { key, quality: "weak", reason: "It is only a part of a name." };
  if (first.length === 1) return { key, quality: "weak", reason: "Of the given name only the initial is known." };
  return { key, quality: "strong", reason: null };
}

interface NameParts {
  given: string[];
  family: string[];
  generation: string | undefined;
  titles: string[];
  degrees: string[];
  /** Why this is nobody's name; null: it may be somebody's. */
  fault: string | null;
}

function partsOf(first: string | null, last: string | null): NameParts {
  const given = tokensOf(first);
  const family = tokensOf(last);
  const titles = takeTitles(given);
  if (given.length === 0) titles.push(...takeTitles(family));
  const degrees: string[] = [];
  let generation = takeSuffixes(family.length > 0 ? family : given, degrees);
  if (family.length > 0) generation = takeSuffixes(given, degrees) ?? generation;
  const parts = { given, family, generation, titles, degrees };

  const all = [...given, ...family];
  if (all.length > 1 && companyForms.has(all.at(-1) ?? "")) return { ...parts, fault: BUSINESS };
  if (all.length > 0 && all.every((token) => placeholderNames.has(token))) return { ...parts, fault: PLACEHOLDER };
  if (given.length > 1 && family.length === 0) {
    // "Hill, Anna" in one field is family name first.
    if (first?.includes(",") === true) given.push(given.shift() ?? "");
    family.push(given.pop() ?? "");
  } else if (given.length === 0 && family.length > 1) {
    given.push(family.shift() ?? "");
  }
  return { ...parts, fault: null };
}

function takeTitles(tokens: string[]): string[] {
  const titles: string[] = [];
  while (nameTitles.has(tokens[0] ?? "")) titles.push(tokens.shift() ?? "");
  return titles;
}

/** Takes degrees and generations off the end; returns the generation. A lone word is a name, "Tom Senior" has one. */
function takeSuffixes(tokens: string[], degrees: string[]): string | undefined {
  let generation: string | undefined;
  while (tokens.length > 1) {
    const last = tokens.at(-1) ?? "";
    if (!nameSuffixes.has(last) && !generations.has(last)) break;
    if (nameSuffixes.has(last)) degrees.push(last);
    generation ??= generations.get(last);
    tokens.pop();
  }
  return generation;
}

function tokensOf(raw: string | null): string[] {
  if (raw === null) return [];
  if (PLAIN_WORD.test(raw)) return [raw.toLowerCase()];
  const folded = raw.slice(0, LONGEST_NAME).normalize("NFKC").slice(0, LONGEST_NAME);
  const ascii = (ASCII.test(folded) ? folded : anyAscii(folded)).toLowerCase();
  return ascii
    .replace(/\bn\/a\b/g, "na")
    .replace(/[^a-z' -]+/g, " ")
    .split(" ")
    .map((token) => token.replace(/^[-']+|[-']+$/g, ""))
    .filter((token) => token !== "");
}

function keyOf(tokens: string[]): string | null {
  const key = tokens.join(" ");
  return key === "" || placeholderNames.has(key) ? null : key;
}
