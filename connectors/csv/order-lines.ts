/** From the rows of one order, each read by itself, to the order. */
import type { OrderRecord } from "../core/records.ts";
import { add, toMinor, ZERO, type Decimal } from "./amounts.ts";
import type { OrderState, RowRole } from "./exports/known-export.ts";
import type { RowPerson } from "./person.ts";

/** What one row says. */
export interface OrderLine {
  placedAt: string;
  updatedAt: string | null;
  currency: string;
  /** Null: the row says nothing, as later rows of an order do in some exports. */
  state: OrderState | null;
  /** Cancelled, as a column of its own says; null: the row says nothing. */
  isVoid: boolean | null;
  /** Null: the file does not tell rows apart by kind. */
  role: RowRole | null;
  channel: OrderRecord["channel"];
  amount: Decimal | null;
  refunded: Decimal;
  paid: Decimal | null;
  outstanding: Decimal | null;
  /** Goods came back, even if they were worth nothing. */
  isReturn: boolean;
  person: RowPerson | null;
  /** What was refused as an identifier of the person, in sentences. */
  notes: string[];
}

/** Why an order cannot be used as a whole. */
export class BadOrder extends Error {}

export interface OrderRules {
  amountPer: "order" | "row";
  /** A payment without a sale in its order pays one that stands elsewhere. */
  paymentsOfSales: boolean;
  /** For reasons: `Column "Total"`. */
  amountLabel: string;
}

export interface MadeOrder {
  record: OrderRecord;
  person: RowPerson | null;
  /** Lines that say again what another has said: how a sale was paid, what a total is made of. */
  collapsed: number;
  /** Nothing was sold: all its rows give money back. */
  onlyRefunds: boolean;
  /** What could not be known, for the person who imports. */
  note: string | null;
}

/**
 * A total below zero is money given back: nothing was sold, that much was refunded, so that amount minus refunds over a
 * customer's orders is what they spent. Sales and returns that cancel out exactly are a cancelled order.
 *
 * @throws BadOrder where the lines contradict each other
 */
export function orderOf(id: string, given: readonly OrderLine[], rules: OrderRules): MadeOrder {
  const isVoid = isCancelled(given, rules);
  const lines = withRoles(isVoid ? given : given.filter((line) => line.isVoid !== true));
  const refunds = lines.filter(({ role }) => role === "refund");
  if (rules.paymentsOfSales && lines.every(({ role }) => role === "tender")) {
    throw new BadOrder("The row says how a sale was paid, not what was sold.");
  }
  const { counted, collapsed } = countedLines(lines);
  const [first] = counted.length > 0 ? counted : refunds;
  if (first === undefined) throw new BadOrder("The order has no row that is a sale.");
  if (lines.some(({ currency }) => currency !== first.currency)) {
    throw new BadOrder("The rows of the order are in several currencies.");
  }
  const total = totalOf(counted, rules);
  const givenBack = larger(refundedOf(counted, total, rules), sum(refunds.map(({ amount }) => size(amount ?? ZERO))));
  const minor = (amount: Decimal) => toMinor(amount, first.currency);
  const said = counted.find((line) => line.state !== null)?.state ?? (counted.length === 0 ? "refunded" : null);
  const state = lines.some(({ role }) => role === "void") || isVoid ? "cancelled" : said;
  const money = moneyOf(state, {
    net: minor(total),
    back: minor(givenBack),
    paid: first.paid === null ? null : minor(first.paid),
    outstanding: first.outstanding === null ? null : minor(first.outstanding),
    anyReturn: counted.some(({ isReturn }) => isReturn),
  });
  const { note, ...sums } = money;
  const person = [...counted, ...lines].find((line) => line.person !== null)?.person ?? null;
  const record: OrderRecord = {
    kind: "order",
    id,
    updatedAt: first.updatedAt,
    deleted: false,
    person: person === null ? null : { stream: "orders", id: person.id },
    placedAt: first.placedAt,
    currency: first.currency,
    channel: first.channel,
    ...sums,
  };
  return {
    record,
    person,
    collapsed: collapsed + given.length - lines.length,
    onlyRefunds: counted.length === 0,
    note,
  };
}

/**
 * Whether the order was cancelled, or only some of what was on it: then other rows say that they were not, or the first
 * row, where exports write what holds for all, is not the one that says so.
 */
function isCancelled(lines: readonly OrderLine[], { amountPer }: OrderRules): boolean {
  if (!lines.some((line) => line.isVoid === true)) return false;
  if (amountPer === "order") return lines[0]?.isVoid === true;
  return lines[0]?.isVoid === true && lines.every((line) => line.isVoid !== false);
}

