import { keyOf, type NormalisedPerson } from "../normalise/person.ts";
import type { Normalised } from "../normalise/normalised.ts";
import type { PersonFacts } from "../identifiers.ts";
import type { LinkageFacts } from "./facts.ts";

/**
 * What a record can be compared by with others; null where it says too little. A name is not enough, and what an e-mail
 * address or a number of its own says is found without comparing: beyond these it takes something else.
 */
export function linkageFactsOf(person: NormalisedPerson): LinkageFacts | null {
  const { name } = person;
  const first = name.first === null ? null : [name.first, name.middle].filter((part) => part !== null).join(" ");
  const facts: LinkageFacts = {
    name: { first, last: name.last, ...(name.generation === undefined ? {} : { generation: name.generation }) },
    previousNames: person.previousNames,
    birthDate: birthDateOf(person.birthDate),
    emails: person.emails.flatMap((email) => keyOf(email) ?? []),
    phones: person.phones.flatMap((phone) => keyOf(phone) ?? []),
    postcode: keyOf(person.postcode),
    streetNumber: person.street?.houseNumber ?? null,
    street: person.street?.street ?? null,
    city: keyOf(person.city),
    region: keyOf(person.region),
    birthPlace: keyOf(person.birthPlace),
    occupation: keyOf(person.occupation),
    gender: keyOf(person.gender),
    company: keyOf(person.company),
    nationalId:
      person.nationalIds
        .map(({ kind, ...id }) => [kind, keyOf(id)] as const)
        .find(([, key]) => key !== null)
        ?.join(":") ?? null,
  };
  return isComparable(facts) ? facts : null;
}

function isComparable(facts: LinkageFacts): boolean {
  const { name, birthDate, street, nationalId, birthPlace, occupation } = facts;
  const reachable = facts.emails.length > 0 || facts.phones.length > 0;
  const placed = hasPlace(facts);
  if (name.first === null && name.last === null)
    return nationalId !== null || (birthDate !== null && (reachable || placed));
  if ([birthDate, street, nationalId, birthPlace, occupation].some((fact) => fact !== null)) return true;
  return placed && !reachable;
}

const hasPlace = ({ postcode, city, company }: Pick<PersonFacts, "postcode" | "city" | "company">): boolean =>
  [postcode, city, company].some((fact) => fact !== null);

/** Whether it is worth normalising all that the record says: most records of a shop are found by their addresses alone. */
export function mayBeComparable(person: PersonFacts): boolean {
  const { birthDate, street, nationalIds, birthPlace, occupation } = person;
  if ([birthDate, street, birthPlace, occupation].some((fact) => fact !== undefined)) return true;
  if (nationalIds !== undefined && nationalIds.length > 0) return true;
  return person.emails.length + person.phones.length === 0 && hasPlace(person);
}

/** Nobody is 120 years old, but the day says who is meant all the same. */
function birthDateOf(birthDate: Normalised | null): string | null {
  const key = birthDate?.key ?? null;
  return key === null || key === "1900-01-01" || key === "1970-01-01" ? null : key;
}
