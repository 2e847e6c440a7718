/** One row of an order file, read by itself: its date, money, state and person. */
import type { Columns } from "./columns.ts";
import { multiply, parseMoney, ZERO, type Decimal, type Money } from "./amounts.ts";
import { currencyOf, markFits } from "./currency-marks.ts";
import { zoneNamed } from "./date-words.ts";
import type { InstantReader } from "./dates.ts";
import type { KnownExport } from "./exports/known-export.ts";
import { readFlag } from "./order-flags.ts";
import type { OrderLine } from "./order-lines.ts";
import { roleOf, stateOf } from "./order-words.ts";
import { personOfRow } from "./person.ts";
import type { CsvFile, Field } from "./settings.ts";
import { foldWords, salesChannel } from "./words.ts";

/** Why one row cannot be used, and with it its order. */
export class BadRow extends Error {}

/** The row is no sale: it is left out, its order is not. */
export class OtherRow extends Error {}

export interface RowContext {
  file: CsvFile;
  columns: Columns;
  known: KnownExport | null;
  instant: InstantReader;
  sharedIds: boolean;
}

/**
 * @param before the order's line above: what an export writes on the first row of an order only holds for all
 * @throws BadRow, OtherRow
 */
export function readLine(cells: readonly string[], before: OrderLine | null, context: RowContext): OrderLine {
  const { columns, known, file } = context;
  leaveOut(cells, context);
  const role = roleIn(cells, context);
  const placedAt = instantIn(cells, "placed_at", context) ?? before?.placedAt;
  if (placedAt === undefined) throw new BadRow(`${columns.label("placed_at")} is blank.`);
  const updatedAt = instantIn(cells, "updated_at", context);
  const stateText = columns.text(cells, "status");
  const state = stateText === "" ? null : stateOf(stateText, known);
  if (state === null && stateText !== "") throw new BadRow(`${columns.label("status")} holds a status we do not know.`);
  const { money, refunded, paid, outstanding, isReturn } = moneyIn(cells, context);
  if (known?.negativeIsPaidOut === true && role === "sale" && (money?.amount.digits ?? 0n) < 0n) {
    throw new OtherRow("The row is money paid out, not a sale.");
  }
  const flag = (field: "is_cancelled" | "is_paid" | "is_test") =>
    readFlag(cells, field, columns, (reason) => new BadRow(reason));
  if (flag("is_test") === true) throw new OtherRow(`${columns.label("is_test")} says that the row is a test.`);
  const line: OrderLine = {
    placedAt,
    updatedAt,
    currency: currencyIn(cells, money, before, context),
    state: paidOrNot(state, flag("is_paid") ?? unpaidYet(before, state, money, columns)),
    isVoid: flag("is_cancelled"),
    role,
    channel: salesChannel(columns.text(cells, "channel")) ?? file.defaultChannel,
    amount: money?.amount ?? null,
    refunded,
    paid,
    outstanding,
    isReturn,
    person: before?.person ?? null,
    notes: [],
  };
  // Whoever bought is named by the first row that names anybody; looking again at each line is half of all the work.
  if (line.person !== null) return line;
  const times = { createdAt: null, updatedAt: updatedAt ?? placedAt };
  const customers = role === "refund" ? withRefunded(cells, context) : cells;
  const { sharedIds } = context;
  const { notes } = line;
  line.person = personOfRow(customers, columns, file, { idField: "customer_id", sharedIds, times, notes });
  return line;
}

/** A status may be that of the parcel; a yes or no to "paid" is about the money. */
function paidOrNot(state: OrderLine["state"], isPaid: boolean | null): OrderLine["state"] {
  if (isPaid === false && (state === null || state === "paid")) return "pending";
  return isPaid === true && (state === null || state === "pending") ? "paid" : state;
}

/** `Paid on` with no day: the money has not come. A status knows better, and money given back needs no day. */
function unpaidYet(
  before: OrderLine | null,
  state: OrderLine["state"],
  money: Money | null,
  columns: Columns,
): false | null {
  if (!columns.isDay("is_paid") || before !== null || state !== null) return null;
  return (money?.amount.digits ?? 0n) > 0n ? false : null;
}

function leaveOut(cells: readonly string[], { known, columns }: RowContext): void {
  if (known?.leftOut === undefined) return;
  const { column, words, reason } = known.leftOut;
  const at = columns.names.findIndex((name) => foldWords(name) === foldWords(column));
  if (at !== -1 && words.includes(foldWords(cells[at] ?? ""))) throw new OtherRow(reason);
}

