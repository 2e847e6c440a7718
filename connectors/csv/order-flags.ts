/** Columns of sales that answer yes or no, or with a date: cancelled, refunded, paid, a test. */
import type { Columns } from "./columns.ts";
import { readConsentCell } from "./consent/cell.ts";
import { parseInstant } from "./dates.ts";
import { stateOf } from "./order-words.ts";
import type { Field } from "./settings.ts";

type Flag = Extract<Field, "is_cancelled" | "is_refunded" | "is_paid" | "is_test">;

/** A word such as "void" under "Cancelled" is a yes, "paid" there is a no. */
const MEANT: Record<Flag, ReadonlySet<string>> = {
  is_cancelled: new Set(["cancelled"]),
  is_refunded: new Set(["refunded"]),
  is_paid: new Set(["paid"]),
  is_test: new Set(),
};

/** Null: neither a yes nor a no. */
function answer(flag: Flag, text: string): boolean | null {
  const state = stateOf(text, null);
  if (state === "partly_refunded" || state === "partly_paid") return null;
  if (state !== null) return MEANT[flag].has(state);
  switch (readConsentCell(text)) {
    case "yes":
    case "cross":
      return true;
    case "no":
    case "ballot":
    case "blank":
    case "unset":
      return false;
    default:
      // The day it happened.
      return flag !== "is_test" && isDay(text) ? true : null;
  }
}

function isDay(text: string): boolean {
  return DAY_ORDERS.some((dayOrder) => parseInstant(text, { dayOrder, timeZone: "UTC" }) !== null);
}

const DAY_ORDERS = ["dmy", "mdy"] as const;

/** Whether the value can stand under such a name; a quantity or an amount cannot. */
export function isFlagWord(value: string): boolean {
  return answer("is_test", value) !== null;
}

/**
 * What the row answers; null: it leaves the field blank, or the file has no such column.
 *
 * @throws whatever `refuse` makes of an answer that is none
 */
export function readFlag(
  cells: readonly string[],
  flag: Flag,
  columns: Columns,
  refuse: (reason: string) => Error,
): boolean | null {
  if (!columns.has(flag)) return null;
  const answers = columns.texts(cells, flag).map((text) => {
    const found = answer(flag, text);
    if (found === null) throw refuse(`${columns.label(flag)} holds neither a yes nor a no.`);
    return found;
  });
  return answers.length === 0 ? null : answers.includes(true);
}
