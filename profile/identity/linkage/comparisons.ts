import { sameByNickname } from "../nicknames.ts";
import { editDistance, jaroWinklerAtLeast } from "../strings.ts";
import { type LinkageField, SEVERAL } from "./facts.ts";

/** What belongs together as evidence: agreement on a street and on its town are hardly two clues. */
export const evidenceGroups = ["name", "birth", "contact", "address", "number", "circumstances"] as const;
export type EvidenceGroup = (typeof evidenceGroups)[number];

export interface Comparison {
  field: LinkageField;
  /** In sentences: "the family name is nearly the same". */
  words: string;
  group: EvidenceGroup;
  /** Best first, the last one: clearly different. */
  levels: readonly Level[];
  /** How alike two different texts are: a position in `levels`, at least 1. */
  levelOf: (a: string, b: string) => number;
  /** Whether a rare value says more than a common one. */
  byFrequency: boolean;
}

export interface Level {
  words: string;
  /** How often records of one person stand in this relation, before anything was learned. */
  usual: number;
  /** Counts as a clue of another group: a mailbox named like another one says what the name says. */
  group?: EvidenceGroup;
}

const level = (words: string, usual: number, group?: EvidenceGroup): Level =>
  group === undefined ? { words, usual } : { words, usual, group };

/** Family name and given name exchanged: of both names together, which is why the given name stands for it. */
export const SWAPPED = 3;

export const comparisons: readonly Comparison[] = [
  {
    field: "first_name",
    words: "given name",
    group: "name",
    levels: [
      level("the same", 0.6),
      level("nearly the same", 0.14),
      level("similar", 0.03),
      level("exchanged with the family name", 0.01),
      level("a short form of the other", 0.05),
      level("an initial of the other", 0.02),
      level("somewhat similar", 0.04),
      level("different", 0.11),
    ],
    levelOf: givenNameLevel,
    byFrequency: true,
  },
  {
    field: "last_name",
    words: "family name",
    group: "name",
    levels: [
      level("the same", 0.6),
      level("nearly the same", 0.18),
      level("similar", 0.03),
      level("somewhat similar", 0.05),
      level("different", 0.14),
    ],
    levelOf: best((a, b) => nameLevel(a, b)),
    byFrequency: true,
  },
  {
    field: "birth_date",
    words: "date of birth",
    group: "birth",
    levels: [
      level("the same", 0.8),
      level("the same but for one digit", 0.08),
      level("the same but for two digits", 0.02),
      level("different", 0.1),
    ],
    levelOf: birthDateLevel,
    byFrequency: true,
  },
  {
    field: "email",
    words: "e-mail address",
    group: "contact",
    levels: [
      level("the same", 0.75),
      level("the same but for dots and tags", 0.02),
      level("of the same name elsewhere", 0.03, "name"),
      level("nearly the same", 0.05),
      level("named alike", 0.02, "name"),
      level("different", 0.13),
    ],
    levelOf: best(emailLevel),
    byFrequency: true,
  },
  {
    field: "phone",
    words: "phone number",
    group: "contact",
    levels: [
      level("the same", 0.7),
      level("the same but for the prefix", 0.03),
      level("the same but for one digit", 0.05),
      level("different", 0.22),
    ],
    levelOf: best(phoneLevel),
    byFrequency: true,
  },
  {
    field: "postcode",
    words: "postcode",
    group: "address",
    levels: [level("the same", 0.75), level("nearby", 0.06), level("of the same area", 0.04), level("different", 0.15)],
    levelOf: postcodeLevel,
    byFrequency: true,
  },
  {
    field: "street_number",
    words: "house number",
    group: "address",
    levels: [level("the same", 0.75), level("different", 0.25)],
    levelOf: () => 1,
    byFrequency: false,
  },
  {
    field: "street",
    words: "street",
    group: "address",
    levels: [level("the same", 0.7), level("nearly the same", 0.1), level("different", 0.2)],
    levelOf: (a, b) => (jaroWinklerAtLeast(a, b, 0.88) >= 0.88 ? 1 : 2),
    byFrequency: true,
  },
  {
    field: "city",
    words: "town",
    group: "address",
    levels: [level("the same", 0.75), level("nearly the same", 0.07), level("different", 0.18)],
    levelOf: (a, b) => (jaroWinklerAtLeast(a, b, 0.88) >= 0.88 ? 1 : 2),
    byFrequency: true,
  },
  {
    field: "region",
    words: "region",
    group: "address",
    levels: [level("the same", 0.85), level("different", 0.15)],
    levelOf: () => 1,
    byFrequency: true,
  },
  {
    field: "birth_place",
    words: "place of birth",
    group: "circumstances",
    levels: [level("the same", 0.75), level("nearly the same", 0.07), level("different", 0.18)],
    levelOf: (a, b) => (jaroWinklerAtLeast(a, b, 0.88) >= 0.88 ? 1 : 2),
    byFrequency: true,
  },
  {
    field: "occupation",
    words: "occupation",
    group: "circumstances",
    levels: [level("the same", 0.7), level("different", 0.3)],
    levelOf: () => 1,
    byFrequency: true,
  },
  {
    field: "gender",
    words: "gender",
    group: "circumstances",
    levels: [level("the same", 0.97), level("different", 0.03)],
    levelOf: () => 1,
    byFrequency: false,
  },
  {
    field: "company",
    words: "company",
    group: "circumstances",
    levels: [level("the same", 0.6), level("nearly the same", 0.1), level("different", 0.3)],
    levelOf: (a, b) => (jaroWinklerAtLeast(a, b, 0.92) >= 0.92 ? 1 : 2),
    byFrequency: true,
  },
  {
    field: "national_id",
    words: "personal number",
    group: "number",
    levels: [level("the same", 0.8), level("different", 0.2)],
    levelOf: () => 1,
    byFrequency: false,
  },
];

