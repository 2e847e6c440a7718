/** Which of several values a profile is shown with: from which record it comes, and why it is this one. */
import type { PersonFacts } from "./identifiers.ts";
import { normaliseBirthDate } from "./normalise/birth-date.ts";
import { normaliseEmail } from "./normalise/email.ts";
import { normaliseGender } from "./normalise/gender.ts";
import { normaliseName } from "./normalise/name.ts";
import type { Normalised, Quality } from "./normalise/normalised.ts";
import type { NormaliseContext } from "./normalise/person.ts";
import { normalisePhone } from "./normalise/phone.ts";
import { foldText, normaliseText } from "./normalise/text.ts";

export interface DisplaySource {
  recordId: string;
  facts: PersonFacts;
  /** ISO 8601; null when the source does not say. */
  updatedAt: string | null;
  deleted: boolean;
}

/** What to call a profile: raw spellings as a source has them. */
export interface Display {
  name: string | null;
  email: string | null;
  phone: string | null;
}

export interface ShownFact {
  fact: keyof typeof FACTS;
  title: string;
  /** As its source writes it. */
  value: string;
  recordId: string;
  /** "the latest of 3", in a sentence about the value. */
  why: string;
}

interface Candidate {
  text: string;
  /** Equal ones are one value, however they are written. */
  key: string;
  /** How much it says: a mailbox of one's own more than a shared one, a whole name more than half of one. */
  rank: number;
}

interface Fact {
  title: string;
  /**
   * `latest`: of those that say most, the one changed last. `complete`: the one with most parts, then the latest. `list`: all
   * there are.
   */
  policy: "latest" | "complete" | "list";
  of(facts: PersonFacts, context: NormaliseContext): Candidate[];
}

const RANK: Record<Quality, number> = { strong: 2, weak: 1, blocked: 0 };

const FACTS = {
  name: { title: "Name", policy: "complete", of: nameOf },
  email: {
    title: "E-mail",
    policy: "latest",
    of: ({ emails }) => emails.flatMap((raw) => judged(raw, normaliseEmail(raw))),
  },
  phone: {
    title: "Phone",
    policy: "latest",
    of: ({ phones, country }, { defaultCountry }) =>
      phones.flatMap((raw) => judged(raw, normalisePhone(raw, country ?? defaultCountry))),
  },
  address: { title: "Address", policy: "complete", of: addressOf },
  company: textFact("Company", ({ company }) => company),
  occupation: textFact("Occupation", ({ occupation }) => occupation),
  birth_date: {
    title: "Date of birth",
    policy: "latest",
    of: ({ birthDate }, { today }) =>
      birthDate === undefined ? [] : judged(birthDate, normaliseBirthDate(birthDate, today)),
  },
  birth_place: textFact("Place of birth", ({ birthPlace }) => birthPlace),
  gender: {
    title: "Gender",
    policy: "latest",
    of: ({ gender }) => (gender === undefined ? [] : judged(gender, normaliseGender(gender))),
  },
  previous_names: {
    title: "Earlier names",
    policy: "list",
    of: ({ previousNames = [] }) => previousNames.flatMap((raw) => judged(raw, normaliseText(raw))),
  },
  national_id: {
    title: "Numbers",
    policy: "list",
    of: ({ nationalIds = [] }) =>
      nationalIds.map(({ kind, key, quality }) => ({
        text: `${kind.replaceAll("_", " ")} (kept as a hash)`,
        ...{ key: `${kind} ${key}`, rank: RANK[quality] },
      })),
  },
} satisfies Record<string, Fact>;

