/** How often somebody buys, and from which day on silence means something. */
import { parseDay } from "./calendar.ts";
import type { PurchaseDay, ShopBaseline } from "./types.ts";

/** Fewer repeat buyers than this say too little about a shop: fixed limits are used, and the reasons say so. */
export const MIN_REPEAT_BUYERS = 50;
/** Days without an order after which somebody counts as at risk, lapsed, churned when the shop's rhythm is unknown. */
export const FIXED_LIMITS = { atRisk: 60, lapsed: 120, churned: 365 } as const;
const FIXED_GAP_DAYS = 30;
/** The shop's typical gap weighs as much as this many gaps of one's own: three orders close together are not yet a habit. */
const PRIOR_GAPS = 2;
const MIN_GAP_DAYS = 7;
/** Of somebody who bought once no gap is known, and those who never return have none: give them at least this long. */
const MIN_FIRST_GAP_DAYS = 20;
/** Shortest silence that counts as churned, in days, however quick the rhythm. */
const MIN_CHURNED_DAYS = 365;

export interface Rhythm {
  /** `own`: own gaps, drawn towards the shop's; `shop`: bought once, so the shop's alone; `fixed`: day limits. */
  basis: "own" | "shop" | "fixed";
  purchases: number;
  /** Day numbers. */
  firstDay: number;
  lastDay: number;
  /** Expected days between purchases, whole. */
  gapDays: number;
  /** Days after the last purchase at which the state begins. */
  atRiskFrom: number;
  lapsedFrom: number;
  churnedFrom: number;
}

/**
 * The rhythm after the first `count` purchase days; null without a purchase.
 *
 * Expected gap = (2 x the shop's gap + own gaps added up) / (2 + number of own gaps). At risk past 1.5 gaps, lapsed past
 * 3, churned past 6 and a year.
 */
export function rhythmOf(
  purchases: readonly PurchaseDay[],
  baseline: ShopBaseline,
  count = purchases.length,
): Rhythm | null {
  const first = purchases[0];
  const last = purchases[count - 1];
  if (first === undefined || last === undefined) return null;
  const firstDay = parseDay(first.day);
  const lastDay = parseDay(last.day);
  const shopGap = baseline.repeatBuyers >= MIN_REPEAT_BUYERS ? baseline.medianGapDays : null;
  const common = { purchases: count, firstDay, lastDay };
  if (shopGap === null) {
    const limits = {
      atRiskFrom: FIXED_LIMITS.atRisk + 1,
      lapsedFrom: FIXED_LIMITS.lapsed + 1,
      churnedFrom: FIXED_LIMITS.churned + 1,
    };
    return { basis: "fixed", ...common, gapDays: FIXED_GAP_DAYS, ...limits };
  }
  const shrunk = (PRIOR_GAPS * shopGap + (lastDay - firstDay)) / (PRIOR_GAPS + count - 1);
  const gapDays = Math.max(Math.round(shrunk), count === 1 ? MIN_FIRST_GAP_DAYS : MIN_GAP_DAYS);
  return {
    basis: count === 1 ? "shop" : "own",
    ...common,
    gapDays,
    atRiskFrom: Math.floor(1.5 * gapDays) + 1,
    lapsedFrom: 3 * gapDays + 1,
    churnedFrom: Math.max(6 * gapDays, MIN_CHURNED_DAYS) + 1,
  };
}
