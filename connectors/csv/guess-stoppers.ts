/** What keeps a file from being read as what it plainly is, named by column and form: never another kind in silence. */
import { fitOf, guessMapping, namesOfSales, type MappingGuess, type Misfit } from "./guess-mapping.ts";
import type { Question } from "./guess-formats.ts";
import { signsOfSales } from "./guess-sales.ts";
import type { Field, FileKind, Mapping } from "./settings.ts";
import { shapeOf, type Shape } from "./value-shapes.ts";
import { cleanCell, foldWords } from "./words.ts";

export interface Sample {
  names: readonly string[];
  shapes: readonly Shape[];
  column: (name: string) => readonly string[];
}

const DATES: ReadonlySet<Field> = new Set<Field>(["placed_at", "at"]);
const MONEY: ReadonlySet<Field> = new Set<Field>(["amount", "unit_price", "quantity"]);

/**
 * Sentences that must be answered by an override before anything is imported.
 *
 * @param isKnown the columns are those of an export we know
 */
export function stoppers(
  kind: FileKind,
  mapping: Mapping,
  guess: MappingGuess,
  sample: Sample,
  isKnown: boolean,
): Question[] {
  if (kind === "orders") {
    return [
      ...eventsInstead(mapping, sample),
      ...unreadable(mapping, sample),
      ...inHundredths(mapping, sample),
      ...(isKnown ? [] : [...oneAddress(mapping, sample), ...stateUnread(mapping, sample)]),
      ...better(mapping, guess).map((misfit) => stopper(misfit, sample)),
    ];
  }
  const sales =
    kind === "people" || kind === "touchpoints" ? guessMapping("orders", sample.names, sample.shapes) : guess;
  const money = sales.mapping.amount ?? sales.mapping.unit_price;
  if (kind === "touchpoints") {
    return money === undefined
      ? []
      : [whichKind(`Column "${money[0]}" holds money, which a list of events does not keep.`)];
  }
  const ofSales = namesOfSales(sample.names);
  if (ofSales.length === 0) return isKnown ? [] : salesUnseen(mapping, sample, isNameless(guess));
  // Where another column holds the date, a time of day beside it stops nothing.
  const blocking = sales.misfits.filter(
    ({ field }) => (DATES.has(field) && sales.mapping[field] === undefined) || MONEY.has(field),
  );
  if (blocking.length > 0) return uniqueByColumn(blocking).map((misfit) => stopper(misfit, sample));
  const date = sales.mapping.placed_at;
  if (money === undefined && ofSales.length > 1) {
    return [
      whichKind(
        `Columns "${ofSales[0]}" and "${ofSales[1]}" are those of sales, but no column is known to hold their money (amount=COLUMN).`,
      ),
    ];
  }
  return money === undefined || date === undefined
    ? salesUnseen(mapping, sample, isNameless(guess))
    : [
        whichKind(
          `Columns "${date[0]}" and "${money[0]}" hold dates and money as sales do, others are those of a list of people.`,
        ),
      ];
}

/** A list of purchases and visits is no list of sales, though some of its rows have money. */
function eventsInstead(mapping: Mapping, { names, shapes }: Sample): Question[] {
  if (mapping.order_id !== undefined || mapping.type !== undefined) return [];
  const [event] = guessMapping("touchpoints", names, shapes).mapping.type ?? [];
  return event === undefined || mapping.status?.includes(event) === true
    ? []
    : [whichKind(`Column "${event}" names kinds of events, while no column numbers orders.`)];
}

/** A wide table of which values alone tell anything: its header is in a language we do not read. */
function isNameless({ columns }: MappingGuess): boolean {
  const found = columns.filter(({ field }) => field !== null);
  return (
    columns.length > 3 &&
    found.length > 0 &&
    found.every(({ why }) => why.startsWith("its values")) &&
    columns.every(({ column }) => !/^column \d+$/.test(column))
  );
}

function salesUnseen(mapping: Mapping, { names, shapes }: Sample, isNameless: boolean): Question[] {
  const signs = signsOfSales(mapping, names, shapes);
  if (signs === null && isNameless) {
    return [whichKind("No column is called anything that is known, so that only addresses and numbers would be read.")];
  }
  return signs === null
    ? []
    : [
        whichKind(
          `Columns "${signs.beside}" and "${signs.money}" may be those of sales, whose money a list of people does not keep.`,
        ),
      ];
}

const HUNDREDTHS =
  /\b(?:pence|penn(?:y|ies)|cents?|ct|cts|minor|minor units?|centimes?|centesim[io]|centimos?|centavos?|rappen|grosz\w*|haler\w*|kurus)\b/;

