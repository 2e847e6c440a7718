/** Sales: rows into orders. Consecutive rows with one order id are one order; see README.md for every rule. */
import type { Reject } from "../core/contract.ts";
import { isDestroyedNumber, isRoundedNumber } from "../core/placeholders.ts";
import { stripNul, type Assembler, type Columns, type Unit } from "./columns.ts";
import { consentReader } from "./consent/statements.ts";
import { instantReader } from "./dates.ts";
import { knownExport } from "./exports/index.ts";
import { BadOrder, orderOf, type MadeOrder, type OrderLine } from "./order-lines.ts";
import { BadRow, OtherRow, readLine, type RowContext } from "./order-row.ts";
import { keyOf, safeId } from "./person.ts";
import type { Row } from "./rows.ts";
import type { CsvFile } from "./settings.ts";
import { cleanId, foldWords } from "./words.ts";

/** More are no order, but a column taken for an order id that is none. */
const LONGEST_ORDER = 5_000;
const LEFT_OUT_WHOLE = "Another row of this order cannot be used, so that the order was left out whole.";
/** Names of an order's number, in contrast to a receipt's or a payment's. */
const OF_ORDER = /\b(?:order|bestell\w*|auftrags?\w*|commande|ordine|pedido|bestel\w*|invoice)\b/;
const NO_ID = /^(?:0+|-+|n\/?a|none|null|unknown)$/i;

/** The rows under way. */
interface OpenOrder {
  id: string;
  /** Its id came before, with other orders in between. */
  again: boolean;
  rows: { row: Row; reason: string | null }[];
  lines: OrderLine[];
  bad: boolean;
  /** What its rows lack and are kept without. */
  note: string | null;
}

/** State with a life cycle: the order under way, and which order ids the file has shown so far. */
export class OrderAssembler implements Assembler {
  readonly #columns: Columns;
  readonly #context: RowContext;
  /** Hashes of 52 bits, a number each: the ids themselves would be the largest thing in memory. */
  readonly #seen = new Set<number>();
  readonly #refused = new Set<number>();
  /** Orders that were given back as a whole, by id; and what orders came to, where rows repeat it. */
  readonly #givenBack = new Set<number>();
  readonly #totals = new Set<number>();
  /** How many orders bear a name already, for names that came more than once. */
  readonly #repeats = new Map<number, number>();
  /** An opt-out counts wherever it stands. */
  readonly #optOuts: ReturnType<typeof consentReader>;
  readonly #hasIds: boolean;
  readonly #isPerOrder: boolean;
  /** The id is the sold order's, also on rows that give its money back: those have no number of their own. */
  readonly #isOfSale: boolean;
  /** The file's order ids lost their last digits. */
  readonly #isRounded: boolean;
  #unit: Unit = emptyUnit();
  /** The file's id of the rows under way; null before the first. */
  #current: string | null = null;
  #order: OpenOrder | null = null;

  constructor(file: CsvFile, columns: Columns, sharedIds: boolean) {
    this.#columns = columns;
    this.#context = { file, columns, sharedIds, known: knownExport(file.export), instant: instantReader(file) };
    this.#optOuts = consentReader(file, columns.names);
    this.#hasIds = columns.has("order_id");
    this.#isPerOrder = file.amountPer === "order" && columns.has("amount");
    this.#isOfSale = file.mapping.order_id?.some((name) => OF_ORDER.test(foldWords(name))) === true;
    this.#isRounded = file.mapping.order_id?.some((name) => file.shortened.includes(name)) === true;
  }

  get openRejects(): number {
    return this.#unit.rejects.length;
  }

