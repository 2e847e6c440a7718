/** Amounts as people write them, exactly: decimal digits stay integers until they are minor units of a currency. */

/** `digits / 10^scale`. */
export interface Decimal {
  digits: bigint;
  scale: number;
}

export const ZERO: Decimal = { digits: 0n, scale: 0 };

/** ISO 4217 minor units other than 2 (list one of the standard, read 2026-11): https://www.six-group.com/en/products-services/financial-information/data-standards.html */
const MINOR_UNITS = new Map<string, number>([
  ...["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"].map(
    (code) => [code, 0] as const,
  ),
  ...["VND", "VUV", "XAF", "XOF", "XPF"].map((code) => [code, 0] as const),
  ...["BHD", "IQD", "JOD", "KWD", "LYD", "OMN", "TND"].map((code) => [code, 3] as const),
  ...["CLF", "UYW"].map((code) => [code, 4] as const),
]);

export function minorUnitsOf(currency: string): number {
  return MINOR_UNITS.get(currency) ?? 2;
}

const SIGNS: Record<string, string> = { "€": "EUR", "£": "GBP", $: "USD", "¥": "JPY", "₹": "INR", zł: "PLN" };
const CURRENCIES = new Set(Intl.supportedValuesOf("currency"));

/** ISO 4217 code of a currency's code or sign, or null. */
export function currencyOf(text: string): string | null {
  const code = SIGNS[text] ?? text.toUpperCase();
  return CURRENCIES.has(code) ? code : null;
}

const PLAIN = /^-?\d{1,12}(?:\.\d{1,6})?$/;
/** Letters that stand for a currency beside its ISO code. */
const SHORT_NAMES = new Set(["kr", "fr", "sfr", "rs", "ft", "lei", "zł", "zl", "kč", "лв", "r"]);
const SPACES = /[\s\u00a0\u202f'’]/g;
/** Sign, currency and parentheses around a number, in the orders people use. */
const SHAPE =
  /^\s*(\()?\s*([-−+])?\s*(\p{Sc}|\p{L}+\.?)?\s*([-−+])?\s*(\d[\d.,\s\u00a0\u202f'’]*|[.,]\d+)([-−])?\s*(\p{Sc}|\p{L}+\.?)?\s*([-−])?\s*(\))?\s*$/u;
const GROUPED = { ".": /^\d{1,3}(?:,\d{2,3})*(?:,\d{3})(?:\.\d+)?$/, ",": /^\d{1,3}(?:\.\d{3})+(?:,\d+)?$/ };
const BARE = { ".": /^(?:\d+(?:\.\d*)?|\.\d+)$/, ",": /^(?:\d+(?:,\d*)?|,\d+)$/ };

/**
 * Reads `1.234,56`, `1,234.56`, `€ 12`, `12.50 EUR`, `-3`, `3-`, `(12.00)`, `1'234.50`; null where the text is no amount
 * in that notation. A separator in the wrong place is no amount, never a thousandth or a thousandfold of one.
 */
export function parseAmount(text: string, decimal: "." | ","): Decimal | null {
  if (decimal === "." && PLAIN.test(text)) return fromPlain(text);
  const parts = SHAPE.exec(text);
  if (parts === null) return null;
  const [, open, sign1, mark1, sign2, number = "", sign3, mark2, sign4, close] = parts;
  if (!isMark(mark1) || !isMark(mark2) || (open === undefined) !== (close === undefined)) return null;
  const signs = [sign1, sign2, sign3, sign4].filter((sign) => sign !== undefined && sign !== "");
  if (signs.length + (open === undefined ? 0 : 1) > 1) return null;
  const negative = open !== undefined || (signs[0] !== undefined && signs[0] !== "+");
  const rest = number.replace(SPACES, "");
  if (!BARE[decimal].test(rest) && !GROUPED[decimal].test(rest)) return null;
  const plain = decimal === "." ? rest.replaceAll(",", "") : rest.replaceAll(".", "").replace(",", ".");
  return fromPlain(negative ? `-${plain}` : plain);
}

function isMark(mark: string | undefined): boolean {
  if (mark === undefined || mark === "" || /^\p{Sc}$/u.test(mark)) return true;
  const name = mark.replace(/\.$/, "");
  return currencyOf(name) !== null || SHORT_NAMES.has(name.toLowerCase());
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
  const shift = minorUnitsOf(currency) - amount.scale;
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
