/** Which column feeds which field: by its name, and only if its values agree. */
import { sensitiveCategoryOf } from "../core/sensitive.ts";
import { isBystander } from "./bystanders.ts";
import { guessConsent } from "./consent/guess.ts";
import { headerWords, plainHeader, plainHeaderWords, withoutBrackets, withoutCurrency } from "./header-words.ts";
import { fieldsOf, type Field, type FileKind, type Mapping } from "./settings.ts";
import type { DayOrderEvidence, Shape } from "./value-shapes.ts";
import { foldWords } from "./words.ts";

export interface ColumnGuess {
  column: string;
  /** Null: not used. */
  field: Field | null;
  /** 0 to 1. */
  confidence: number;
  why: string;
  /** Up to three values. Personal data: to be shown, not logged. */
  samples: string[];
  /** How the dates in it are written. */
  days: DayOrderEvidence;
}

interface Candidate {
  field: Field;
  at: number;
  score: number;
  why: string;
}

/** Below this a name that merely contains a known word is coincidence. */
const ENOUGH = 0.35;
/** Below this the name itself was not known, only a word in it. */
const NAMED_OUTRIGHT = 0.6;
const IDENTIFYING: ReadonlySet<Field> = new Set<Field>(["email", "phone"]);
/** Fields whose columns each say it for themselves, by a name that is known as a whole. */
const EACH_COUNTS: ReadonlySet<Field> = new Set<Field>(["is_cancelled", "is_refunded", "previous_name", "national_id"]);
/** A name that only contains a word for them is something else. */
const OUTRIGHT: ReadonlySet<Field> = new Set<Field>([
  ...EACH_COUNTS,
  ...(["is_paid", "is_test", "gender", "region", "house_number", "address_line_2", "occupation"] as const),
]);
/** A second e-mail or phone column must be surer than the first. */
const ENOUGH_TO_REPEAT = 0.45;

/** A column whose name says what it holds and whose values do not. */
export interface Misfit {
  field: Field;
  column: string;
  at: number;
  score: number;
}

export interface MappingGuess {
  mapping: Mapping;
  columns: ColumnGuess[];
  misfits: Misfit[];
}

export function guessMapping(kind: FileKind, names: readonly string[], shapes: readonly Shape[]): MappingGuess {
  const consent = kind === "people" ? guessConsent(names, shapes).columns : [];
  const claimed = new Set(consent.map(({ at }) => at));
  const candidates: Candidate[] = [];
  const misfits: Misfit[] = [];
  for (const [at, name] of names.entries()) {
    const shape = shapes[at];
    if (shape === undefined || claimed.has(at) || sensitiveCategoryOf(name) !== null) continue;
    for (const field of fieldsOf(kind)) {
      if (isBystander(field, name)) continue;
      const candidate = rate(kind, field, name, shape);
      const named = rateName(kind, field, name)?.score ?? 0;
      if (named >= NAMED_OUTRIGHT && shape.filled > 0 && fitOf(field, shape, kind) < 0.5) {
        misfits.push({ field, column: name, at, score: named });
      }
      if (candidate !== null && candidate.score >= ENOUGH) candidates.push({ ...candidate, field, at });
    }
  }
  candidates.sort((a, b) => b.score - a.score || a.at - b.at);
  const chosen = new Map<number, Candidate>(consent.map((found) => [found.at, found]));
  const taken = new Map<Field, number[]>();
  for (const candidate of candidates) {
    const others = taken.get(candidate.field) ?? [];
    const again =
      IDENTIFYING.has(candidate.field) && candidate.score >= ENOUGH_TO_REPEAT && !isShared(shapes[candidate.at]);
    const free = others.length === 0 || again || EACH_COUNTS.has(candidate.field);
    if (chosen.has(candidate.at) || !free) continue;
    chosen.set(candidate.at, candidate);
    taken.set(candidate.field, [...others, candidate.at]);
  }
  if (kind === "orders") settleMoney(chosen);
  if (kind !== "people") addTimeOfDay(chosen, kind === "orders" ? "placed_at" : "at", shapes);
  const mapping: Mapping = {};
  for (const { field, at } of chosen.values()) {
    const name = names[at];
    if (name !== undefined) mapping[field] = [...(mapping[field] ?? []), name];
  }
  const columns = names.map((column, at): ColumnGuess => {
    const found = chosen.get(at);
    const { field, score, why } = found ?? { field: null, score: 0, why: "neither its name nor its values are known" };
    const category = found === undefined ? sensitiveCategoryOf(column) : null;
    return {
      ...{ column, field, confidence: Math.round(score * 100) / 100, samples: [], days: NO_DAYS },
      why: category === null ? why : `it seems to be about ${category}`,
    };
  });
  return { mapping, columns, misfits };
}

