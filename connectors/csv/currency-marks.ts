/** How currencies are written beside amounts: codes, signs and short names, some of which several currencies share. */
import { isCurrency } from "../core/currency.ts";

const OWN: Readonly<Record<string, string>> = {
  "€": "EUR",
  "£": "GBP",
  "₹": "INR",
  "₽": "RUB",
  "₺": "TRY",
  "₩": "KRW",
  "₪": "ILS",
  "฿": "THB",
  "₫": "VND",
  "₦": "NGN",
  "₱": "PHP",
  "₴": "UAH",
  "₡": "CRC",
  "₲": "PYG",
  "₸": "KZT",
  "₾": "GEL",
  "₼": "AZN",
  "₭": "LAK",
  "₮": "MNT",
  "₵": "GHS",
  euro: "EUR",
  euros: "EUR",
  eur: "EUR",
  zł: "PLN",
  zl: "PLN",
  kč: "CZK",
  kc: "CZK",
  ft: "HUF",
  rm: "MYR",
  sfr: "CHF",
  fr: "CHF",
  rp: "IDR",
  r: "ZAR",
  lei: "RON",
  лв: "BGN",
  tl: "TRY",
  us$: "USD",
  u$s: "USD",
  ca$: "CAD",
  c$: "CAD",
  can$: "CAD",
  au$: "AUD",
  a$: "AUD",
  nz$: "NZD",
  hk$: "HKD",
  s$: "SGD",
  sg$: "SGD",
  mx$: "MXN",
  nt$: "TWD",
  r$: "BRL",
  "cn¥": "CNY",
  "jp¥": "JPY",
  rmb: "CNY",
  "gb£": "GBP",
  "uk£": "GBP",
  円: "JPY",
  元: "CNY",
};

/** Who shares a sign, the one meant by most first; null in front: nobody can be taken for granted. */
const SHARED: Readonly<Record<string, readonly (string | null)[]>> = {
  $: [
    "USD",
    "CAD",
    "AUD",
    "NZD",
    "HKD",
    "SGD",
    "MXN",
    "TWD",
    "ARS",
    "CLP",
    "COP",
    "JMD",
    "TTD",
    "BBD",
    "BSD",
    "BZD",
    "FJD",
  ],
  "¥": ["JPY", "CNY"],
  "￥": ["JPY", "CNY"],
  kr: [null, "SEK", "NOK", "DKK", "ISK"],
  rs: [null, "INR", "PKR", "LKR", "NPR", "MUR"],
  "₨": [null, "INR", "PKR", "LKR", "NPR", "MUR"],
};

function plainMark(mark: string): string {
  return mark.replace(/[.\s\u00a0\u202f]+/g, "").toLowerCase();
}

/** Whether a text beside a number names a currency, be it one of several. */
export function isCurrencyMark(mark: string): boolean {
  const plain = plainMark(mark);
  return Object.hasOwn(OWN, plain) || Object.hasOwn(SHARED, plain) || codeIn(plain) !== null;
}

/**
 * ISO 4217 code of a code, sign or short name; null where it is none or could be several. A sign many share is the one of
 * `usual` (the file's or the business's currency) where that is among them.
 */
export function currencyOf(mark: string, usual: string | null): string | null {
  const plain = plainMark(mark);
  const sharers = Object.hasOwn(SHARED, plain) ? SHARED[plain] : undefined;
  if (sharers !== undefined) return usual !== null && sharers.includes(usual) ? usual : (sharers[0] ?? null);
  return Object.hasOwn(OWN, plain) ? (OWN[plain] ?? null) : codeIn(plain);
}

/** Whether amounts with this mark may be in that currency: `$` in a file of Canadian dollars. */
export function markFits(mark: string, currency: string): boolean {
  return currencyOf(mark, currency) === currency;
}

/** `usd`, `usd$`, `$usd`. */
function codeIn(plain: string): string | null {
  const code = /^\p{Sc}?([a-z]{3})\p{Sc}?$/u.exec(plain)?.[1]?.toUpperCase() ?? "";
  return isCurrency(code) ? code : null;
}