function roleIn(cells: readonly string[], { columns, known }: RowContext): OrderLine["role"] {
  const text = columns.text(cells, "type");
  if (text === "") return null;
  const role = roleOf(text, known);
  if (role === null) throw new BadRow(`${columns.label("type")} holds a kind of row we do not know.`);
  if (role === "other") throw new OtherRow(`${columns.label("type")} says that the row is no sale.`);
  return role;
}

function instantIn(cells: readonly string[], field: Field, { columns, instant }: RowContext): string | null {
  const text = columns.joined(cells, field);
  if (text === "") return null;
  const zoneText = columns.text(cells, "time_zone");
  const zone = zoneText === "" ? columns.zone(field) : zoneNamed(zoneText);
  if (zone === null && zoneText !== "") throw new BadRow(`${columns.label("time_zone")} is not a time zone we know.`);
  const found = instant(text, zone);
  if (found === null) throw new BadRow(`${columns.label(field)} is not a date.`);
  return found;
}

type RowMoney = Pick<OrderLine, "refunded" | "paid" | "outstanding" | "isReturn"> & { money: Money | null };

function moneyIn(cells: readonly string[], context: RowContext): RowMoney {
  const { columns } = context;
  const number = (field: Field) => moneyOf(cells, field, context);
  const back = number("refunded")?.amount ?? null;
  const isGivenBack = readFlag(cells, "is_refunded", columns, (reason) => new BadRow(reason)) === true;
  // A column of partial refunds is blank, or nought, where all was given back.
  const isSaid = back !== null && back.digits !== 0n;
  const refundedOf = (whole: Decimal | null) => (isGivenBack && !isSaid ? (whole ?? ZERO) : (back ?? ZERO));
  const paid = number("paid")?.amount ?? null;
  const outstanding = number("outstanding")?.amount ?? null;
  if (columns.has("amount")) {
    const money = number("amount");
    const refunded = refundedOf(money?.amount ?? null);
    return { paid, outstanding, refunded, money, isReturn: money !== null && money.amount.digits < 0n };
  }
  const quantity = number("quantity");
  if (quantity === null) throw new BadRow(`${columns.label("quantity")} is blank.`);
  const price = number("unit_price");
  if (price === null) throw new BadRow(`${columns.label("unit_price")} is blank.`);
  if (price.amount.digits < 0n) throw new BadRow(`${columns.label("unit_price")} is negative.`);
  const amount = multiply(quantity.amount, price.amount);
  if (isHuge(amount)) throw new BadRow("Quantity times price is too large to be an amount.");
  return {
    paid,
    outstanding,
    refunded: refundedOf(amount),
    money: { amount, mark: price.mark },
    isReturn: quantity.amount.digits < 0n,
  };
}

function moneyOf(cells: readonly string[], field: Field, { columns, file }: RowContext): Money | null {
  const text = columns.text(cells, field);
  if (text === "") return null;
  const found = parseMoney(text, file.decimal);
  if (found === null) throw new BadRow(`${columns.label(field)} is not a number.`);
  if (isHuge(found.amount)) throw new BadRow(`${columns.label(field)} is too large.`);
  return found;
}

function currencyIn(
  cells: readonly string[],
  money: Money | null,
  before: OrderLine | null,
  { columns, file }: RowContext,
): string {
  const text = columns.text(cells, "currency");
  const mark = money?.mark ?? "";
  if (text !== "") {
    const named = currencyOf(text, file.defaultCurrency);
    if (named === null) throw new BadRow(`${columns.label("currency")} is not a currency.`);
    if (mark !== "" && !markFits(mark, named)) {
      throw new BadRow(`${columns.label("amount")} names another currency than ${columns.label("currency")}.`);
    }
    return named;
  }
  if (mark === "") return before?.currency ?? file.defaultCurrency;
  const marked = currencyOf(mark, before?.currency ?? file.defaultCurrency);
  if (marked === null) throw new BadRow(`${columns.label("amount")} has a sign of several currencies.`);
  return marked;
}

/** The row as if the customer stood where sales have them. */
function withRefunded(cells: readonly string[], { known, columns }: RowContext): readonly string[] {
  if (known?.refundsGoTo === undefined) return cells;
  const { from, to } = known.refundsGoTo;
  const position = (name: string) => columns.names.findIndex((column) => foldWords(column) === foldWords(name));
  const [at, other] = [position(from), position(to)];
  return at === -1 ? cells : cells.with(at, cells[other] ?? "");
}

/** Above this no sum of a file's rows is sure to be exact as an integer number of minor units. */
const LARGEST = 10n ** 9n;

function isHuge({ digits, scale }: Decimal): boolean {
  const limit = LARGEST * 10n ** BigInt(scale);
  return digits > limit || digits < -limit;
}
