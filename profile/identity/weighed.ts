import type { DisplaySource } from "./survivorship.ts";
import type { Normalised } from "./normalise/normalised.ts";
import { type NormaliseContext, normalisePerson } from "./normalise/person.ts";

/**
 * What of a profile's records says less than it seems to, and why, in sentences without values. Addresses and numbers that do
 * not count at all are said elsewhere.
 */
export function weighedFacts(sources: readonly DisplaySource[], context: NormaliseContext): string[] {
  const sentences = new Set<string>();
  const say = (what: string, value: Normalised | null): void => {
    if (value === null || value.quality === "strong") return;
    sentences.add(
      `${what} ${value.quality === "weak" ? "counts less" : "does not count"}. ${value.reason ?? ""}`.trim(),
    );
  };
  for (const { facts, deleted } of sources) {
    if (deleted) continue;
    const person = normalisePerson(facts, context);
    if (facts.firstName !== null || facts.lastName !== null) say("One name", person.name);
    for (const email of person.emails) if (email.quality === "weak") say("One e-mail address", email);
    for (const phone of person.phones) if (phone.quality === "weak") say("One phone number", phone);
    say("One date of birth", person.birthDate);
    say("One place of birth", person.birthPlace);
    say("One gender", person.gender);
    say("One occupation", person.occupation);
    say("One street", person.street);
    say("One postcode", person.postcode);
    say("One town", person.city);
    for (const number of person.nationalIds) say("One national or tax number", number);
  }
  return [...sentences].toSorted();
}
