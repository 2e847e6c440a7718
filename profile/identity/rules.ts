import type { Care } from "./names.ts";
import type { Quality } from "./normalise/normalised.ts";

export const identifierKinds = [
  "merged_into",
  "account_id",
  "loyalty_id",
  "email",
  "phone",
  "card_fingerprint",
  "email_canonical",
  // Start of the family name and postcode. Joins nobody; where a no may concern somebody near, it is found by this.
  "household",
] as const;
export type IdentifierKind = (typeof identifierKinds)[number];

export interface LinkRule {
  kind: IdentifierKind;
  quality: Exclude<Quality, "blocked">;
  /** Lower goes first: what it joins is there before weaker evidence is looked at. */
  priority: number;
  /** Different values one profile may gather; beyond that a merge is refused. Null: any number. */
  maxPerProfile: number | null;
  /** Different people (by name) who may hold one value before it stops saying anything. */
  reuseLimit: number | null;
  /** `ignore`: names are not asked. A care: names must not conflict. `agree`: full names, the same, on both sides. */
  names: "ignore" | Care | "agree";
  /** Also the same family name or postcode on both sides. */
  needsHousehold: boolean;
  /** In sentences: "joined by the same ...". */
  words: string;
}

/**
 * What may join two records, strongest first. Anything a vendor hands to a browser (client and click ids) describes
 * devices, not people, and is no row here.
 */
export const linkRules: readonly LinkRule[] = [
  rule("merged_into", "strong", 1, null, null, "ignore", "merge made at the source"),
  rule("account_id", "strong", 2, 3, 1, "account", "account number"),
  rule("loyalty_id", "strong", 3, 2, 2, "account", "loyalty number"),
  rule("email", "strong", 4, 5, 3, "typos", "e-mail address"),
  rule("phone", "strong", 5, 4, 3, "household", "mobile phone number"),
  { ...rule("card_fingerprint", "strong", 6, 5, 3, "household", "payment card"), needsHousehold: true },
  rule("email_canonical", "strong", 7, null, 3, "typos", "mailbox behind dots and plus tags"),
  rule("email_canonical", "weak", 8, null, null, "agree", "mailbox behind dots and plus tags"),
  rule("phone", "weak", 9, null, null, "agree", "phone number"),
];

function rule(
  kind: IdentifierKind,
  quality: LinkRule["quality"],
  priority: number,
  maxPerProfile: number | null,
  reuseLimit: number | null,
  names: LinkRule["names"],
  words: string,
): LinkRule {
  return { kind, quality, priority, maxPerProfile, reuseLimit, names, needsHousehold: false, words };
}

/** A value with more holders than this is looked at twice: it overflows unless few names stand behind it. */
export const OVERFLOW_HOLDERS = 50;
/** Past this many holders a value overflows whatever the names: it would make one component of the whole shop. */
export const OVERFLOW_HOLDERS_ABSOLUTE = 1000;
/** Different spellings of a name that one person's records may well carry. */
export const OVERFLOW_NAMES = 3;

/** Whether so many holders with so many different names make a value meaningless. */
export const overflows = (holders: number, names: number): boolean =>
  holders > OVERFLOW_HOLDERS_ABSOLUTE || (holders > OVERFLOW_HOLDERS && names > OVERFLOW_NAMES);
