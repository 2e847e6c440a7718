import { areDifferentNames } from "./given-names.ts";
import { sameByNickname } from "./nicknames.ts";
import { jaroWinkler, withinOneEdit } from "./strings.ts";

/** Comparison keys as `normaliseName` makes them. */
export interface PersonName {
  first: string | null;
  last: string | null;
  /** What tells a father from a son of the same name: `sr`, `jr`, `ii`. */
  generation?: string;
}

/**
 * How carefully two names are told apart. `typos`: next to a personal address, one typing error is likelier than
 * two people. `household`: next to a phone, Paul and Paula are likelier two people. `account`: next to a number the business
 * gave to one person only what can hardly be a slip counts; a "Jr" may be left out.
 */
export type Care = "account" | "typos" | "household";

/**
 * Whether the names speak against one person. They do when the given names differ clearly, or when the family names differ
 * and the given names are not the same (marriage keeps the given name). A missing name speaks for nothing.
 */
export function namesConflict(a: PersonName, b: PersonName, care: Care): boolean {
  if (a.first === null || b.first === null) return false;
  if (generationsConflict(a, b, care)) return true;
  if (swapped(a, b)) return false;
  if (!firstNamesMatch(a.first, b.first, care)) return true;
  if (a.last === null || b.last === null || lastNamesMatch(a.last, b.last)) return false;
  return !firstNamesEqual(a.first, b.first) && jaroWinkler(a.first, b.first) < 0.95;
}

/** Whether both names are full and say the same: what it takes to join people on weak evidence. No guessing at typos. */
export function namesAgree(a: PersonName, b: PersonName): boolean {
  if (a.first === null || b.first === null || a.last === null || b.last === null) return false;
  if (isInitial(a.first) || isInitial(b.first) || a.generation !== b.generation) return false;
  return firstNamesEqual(a.first, b.first) && jaroWinkler(a.last, b.last) >= 0.92;
}

/** George Hale and George Hale Jr share an address, a phone and a name, and are two people. */
function generationsConflict(a: PersonName, b: PersonName, care: Care): boolean {
  if (a.generation === b.generation) return false;
  return care !== "account" || (a.generation !== undefined && b.generation !== undefined);
}

function firstNamesMatch(a: string, b: string, care: Care): boolean {
  if (firstNamesEqual(a, b)) return true;
  if (isInitial(a) || isInitial(b)) return a[0] === b[0];
  const gendered = isGenderedPair(a, b);
  if (care === "household" && gendered) return false;
  // Next to an address a gendered ending is likelier a typing error; any other two distinct names are two people.
  if (care !== "account" && !gendered && areDifferentNames(headOf(a), headOf(b))) return false;
  if (jaroWinkler(a, b) >= 0.8) return true;
  // Jaro-Winkler is blind in names of two or three letters: zoe and ze, ian and ina.
  return care !== "household" && a.length + b.length > 4 && withinOneEdit(a, b);
}

/** The same, a nickname, or one with the other's middle names left out. */
function firstNamesEqual(a: string, b: string): boolean {
  if (a === b) return true;
  const headA = headOf(a);
  const headB = headOf(b);
  if ((headA === a || headB === b) && headA === headB && headA.length > 1) return true;
  return sameByNickname(headA, headB);
}

function lastNamesMatch(a: string, b: string): boolean {
  if (jaroWinkler(a, b) >= 0.8) return true;
  // "smith-jones" and "jones": a double name holds both.
  const partsOfB = b.split(/[ -]/);
  return a.split(/[ -]/).some((part) => part.length > 2 && partsOfB.includes(part));
}

function swapped(a: PersonName, b: PersonName): boolean {
  if (a.first === b.last && a.last === b.first) return true;
  // With a slip in one of them, or in both.
  if (a.first !== null && a.last !== null && b.first !== null && b.last !== null) {
    if (jaroWinkler(a.first, b.last) >= 0.92 && jaroWinkler(a.last, b.first) >= 0.92) return true;
  }
  // A lone name in the wrong field.
  return (a.last === null && a.first === b.last) || (b.last === null && b.first === a.last);
}

/** Names that differ by a gendered ending alone: paul and paula, mario and maria, daniel and danielle. */
export function isGenderedPair(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.startsWith(short)) return ["a", "e", "ina", "le", "ne", "ette", "ia"].includes(long.slice(short.length));
  if (short.length !== long.length || short.length < 4 || short.slice(0, -1) !== long.slice(0, -1)) return false;
  const endings = [short.at(-1), long.at(-1)];
  return endings.includes("a") && (endings.includes("o") || endings.includes("e"));
}

const isInitial = (name: string): boolean => name.length === 1;

function headOf(name: string): string {
  const end = name.search(/[ -]/);
  return end === -1 ? name : name.slice(0, end);
}
