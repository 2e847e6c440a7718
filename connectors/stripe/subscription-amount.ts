/** What a subscription costs: items of different rhythm, quantity and price in one interval, as exact fractions; pure. */
import type { SubscriptionRecord } from "#connectors/core/records.ts";
import type { Ratio } from "./currency.ts";
import type { SubscriptionItem } from "./schema.ts";

type Interval = SubscriptionRecord["interval"];

/** How often it comes in a year. Weeks and days are set against months by a year of 365 days, which is a convention. */
const PER_YEAR: Record<Interval, Ratio> = {
  year: { top: 1n, bottom: 1n },
  month: { top: 12n, bottom: 1n },
  week: { top: 365n, bottom: 7n },
  day: { top: 365n, bottom: 1n },
};
const LONGEST_FIRST: Interval[] = ["year", "month", "week", "day"];

/** Twelve months are a year and seven days a week: told so, a price of 1000 for them leaves no rest. */
const MADE_UP: Partial<Record<Interval, { interval: Interval; of: number }>> = {
  month: { interval: "year", of: 12 },
  day: { interval: "week", of: 7 },
};

/**
 * The items' sum per interval: their own where they have one in common, else the longest among them, in which the others
 * come out without a rest (a month and a year are told per year).
 *
 * @param currency the subscription's; a price of several currencies shows its amount in the first of them
 * @returns amount null: a metered, tiered, missing or foreign price has no amount here, so the sum is unknown
 */
export function recurringAmount(
  items: SubscriptionItem[],
  currency: string,
): { amount: Ratio | null; interval: Interval } {
  const intervals = new Set(items.flatMap((item) => rhythmOf(item)?.interval ?? []));
  const interval = LONGEST_FIRST.find((candidate) => intervals.has(candidate)) ?? "month";
  const shares = items.map((item) => (isForeign(item, currency) ? null : shareOf(item, interval)));
  const amount = shares.reduce<Ratio | null>(
    (sum, share) => (sum === null || share === null ? null : plus(sum, share)),
    items.length === 0 ? null : { top: 0n, bottom: 1n },
  );
  return { amount, interval };
}

/**
 * A price with `currency_options` shows the amount of its own currency; the others come only when asked for.
 * https://docs.stripe.com/api/prices/object (2026-11)
 */
function isForeign({ price }: SubscriptionItem, currency: string): boolean {
  return price?.currency != null && price.currency.toLowerCase() !== currency.toLowerCase();
}

function rhythmOf({ price }: SubscriptionItem): { interval: Interval; count: number } | null {
  if (price?.recurring == null) return null;
  const { interval, interval_count: count } = price.recurring;
  const longer = MADE_UP[interval];
  const times = count ?? 1;
  return longer === undefined || times % longer.of !== 0
    ? { interval, count: times }
    : { interval: longer.interval, count: times / longer.of };
}

function shareOf(item: SubscriptionItem, interval: Interval): Ratio | null {
  const { price, quantity } = item;
  const rhythm = rhythmOf(item);
  if (price == null || rhythm === null) return null;
  if (price.recurring?.usage_type === "metered" || price.billing_scheme === "tiered") return null;
  const unit = unitOf(price);
  if (unit === null) return null;
  const own = PER_YEAR[rhythm.interval];
  const wanted = PER_YEAR[interval];
  return {
    top: unit.top * packages(price, quantity ?? 1) * own.top * wanted.bottom,
    bottom: unit.bottom * BigInt(rhythm.count) * own.bottom * wanted.top,
  };
}

/** `unit_amount_decimal` holds fractions of the smallest unit, where `unit_amount` is null. */
function unitOf({ unit_amount: whole, unit_amount_decimal: decimal }: NonNullable<SubscriptionItem["price"]>) {
  if (whole != null) return { top: BigInt(whole), bottom: 1n };
  if (decimal == null) return null;
  const [digits = "", fraction = ""] = decimal.split(".");
  return { top: BigInt(digits + fraction), bottom: 10n ** BigInt(fraction.length) };
}

/** Priced by the package: 11 seats at ten a package are two packages, or one where the merchant rounds down. */
function packages({ transform_quantity: by }: NonNullable<SubscriptionItem["price"]>, quantity: number): bigint {
  if (by == null) return BigInt(quantity);
  return BigInt(Math[by.round === "down" ? "floor" : "ceil"](quantity / by.divide_by));
}

function plus(a: Ratio, b: Ratio): Ratio {
  return { top: a.top * b.bottom + b.top * a.bottom, bottom: a.bottom * b.bottom };
}
