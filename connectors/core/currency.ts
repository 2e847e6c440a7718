/**
 * The one table of currencies: ISO 4217's minor units, and money between decimal text and integers. `Intl` is not asked, for
 * it gives the digits people show (HUF, IDR, COP, PKR: 0) where ISO 4217 counts two.
 *
 * List one of the standard, read 2026-11:
 * https://www.six-group.com/en/products-services/financial-information/data-standards.html
 */

const TWO = `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
  CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR
  IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
  NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
  TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG`;
const ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const THREE = "BHD IQD JOD KWD LYD OMR TND";
const FOUR = "CLF UYW";

/** Withdrawn since 2014 (list three): old orders are still in them. */
const WITHDRAWN_TWO = "ANG BGN CUC HRK LTL MRO SLL STD VEF ZMK ZWL";
const WITHDRAWN_ZERO = "BYR";

const DIGITS = new Map<string, number>([
  ...digitsOf(`${TWO} ${WITHDRAWN_TWO}`, 2),
  ...digitsOf(`${ZERO} ${WITHDRAWN_ZERO}`, 0),
  ...digitsOf(THREE, 3),
  ...digitsOf(FOUR, 4),
]);

function digitsOf(codes: string, digits: number): [string, number][] {
  return codes.split(/\s+/).map((code) => [code, digits]);
}

/** Whether this is a currency's code, in capitals. Gold, test and fund-less codes (XAU, XTS, XXX) are none. */
export function isCurrency(code: string): boolean {
  return DIGITS.has(code);
}

/**
 * How many decimal digits the currency's smallest unit stands for.
 *
 * @throws RangeError for what is no currency: a guess would be wrong by a factor of ten or a thousand
 */
export function minorDigits(code: string): number {
  const digits = DIGITS.get(code);
  if (digits === undefined) throw new RangeError("This is not the code of a currency (ISO 4217).");
  return digits;
}

const DECIMAL = /^([+-])?(\d+)?(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * `12.5` of a currency in its minor units, exactly, halves away from zero.
 *
 * @returns null where the text is no plain decimal number, the currency is none, or the amount is past what a number holds
 */
export function toMinor(decimal: string, code: string): number | null {
  const [, sign, whole = "", fraction = "", exponent = "0"] = DECIMAL.exec(decimal.trim()) ?? [];
  if (whole + fraction === "" || !isCurrency(code)) return null;
  const shift = minorDigits(code) - fraction.length + Number(exponent);
  // Longer ones are no amounts of money, and raising ten to their power takes time.
  if (whole.length + fraction.length > 40 || Math.abs(shift) > 60) return null;
  const digits = BigInt(whole + fraction);
  const magnitude = shift >= 0 ? digits * 10n ** BigInt(shift) : halfUp(digits, 10n ** BigInt(-shift));
  const minor = Number(sign === "-" ? -magnitude : magnitude);
  return Number.isSafeInteger(minor) ? minor : null;
}

function halfUp(digits: bigint, unit: bigint): bigint {
  return (digits * 2n + unit) / (unit * 2n);
}

/** Minor units as decimal text with the currency's own digits: `1250` of GBP is `12.50`. */
export function fromMinor(minor: number | bigint, code: string): string {
  const digits = minorDigits(code);
  const negative = minor < 0;
  const text = String(negative ? -minor : minor).padStart(digits + 1, "0");
  const point = text.length - digits;
  return `${negative ? "-" : ""}${text.slice(0, point)}${digits === 0 ? "" : `.${text.slice(point)}`}`;
}
