/** Whether the rows of one order repeat its total or share it: the difference between 50.00 and 100.00. */
import { isDestroyedNumber } from "../core/placeholders.ts";
import { add, multiply, parseAmount, ZERO, type Decimal } from "./amounts.ts";
import type { Question } from "./guess-formats.ts";
import { roleOf, stateOf } from "./order-words.ts";
import type { Mapping } from "./settings.ts";
import { cleanCell, cleanId, foldWords } from "./words.ts";

const OF_ORDER =
  /\b(order|invoice|receipt|transaction|basket|cart|checkout|grand|bestell\w*|auftrags\w*|rechnungs\w*|commande|ordine|pedido|gesamt\w*|end(betrag|summe))\b/;
const OF_LINE = /\b(line|lineitem|item|product|unit|row|position\w*|zeilen\w*|artikel\w*|ligne|riga|linea)\b/;
const ABOUT_LINE =
  /^(line ?item|item|items|product|sku|article|artikel|produkt|produit|prodotto|articolo|producto|articulo|variant|description|beschreibung|bezeichnung|designation|descrizione|descripcion|stock ?code|ean|barcode|upc)\b/;

interface Line {
  amount: Decimal | null;
  quantity: Decimal | null;
  price: Decimal | null;
  /** Everything else the row says. */
  rest: string;
}

/** Rows by column name. */
export interface Table {
  names: readonly string[];
  column: (name: string) => readonly string[];
}

interface Decided {
  amountPer: "order" | "row";
  remarks: string[];
  questions: Question[];
}

export function decideAmountPer(mapping: Mapping, table: Table, decimal: "." | ","): Decided {
  const [amountColumn] = mapping.amount ?? [];
  const shared = ordersOf(mapping, table, decimal).filter((lines) => lines.length > 1);
  if (amountColumn === undefined || shared.length === 0) return { amountPer: "row", remarks: [], questions: [] };
  const decided = fromArithmetic(shared) ?? fromValues(shared, amountColumn, table.names);
  const amountPer = decided ?? "row";
  const remark =
    amountPer === "order"
      ? `Column "${amountColumn}" repeats the order's total on each of its rows: it is counted once. Say amount-per=row to add the rows up.`
      : `Orders fill several rows: column "${amountColumn}" is added up. Say amount-per=order if it is the order's total.`;
  if (decided !== null) return { amountPer, remarks: [remark], questions: [] };
  const text = `Several rows of an order have the same value in column "${amountColumn}": is it each row's own amount, to be added up (amount-per=row), or the order's total, to be counted once (amount-per=order)?`;
  return { amountPer, remarks: [], questions: [{ about: "amount-per", text }] };
}

function ordersOf(mapping: Mapping, { names, column }: Table, decimal: "." | ","): Line[][] {
  const [idColumn] = mapping.order_id ?? [];
  if (idColumn === undefined) return [];
  const numbers = (field: "amount" | "quantity" | "unit_price", wanted: RegExp | null) => {
    const name = mapping[field]?.[0] ?? names.find((other) => wanted?.test(foldWords(other)) === true);
    return (name === undefined ? [] : column(name)).map((cell) => parseAmount(cleanCell(cell), decimal));
  };
  const amounts = numbers("amount", null);
  const quantities = numbers(
    "quantity",
    /^(line ?item |item )?(quantity|qty|menge|anzahl|quantite|qte|quantita|cantidad)$/,
  );
  const prices = numbers(
    "unit_price",
    /^(line ?item |item |unit )?(price|cost|preis|einzelpreis|prix|prezzo|precio)( each)?$/,
  );
  const others = names.filter((name) => name !== idColumn && name !== mapping.amount?.[0]).map(column);
  const [states, kinds] = (["status", "type"] as const).map((field) => column(mapping[field]?.[0] ?? ""));
  const orders = new Map<string, Line[]>();
  for (const [at, cell] of column(idColumn).entries()) {
    const id = cleanId(cell);
    // Money given back and how a sale was paid are no shares of it.
    const kind = roleOf(kinds?.[at] ?? "", null) ?? "sale";
    if (id === "" || isDestroyedNumber(id) || kind !== "sale" || stateOf(states?.[at] ?? "", null) === "refunded")
      continue;
    const rest = others.map((cells) => cells[at] ?? "").join("\u0000");
    const line = { amount: amounts[at] ?? null, quantity: quantities[at] ?? null, price: prices[at] ?? null, rest };
    const lines = orders.get(id);
    if (lines === undefined) orders.set(id, [line]);
    else lines.push(line);
  }
  return [...orders.values()];
}

/** Quantity times price tells, wherever both are there. */
function fromArithmetic(orders: readonly Line[][]): "order" | "row" | null {
  let [asRows, asOrders] = [0, 0];
  for (const lines of orders) {
    const costs = lines.map(({ quantity, price }) =>
      quantity === null || price === null ? null : multiply(quantity, price),
    );
    if (costs.some((cost) => cost === null)) continue;
    const known = costs.filter((cost) => cost !== null);
    if (lines.every(({ amount }, at) => amount !== null && isEqual(amount, known[at] ?? ZERO))) asRows++;
    else if (isEqual(known.reduce(add, ZERO), lines[0]?.amount ?? ZERO)) asOrders++;
  }
  return asRows === asOrders ? null : asRows > asOrders ? "row" : "order";
}

function fromValues(orders: readonly Line[][], name: string, names: readonly string[]): "order" | "row" | null {
  const differs = orders.some((lines) => {
    const amounts = lines.map(({ amount }) => amount).filter((amount) => amount !== null);
    return amounts.some((amount) => !isEqual(amount, amounts[0] ?? ZERO));
  });
  if (differs) return "row";
  // Written once for each order: added up or counted once, it is the same.
  if (orders.every((lines) => lines.slice(1).every(({ amount }) => amount === null))) return "row";
  const folded = foldWords(name);
  if (OF_LINE.test(folded)) return "row";
  if (OF_ORDER.test(folded)) return "order";
  const aboutLines = names.some((other) => ABOUT_LINE.test(foldWords(other)));
  const isTotal = /\b(total|totale|summe|sum|montant total|importe total)\b/.test(folded);
  // Different goods at one price in every order there is: only a total does that.
  const unlike = orders.filter((lines) => lines.some(({ rest }) => rest !== lines[0]?.rest)).length;
  if (isTotal) return unlike > 1 || !aboutLines ? "order" : null;
  return aboutLines && unlike < 3 ? "row" : null;
}

function isEqual(a: Decimal, b: Decimal): boolean {
  return add(a, { ...b, digits: -b.digits }).digits === 0n;
}
