/** A town that makes consent hard. */
import type { CanonicalRecord } from "#connectors/core/records.ts";
import { randomOf } from "#tests/support/hostile.ts";
import { consent, person } from "#tests/support/records.ts";

export const PEOPLE = 90;

/**
 * Few names, streets and addresses for many people: households, a crowd, shared mailboxes, doubts of all kinds. The people
 * are `0` to `89`; the same seed makes the same town.
 */
export function townOf(seed: number): CanonicalRecord[] {
  const random = randomOf(seed);
  const one = <Value>(...values: Value[]): Value => values[Math.floor(random() * values.length)] as Value;
  const day = () => one(null, ...[1, 3, 5, 7, 9].map((month) => `2026-0${month}-01T00:00:00Z`));
  const mail = () =>
    `${one("grace", "g.lindqvist", "info", "walter", "hill+shop", "hill")}@${one("hill.co.uk", "gmail.com")}`;
  const phone = () => one("+44 7400 100200", "07400 100200", "07400 100201", "07400 100202");
  const ids = Array.from({ length: PEOPLE }, (_, index) => String(index));
  const people = ids.map((id) =>
    person(id, {
      firstName: one("Grace", "G.", "Walter", "Graham", "Ann Grace", null),
      lastName: one("Lindqvist", "Lindquist", "Lindkvist", "Linden", `Lin${id}`),
      postcode: one("BN2 1EH", "BN2 1EH", "bn21eh", "E1 6AN", null),
      emails: random() < 0.3 ? [mail()] : [`own${id}@brightleaf.co.uk`],
      phones: random() < 0.2 ? [phone()] : [],
    }),
  );
  const said = Array.from({ length: PEOPLE * 2 }, (_, index) =>
    consent(`c${index}`, one(...ids, "nobody"), {
      address: one(null, null, mail(), phone(), `own${one(...ids)}@brightleaf.co.uk`),
      channel: one("email", "email", "sms", "any"),
      purpose: one("marketing", "marketing", "personalisation", "any"),
      state: one("granted", "granted", "granted", "granted", "withdrawn", "denied", "unknown", "pending"),
      explicit: random() < 0.5,
      effectiveAt: day(),
      expiresAt: one(null, null, "2027-03-01T00:00:00Z"),
      proof: one("form", "till", ""),
    }),
  );
  return [...people, ...said];
}
