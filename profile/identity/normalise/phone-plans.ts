/** The everyday numbers of a country, read from its numbering plan without the detours that odd ones need. */
import { isSupportedCountry, Metadata } from "libphonenumber-js/max";

export interface PlainNumber {
  /** E.164. */
  number: string;
  nationalNumber: string;
  type: string;
}

interface Plan {
  callingCode: string;
  /** In front of a national number: "0" in most of the world. */
  prefix: string | null;
  /** What else may stand there, as carrier codes; and what begins an international number. */
  prefixes: RegExp;
  abroad: RegExp;
  /** Those behind the calling code, the one it mainly belongs to first. */
  countries: Country[];
}

interface Country {
  /** How its numbers begin, where that tells it from the others. */
  leading: RegExp | null;
  valid: RegExp;
  types: { type: string; pattern: RegExp; lengths: number[] | undefined }[];
}

/** In the order in which the library asks, a line that may be both first. */
const TYPES = [
  "FIXED_LINE",
  "MOBILE",
  "PREMIUM_RATE",
  "TOLL_FREE",
  "SHARED_COST",
  "VOIP",
  "PERSONAL_NUMBER",
  "PAGER",
  "UAN",
  "VOICEMAIL",
] as const;

/** Only digits say something here; anything else could be an extension, letters or two numbers. */
const PUNCTUATED = /^(?:\+|\()?\d[\d ().-]*\d$/;

/** Null: numbers of this country are not read here. */
const plans = new Map<string, Plan | null>();

/**
 * A valid number of `country`, written nationally or internationally. The library answers the same, but compiles every
 * pattern of the plan anew for each number, which was a fifth of all that identity computed.
 *
 * @returns null when this is not such a number, or not plainly: ask the library
 */
export function plainNumber(raw: string, country: string): PlainNumber | null {
  if (!PUNCTUATED.test(raw)) return null;
  const digits = raw.replace(/[ ().-]/g, "");
  const known = plans.get(country);
  const plan = known === undefined ? planOf(country) : known;
  if (known === undefined) plans.set(country, plan);
  if (plan === null) return null;
  const national = nationalPart(digits, plan);
  if (national === null) return null;
  const type = typeIn(plan.countries, national);
  return type === null ? null : { number: `+${plan.callingCode}${national}`, nationalNumber: national, type };
}

function nationalPart(digits: string, plan: Plan): string | null {
  const { prefix, prefixes, abroad } = plan;
  if (digits.startsWith("+")) return abroadPart(digits.slice(1), plan);
  const out = abroad.exec(digits)?.[0];
  // "00" and the like begin an international number, and a national one never.
  if (out !== undefined) return digits.startsWith("0", out.length) ? null : abroadPart(digits.slice(out.length), plan);
  const found = prefixes.exec(digits);
  if (found === null) return digits;
  const national = digits.slice(found[0].length);
  return found[0] === prefix && found.length === 1 && !prefixes.test(national) ? national : null;
}

function abroadPart(digits: string, { callingCode, prefixes }: Plan): string | null {
  const national = digits.slice(callingCode.length);
  return digits.startsWith(callingCode) && !prefixes.test(national) ? national : null;
}

/** The first country that takes the number decides. */
function typeIn(countries: readonly Country[], national: string): string | null {
  for (const country of countries) {
    if (country.leading?.test(national) === false) continue;
    const type = typeOf(national, country);
    if (type !== null || country.leading !== null) return type;
  }
  return null;
}

function typeOf(national: string, { valid, types }: Country): string | null {
  if (!valid.test(national)) return null;
  const matching = types.filter(
    ({ pattern, lengths }) => (lengths === undefined || lengths.includes(national.length)) && pattern.test(national),
  );
  const [first] = matching;
  if (first?.type !== "FIXED_LINE") return first?.type ?? null;
  const told = types.some(({ type }) => type === "MOBILE") && matching[1]?.type !== "MOBILE";
  return told ? "FIXED_LINE" : "FIXED_LINE_OR_MOBILE";
}

/** What the package offers and its types do not tell; the test compares our answers with the package's. */
interface FullMetadata {
  selectNumberingPlan(country: string): void;
  getCountryCodesForCallingCode(callingCode: string): string[] | undefined;
  numberingPlan: {
    callingCode(): string;
    IDDPrefix(): string | undefined;
    leadingDigits(): string | 0 | undefined;
    nationalNumberPattern(): string;
    nationalPrefix(): string | undefined;
    nationalPrefixForParsing(): string | undefined;
    nationalPrefixTransformRule(): string | undefined;
    type(name: string): { pattern(): string | undefined; possibleLengths(): number[] | undefined } | undefined;
  };
}

function planOf(country: string): Plan | null {
  if (!isSupportedCountry(country)) return null;
  // The package's class takes its data by itself; what its types leave out is there all the same.
  const metadata = new (Metadata as unknown as new () => FullMetadata)();
  metadata.selectNumberingPlan(country);
  const plan = metadata.numberingPlan;
  const callingCode = plan.callingCode();
  const codes = metadata.getCountryCodesForCallingCode(callingCode) ?? [];
  // National numbers are read by the plan of the calling code's main country; elsewhere that is not this one.
  if (codes[0] !== country || plan.nationalPrefixTransformRule()) return null;
  const prefix = plan.nationalPrefix() ?? null;
  return {
    callingCode,
    prefix,
    prefixes: new RegExp(`^(?:${plan.nationalPrefixForParsing() || prefix || "(?!)"})`),
    abroad: new RegExp(`^(?:${plan.IDDPrefix() || "(?!)"})`),
    countries: codes.map((code) => {
      metadata.selectNumberingPlan(code);
      return countryOf(metadata.numberingPlan, codes.length > 1);
    }),
  };
}

function countryOf(plan: FullMetadata["numberingPlan"], oneOfSeveral: boolean): Country {
  const leading = oneOfSeveral ? plan.leadingDigits() : undefined;
  return {
    leading: leading ? new RegExp(`^(?:${leading})`) : null,
    valid: whole(plan.nationalNumberPattern()),
    types: TYPES.flatMap((type) => {
      const definition = plan.type(type);
      const pattern = definition?.pattern();
      return pattern ? { type, pattern: whole(pattern), lengths: definition?.possibleLengths() } : [];
    }),
  };
}

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);
