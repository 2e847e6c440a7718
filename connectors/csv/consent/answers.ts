/** From a cell's words and a column's name to a statement. */
import { isKnownCell, isListWord, isOptOutWord, readConsentCell, type CellMeaning } from "./cell.ts";
import type { StatementColumn } from "./columns.ts";

/** `undeliverable` is a no as far as sending goes: nothing may be sent there, whoever said yes to it. */
export type Answer = "granted" | "denied" | "withdrawn" | "pending" | "unknown" | "undeliverable";

/** What a cell answers under its column's name; null: nothing. */
export function answerOf(column: StatementColumn, cell: string): Answer | null {
  const meaning = readConsentCell(cell);
  if (column.role === "words") return wordAnswer(column, meaning, cell);
  if (column.role === "undeliverable") return saysNothing(meaning) ? null : "undeliverable";
  if (column.role === "date" || column.role === "reason") {
    return saysNothing(meaning) || meaning === "refused" ? null : "withdrawn";
  }
  if (column.polarity === "out") return outAnswer(column, meaning, cell);
  if (column.polarity === "unclear") return unclearAnswer(meaning);
  return column.role === "status" ? statusAnswer(meaning, cell) : inAnswer(column, meaning);
}

const saysNothing = (meaning: CellMeaning): boolean => meaning === "no" || meaning === "ballot" || meaning === "unset";

function inAnswer(column: StatementColumn, meaning: CellMeaning): Answer {
  switch (meaning) {
    case "yes":
    case "granted":
    case "active":
      return "granted";
    case "cross":
      return column.cross === null ? "unknown" : column.cross === "yes" ? "granted" : "denied";
    case "no":
    case "ballot":
    case "refused":
      return "denied";
    case "withdrawn":
    case "pending":
    case "undeliverable":
      return meaning;
    default:
      return "unknown";
  }
}

/** A wide name such as "status": only a list's own words are a yes. An active account is neither yes nor no. */
function statusAnswer(meaning: CellMeaning, cell: string): Answer | null {
  switch (meaning) {
    case "active":
      return null;
    case "granted":
      return isListWord(cell) ? "granted" : "unknown";
    case "no":
    case "ballot":
    case "refused":
      return "denied";
    case "withdrawn":
    case "pending":
    case "undeliverable":
      return meaning;
    default:
      return "unknown";
  }
}

/** Nobody has said yes by not having opted out. */
function outAnswer(column: StatementColumn, meaning: CellMeaning, cell: string): Answer | null {
  switch (meaning) {
    case "no":
    case "unset":
      return null;
    case "ballot":
      return column.cross === "yes" ? "withdrawn" : null;
    case "cross":
      return column.cross === "no" ? null : "withdrawn";
    case "granted":
      // "Do not allow e-mails: allow" is no opt-out; "opt-out: accepted" is one.
      return isListWord(cell) ? null : "withdrawn";
    case "yes":
    case "withdrawn":
    case "pending":
      return "withdrawn";
    case "undeliverable":
      return meaning;
    default:
      return "unknown";
  }
}

/** Whatever a double negation is answered with, it is not taken for a yes. */
function unclearAnswer(meaning: CellMeaning): Answer | null {
  if (meaning === "unset") return null;
  if (meaning === "undeliverable") return meaning;
  return meaning === "yes" || meaning === "cross" || meaning === "withdrawn" ? "withdrawn" : "unknown";
}

/** A column of any name: tags, groups, notes in a word. */
function wordAnswer(column: StatementColumn, meaning: CellMeaning, cell: string): Answer | null {
  const parts = cell.split(/[,;|]/).map((part) => part.replaceAll('"', "").trim());
  if (parts.some(isOptOutWord)) return "withdrawn";
  if (meaning === "undeliverable" && isKnownCell(cell)) return "undeliverable";
  // The name asks for a yes, uncertainly to what: nothing in it is one, but a no is no weaker for that.
  if (column.polarity === "in") {
    if (meaning === "withdrawn") return "withdrawn";
    return column.bareNo && (meaning === "no" || meaning === "refused" || meaning === "ballot") ? "denied" : null;
  }
  return meaning === "yes" || meaning === "cross" || meaning === "withdrawn" ? "withdrawn" : null;
}
