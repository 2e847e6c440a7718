import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from "libphonenumber-js/max";
import { LONGEST_PHONE } from "#connectors/core/placeholders.ts";
import { type Normalised, unusable } from "./normalised.ts";
import { plainNumber } from "./phone-plans.ts";

/** Personal by its numbering plan. */
const PERSONAL = new Set(["MOBILE", "PERSONAL_NUMBER"]);
/** Somebody's, but possibly a household's or an office's as well; North America does not tell mobiles from fixed lines. */
const SHARED = new Set(["FIXED_LINE", "FIXED_LINE_OR_MOBILE", "VOIP", "PAGER"]);

/** Ranges set aside for fiction: North American 555-01xx; United Kingdom (Ofcom, drama use). Read 2026-11. */
const RESERVED = [/^\+1\d{3}55501\d\d$/, /^\+447700900\d{3}$/, /^\+442079460\d{3}$/, /^\+441632960\d{3}$/];

/**
 * Reads a number the way it is written in `country` (ISO 3166-1 alpha-2) unless it is international.
 *
 * @returns E.164, with `;ext=` where there is an extension
 */
export function normalisePhone(raw: string, country: string): Normalised {
  if (raw.length > LONGEST_PHONE) return unusable("It is too long for a phone number.");
  const abroad = digitsAbroad(raw);
  // "447911123456" in Britain: nobody writes the calling code in front of a national number.
  const bare = abroad === null || !abroad.startsWith(callingCodeOf(country)) ? null : validAbroad(abroad);
  if (bare !== null) return judge(bare);
  const plain = plainNumber(raw, country);
  if (plain !== null) return judge({ ...plain, ext: undefined });
  const region: CountryCode | undefined = isSupportedCountry(country) ? country : undefined;
  const parsed = parsePhoneNumberFromString(raw.normalize("NFKC"), region);
  if (parsed === undefined) return unusable("It is not a phone number.");
  const { number, nationalNumber, ext } = parsed;
  const type = parsed.getType();
  const elsewhere = type === undefined && abroad !== null ? validAbroad(abroad) : null;
  if (elsewhere !== null) return withoutPlus(judge(elsewhere));
  if (type === undefined && !parsed.isPossible() && !isReserved(number) && !isPlaceholder(nationalNumber)) {
    return unusable("No such number can exist.");
  }
  return judge({ number, nationalNumber, ext, type });
}

/** Shorter ones are national ones, longer ones none. */
const DIGITS_ABROAD = /^[1-9]\d{10,14}$/;

/** A number's digits where they may be an international number without its plus; null where not. */
function digitsAbroad(raw: string): string | null {
  const digits = /^[\d ().-]{11,30}$/.test(raw) ? raw.replace(/\D/g, "") : "";
  return DIGITS_ABROAD.test(digits) ? digits : null;
}

const callingCodes = new Map<string, string>();

/** Of a country that is not known one that no number has. */
function callingCodeOf(country: string): string {
  const known = callingCodes.get(country);
  if (known !== undefined) return known;
  const code = isSupportedCountry(country) ? getCountryCallingCode(country) : "none";
  // In North America it is also what is dialled in front of a national number.
  const told = code === "1" ? "none" : code;
  callingCodes.set(country, told);
  return told;
}

function validAbroad(digits: string): ReadNumber | null {
  const parsed = parsePhoneNumberFromString(`+${digits}`);
  const type = parsed?.getType();
  if (parsed === undefined || type === undefined) return null;
  return { number: parsed.number, nationalNumber: parsed.nationalNumber, ext: undefined, type };
}

/** It may as well be a number of another kind that happens to look like one of another country. */
function withoutPlus(number: Normalised): Normalised {
  return number.quality === "strong"
    ? { ...number, quality: "weak", reason: "It is a number of another country, if a plus was left out." }
    : number;
}

interface ReadNumber {
  number: string;
  nationalNumber: string;
  ext: string | undefined;
  /** Undefined: none of its country. */
  type: string | undefined;
}

function judge({ number, nationalNumber, ext, type }: ReadNumber): Normalised {
  const key = ext === undefined ? number : `${number};ext=${ext}`;
  if (isPlaceholder(nationalNumber)) return { key, quality: "blocked", reason: "It is a placeholder." };
  if (isReserved(number)) return { key, quality: "blocked", reason: "It is reserved for films and tests." };
  if (type === undefined) return { key, quality: "weak", reason: "It is not a valid number in its country." };
  if (PERSONAL.has(type)) {
    if (ext === undefined) return { key, quality: "strong", reason: null };
    return { key, quality: "weak", reason: "It has an extension, so the line is shared." };
  }
  if (SHARED.has(type)) return { key, quality: "weak", reason: "It may be the line of a household or an office." };
  return { key, quality: "blocked", reason: "It is a service number." };
}

const isReserved = (number: string): boolean => RESERVED.some((range) => range.test(number));

function isPlaceholder(digits: string): boolean {
  const tail = digits.slice(-7);
  if (/^(\d)\1*$/.test(tail)) return true;
  return "01234567890123456789".includes(digits.slice(-8)) || "98765432109876543210".includes(digits.slice(-8));
}
