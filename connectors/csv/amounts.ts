/** Amounts as people write them, exactly: decimal digits stay integers until they are minor units of a currency. */
import { minorDigits } from "../core/currency.ts";
import { currencyOf, isCurrencyMark } from "./currency-marks.ts";

/** `digits / 10^scale`. */
export interface Decimal {
  digits: bigint;
  scale: number;
}

export const ZERO: Decimal = { digits: 0n, scale: 0 };

const PLAIN = /^-?\d{1,12}(?:\.\d{1,6})?$/;
const SPACES = /[\s\u00a0\u202f'’]/g;
const LONGEST = 60;
/** `12,-` is how some write twelve and nothing. */
const AND_NOTHING = /(\d)[.,]\s?[-–—]{1,2}(?=[^\d]*$)/;
const IN_PARENTHESES = /^([^()]*)\(([^()]+)\)([^()]*)$/;
/** What stands before the number, the number, what stands after it. */
const PARTS = /^([^\d]*?)([.,]?\d(?:[\d.,\s\u00a0\u202f'’]*\d)?[.,]?)([^\d]*)$/u;
const SIGN = /[-−–+]/g;
const GROUPED = { ".": /^\d{1,3}(?:,\d{2,3})*(?:,\d{3})(?:\.\d+)?$/, ",": /^\d{1,3}(?:\.\d{3})+(?:,\d+)?$/ };
const BARE = { ".": /^(?:\d+(?:\.\d*)?|\.\d+)$/, ",": /^(?:\d+(?:,\d*)?|,\d+)$/ };

export interface Money {
  amount: Decimal;
  /** The currency's sign, code or short name as written; "" where there is none. */
  mark: string;
}

/**
 * Reads `1.234,56`, `1,234.56`, `€ 12`, `12.50 EUR`, `US$12`, `$12 USD`, `-3`, `3-`, `(12.00)`, `$(5.25)`, `1'234.50`; null
 * where the text is no amount in that notation. A separator in the wrong place is no amount, never a thousandth or a
 * thousandfold of one.
 */
export function parseMoney(text: string, decimal: "." | ","): Money | null {
  if (decimal === "." && PLAIN.test(text)) return { amount: fromPlain(text), mark: "" };
  if (text.length > LONGEST) return null;
  const whole = text.trim().replace(AND_NOTHING, "$1");
  const enclosed = IN_PARENTHESES.exec(whole);
  const open = enclosed === null ? whole : enclosed.slice(1).join("");
  if (/[()]/.test(open)) return null;
  const [, before = "", number = "", after = ""] = PARTS.exec(open) ?? [];
  // The point of `Rs.12` belongs to the name.
  const short = /^[.,]/.test(number) && /\p{L}$/u.test(before);
  const [prefix, digits] = short ? [before + number.slice(0, 1), number.slice(1)] : [before, number];
  const signs = `${prefix}${after}`.match(SIGN) ?? [];
  if (signs.length + (enclosed === null ? 0 : 1) > 1) return null;
  const mark = markOf(prefix.replace(SIGN, "").trim(), after.replace(SIGN, "").trim());
  const rest = digits.replace(SPACES, "");
  if (mark === null || (!BARE[decimal].test(rest) && !GROUPED[decimal].test(rest))) return null;
  const plain = decimal === "." ? rest.replaceAll(",", "") : rest.replaceAll(".", "").replace(",", ".");
  const negative = enclosed !== null || (signs[0] !== undefined && signs[0] !== "+");
  return { amount: fromPlain(negative ? `-${plain}` : plain), mark };
}

/** `parseMoney` for what is no money or whose currency does not matter. */
export function parseAmount(text: string, decimal: "." | ","): Decimal | null {
  return parseMoney(text, decimal)?.amount ?? null;
}

/** Null: it is no currency, or two of them. `$12 USD` is a dollar said twice, the second time exactly. */
function markOf(before: string, after: string): string | null {
  if (before !== "" && !isCurrencyMark(before)) return null;
  if (after !== "" && !isCurrencyMark(after)) return null;
  if (before === "" || after === "") return before + after;
  const exact = currencyOf(after, null) ?? currencyOf(before, null);
  if (exact === null) return null;
  return currencyOf(before, exact) === exact && currencyOf(after, exact) === exact ? exact : null;
}

/** Digits with at most one point, perhaps a minus in front. */
function fromPlain(text: string): Decimal {
  const point = text.indexOf(".");
  if (point === -1) return { digits: BigInt(text), scale: 0 };
  return { digits: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
}

export function add(a: Decimal, b: Decimal): Decimal {
  if (a.scale === b.scale) return { digits: a.digits + b.digits, scale: a.scale };
  const scale = Math.max(a.scale, b.scale);
  return { digits: a.digits * 10n ** BigInt(scale - a.scale) + b.digits * 10n ** BigInt(scale - b.scale), scale };
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

/**
 * Minor units of the currency, halves away from zero.
 *
 * @throws RangeError beyond what an integer number holds exactly
 */
export function toMinor(amount: Decimal, currency: string): number {
  const shift = minorDigits(currency) - amount.scale;
  let minor: bigint;
  if (shift >= 0) minor = amount.digits * 10n ** BigInt(shift);
  else {
    const unit = 10n ** BigInt(-shift);
    const magnitude = amount.digits < 0n ? -amount.digits : amount.digits;
    const rounded = (magnitude * 2n + unit) / (unit * 2n);
    minor = amount.digits < 0n ? -rounded : rounded;
  }
  const value = Number(minor);
  if (!Number.isSafeInteger(value)) throw new RangeError("The amount is too large.");
  return value === 0 ? 0 : value;
}