/** A further address that stands beside several people is the shop's, or of whoever looks after them. */
function isShared(shape: Shape | undefined): boolean {
  return shape !== undefined && shape.filled > 1 && shape.distinct <= 0.5;
}

/** A price without a quantity is what the row cost; quantities without a price say nothing about money. */
function settleMoney(chosen: Map<number, Candidate>): void {
  const find = (field: Field) => [...chosen.values()].find((candidate) => candidate.field === field);
  const [amount, quantity, price] = [find("amount"), find("quantity"), find("unit_price")];
  if (amount === undefined && quantity === undefined && price !== undefined && find("paid") === undefined) {
    chosen.set(price.at, { ...price, field: "amount", why: `${price.why}; without a quantity it is the whole amount` });
  }
  const paid = find("paid");
  if (amount === undefined && paid !== undefined && (price === undefined || quantity === undefined)) {
    chosen.set(paid.at, { ...paid, field: "amount", why: `${paid.why}; no other column holds the amount` });
    for (const spare of [quantity, price]) if (spare !== undefined) chosen.delete(spare.at);
    return;
  }
  if (amount === undefined && price !== undefined) return;
  for (const spare of [quantity, price]) if (spare !== undefined) chosen.delete(spare.at);
}

/** Tills write date and time in columns of their own; together they say when. */
function addTimeOfDay(chosen: Map<number, Candidate>, field: Field, shapes: readonly Shape[]): void {
  const date = [...chosen.values()].find((candidate) => candidate.field === field);
  const shape = date === undefined ? undefined : shapes[date.at];
  // Totals and footers stand among the days of some reports.
  if (date === undefined || shape === undefined || shape.date < 0.5 || shape.dayOnly < 0.9 * shape.date) return;
  const at = shapes.findIndex((shape, index) => !chosen.has(index) && shape.timeOnly >= 0.9);
  if (at !== -1) chosen.set(at, { field, at, score: 0.6, why: "its values are times of day, to go with the date" });
}

const NEEDED: ReadonlySet<Field> = new Set<Field>([
  "order_id",
  "placed_at",
  "at",
  "amount",
  "quantity",
  "unit_price",
  "refunded",
  "status",
  "type",
  "id",
]);

const MOST_GENDERS = 12;
const NO_DAYS: DayOrderEvidence = { dmy: 0, mdy: 0, open: 0 };
const FEW_ROWS = 4;
/** A row's number in this export; in the next one it is somebody else's. */
const COUNTS_ROWS = /^(?:no|row|row no|line|line no|lfd no|laufende no|index|pos|position|ligne|riga|fila|regel)$/;
/** "Loyalty" alone may be points, a level or a yes; only a card's or member's number says who somebody is. */
const NAMES_A_CARD =
  /(?:^|\s)(?:id|no|\w*(?:card|karte|kort|kaart)|carte|carta|tessera|tarjeta|member|membership|code|barcode)(?:\s|$)/;

const PAID_ON = 0.4;

type Rated = Pick<Candidate, "score" | "why">;

function rate(kind: FileKind, field: Field, name: string, shape: Shape): Rated | null {
  const named = rateName(kind, field, name);
  if (named !== null && shape.filled === 0) {
    // An empty column must not take the place of one that says something.
    if (NEEDED.has(field) && shape.rows > 0) return null;
    return { score: named.score * 0.8, why: `${named.why}; it has no values to check` };
  }
  const valued = rateValues(field, shape);
  if (named === null) return valued;
  if (field === "id" && kind === "people" && shape.isCounted && COUNTS_ROWS.test(plainHeader(name))) return null;
  if (field === "order_id" && (shape.isCounted || shape.distinct < 1) && COUNTS_ROWS.test(plainHeader(name)))
    return null;
  if (field === "loyalty_id" && shape.numbered < 0.8 && !NAMES_A_CARD.test(plainHeader(name))) return null;
  const fit = fitOf(field, shape, kind);
  if (fit < 0.5) return null;
  // The day of payment says whether an order is paid, unless it is the only day there is.
  if (field === "is_paid" && shape.date > shape.flag) return { ...named, score: PAID_ON };
  if (valued !== null && valued.score > named.score) return { ...valued, why: `${named.why} and ${valued.why}` };
  return { score: named.score, why: fit === 1 ? named.why : `${named.why}; most values agree` };
}

