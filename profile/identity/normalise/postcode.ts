import { postcodeValidator, postcodeValidatorExistsForCountry } from "postcode-validator";
import { type Normalised, unusable } from "./normalised.ts";

/** The longest in use have ten letters and digits. */
const LONGEST_RAW = 40;
const LONGEST_KEY = 12;

/**
 * Upper case, letters and digits alone; of a ZIP+4 the ZIP, which is all that many write.
 *
 * @param country ISO 3166-1 alpha-2: how postcodes are written there
 */
export function normalisePostcode(raw: string, country: string): Normalised {
  if (raw.length > LONGEST_RAW) return unusable("It is too long for a postcode.");
  const text = raw.normalize("NFKC").trim().toUpperCase();
  const key = postcodeKeyOf(text);
  if (key === null) return unusable("It is not a postcode.");
  const shown = country === "US" && /^\d{9}$/.test(key) ? key.slice(0, 5) : key;
  if (/^(?:0+|9{4,}|X+|NA|NONE|NULL|UNKNOWN)$/.test(shown))
    return { key: shown, quality: "blocked", reason: "It is a placeholder." };
  if (!postcodeValidatorExistsForCountry(country))
    return { key: shown, quality: "weak", reason: "How postcodes are written in its country is not known." };
  // Some countries write a hyphen or blank that many leave out.
  const valid = postcodeValidator(shown, country) || postcodeValidator(text, country);
  return valid
    ? { key: shown, quality: "strong", reason: null }
    : { key: shown, quality: "weak", reason: "Postcodes are written differently in its country." };
}

/** Upper case, letters and digits alone; null when there is none. */
export function postcodeKeyOf(raw: string | null): string | null {
  const key =
    raw
      ?.slice(0, LONGEST_RAW)
      .toUpperCase()
      .replace(/[^A-Z0-9]/g, "") ?? "";
  return key === "" || key.length > LONGEST_KEY ? null : key;
}
