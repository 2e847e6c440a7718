/** All that a record says of a person, as it is compared; each value with how much it says and why. */
import type { PersonFacts } from "../identifiers.ts";
import { householdKeyOf, normaliseStreet, type NormalisedStreet } from "./address.ts";
import { normaliseBirthDate } from "./birth-date.ts";
import { normaliseEmail, type NormalisedEmail } from "./email.ts";
import { normaliseGender } from "./gender.ts";
import { normaliseName, readName, type ReadName } from "./name.ts";
import type { HashedNationalId } from "./national-id.ts";
import type { Normalised } from "./normalised.ts";
import { normalisePhone } from "./phone.ts";
import { normalisePostcode } from "./postcode.ts";
import { normaliseText } from "./text.ts";

/** Null where the record says nothing of it. */
export interface NormalisedPerson {
  name: ReadName;
  /** Family names the person went by before, in the order given. */
  previousNames: string[];
  emails: NormalisedEmail[];
  phones: Normalised[];
  birthDate: Normalised | null;
  birthPlace: Normalised | null;
  gender: Normalised | null;
  occupation: Normalised | null;
  postcode: Normalised | null;
  street: NormalisedStreet | null;
  addressLine2: Normalised | null;
  city: Normalised | null;
  region: Normalised | null;
  company: Normalised | null;
  /** Who may live together. */
  household: string | null;
  /** As they were stored. */
  nationalIds: readonly HashedNationalId[];
}

export interface NormaliseContext {
  /** ISO 3166-1 alpha-2, for records that name no country. */
  defaultCountry: string;
  /** ISO 8601 day, which bounds dates of birth. */
  today: string;
}

export function normalisePerson(person: PersonFacts, { defaultCountry, today }: NormaliseContext): NormalisedPerson {
  const country = person.country ?? defaultCountry;
  const postcode = given(person.postcode, (raw) => normalisePostcode(raw, country));
  const street = given(person.street, normaliseStreet);
  return {
    name: readName(person.firstName, person.lastName, person.middleName ?? null),
    previousNames: (person.previousNames ?? []).flatMap(familyNameOf),
    emails: person.emails.map(normaliseEmail),
    phones: person.phones.map((raw) => normalisePhone(raw, country)),
    birthDate: given(person.birthDate, (raw) => normaliseBirthDate(raw, today)),
    birthPlace: given(person.birthPlace, normaliseText),
    gender: given(person.gender, normaliseGender),
    occupation: given(person.occupation, normaliseText),
    postcode,
    street,
    addressLine2: given(person.addressLine2, normaliseText),
    city: given(person.city, normaliseText),
    region: given(person.region, normaliseText),
    company: given(person.company, normaliseText),
    household: street === null ? null : householdKeyOf(country, keyOf(postcode), street),
    nationalIds: person.nationalIds ?? [],
  };
}

/** The key of a value that says something; null for one that is missing or blocked. */
export function keyOf(value: Normalised | null): string | null {
  return value === null || value.quality === "blocked" ? null : value.key;
}

function given<Result>(raw: string | null | undefined, normalise: (raw: string) => Result): Result | null {
  return raw === null || raw === undefined || raw.trim() === "" ? null : normalise(raw);
}

/** A single word is a family name, of a whole name the family name is meant. */
function familyNameOf(raw: string): string[] {
  const { first, last } = normaliseName(raw, null);
  const family = last ?? first;
  return family === null ? [] : [family];
}
