/** What the admin says against the guess: `email=E-Mail`, `phone=`, `dates=mdy`. */
import { sensitiveCategoryOf } from "../core/sensitive.ts";
import type { Guess } from "./guess.ts";
import { decideBirthOrder } from "./guess-formats.ts";
import { fieldsOf, reading, REPEATABLE, type CsvFile, type Field, type Mapping, type Reading } from "./settings.ts";

/** For the admin: says what was wrong with an override and what would be right. */
export class OverrideError extends Error {}

/** Overrides of everything but columns, by the word the admin uses. */
const SETTINGS = {
  dates: "dayOrder",
  decimal: "decimal",
  "amount-per": "amountPer",
  currency: "defaultCurrency",
  country: "defaultCountry",
  channel: "defaultChannel",
  timezone: "timeZone",
} as const satisfies Record<string, keyof Reading>;

/**
 * Applies `field=column` (several columns by `email=E-Mail,E-Mail 2`; none by `phone=`) and `setting=value`. Where a word
 * is both (`currency`, `country`, `channel`), a column of that name wins, then a value.
 *
 * @param reason what columns about health, finance or children are needed for; without one they are refused
 * @throws OverrideError naming the fields or columns there are
 */
export function applyOverrides(guess: Guess, overrides: readonly string[], reason = ""): Guess {
  let result = guess;
  const words = new Set<string>();
  for (const override of overrides) {
    const cut = override.indexOf("=");
    if (cut < 1) throw new OverrideError(`"${override}" is not of the form field=column.`);
    const word = override.slice(0, cut).trim();
    const value = override.slice(cut + 1).trim();
    result = answered(applyOne(result, word, value, reason), word);
    words.add(word);
  }
  return words.has("birth_date") ? withBirthOrder(result, words.has("dates")) : result;
}

/** Of a column that was said, how its dates are written is looked at now; what its dates prove holds against what was said. */
function withBirthOrder(guess: Guess, isSaid: boolean): Guess {
  const questions = [...guess.questions];
  const birthDayOrder = decideBirthOrder(guess, { questions });
  return { ...guess, birthDayOrder, questions: isSaid ? guess.questions : questions };
}

/**
 * Reads a newer export as an earlier one of the same source was read, as far as it has the same columns: what the admin
 * corrected once stays corrected, and a small file is not guessed from two rows.
 */
export function readAs(guess: Guess, earlier: CsvFile): Guess {
  const names = new Set(guess.columns.map((column) => column.column));
  const wanted = Object.values(earlier.mapping).flat();
  if (guess.kind !== earlier.kind || wanted.some((name) => !names.has(name))) {
    return {
      ...guess,
      remarks: [...guess.remarks, `The columns are not those of ${earlier.name}: they were guessed anew.`],
    };
  }
  const { mapping, remarks } = withNewColumns(guess, earlier);
  const { dayOrder, decimal, amountPer, defaultCurrency, defaultCountry, defaultChannel, timeZone } = earlier;
  const { export: known, serialDates, crosses, birthDayOrder } = earlier;
  const columns = guess.columns.map((column) => {
    const field = fieldsOf(guess.kind).find((known) => mapping[known]?.includes(column.column) === true) ?? null;
    return { ...column, field, confidence: field === null ? 0 : 1, why: `as in ${earlier.name}` };
  });
  const unused = columns.filter((column) => column.field === null).map((column) => column.column);
  const settings = {
    dayOrder,
    birthDayOrder,
    decimal,
    amountPer,
    defaultCurrency,
    defaultCountry,
    defaultChannel,
    timeZone,
    serialDates,
    crosses,
    paymentsOfSales: earlier.paymentsOfSales || guess.paymentsOfSales,
    shortened: [...new Set([...earlier.shortened, ...guess.shortened])],
  };
  return {
    ...guess,
    ...settings,
    export: known,
    questions: [],
    stoppers: [],
    mapping,
    withheld: guess.withheld.filter(({ field }) => mapping[field] === undefined),
    columns,
    unused,
    remarks: [`Columns and formats are those of ${earlier.name}.`, ...remarks],
  };
}

/** A column the earlier file did not have feeds what nothing has fed yet: a status, a refund, a consent. */
function withNewColumns(guess: Guess, earlier: CsvFile): { mapping: Mapping; remarks: string[] } {
  const mapping: Mapping = { ...earlier.mapping };
  const remarks: string[] = [];
  if (earlier.allColumns.length === 0) return { mapping, remarks };
  const before = new Set(earlier.allColumns);
  for (const field of fieldsOf(guess.kind)) {
    const added = (guess.mapping[field] ?? []).filter((name) => !before.has(name));
    if (mapping[field] !== undefined || added.length === 0) continue;
    mapping[field] = added;
    remarks.push(`Column "${added[0]}" is new: it is read as ${field}.`);
  }
  return { mapping, remarks };
}

/** Saying a field or setting answers what was asked about it. */
function answered(guess: Guess, word: string): Guess {
  const open = ({ about }: { about: string }) => about !== word;
  return { ...guess, questions: guess.questions.filter(open), stoppers: guess.stoppers.filter(open) };
}