type RoledLine = OrderLine & { role: RowRole };

/** Without a column of kinds, a row whose own state is "refunded" beside others that are not gives money back. */
function withRoles(lines: readonly OrderLine[]): RoledLine[] {
  const said = lines.filter(({ state }) => state !== null);
  const mixed = said.some(({ state }) => state === "refunded") && said.some(({ state }) => state !== "refunded");
  return lines.map((line) => ({
    ...line,
    role: line.role ?? (mixed && line.state === "refunded" ? "refund" : "sale"),
  }));
}

/** The sale's own rows; where there are none its parts, where there are none of those either its payments. */
function countedLines(lines: readonly RoledLine[]): { counted: RoledLine[]; collapsed: number } {
  for (const role of ["sale", "detail", "tender", "void"] as const) {
    const counted = lines.filter((line) => line.role === role);
    if (counted.length === 0) continue;
    const others = lines.filter((line) => line.role === "detail" || line.role === "tender");
    return { counted, collapsed: others.filter((line) => line.role !== role).length };
  }
  return { counted: [], collapsed: 0 };
}

function totalOf(lines: readonly OrderLine[], { amountPer, amountLabel }: OrderRules): Decimal {
  const amounts = lines.map(({ amount }) => amount).filter((amount) => amount !== null);
  if (lines.length > 0 && amounts.length === 0) throw new BadOrder(`${amountLabel} is blank.`);
  if (amountPer === "row") return sum(amounts);
  const [total = ZERO] = amounts;
  if (amounts.some((amount) => compare(amount, total) !== 0)) {
    throw new BadOrder(`${amountLabel} gives another total than the order's first row.`);
  }
  return total;
}

/** Each row's own share, or the order's refund repeated: a sum above the total cannot be meant. */
function refundedOf(lines: readonly OrderLine[], total: Decimal, { amountPer }: OrderRules): Decimal {
  const shares = lines.map(({ refunded }) => size(refunded));
  const once = shares.find(({ digits }) => digits !== 0n) ?? ZERO;
  if (amountPer === "order") return once;
  const all = sum(shares);
  const repeated = shares.length > 1 && shares.every((share) => compare(share, once) === 0);
  return repeated && compare(all, total) > 0 ? once : all;
}

interface Sums {
  net: number;
  back: number;
  paid: number | null;
  outstanding: number | null;
  anyReturn: boolean;
}

type OrderMoney = Pick<OrderRecord, "amountMinor" | "refundedMinor" | "status"> & { note: string | null };

function moneyOf(state: OrderState | null, sums: Sums): OrderMoney {
  const { net, back } = sums;
  const plain = (status: OrderRecord["status"], note: string | null = null): OrderMoney => ({
    amountMinor: Math.max(net, 0),
    refundedMinor: net < 0 ? back - net : back,
    status,
    note,
  });
  if (state === "failed" || state === "cancelled" || state === "pending") return plain(state);
  if (net < 0) return plain("refunded");
  switch (state) {
    case "partly_paid":
      return partlyPaid(sums, plain);
    case "partly_refunded":
      return back > 0
        ? plain(back >= net ? "refunded" : "paid")
        : plain("paid", "Kept with its whole amount: how much was given back is not said.");
    case "refunded":
      return back > 0 ? plain("refunded") : { ...plain("refunded"), refundedMinor: net };
    case "paid":
      return plain(back > 0 && back >= net ? "refunded" : "paid");
    default:
      if (net === 0 && sums.anyReturn) return plain("cancelled");
      return plain(back > 0 && back >= net ? "refunded" : "paid");
  }
}

function partlyPaid(
  { net, paid, outstanding }: Sums,
  plain: (status: OrderRecord["status"], note?: string) => OrderMoney,
): OrderMoney {
  const part = paid ?? (outstanding === null ? null : net - outstanding);
  if (part === null) return plain("pending", "Kept as not paid yet: how much was paid is not said.");
  return part <= 0 ? plain("pending") : { ...plain("paid"), amountMinor: Math.min(part, net) };
}

function sum(amounts: readonly Decimal[]): Decimal {
  return amounts.reduce((total, amount) => add(total, amount), ZERO);
}

function size(amount: Decimal): Decimal {
  return amount.digits < 0n ? { ...amount, digits: -amount.digits } : amount;
}

function larger(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) >= 0 ? a : b;
}

/** Below, at or above zero as `a` is less than, equal to or more than `b`. */
function compare(a: Decimal, b: Decimal): number {
  const { digits } = add(a, { ...b, digits: -b.digits });
  return digits === 0n ? 0 : digits < 0n ? -1 : 1;
}
