/** The exports known by name. Adding one is adding an entry. */
import { REPEATABLE, type Field, type Mapping } from "../settings.ts";
import { foldWords } from "../words.ts";
import type { KnownExport } from "./known-export.ts";
import { LISTS } from "./lists.ts";
import { PAYMENTS } from "./payments.ts";
import { SHOPS } from "./shops.ts";
import { TILLS } from "./tills.ts";

/** The more particular ones of a vendor come first. */
export const KNOWN_EXPORTS: readonly KnownExport[] = [...SHOPS, ...TILLS, ...PAYMENTS, ...LISTS];

export function knownExport(id: string | null): KnownExport | null {
  return KNOWN_EXPORTS.find((known) => known.id === id) ?? null;
}

/** The export these columns and this name belong to; null: none we know. */
export function recogniseExport(names: readonly string[], fileName: string): KnownExport | null {
  const there = new Set(names.map(plainName));
  const fits = (alternatives: string) => alternatives.split("|").some((name) => there.has(plainName(name)));
  return (
    KNOWN_EXPORTS.find(
      ({ has, lacks = [], fileName: named }) =>
        has.every(fits) && !lacks.some(fits) && (named === undefined || named.test(fileName)),
    ) ?? null
  );
}

/** Fields that must not switch to another column where the first is blank in a row: it would be another quantity. */
const FIRST_ONLY: ReadonlySet<Field> = new Set<Field>([
  "order_id",
  "id",
  "amount",
  "refunded",
  "paid",
  "outstanding",
  "quantity",
  "unit_price",
  "currency",
  "status",
  "type",
]);

/** The file's own columns for the fields of the export. A column without any value in the sample is passed over. */
export function mappingOf(known: KnownExport, names: readonly string[], isFilled: (name: string) => boolean): Mapping {
  const byPlainName = new Map(names.toReversed().map((name) => [plainName(name), name]));
  const mapping: Mapping = {};
  for (const [field, wanted] of Object.entries(known.columns) as [Field, readonly string[]][]) {
    // Object.entries forgets the key type.
    const found = wanted.flatMap((joined) => {
      const columns = joined.split(" + ").map((name) => byPlainName.get(plainName(name)));
      return columns[0] === undefined ? [] : [columns.filter((column) => column !== undefined)];
    });
    const filled = found.filter((columns) => columns.some(isFilled));
    const [first] = filled.length > 0 ? filled : found;
    if (first === undefined) continue;
    const dates = REPEATABLE.has(field) && field !== "email" && field !== "phone";
    mapping[field] = dates || FIRST_ONLY.has(field) ? first : found.flat();
  }
  return mapping;
}

/** Without upper case, signs and spaces: `EMAIL_BLACKLISTED`, `Email blacklisted` and `E-mail Blacklisted` are one. */
function plainName(name: string): string {
  return foldWords(name).replaceAll(" ", "");
}
