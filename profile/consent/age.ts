/** Who is under age, by the date of birth that a source gives. Pure. */
import type { ConsentRecord, PersonRecord } from "#connectors/core/records.ts";

/** Of majority for marketing and profiling, wherever a person lives. */
const OF_AGE = 18;

/** Whoever was born before that was of age when the first release came out: no statement is needed of them. */
const GROWN_UP = "2008-01-01";

/**
 * That the person is a child, as a statement for the ledger; null: they are none, or nobody knows. It ends with the year in which
 * they come of age, so that the ledger does not hold a birthday that nobody may keep.
 */
export function minorityOf(
  { id, birthDate, deleted }: Pick<PersonRecord, "id" | "birthDate" | "deleted">,
  stream: string,
): ConsentRecord | null {
  if (birthDate === undefined || birthDate < GROWN_UP || deleted) return null;
  const year = Number(birthDate.slice(0, 4)) + OF_AGE + 1;
  if (year > 9_999) return null;
  return {
    kind: "consent",
    id: `${id.slice(0, 240)}/minor`,
    updatedAt: null,
    deleted: false,
    person: { stream, id },
    address: null,
    channel: "any",
    purpose: "any",
    state: "denied",
    basis: "none",
    explicit: false,
    effectiveAt: null,
    // By any clock on earth.
    expiresAt: `${year}-01-01T12:00:00Z`,
    cause: "minor",
    proof: "The record gives a date of birth.",
  };
}
