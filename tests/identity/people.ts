/** Seeded invented people with every kind of mess, for tests that need many. */
import type { PersonRecord } from "#connectors/core/records.ts";
import { person } from "#tests/support/records.ts";

const FIRST = ["Anna", "Tom", "Maria", "Peter", "Ines", "Robert", "Grace", "Walter", "Nadia", "Oscar", "Priya", "Hugo"];
const LAST = [
  "Hill",
  "Stone",
  "Rossi",
  "Long",
  "Becker",
  "Okafor",
  "Novak",
  "Lindqvist",
  "Moreau",
  "Sato",
  "Quinn",
  "Varga",
];

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * About `count` records of three quarters as many people: second records with typos, tags, missing parts, a household's
 * mobile, a crowded studio address, merges at the source.
 */
export function messyPeople(count: number, seed: number): PersonRecord[] {
  const random = randomOf(seed);
  const pick = (items: string[]): string => items[Math.floor(random() * items.length)] ?? "";
  const chance = (share: number) => random() < share;
  const records: PersonRecord[] = [];
  for (let index = 0; records.length < count; index++) {
    const firstName = pick(FIRST);
    const lastName = pick(LAST);
    const domain = chance(0.4) ? "gmail.com" : "brightleaf.co.uk";
    const email = `${firstName}.${lastName}${index}@${domain}`.toLowerCase();
    const household = chance(0.1) ? index - (index % 5) : index;
    const phone = `+4479${String(11_100_000 + household * 7).padStart(8, "0")}`;
    const copies = chance(0.3) ? 2 : chance(0.05) ? 4 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const id = `${index}-${copy}`;
      const shown =
        copy === 0 || chance(0.6) ? email : chance(0.5) ? email.replace("@", "+shop@") : email.toUpperCase();
      records.push(
        person(id, {
          firstName: chance(0.08) ? null : chance(0.1) ? firstName.slice(0, -1) : firstName,
          lastName: chance(0.08) ? null : lastName,
          emails: [...(chance(0.85) ? [shown] : []), ...(chance(0.04) ? ["studio@brightleaf.co.uk"] : [])],
          phones: chance(0.6) ? [phone] : [],
          createdAt: chance(0.9) ? new Date(Date.UTC(2025, 0, 1) + Math.floor(random() * 3e10)).toISOString() : null,
          mergedInto: copy > 0 && chance(0.05) ? `${index}-0` : null,
        }),
      );
    }
  }
  return records.slice(0, count);
}
