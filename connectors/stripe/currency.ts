/**
 * Money: Stripe's integer amounts into minor units of ISO 4217, exactly, rounded once.
 *
 * Stripe counts in two decimals but for these lists; ISO 4217 has the same digits for all but ISK and UGX (Stripe keeps two
 * that are always 00: 5 kronur are sent as 500) and MGA. HUF and TWD are special for payouts only, which are not read.
 * Read 2026-11-22: https://docs.stripe.com/currencies#zero-decimal
 */
import { minorDigits } from "#connectors/core/currency.ts";

const NO_DECIMALS = new Set("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(" "));
const THREE_DECIMALS = new Set("BHD JOD KWD OMR TND".split(" "));

/** A fraction, for sums of shares that are to be rounded only once. */
export interface Ratio {
  top: bigint;
  bottom: bigint;
}

/**
 * @param currency in any case, as Stripe writes it (`gbp`)
 * @throws RangeError for what is no currency
 */
export function moneyOf(amount: number | Ratio, currency: string): { amountMinor: number; currency: string } {
  const code = currency.toUpperCase();
  const { top, bottom } = typeof amount === "number" ? { top: BigInt(amount), bottom: 1n } : amount;
  const shift = minorDigits(code) - stripeDigits(code);
  const minor = shift >= 0 ? [top * 10n ** BigInt(shift), bottom] : [top, bottom * 10n ** BigInt(-shift)];
  return { amountMinor: rounded(minor[0] ?? 0n, minor[1] ?? 1n), currency: code };
}

function stripeDigits(code: string): number {
  if (NO_DECIMALS.has(code)) return 0;
  return THREE_DECIMALS.has(code) ? 3 : 2;
}

/** Halves away from zero. */
function rounded(top: bigint, bottom: bigint): number {
  const magnitude = ((top < 0n ? -top : top) * 2n + bottom) / (bottom * 2n);
  const minor = Number(top < 0n ? -magnitude : magnitude);
  if (!Number.isSafeInteger(minor)) throw new RangeError("This amount is past what can be counted.");
  return minor;
}
