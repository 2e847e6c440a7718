import { areaOf } from "./comparisons.ts";
import type { LinkageFacts } from "./facts.ts";

/** What must be equal for two records to be looked at together. */
export type BlockingKey = `${string}|${string}`;

/** A key with more holders than this is a shared value, whatever it is made of. */
export const LARGEST_BLOCK = 1_000;

/** A record has no more keys than this: with many names and addresses the products grow. */
const MOST_KEYS = 40;

/**
 * The keys of a record, each once. The union of pairs that share a key is what linkage can find at all
 * (`pairCompleteness`).
 */
export function blockingKeysOf(facts: LinkageFacts): BlockingKey[] {
  const keys = new Set<BlockingKey>();
  const add = (rule: string, ...parts: (string | null | undefined)[]): void => {
    if (parts.every((part) => part !== null && part !== undefined && part !== ""))
      keys.add(`${rule}|${parts.join("|")}`);
  };
  const { first, last } = facts.name;
  const { birthDate, postcode } = facts;
  const area = postcode === null ? null : areaOf(postcode);
  const lastNames = [...new Set([last, ...facts.previousNames].filter((name) => name !== null))];
  add("number", facts.nationalId);
  for (const email of facts.emails) {
    add("email", email);
    add("mailbox", email.replace(/\+[^@]*@/, "@"));
    add("local", email.slice(0, email.lastIndexOf("@")));
  }
  for (const phone of facts.phones) {
    add("phone", phone);
    add("line", phone.slice(-7), first?.[0]);
  }
  for (const name of lastNames) {
    // In either order: names are found exchanged.
    if (first !== null) add("names", ...[first, name].toSorted());
    add("last-birth", name, birthDate);
    add("last-postcode", postcode, name);
    add("start", first?.slice(0, 3), name.slice(0, 4), area);
  }
  add("first-birth", first, birthDate);
  add("first-postcode", postcode, first);
  add("birth-area", birthDate, area);
  for (const place of new Set([facts.city, facts.birthPlace])) {
    for (const name of lastNames) add("last-place", name.slice(0, 4), place);
    add("first-place", first, place);
    add("birth-place", birthDate, place);
  }
  for (const name of lastNames) {
    const start = name.slice(0, 4);
    add("last-year", start, birthDate?.slice(0, 4), first?.[0]);
    add("last-area", start, area);
    add("last-work", start, facts.occupation);
  }
  // Whose day is not known was born on the first of January.
  if (birthDate?.endsWith("-01-01") === false) add("birth", birthDate);
  add("postcode", postcode);
  add("street", postcode, facts.streetNumber, facts.street?.slice(0, 5));
  return [...keys].slice(0, MOST_KEYS);
}
