import type { PersonFacts } from "./identifiers.ts";
import { normaliseEmail } from "./normalise/email.ts";
import { normaliseName } from "./normalise/name.ts";
import type { Quality } from "./normalise/normalised.ts";
import { normalisePhone } from "./normalise/phone.ts";

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

const RANK: Record<Quality, number> = { strong: 2, weak: 1, blocked: 0 };

/**
 * Picks the display values of a profile, each on its own: a living record before a deleted one, a value that says who
 * somebody is before one that does not, the latest, then the smallest record id. Permission never goes this way.
 */
export function displayOf(sources: readonly DisplaySource[], defaultCountry: string): Display {
  const ordered = sources.toSorted(
    (a, b) =>
      Number(a.deleted) - Number(b.deleted) ||
      Date.parse(b.updatedAt ?? "1970-01-01") - Date.parse(a.updatedAt ?? "1970-01-01") ||
      (a.recordId < b.recordId ? -1 : 1),
  );
  return {
    name: best(ordered.flatMap(({ facts }) => nameOf(facts))),
    email: best(ordered.flatMap(({ facts }) => facts.emails.map((raw) => [raw.trim(), rankOf(normaliseEmail(raw))]))),
    phone: best(
      ordered.flatMap(({ facts }) =>
        facts.phones.map((raw) => [raw.trim(), rankOf(normalisePhone(raw, facts.country ?? defaultCountry))]),
      ),
    ),
  };
}

type Candidate = [text: string, rank: number];

/** The first of the best. */
function best(candidates: Candidate[]): string | null {
  let winner: Candidate | null = null;
  for (const candidate of candidates) {
    if (candidate[0] !== "" && (winner === null || candidate[1] > winner[1])) winner = candidate;
  }
  return winner?.[0] ?? null;
}

const rankOf = (value: { key: string | null; quality: Quality }): number =>
  value.key === null ? -1 : RANK[value.quality];

function nameOf(facts: PersonFacts): Candidate[] {
  const text = [facts.firstName, facts.lastName].flatMap((part) => (part === null ? [] : [part.trim()])).join(" ");
  const key = normaliseName(facts.firstName, facts.lastName);
  return [[text.trim(), Number(key.first !== null) + Number(key.last !== null)]];
}