function rateValues(field: Field, shape: Shape): Rated | null {
  if (shape.filled === 0) return null;
  // An address that stands in row after row is the business's own, or that of whoever looks after its customers.
  const own = shape.filled >= FEW_ROWS && shape.distinct < 0.5;
  if (own && (field === "email" || field === "phone")) return null;
  if (field === "email" && shape.email >= 0.8) return { score: 0.55, why: "its values are e-mail addresses" };
  if (field === "phone" && shape.phoneSure >= 0.8) return { score: 0.5, why: "its values are phone numbers" };
  if (field === "postcode" && shape.postcodeSure >= 0.8) return { score: 0.45, why: "its values are postcodes" };
  // Numbers alone may be epochs or may be anything.
  const dates = (field === "placed_at" || field === "at") && shape.date >= 0.9 && shape.number < 0.5;
  return dates ? { score: 0.4, why: "its values are dates" } : null;
}

/** The same names are looked at for every kind and field, file after file. */
const rated = new Map<string, Rated | null>();
const RATED_KEPT = 20_000;

function rateName(kind: FileKind, field: Field, name: string): Rated | null {
  const key = JSON.stringify([kind, field, name]);
  const before = rated.get(key);
  if (before !== undefined) return before;
  const found = ratedAnew(kind, field, name);
  if (rated.size >= RATED_KEPT) rated.clear();
  if (key.length < 200) rated.set(key, found);
  return found;
}

/** A name in another spelling is a little less sure than the name itself. */
const SPELLED_OTHERWISE = 0.98;
/** Fields whose names say in brackets which of several sums they hold. */
const MONEY: ReadonlySet<Field> = new Set<Field>(["amount", "unit_price", "refunded", "paid", "outstanding"]);
const SUMMED = 0.7;
const SUM = /^(?:total|totale|summe|sum|suma|somme|betrag|amount|montant|importo|importe|bedrag|gross|brutto|umsatz)$/;
const OF_SUM =
  /^(?:gesamt|end|grand|bar|gross|brutto|lordo|bruto|brut|inkl|incl|inc|including|inclusive|mit|with|tax|taxes|vat|gst|mwst|ust|ttc|tva|iva|btw|moms|paid|sale|sales|order|invoice|receipt|rechnung|beleg|bon|ticket)$/;

/** `Summe Brutto`, `Gross`, `Total incl. VAT`: words for a sum and for what is in it. */
function isSum(folded: string): boolean {
  const words = folded.split(" ");
  return words.some((word) => SUM.test(word)) && words.every((word) => SUM.test(word) || OF_SUM.test(word));
}

const BEFORE_TAX = /\b(?:ex|excl|excluding|without|before|net|netto|ht|hors|ohne|senza|sin|zonder)\b/;

function ratedAnew(kind: FileKind, field: Field, name: string): Rated | null {
  const words = headerWords(kind).get(field);
  const folded = foldWords(name);
  if (words === undefined || folded === "") return null;
  const exact = words.get(folded) ?? words.get(folded.replaceAll(" ", ""));
  if (exact !== undefined) return { score: exact, why: `the name says ${field}` };
  const plain = plainHeaderWords(kind).get(field)?.get(plainHeader(name));
  if (plain !== undefined) return { score: plain * SPELLED_OTHERWISE, why: `the name says ${field}` };
  // `Auftrag Nr.` is an `Auftrag`.
  const numbered = field === "order_id" ? /^(.+) no$/.exec(plainHeader(name))?.[1] : undefined;
  const sure = numbered === undefined ? undefined : plainHeaderWords(kind).get(field)?.get(numbered);
  if (sure !== undefined) return { score: sure * SPELLED_OTHERWISE, why: `the name says ${field}` };
  if (field === "amount" && isSum(folded)) return { score: SUMMED, why: "the name says amount" };
  const bare = MONEY.has(field) ? (withoutBrackets(name) ?? withoutCurrency(name)) : null;
  if (bare !== null) {
    const found = ratedAnew(kind, field, bare);
    if (found !== null) return { ...found, score: found.score * (BEFORE_TAX.test(folded) ? 0.8 : SPELLED_OTHERWISE) };
  }
  // "Cancelled by" and "Paid with" are something else.
  if (OUTRIGHT.has(field)) return null;
  const count = folded.split(" ").length;
  let best = 0;
  for (const [phrase, sure] of words) {
    if (phrase.length < 3 || !` ${folded} `.includes(` ${phrase} `)) continue;
    const part = phrase.split(" ").length / count;
    if (part >= 0.5) best = Math.max(best, 0.6 * part * sure);
  }
  return best === 0 ? null : { score: best, why: `the name contains a word for ${field}` };
}

