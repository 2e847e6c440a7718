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

/**
 * The items' sum per interval: their own where they have one in common, else the longest among them, in which the others
 * come out without a rest (a month and a year are told per year).
 *
 * @returns amount null: a metered, tiered or missing price has no single amount, so the sum is unknown
 */
export function recurringAmount(items: SubscriptionItem[]): { amount: Ratio | null; interval: Interval } {
  const intervals = new Set(items.flatMap((item) => item.price?.recurring?.interval ?? []));
  const interval = LONGEST_FIRST.find((candidate) => intervals.has(candidate)) ?? "month";
  const shares = items.map((item) => shareOf(item, interval));
  const amount = shares.reduce<Ratio | null>(
    (sum, share) => (sum === null || share === null ? null : plus(sum, share)),
    items.length === 0 ? null : { top: 0n, bottom: 1n },
  );
  return { amount, interval };
}

function shareOf({ price, quantity }: SubscriptionItem, interval: Interval): Ratio | null {
  const recurring = price?.recurring;
  if (price == null || recurring == null) return null;
  if (recurring.usage_type === "metered" || price.billing_scheme === "tiered") return null;
  const unit = unitOf(price);
  if (unit === null) return null;
  const own = PER_YEAR[recurring.interval];
  const wanted = PER_YEAR[interval];
  return {
    top: unit.top * packages(price, quantity ?? 1) * own.top * wanted.bottom,
    bottom: unit.bottom * BigInt(recurring.interval_count ?? 1) * own.bottom * wanted.top,
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
