import type { NationalId } from "#connectors/core/records.ts";
import { type Normalised, unusable } from "./normalised.ts";

/** As it is stored: `key` is a keyed hash of what equal numbers are compared by. */
export type HashedNationalId = Normalised & Pick<NationalId, "kind">;

/** The longest in use have 20 characters; separators come on top. */
const LONGEST = 40;
const SHORTEST = 5;

/**
 * Upper-case letters and digits. Called before a number is hashed: afterwards nothing of it can be corrected.
 *
 * @param _country ISO 3166-1 alpha-2, for numbers whose form is known there
 */
export function normaliseNationalId(_kind: NationalId["kind"], raw: string, _country: string): Normalised {
  if (raw.length > LONGEST) return unusable("It is too long for such a number.");
  const key = raw
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, "");
  if (key.length < SHORTEST || !/\d/.test(key)) return unusable("It is not such a number.");
  if (/^(.)\1*$/.test(key) || "0123456789012345".includes(key) || "9876543210987654".includes(key)) {
    return { key, quality: "blocked", reason: "It is a placeholder." };
  }
  return { key, quality: "strong", reason: null };
}
