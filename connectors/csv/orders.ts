/** Sales: rows into orders. Consecutive rows with one order id are one order; see README.md for every rule. */
import type { OrderRecord } from "../core/records.ts";
import { add, currencyOf, multiply, parseAmount, toMinor, ZERO, type Decimal } from "./amounts.ts";
import { stripNul, type Assembler, type Columns, type Unit } from "./columns.ts";
import { instantReader } from "./dates.ts";
import { keyOf, personOfRow, safeId, type RowPerson } from "./person.ts";
import type { Row } from "./rows.ts";
import type { CsvFile, Field } from "./settings.ts";
import { cleanId, orderStatus, salesChannel } from "./words.ts";

interface OpenOrder {
  id: string;
  placedAt: string;
  updatedAt: string | null;
  currency: string;
  status: OrderRecord["status"] | null;
  channel: OrderRecord["channel"];
  total: Decimal;
  refunded: Decimal;
  anyReturn: boolean;
  rows: number;
  person: RowPerson | null;
}

/** One row's money, before it is added to its order. */
interface RowMoney {
  /** Null: the row says nothing, as the later rows of an order do in some exports. */
  amount: Decimal | null;
  refunded: Decimal;
  /** Goods came back, even if they were worth nothing. */
  isReturn: boolean;
}

/** Why one row cannot be used; caught where rows are added. */
class BadRow extends Error {}

/** State with a life cycle: the order under way, and which order ids the file has shown so far. */
export class OrderAssembler implements Assembler {
  readonly #file: CsvFile;
  readonly #columns: Columns;
  readonly #sharedIds: boolean;
  readonly #instant: (text: string) => string | null;
  /** Hashes of 52 bits, a number each: the ids themselves would be the largest thing in memory. */
  readonly #seen = new Set<number>();
  readonly #hasIds: boolean;
  readonly #hasAmount: boolean;
  #unit: Unit = { rows: 0, records: [], rejects: [] };
  /** The file's id of the rows under way; null before the first. */
  #current: string | null = null;
  #id = "";
  #order: OpenOrder | null = null;

  constructor(file: CsvFile, columns: Columns, sharedIds: boolean) {
    this.#file = file;
    this.#columns = columns;
    this.#sharedIds = sharedIds;
    this.#instant = instantReader(file);
    this.#hasIds = columns.has("order_id");
    this.#hasAmount = columns.has("amount");
  }

  get openRejects(): number {
    return this.#unit.rejects.length;
  }

  begins(row: Row): boolean {
    if (!this.#hasIds) return true;
    if (row.fault !== null) return false;
    const id = this.#idOf(row);
    return id !== "" && id !== this.#current;
  }

  add(row: Row): void {
    try {
      this.#take(row);
      this.#unit.rows++;
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      this.#unit.rejects.push(this.#columns.reject(row, error.message));
    }
  }

  close(): Unit {
    const unit = this.#unit;
    if (this.#order !== null) unit.records.push(...recordsOf(this.#order));
    this.#unit = { rows: 0, records: [], rejects: [] };
    this.#order = null;
    this.#current = null;
    return unit;
  }

  #idOf(row: Row): string {
    return cleanId(this.#columns.text(row.cells, "order_id").replaceAll("\u0000", ""));
  }

  #take(row: Row): void {
    if (row.fault !== null) throw new BadRow(row.fault);
    if (this.#hasIds) this.#enter(row);
    stripNul(row);
    const placedAt = this.#instant(this.#columns.joined(row.cells, "placed_at"));
    if (placedAt === null) throw new BadRow(`${this.#columns.label("placed_at")} is blank or not a date.`);
    const money = this.#money(row.cells);
    if (this.#order === null) {
      if (money.amount === null) throw new BadRow(`${this.#columns.label("amount")} is blank.`);
      this.#order = this.#open(row, placedAt);
    }
    const order = this.#order;
    order.person ??= this.#person(row.cells, order.updatedAt ?? order.placedAt);
    this.#book(order, money);
  }

  /** Notes the row's order id; one that came before, with others in between, continues under a name of its own. */
  #enter(row: Row): void {
    const id = this.#idOf(row);
    if (id === "") throw new BadRow(`${this.#columns.label("order_id")} is blank.`);
    if (id === this.#current) return;
    this.#current = id;
    const safe = safeId(id);
    this.#id = this.#isNew(safe) ? safe : `${safe}/line-${row.line}`;
  }

  #isNew(id: string): boolean {
    const size = this.#seen.size;
    return this.#seen.add(Number.parseInt(keyOf(id).slice(0, 13), 16)).size > size;
  }

  #open(row: Row, placedAt: string): OpenOrder {
    const { cells } = row;
    const columns = this.#columns;
    const currencyText = columns.text(cells, "currency");
    const currency = currencyText === "" ? this.#file.defaultCurrency : currencyOf(currencyText);
    if (currency === null) throw new BadRow(`${columns.label("currency")} is not a currency.`);
    const statusText = columns.text(cells, "status");
    const status = statusText === "" ? null : orderStatus(statusText);
    if (status === null && statusText !== "")
      throw new BadRow(`${columns.label("status")} holds a status we do not know.`);
    const updatedText = columns.text(cells, "updated_at");
    const updatedAt = updatedText === "" ? null : this.#instant(updatedText);
    if (updatedAt === null && updatedText !== "") throw new BadRow(`${columns.label("updated_at")} is not a date.`);
    const channel = salesChannel(columns.text(cells, "channel")) ?? this.#file.defaultChannel;
    const id = this.#hasIds ? this.#id : this.#derivedId(cells, placedAt);
    const sums = { total: ZERO, refunded: ZERO, anyReturn: false, rows: 0 };
    return { id, placedAt, updatedAt, currency, status, channel, ...sums, person: null };
  }

