import { type IdentifierKind, type LinkRule, linkRules } from "./rules.ts";

/** Why a suggested merge did not happen. */
export const REFUSAL_RULES = [
  "shared_value",
  "names_conflict",
  "ambiguous",
  "names_needed",
  "household_needed",
  "own_addresses",
  "too_many_identifiers",
  "too_loose",
  "cut",
] as const;
export type RefusalRule = (typeof REFUSAL_RULES)[number];

/** One plain sentence about a refused merge. It names the kind of identifier, never its value. */
export function explainRefusal(rule: RefusalRule, kind: IdentifierKind | "human" | "score"): string {
  const words = kind === "human" || kind === "score" ? "evidence" : wordsOf(kind);
  switch (rule) {
    case "shared_value":
      return `Kept apart: several people with different names use the same ${words}, so it does not identify anybody.`;
    case "names_conflict":
      return `Kept apart: the ${words} is the same, but the names are clearly different.`;
    case "ambiguous":
      return `Kept apart: the ${words} belongs to people with different names, and it is not clear which of them this is.`;
    case "names_needed":
      return `Kept apart: the same ${words} alone is weak evidence; it takes full names that agree.`;
    case "household_needed":
      return `Kept apart: the ${words} is the same, but neither family name nor postcode agrees.`;
    case "own_addresses":
      return `Kept apart: the ${words} is the same, but each has an e-mail address or customer number of their own, and households share phones.`;
    case "too_many_identifiers":
      return `Kept apart: together they would hold more different identifiers of one kind than one person has; the same ${words} suggested it.`;
    case "too_loose":
      return "Kept apart: many records resemble one another, but too few of them closely enough to be one person.";
    case "cut":
      return "Kept apart: a person decided that these records are different people.";
  }
}

/** "joined by the same e-mail address" */
export const explainLink = (words: string): string => `joined by the same ${words}`;

/** What a kind is called in sentences. */
export function wordsOf(kind: IdentifierKind): string {
  const strongest: LinkRule | undefined = linkRules.find((rule) => rule.kind === kind);
  return strongest?.words ?? kind;
}
