/**
 * Money: Stripe's integer amounts into minor units of ISO 4217.
 *
 * The two agree (JPY 500 is 500 yen, KWD 5120 is 5.120 dinar) but for three currencies, and this is where they differ.
 * HUF and TWD are special for payouts only, which are not read. Read 2026-11-22: https://docs.stripe.com/currencies
 */

/** ISO 4217 has no minor unit, Stripe still takes two decimals that are always 00: 5 kronur are sent as 500. */
const HUNDREDFOLD = new Set(["ISK", "UGX"]);

/** ISO 4217 has a minor unit (exponent 2), Stripe counts whole ariary. */
const WHOLE = new Set(["MGA"]);

/** `currency` in any case, as Stripe writes it (`gbp`). */
export function moneyOf(amount: number, currency: string): { amountMinor: number; currency: string } {
  const code = currency.toUpperCase();
  if (HUNDREDFOLD.has(code)) return { amountMinor: Math.round(amount / 100), currency: code };
  if (WHOLE.has(code)) return { amountMinor: amount * 100, currency: code };
  return { amountMinor: amount, currency: code };
}