/** Nothing in whole numbers tells pounds from pence but the column's name. */
function inHundredths(mapping: Mapping, { column }: Sample): Question[] {
  return (["amount", "unit_price"] as const).flatMap((field) => {
    const [name] = mapping[field] ?? [];
    if (name === undefined || !HUNDREDTHS.test(foldWords(name))) return [];
    const written = column(name)
      .map(cleanCell)
      .filter((value) => value !== "");
    if (written.length === 0 || written.some((value) => !/^-?\d+$/.test(value))) return [];
    const text = `Column "${name}" counts hundredths, and would be read as whole units of the currency: write it in whole units, or say ${field}=COLUMN.`;
    return [{ about: field, text }];
  });
}

const STATE = /\b(?:status|statut|situacao|stav|durum|tila|zustand)\b/;
/** Whose state is none of the money. */
const OF_ELSE =
  /\b(?:customer|kunde\w*|client\w*|member\w*|loyalty|account|konto|marital|vat|tax|stock|email|newsletter|subscri\w*|consent|marketing|ship\w*|deliver\w*|fulfil\w*|tracking|versand\w*|liefer\w*|livraison)\b/;

/** An order nobody paid for must not count because the column that says so has a longer name. */
function stateUnread(mapping: Mapping, { names, shapes }: Sample): Question[] {
  const used = new Set(Object.values(mapping).flat());
  if (mapping.status !== undefined || mapping.is_paid !== undefined) return [];
  const name = names.find((other, at) => {
    const shape = shapes[at];
    const isState = !used.has(other) && STATE.test(foldWords(other)) && !OF_ELSE.test(foldWords(other));
    return isState && shape !== undefined && shape.filled > 0 && shape.wordy > 0.5;
  });
  if (name === undefined) return [];
  const text = `Column "${name}" may say which orders were paid: say status=${name}, or status= if it does not.`;
  return [{ about: "status", text }];
}

/** Orders enough that they are hardly all of one customer. */
const MANY = 5;

/** Payment services put the account's own address on every sale. */
function oneAddress(mapping: Mapping, { column }: Sample): Question[] {
  const [name, ...more] = mapping.email ?? [];
  const written = name === undefined ? [] : column(name).map(cleanCell);
  const [number] = mapping.order_id ?? [];
  if (number !== undefined && new Set(column(number)).size < MANY) return [];
  if (more.length > 0 || written.length < MANY || written.some((value) => value === "" || value !== written[0]))
    return [];
  const text = `Every row has the same address in column "${name}": say email=COLUMN if all are sales to one customer, email= if it is the business's own.`;
  return [{ about: "email", text }];
}

function whichKind(text: string): Question {
  return { about: "kind", text: `${text} What is a row: --kind people, orders or touchpoints?` };
}

/** A known export whose columns do not hold what they are called. */
function unreadable(mapping: Mapping, { names, column }: Sample): Question[] {
  const found: Question[] = [];
  for (const field of ["placed_at", "amount", "quantity", "unit_price"] as const) {
    const [name] = mapping[field] ?? [];
    if (name === undefined || !names.includes(name)) continue;
    const joined = (mapping[field] ?? []).length > 1;
    const shape = shapeOf(column(name));
    if (joined || shape.filled === 0 || fitOf(field, shape, "orders") >= 0.5) continue;
    found.push(stopper({ field, column: name, at: 0, score: 1 }, { names, shapes: [], column }));
  }
  return found;
}

/** Columns that would have been taken, had their values been readable: what was taken instead may be something else. */
function better(mapping: Mapping, { misfits, columns }: MappingGuess): Misfit[] {
  return uniqueByColumn(
    misfits.filter(({ field, column, score }) => {
      if (field !== "placed_at" && field !== "amount") return false;
      const taken = columns.find(({ column: other }) => other === mapping[field]?.[0]);
      return mapping[field]?.includes(column) !== true && (taken === undefined || taken.confidence < score);
    }),
  );
}

function uniqueByColumn(misfits: readonly Misfit[]): Misfit[] {
  const best = new Map<string, Misfit>();
  for (const misfit of misfits.toSorted((a, b) => a.score - b.score)) best.set(misfit.column, misfit);
  return [...best.values()];
}

function stopper({ field, column: name }: Misfit, { column }: Sample): Question {
  const what = DATES.has(field) ? "a date" : field === "quantity" ? "a number" : "an amount of money";
  const shown =
    column(name)
      .map(cleanCell)
      .find((value) => value !== "" && !isReadable(field, value)) ?? "";
  return {
    about: field,
    text: `Column "${name}" should hold ${what}, but values of the form ${formOf(shown)} cannot be read as one: say ${field}=COLUMN, or mend the file.`,
  };
}

function isReadable(field: Field, value: string): boolean {
  return fitOf(field, shapeOf([value]), "orders") > 0;
}

/** `12-ABC-34` as `99-AAA-99`: shows how a value is written, not what it says. */
function formOf(value: string): string {
  const form = value
    .replace(/\p{Lu}/gu, "A")
    .replace(/\p{L}/gu, (letter) => (letter === "A" ? "A" : "a"))
    .replace(/\d/g, "9");
  return `"${form.length > 24 ? `${form.slice(0, 23)}…` : form}"`;
}