/** Position in `comparisons` by field. */
export const comparisonAt = Object.fromEntries(comparisons.map(({ field }, at) => [field, at])) as Record<
  LinkageField,
  number
>;

function givenNameLevel(a: string, b: string): number {
  const [headA, headB] = [headOf(a), headOf(b)];
  // One with the other's middle names left out.
  if (headA === headB && headA.length > 1 && (headA === a || headB === b)) return 1;
  const similarity = jaroWinklerAtLeast(a, b, 0.7);
  if (similarity >= 0.92) return 1;
  if (similarity >= 0.88) return 2;
  if (sameByNickname(headA, headB)) return 4;
  if ((a.length === 1 || b.length === 1) && a[0] === b[0]) return 5;
  return similarity >= 0.7 ? 6 : 7;
}

function birthDateLevel(a: string, b: string): number {
  // Hyphens stand at the same places: more digits than these do not differ by two edits.
  let differing = 0;
  for (let at = 0; at < a.length; at++) if (a.charCodeAt(at) !== b.charCodeAt(at)) differing++;
  return differing > 4 ? 3 : Math.min(3, editDistance(a, b));
}

function nameLevel(a: string, b: string): number {
  if (a === b) return 0;
  const similarity = jaroWinklerAtLeast(a, b, 0.7);
  if (similarity >= 0.92) return 1;
  if (similarity >= 0.88) return 2;
  // "smith-jones" and "jones": a double name holds both.
  const parts = b.split(/[ -]/);
  if (a.split(/[ -]/).some((part) => part.length > 2 && parts.includes(part))) return 2;
  return similarity >= 0.7 ? 3 : 4;
}

function emailLevel(a: string, b: string): number {
  if (a === b) return 0;
  const [localA, domainA] = partsOf(a);
  const [localB, domainB] = partsOf(b);
  if (domainA === domainB && withoutTag(localA) === withoutTag(localB)) return 1;
  if (localA === localB) return 2;
  if (jaroWinklerAtLeast(a, b, 0.88) >= 0.88) return 3;
  return jaroWinklerAtLeast(localA, localB, 0.88) >= 0.88 ? 4 : 5;
}

function phoneLevel(a: string, b: string): number {
  if (a === b) return 0;
  if (a.slice(-7) === b.slice(-7)) return 1;
  return editDistance(a, b) === 1 ? 2 : 3;
}

function postcodeLevel(a: string, b: string): number {
  if (nearbyOf(a) === nearbyOf(b)) return 1;
  return areaOf(a) === areaOf(b) ? 2 : 3;
}

/** The part of a postcode before the last three of a British one, the first three of others. */
const BRITISH = /^([A-Z]{1,2}\d[A-Z\d]?)\d[A-Z]{2}$/;
export const nearbyOf = (postcode: string): string => BRITISH.exec(postcode)?.[1] ?? postcode.slice(0, 3);
/** Letters at the start, else the first two characters. */
export const areaOf = (postcode: string): string => /^[A-Z]{1,2}(?=\d)/.exec(postcode)?.[0] ?? postcode.slice(0, 2);

/** Of fields with several values the best pair counts. */
function best(levelOf: (a: string, b: string) => number): (a: string, b: string) => number {
  return (a, b) => {
    if (!a.includes(SEVERAL) && !b.includes(SEVERAL)) return levelOf(a, b);
    const others = b.split(SEVERAL);
    return Math.min(...a.split(SEVERAL).flatMap((one) => others.map((other) => levelOf(one, other))));
  };
}

function partsOf(email: string): [local: string, domain: string] {
  const at = email.lastIndexOf("@");
  return [email.slice(0, at), email.slice(at + 1)];
}

const withoutTag = (local: string): string => local.replace(/\+.*$/, "").replaceAll(".", "");

function headOf(name: string): string {
  const end = name.search(/[ -]/);
  return end === -1 ? name : name.slice(0, end);
}