/** How far the values are what the field holds, 0 to 1. */
export function fitOf(field: Field, shape: Shape, kind: FileKind): number {
  switch (field) {
    case "email":
      return shape.email;
    case "phone":
      return shape.phone;
    case "placed_at":
    case "at":
    case "created_at":
    case "updated_at":
      return Math.max(shape.date, shape.serial);
    case "type":
      // Kinds of goods or shops are no kinds of rows: all must be known, or some must plainly not be sales.
      if (kind !== "orders") return 1;
      return shape.role > 0.99 || shape.anyOtherRole ? shape.role : 0;
    case "time_zone":
      return shape.zone;
    case "paid":
    case "outstanding":
    case "amount":
    case "quantity":
    case "unit_price":
    case "refunded":
      // Nobody gives one penny back for each order: a nought and a one are a no and a yes.
      if (field === "refunded" && shape.filled > 0 && shape.words.every((word) => word === "0" || word === "1"))
        return 0;
      return shape.date >= 0.9 && shape.number < 0.9 ? 0 : shape.number;
    case "currency":
      return shape.currency;
    case "country":
      return Math.min(1, shape.country * 1.5);
    case "first_name":
    case "last_name":
    case "full_name":
    case "middle_name":
    case "previous_name":
    case "birth_place":
    case "occupation":
      return shape.email >= 0.5 ? 0 : shape.wordy;
    case "customer_id":
    case "order_id":
      return shape.idLike;
    case "birth_date":
      return shape.day;
    case "gender":
      // A handful of words, or their numbers.
      return shape.words.length <= MOST_GENDERS && shape.date < 0.5 ? 1 : 0;
    case "street":
    case "address_line_2":
      return shape.email >= 0.5 || shape.date >= 0.5 ? 0 : 1;
    case "house_number":
      return 1 - shape.wordy;
    case "region":
      return shape.email >= 0.5 || shape.date >= 0.5 || shape.optOuts > 0 || shape.yesNo >= 0.5 ? 0 : 1;
    case "is_cancelled":
    case "is_refunded":
      return Math.max(shape.flag, shape.date);
    case "is_paid":
      return shape.flag > 0.9 ? shape.flag : shape.date;
    case "is_test":
      return shape.flag > 0.9 ? shape.flag : 0;
    case "status":
    case "channel":
      return shape.date >= 0.5 || shape.email >= 0.5 ? 0 : 1;
    default:
      return 1;
  }
}

/** Fields only a list of people has. */
const OF_PEOPLE: Field[] = [
  "first_name",
  "last_name",
  "postcode",
  "city",
  "company",
  "created_at",
  "consent_email",
  "consent_sms",
  "opt_out",
];

/** Names by which a column belongs to sales, whatever else is in the file. */
const OF_SALES: ReadonlySet<string> = new Set(
  (
    "order id,order no,order number,order date,order total,order amount,order value,invoice no,invoice number,invoice date," +
    "receipt no,receipt number,receipt id,transaction id,transaction date,sale date,sale id,bestellnummer,bestelldatum," +
    "rechnungsnummer,rechnungsdatum,bonnummer,belegnummer,belegdatum,numero de commande,date de commande,numero ordine," +
    "data ordine,numero de pedido,fecha pedido,fecha de pedido,scontrino,ticket number,purchase date,order nr,bon nr," +
    "bestelnummer,besteldatum,ordernummer,orderdatum,factuurnummer,factuurdatum,numero fattura,data fattura,numero de factura," +
    "fecha factura,numero de facture,date facture,order time,deal stage"
  ).split(","),
);

const PLAIN_OF_SALES: ReadonlySet<string> = new Set([...OF_SALES].map(plainHeader));

/** The columns that only sales have, by their names: a file with them that is taken for something else is asked about. */
export function namesOfSales(names: readonly string[]): string[] {
  return names.filter((name) => OF_SALES.has(foldWords(name)) || PLAIN_OF_SALES.has(plainHeader(name)));
}

/** Sales have a date and money; events a date and something that happened; the rest are people. */
export function guessKind(names: readonly string[], shapes: readonly Shape[]): FileKind {
  const [orders, people, events] = (["orders", "people", "touchpoints"] as const).map((kind) =>
    guessMapping(kind, names, shapes),
  );
  const sureOf = (guess: typeof orders, field: Field): number =>
    guess?.columns.find((column) => column.field === field)?.confidence ?? 0;
  const money = sureOf(orders, "amount") > 0 || sureOf(orders, "unit_price") > 0;
  const peopleFields = OF_PEOPLE.filter((field) => sureOf(people, field) > 0).length;
  const numbered = sureOf(orders, "order_id") > 0.62;
  if (money && sureOf(orders, "placed_at") > 0 && (numbered || peopleFields < 3)) return "orders";
  if (sureOf(events, "type") > 0 && sureOf(events, "at") > 0 && peopleFields < 3) return "touchpoints";
  return "people";
}