/** Every fact that some record knows, in a fixed order. Permission never goes this way. */
export function shownFacts(sources: readonly DisplaySource[], context: NormaliseContext): ShownFact[] {
  return (Object.entries(FACTS) as [keyof typeof FACTS, Fact][]).flatMap(([name, fact]) => {
    const candidates = sources.flatMap((source) =>
      fact
        .of(source.facts, context)
        .flatMap((candidate, place) =>
          candidate.text.trim() === "" ? [] : [{ ...candidate, text: candidate.text.trim(), place, source }],
        ),
    );
    const ordered = candidates.toSorted(byWorth);
    const [best] = ordered;
    if (best === undefined) return [];
    const distinct = [...new Map(ordered.toReversed().map((candidate) => [candidate.key, candidate])).values()];
    const value =
      fact.policy === "list"
        ? distinct
            .map(({ text }) => text)
            .toReversed()
            .join("; ")
        : best.text;
    const why = whyThis(fact.policy, best, distinct);
    return [{ fact: name, title: fact.title, value, recordId: best.source.recordId, why }];
  });
}

/** The three that a profile is called by. */
export function displayOf(shown: readonly ShownFact[]): Display {
  const of = (name: ShownFact["fact"]) => shown.find(({ fact }) => fact === name)?.value ?? null;
  return { name: of("name"), email: of("email"), phone: of("phone") };
}

type Ranked = Candidate & { place: number; source: DisplaySource };

/** What says most first; then living before deleted records, dated before undated ones, the latest, the smallest id. */
function byWorth(a: Ranked, b: Ranked): number {
  return (
    b.rank - a.rank ||
    Number(a.source.deleted) - Number(b.source.deleted) ||
    timeOf(b.source) - timeOf(a.source) ||
    (a.source.recordId === b.source.recordId ? a.place - b.place : a.source.recordId < b.source.recordId ? -1 : 1)
  );
}

const timeOf = ({ updatedAt }: DisplaySource): number => Date.parse(updatedAt ?? "1970-01-01");

function whyThis(policy: Fact["policy"], best: Ranked, distinct: readonly Ranked[]): string {
  if (policy === "list") return distinct.length === 1 ? "the only one known" : `all ${distinct.length} that are known`;
  if (distinct.length === 1) return "the only one known";
  const rivals = distinct.filter(({ key, rank }) => key !== best.key && rank === best.rank);
  if (rivals.length === 0)
    return policy === "complete"
      ? `the most complete of ${distinct.length}`
      : `the one of ${distinct.length} that says most`;
  if (!best.source.deleted && rivals.every(({ source }) => source.deleted))
    return "the only one of a record that still exists";
  if (best.source.updatedAt === null) return `one of ${distinct.length}, of which no source says when it changed`;
  const among = policy === "complete" ? "the most complete ones" : String(distinct.length);
  return `the latest of ${among}`;
}

const judged = (text: string, value: Normalised): Candidate[] => [
  { text, key: value.key ?? foldText(text), rank: value.key === null ? -1 : RANK[value.quality] },
];

function textFact(title: string, of: (facts: PersonFacts) => string | null | undefined): Fact {
  return {
    ...{ title, policy: "latest" },
    of: (facts) => {
      const text = of(facts);
      return text == null ? [] : judged(text, normaliseText(text));
    },
  };
}

function nameOf(facts: PersonFacts): Candidate[] {
  const parts = [facts.firstName, facts.middleName, facts.lastName];
  const text = parts.flatMap((part) => (part == null ? [] : [part.trim()])).join(" ");
  const key = normaliseName(facts.firstName, facts.lastName);
  const rank = Number(key.first !== null) + Number(key.last !== null);
  return [{ text, key: `${key.first} ${key.last}`, rank }];
}

/** The parts of one record: two halves of different records would be an address that nobody lives at. */
function addressOf({ street, addressLine2, postcode, city, region, country }: PersonFacts): Candidate[] {
  const town = [postcode, city].filter(Boolean).join(" ");
  const text = [street, addressLine2, town, region].filter(Boolean).join(", ");
  if (text === "") return [];
  const rank = [street, street, postcode, city, region].filter(Boolean).length;
  return [{ text: [text, country].filter(Boolean).join(", "), key: foldText(`${text} ${country ?? ""}`), rank }];
}
