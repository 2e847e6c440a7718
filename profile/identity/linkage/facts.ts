import type { PersonName } from "../names.ts";

/**
 * What two records are compared by, normalised. Everything may be missing. Values say nothing more than the record does:
 * what is blocked or a placeholder is left out before.
 */
export interface LinkageFacts {
  name: PersonName;
  /** Family names the person went by before. */
  previousNames: readonly string[];
  /** ISO 8601 day. */
  birthDate: string | null;
  /** Canonical addresses follow their own `+` and dots: `[exact, canonical]`. */
  emails: readonly string[];
  /** E.164. */
  phones: readonly string[];
  postcode: string | null;
  streetNumber: string | null;
  street: string | null;
  city: string | null;
  region: string | null;
  birthPlace: string | null;
  occupation: string | null;
  gender: string | null;
  company: string | null;
  /** A keyed hash: equal or not, nothing else can be said of two. */
  nationalId: string | null;
}

/** The fields as they are compared: one text each, null where nothing is known. */
export const linkageFields = [
  "first_name",
  "last_name",
  "birth_date",
  "email",
  "phone",
  "postcode",
  "street_number",
  "street",
  "city",
  "region",
  "birth_place",
  "occupation",
  "gender",
  "company",
  "national_id",
] as const;
export type LinkageField = (typeof linkageFields)[number];

/** Several values of one field in one text; none of them can hold it. */
export const SEVERAL = "\u0001";

/** More values of a kind than this say less of a person each, and every pair of them would be compared. */
const MOST_VALUES = 4;

export function fieldsOf(facts: LinkageFacts): Record<LinkageField, string | null> {
  const last = [facts.name.last, ...facts.previousNames].filter((name) => name !== null);
  return {
    first_name: facts.name.first,
    last_name: joined(last),
    birth_date: facts.birthDate,
    email: joined(facts.emails),
    phone: joined(facts.phones),
    postcode: facts.postcode,
    street_number: facts.streetNumber,
    street: facts.street,
    city: facts.city,
    region: facts.region,
    birth_place: facts.birthPlace,
    occupation: facts.occupation,
    gender: facts.gender,
    company: facts.company,
    national_id: facts.nationalId,
  };
}

function joined(values: readonly string[]): string | null {
  return values.length === 0 ? null : [...new Set(values)].slice(0, MOST_VALUES).join(SEVERAL);
}
