import anyAscii from "any-ascii";
import { companyForms, generations, nameSuffixes, nameTitles, placeholderNames } from "../blocked-values.ts";
import type { PersonName } from "../names.ts";

const NO_NAME: PersonName = { first: null, last: null };
// oxlint-disable-next-line no-control-regex -- testing for ASCII is the point
const ASCII = /^[\x00-\x7f]*$/;

/** Longer fields hold notes; names are compared letter by letter. Characters. */
const LONGEST_NAME = 200;

/** As most names are written: nothing to fold, cut or take apart, which takes longer than all else. */
const PLAIN_WORD = /^[A-Za-z]{1,200}$/;

/**
 * Name keys for comparison: ASCII, lower case, without titles and suffixes. A whole name typed into one field is taken
 * apart; placeholders and company names give no name.
 */
export function normaliseName(first: string | null, last: string | null): PersonName {
  const givenTokens = tokensOf(first);
  const familyTokens = tokensOf(last);
  while (givenTokens.length > 0 && nameTitles.has(givenTokens[0] ?? "")) givenTokens.shift();
  if (givenTokens.length === 0) while (nameTitles.has(familyTokens[0] ?? "")) familyTokens.shift();
  const endTokens = familyTokens.length > 0 ? familyTokens : givenTokens;
  let generation = takeSuffixes(endTokens);
  if (familyTokens.length > 0) generation = takeSuffixes(givenTokens) ?? generation;

  const all = [...givenTokens, ...familyTokens];
  if (all.length > 1 && companyForms.has(all.at(-1) ?? "")) return NO_NAME;
  if (all.length > 0 && all.every((token) => placeholderNames.has(token))) return NO_NAME;
  if (givenTokens.length > 1 && familyTokens.length === 0) {
    // "Hill, Anna" in one field is family name first.
    if (first?.includes(",") === true) givenTokens.push(givenTokens.shift() ?? "");
    familyTokens.push(givenTokens.pop() ?? "");
  } else if (givenTokens.length === 0 && familyTokens.length > 1) {
    givenTokens.push(familyTokens.shift() ?? "");
  }
  const name = { first: keyOf(givenTokens), last: keyOf(familyTokens) };
  return generation === undefined ? name : { ...name, generation };
}

/** Takes degrees and generations off the end; returns the generation. A lone word is a name, "Tom Senior" has one. */
function takeSuffixes(tokens: string[]): string | undefined {
  let generation: string | undefined;
  while (tokens.length > 1) {
    const last = tokens.at(-1) ?? "";
    if (!nameSuffixes.has(last) && !generations.has(last)) break;
    generation ??= generations.get(last);
    tokens.pop();
  }
  return generation;
}

function tokensOf(raw: string | null): string[] {
  if (raw === null) return [];
  if (PLAIN_WORD.test(raw)) return [raw.toLowerCase()];
  const folded = raw.slice(0, LONGEST_NAME).normalize("NFKC");
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