  /** For files without order ids: same customer, instant and amount is the same sale, told apart by occurrence. */
  #derivedId(cells: readonly string[], placedAt: string): string {
    const person = this.#person(cells, placedAt)?.id ?? "";
    const money = (["amount", "quantity", "unit_price"] as const).map((field) => this.#columns.text(cells, field));
    const key = `row-${keyOf(person, placedAt, ...money)}`;
    let id = key;
    for (let count = 2; !this.#isNew(id); count++) id = `${key}-${count}`;
    return id;
  }

  #person(cells: readonly string[], updatedAt: string): RowPerson | null {
    const times = { createdAt: null, updatedAt };
    return personOfRow(cells, this.#columns, this.#file, { idField: "customer_id", sharedIds: this.#sharedIds, times });
  }

  #money(cells: readonly string[]): RowMoney {
    const refunded = this.#number(cells, "refunded") ?? ZERO;
    if (this.#hasAmount) {
      const amount = this.#number(cells, "amount");
      return { amount, refunded, isReturn: amount !== null && amount.digits < 0n };
    }
    const quantity = this.#number(cells, "quantity");
    if (quantity === null) throw new BadRow(`${this.#columns.label("quantity")} is blank.`);
    const price = this.#number(cells, "unit_price");
    if (price === null) throw new BadRow(`${this.#columns.label("unit_price")} is blank.`);
    if (price.digits < 0n) throw new BadRow(`${this.#columns.label("unit_price")} is negative.`);
    const amount = multiply(quantity, price);
    if (isHuge(amount)) throw new BadRow("Quantity times price is too large to be an amount.");
    return { amount, refunded, isReturn: quantity.digits < 0n };
  }

  #number(cells: readonly string[], field: Field): Decimal | null {
    const text = this.#columns.text(cells, field);
    if (text === "") return null;
    const found = parseAmount(text, this.#file.decimal);
    if (found === null) throw new BadRow(`${this.#columns.label(field)} is not a number.`);
    if (isHuge(found)) throw new BadRow(`${this.#columns.label(field)} is too large.`);
    return found;
  }

  #book(order: OpenOrder, { amount, refunded, isReturn }: RowMoney): void {
    const back = refunded.digits < 0n ? { ...refunded, digits: -refunded.digits } : refunded;
    if (this.#hasAmount && this.#file.amountPer === "order") {
      const repeated = order.rows > 0;
      if (repeated && amount !== null && add(amount, { ...order.total, digits: -order.total.digits }).digits !== 0n) {
        throw new BadRow(`${this.#columns.label("amount")} gives another total than the order's first row.`);
      }
      if (!repeated) order.total = amount ?? ZERO;
      if (order.refunded.digits === 0n) order.refunded = back;
    } else {
      order.total = add(order.total, amount ?? ZERO);
      order.refunded = add(order.refunded, back);
    }
    order.anyReturn ||= isReturn;
    order.rows++;
  }
}

/**
 * A total below zero is money given back: nothing was sold, that much was refunded, so that amount minus refunds over a
 * customer's orders is what they spent. Sales and returns that cancel out exactly are a cancelled order.
 */
function recordsOf(order: OpenOrder): Unit["records"] {
  const net = toMinor(order.total, order.currency);
  const back = toMinor(order.refunded, order.currency);
  const status = statusOf(order, net, back);
  const amountMinor = Math.max(net, 0);
  const refundedMinor = net < 0 ? back - net : status === "refunded" && back === 0 ? amountMinor : back;
  const record: OrderRecord = {
    kind: "order",
    id: order.id,
    updatedAt: order.updatedAt,
    deleted: false,
    person: order.person === null ? null : { stream: "orders", id: order.person.id },
    placedAt: order.placedAt,
    amountMinor,
    refundedMinor,
    currency: order.currency,
    status,
    channel: order.channel,
  };
  return order.person === null ? [record] : [order.person.record, record];
}

function statusOf(order: OpenOrder, net: number, back: number): OrderRecord["status"] {
  if (order.status === "failed" || order.status === "cancelled" || order.status === "pending") return order.status;
  if (net < 0) return "refunded";
  if (order.status !== null) return order.status;
  if (net === 0 && order.anyReturn) return "cancelled";
  return back > 0 && back >= net ? "refunded" : "paid";
}

/** Above this no sum of a file's rows is sure to be exact as an integer number of minor units. */
const LARGEST = 10n ** 9n;

function isHuge({ digits, scale }: Decimal): boolean {
  const limit = LARGEST * 10n ** BigInt(scale);
  return digits > limit || digits < -limit;
}