  begins(row: Row): boolean {
    if (row.fault !== null) return false;
    if (!this.#hasIds) return true;
    const id = this.#idOf(row);
    return this.#isShortened(id) || (id !== "" && id !== this.#current);
  }

  add(row: Row): void {
    if (row.fault !== null) return this.#addFaulty(row, row.fault);
    const id = this.#hasIds ? this.#idOf(row) : "";
    if (this.#hasIds && id === "") return this.#reject(row, `${this.#columns.label("order_id")} is blank.`);
    const own = !this.#hasIds || this.#isShortened(id);
    if (!own && this.#refused.has(hashOf(id))) return this.#reject(row, LEFT_OUT_WHOLE);
    const nul = stripNul(row);
    this.#current = own ? null : id;
    const before = this.#order?.lines.at(-1) ?? null;
    try {
      const line = readLine(row.cells, before, this.#context);
      const order = (this.#order ??= own ? openOrder(this.#derivedId(row, line)) : this.#named(id));
      if (own && this.#hasIds)
        order.note = `Kept without its id: ${this.#columns.label("order_id")} was shortened by a spreadsheet.`;
      if (nul) order.note = "Kept after removing NUL characters.";
      order.note ??= line.notes.length === 0 ? null : line.notes.join(" ");
      order.lines.push(line);
      order.rows.push({ row, reason: null });
    } catch (error) {
      if (error instanceof OtherRow) return this.#reject(row, error.message);
      if (!(error instanceof BadRow)) throw error;
      const order = (this.#order ??= own ? openOrder("") : this.#named(id));
      order.bad = true;
      order.rows.push({ row, reason: error.message });
    }
    if (this.#order.rows.length >= LONGEST_ORDER) this.#refuseLong(this.#order);
  }

  close(): Unit {
    const order = this.#order;
    if (order !== null) this.#finish(order);
    const unit = this.#unit;
    // Rows left out of an order were noted before the order itself was refused.
    if (order?.bad === true) unit.rejects.sort((a, b) => lineOf(a) - lineOf(b));
    this.#unit = emptyUnit();
    this.#order = null;
    this.#current = null;
    return unit;
  }

  #idOf(row: Row): string {
    const id = cleanId(this.#columns.text(row.cells, "order_id").replaceAll("\u0000", ""));
    return NO_ID.test(id) ? "" : id;
  }

  #isShortened(id: string): boolean {
    return isDestroyedNumber(id) || (this.#isRounded && isRoundedNumber(id));
  }

  /** A row whose cells do not fit may still show which order lacks it. */
  #addFaulty(row: Row, fault: string): void {
    const id = this.#hasIds ? this.#idOf(row) : "";
    if (id !== "" && id === this.#current && this.#order !== null) {
      this.#order.bad = true;
      this.#order.rows.push({ row, reason: fault });
      return;
    }
    if (id !== "") this.#refused.add(hashOf(id));
    this.#reject(row, fault);
  }

  #reject(row: Row, reason: string): void {
    this.#unit.rejects.push(this.#columns.reject(row, reason));
  }

  #finish(order: OpenOrder): void {
    const made = order.bad ? null : this.#made(order);
    if (made !== null && this.#repeatsTotal(order, made)) return;
    if (made === null) {
      if (this.#current !== null) this.#refused.add(hashOf(this.#current));
      for (const { row, reason } of order.rows) this.#reject(row, reason ?? LEFT_OUT_WHOLE);
      return;
    }
    this.#unit.rows += order.rows.length;
    this.#unit.collapsed += made.collapsed;
    const { person } = made;
    if (person !== null) {
      this.#unit.records.push(person.record);
      const said = order.rows.flatMap(({ row }) => this.#optOuts(row.cells, person.record).records);
      this.#unit.records.push(...new Map(said.map((consent) => [consent.id, consent])).values());
    }
    this.#unit.records.push(made.record);
    const note = made.note ?? order.note;
    const [first] = order.rows;
    if (note !== null && first !== undefined) this.#reject(first.row, note);
  }

  /**
   * Where every row repeats its order's total, rows further down that give it again add nothing, and rows that give another
   * one cannot be used.
   */
  #repeatsTotal(order: OpenOrder, { record, onlyRefunds }: MadeOrder): boolean {
    if (!this.#isPerOrder || this.#current === null || onlyRefunds) return false;
    const total = hashOf(`${this.#current} ${record.amountMinor} ${record.refundedMinor}`);
    if (!order.again) {
      this.#totals.add(total);
      return false;
    }
    if (this.#totals.has(total)) {
      this.#unit.rows += order.rows.length;
      this.#unit.collapsed += order.rows.length;
      return true;
    }
    const reason = `${this.#columns.label("amount")} gives another total than rows of the order further up.`;
    for (const { row } of order.rows) this.#reject(row, reason);
    return true;
  }

  /** Null: the rows contradict each other, which is noted at the first. */
  #made(order: OpenOrder): MadeOrder | null {
    const rules = {
      amountPer: this.#isPerOrder ? "order" : "row",
      amountLabel: this.#columns.label("amount"),
      paymentsOfSales: this.#context.file.paymentsOfSales,
    } as const;
    try {
      const made = orderOf(order.id, this.#asRefund(order), rules);
      if (this.#current === null) return made; // Its name is its own.
      return { ...made, record: { ...made.record, id: this.#nameOf(order, made.onlyRefunds) } };
    } catch (error) {
      if (!(error instanceof BadOrder)) throw error;
      const [first] = order.rows;
      if (first !== undefined) first.reason = error.message;
      return null;
    }
  }

  /** Rows that only say "refunded" of an order that was sold further up give its money back; they sell nothing. */
  #asRefund({ lines, again }: OpenOrder): OrderLine[] {
    const back = lines.every(({ state, role }) => role === null && state === "refunded");
    const id = this.#current === null ? null : hashOf(this.#current);
    if (!back || id === null) return lines;
    if (!again) this.#givenBack.add(id);
    return again && !this.#givenBack.has(id) ? lines.map((line) => ({ ...line, role: "refund" })) : lines;
  }

  #refuseLong(order: OpenOrder): void {
    if (this.#current !== null) this.#refused.add(hashOf(this.#current));
    for (const { row } of order.rows) this.#reject(row, `The order has more than ${LONGEST_ORDER} rows.`);
    this.#order = null;
  }

  #named(id: string): OpenOrder {
    const safe = safeId(id);
    return openOrder(safe, !this.#isNew(safe));
  }

  /**
   * Rows of an order that stand apart from its others are records of their own, whose names must not depend on where in
   * the file they stand: the next export has other rows above. Money given back apart from its sale must not take the
   * sale's name either, or a later file with nothing but the refund would replace what an earlier one has sold.
   */
  #nameOf({ id }: OpenOrder, onlyRefunds: boolean): string {
    const name = onlyRefunds && this.#isOfSale ? `${id}/refund` : id;
    const key = hashOf(`name ${name}`);
    const count = (this.#repeats.get(key) ?? 0) + 1;
    this.#repeats.set(key, count);
    return count === 1 ? name : `${name}/${count}`;
  }

  #isNew(id: string): boolean {
    const size = this.#seen.size;
    return this.#seen.add(hashOf(id)).size > size;
  }

  /** For rows without an order id: same customer, instant and amount is the same sale, told apart by occurrence. */
  #derivedId({ cells }: Row, { person, placedAt }: OrderLine): string {
    const money = (["amount", "quantity", "unit_price"] as const).map((field) => this.#columns.text(cells, field));
    const key = `row-${keyOf(person?.id ?? "", placedAt, ...money)}`;
    let id = key;
    for (let count = 2; !this.#isNew(id); count++) id = `${key}-${count}`;
    return id;
  }
}

function openOrder(id: string, again = false): OpenOrder {
  return { id, again, rows: [], lines: [], bad: false, note: null };
}

function emptyUnit(): Unit {
  return { rows: 0, collapsed: 0, records: [], rejects: [] };
}

function lineOf({ ref }: Reject): number {
  return Number(/^line (\d+)/.exec(ref)?.[1] ?? 0);
}

function hashOf(id: string): number {
  return Number.parseInt(keyOf(id).slice(0, 13), 16);
}
