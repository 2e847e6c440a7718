/** Addresses, numbers and ids out of cells: what of them says who somebody is, and why the rest does not. */
import {
  faultOfId,
  isDestroyedNumber,
  isPlaceholderEmail,
  isPlaceholderPhone,
  isRoundedNumber,
  LONGEST_EMAIL,
} from "../core/placeholders.ts";
import { cleanId } from "./words.ts";

export interface Identified<Value> {
  value: Value;
  /** What was refused: `a placeholder`, `a number shortened by a spreadsheet`. */
  refused: string[];
}

const PLACEHOLDER = "a placeholder";
const DESTROYED = "a number shortened by a spreadsheet";

/** Longer cells hold notes, not addresses. Characters. */
const LONGEST_CELL = 2_000;

/**
 * Empty where the cell holds none that stands for anybody.
 *
 * @param shortened the column's long numbers lost their last digits
 */
export function idOf(cell: string, shortened = false): Identified<string> {
  const id = cleanId(cell);
  if (id === "") return { value: "", refused: [] };
  const fault = shortened && isRoundedNumber(id) ? "destroyed" : faultOfId(id);
  if (fault === null) return { value: id, refused: [] };
  return { value: "", refused: [fault === "destroyed" ? DESTROYED : PLACEHOLDER] };
}

const ADDRESS = /^[^\s@<>()[\]",;:]{1,64}@[^\s@<>()[\]",;:]+\.[^\s@<>()[\]",;:.]+\.?$/u;

/** `Jane Doe <jane@firm.com>`, `a@firm.com; b@firm.com`, `mailto:a@firm.com (work)`. */
export function emailsOf(cells: readonly string[]): Identified<string[]> {
  const value: string[] = [];
  const refused: string[] = [];
  for (const cell of cells) {
    const found = cell.length > LONGEST_CELL ? [] : addressesIn(cell);
    for (const address of found) {
      if (isPlaceholderEmail(address)) refused.push(PLACEHOLDER);
      else value.push(address);
    }
    if (found.length === 0 && cell !== "") refused.push(isPlaceholderEmail(cell) ? PLACEHOLDER : "no address");
  }
  return { value: distinct(value), refused };
}

/** Hardly any row has two. */
const distinct = (values: string[]): string[] => (values.length < 2 ? values : [...new Set(values)]);

function addressesIn(cell: string): string[] {
  return cell
    .split(/[\s,;|<>()[\]"]+|\/(?=[^/@]{1,64}@)/)
    .map((part) =>
      part
        .replace(/^mailto:([^?]*).*$/i, "$1")
        .replace(/^(?:e-?mail:|')/i, "")
        .replace(/'$/, ""),
    )
    .filter((part) => part.length <= LONGEST_EMAIL && ADDRESS.test(part));
}

const DIALLED = /^\+?[\d\s()./-]{6,20}(?:[\s,]*(?:ext(?:ension)?|x|durchwahl|dw|poste|#)\.?\s*\d{1,6})?$/i;
/** Of the longest number with the longest extension. */
const MOST_DIGITS = 15;

/** Whether a cell holds a phone number and nothing else, be it with an extension; or several. */
export function isPhone(cell: string): boolean {
  if (!/\d/.test(cell) || cell.length > LONGEST_SHOWN) return false;
  return phonesIn(cell).every(isDialled);
}

/** Longer cells are notes with a number in them. Characters. */
const LONGEST_SHOWN = 100;

function phonesIn(cell: string): string[] {
  return cell
    .split(/[;,|\n]|\s\/\s/)
    .map((part) => cleanId(part.trim()).replace(/^tel:\s*/i, ""))
    .filter((part) => part !== "");
}

function isDialled(phone: string): boolean {
  if (!DIALLED.test(phone)) return false;
  const digits = phone.replace(/\D/g, "").length;
  return digits >= 6 && digits <= MOST_DIGITS;
}

/** `0121 303 9944; 07911 123456`, `07911 123456 / 07911 123457`. */
export function phonesOf(cells: readonly string[]): Identified<string[]> {
  const value: string[] = [];
  const refused: string[] = [];
  for (const cell of cells) {
    if (cell.length > LONGEST_CELL) {
      refused.push("no phone number");
      continue;
    }
    // A decimal comma in a destroyed number is not a list.
    for (const phone of isDestroyedNumber(cell) ? [cleanId(cell)] : phonesIn(cell)) {
      if (isDestroyedNumber(phone)) refused.push(DESTROYED);
      else if (isPlaceholderPhone(phone)) refused.push(PLACEHOLDER);
      else value.push(phone);
    }
  }
  return { value: distinct(value), refused };
}
