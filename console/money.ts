import { fromMinor, minorDigits } from "#connectors/core/currency.ts";

/** Minor units in the currency's own notation. */
export function money(minor: number, currency: string): string {
  const digits = minorDigits(currency);
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const format = new Intl.NumberFormat("en-GB", { style: "currency", currency, ...options });
  // As text, so that no digit of a large amount is lost on the way.
  return format.format(fromMinor(minor, currency) as Intl.StringNumericLiteral);
}