function applyOne(guess: Guess, word: string, value: string, reason: string): Guess {
  const field = fieldsOf(guess.kind).find((known) => known === word);
  const setting = Object.entries(SETTINGS).find(([known]) => known === word)?.[1];
  const names = guess.columns.map((column) => column.column);
  const wanted = field === undefined ? [] : columnsNamed(field, value, names);
  if (field !== undefined && (setting === undefined || value === "" || wanted !== null)) {
    if (wanted === null) {
      throw new OverrideError(`There is no column "${value}" for ${field}. The file has: ${names.join(", ")}.`);
    }
    if (reason.trim() === "") refuseSensitive(field, wanted);
    const withheld = guess.withheld.filter(({ field: held }) => held !== field);
    return { ...mapColumns(guess, field, wanted), withheld };
  }
  if (setting !== undefined) return { ...guess, ...checked(setting, word, value) };
  const known = [...new Set([...fieldsOf(guess.kind), ...Object.keys(SETTINGS)])];
  throw new OverrideError(`A file of ${guess.kind} has no field "${word}". There are: ${known.join(", ")}.`);
}

/** @throws OverrideError where a column is about what is not read in without a reason */
function refuseSensitive(field: Field, columns: readonly string[]): void {
  for (const column of columns) {
    const category = sensitiveCategoryOf(column);
    if (category === null) continue;
    throw new OverrideError(
      `Column "${column}" seems to be about ${category}, which is not read in without a reason: say ${field}=${column} together with --reason "what it is needed for". The reason is recorded.`,
    );
  }
}

/** Null where a name is not a column. Upper and lower case are one where that leaves no doubt. */
function columnsNamed(field: Field, value: string, names: readonly string[]): string[] | null {
  if (value === "") return [];
  const whole = columnNamed(value, names);
  if (whole !== null) return [whole];
  const parts = value.split(",").map((part) => columnNamed(part.trim(), names));
  const found = parts.filter((part) => part !== null);
  if (found.length < parts.length) return null;
  if (found.length > 1 && !REPEATABLE.has(field)) {
    throw new OverrideError(`The field ${field} takes one column; ${[...REPEATABLE].join(", ")} take several.`);
  }
  return found;
}

function columnNamed(wanted: string, names: readonly string[]): string | null {
  if (names.includes(wanted)) return wanted;
  const alike = names.filter((name) => name.toLowerCase() === wanted.toLowerCase());
  return alike.length === 1 ? (alike[0] ?? null) : null;
}

function mapColumns(guess: Guess, field: Field, wanted: string[]): Guess {
  const mapping: Guess["mapping"] = {};
  for (const other of fieldsOf(guess.kind)) {
    const kept = (guess.mapping[other] ?? []).filter((name) => other !== field && !wanted.includes(name));
    if (kept.length > 0) mapping[other] = kept;
  }
  if (wanted.length > 0) mapping[field] = wanted;
  const columns = guess.columns.map((column) => {
    if (wanted.includes(column.column)) return { ...column, field, confidence: 1, why: "you said so" };
    return column.field === field ? { ...column, field: null, confidence: 0, why: "you chose otherwise" } : column;
  });
  return {
    ...guess,
    mapping,
    columns,
    unused: columns.filter((column) => column.field === null).map((column) => column.column),
  };
}

function checked(setting: keyof Reading, word: string, value: string): Partial<Reading> {
  const code = setting === "defaultCurrency" || setting === "defaultCountry";
  const raw = code ? value.toUpperCase() : value;
  const parsed = reading.partial().safeParse({ [setting]: setting === "defaultCountry" && raw === "" ? null : raw });
  // Exactly the one setting is in it, and parsed.
  if (parsed.success) return parsed.data as Partial<Reading>;
  throw new OverrideError(
    `"${value}" is not a value for ${word}: ${parsed.error.issues[0]?.message ?? "it is not known"}.`,
  );
}

/** What still has to be said before the file can be imported; empty: it can. */
export function missingFields(guess: Guess): string[] {
  const { mapping } = guess;
  const has = (...fields: Field[]) => fields.every((field) => mapping[field] !== undefined);
  const missing = guess.stoppers.map(({ text }) => text);
  if (guess.kind === "orders") {
    if (!has("placed_at")) missing.push("No column says when an order was placed: add placed_at=COLUMN.");
    if (!has("amount") && !has("quantity", "unit_price")) {
      missing.push("No column says what an order cost: add amount=COLUMN, or quantity=COLUMN and unit_price=COLUMN.");
    }
  }
  if (guess.kind === "touchpoints") {
    if (!has("at")) missing.push("No column says when it happened: add at=COLUMN.");
    if (!has("type")) missing.push("No column says what happened: add type=COLUMN.");
  }
  const names = (["id", "email", "phone", "loyalty_id", "full_name", "last_name", "first_name"] as const).some(
    (field) => has(field),
  );
  if (guess.kind === "people" && !names)
    missing.push("No column says who a row is about: add email=COLUMN, id=COLUMN or another.");
  return missing;
}
