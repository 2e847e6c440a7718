/** Traits as people read them: the words of the one table, which are also those that the tools show. */
import { FIELDS } from "#profile/plan/fields.ts";
import { traitNamed } from "#profile/traits.ts";

/** A name not in the table is newer than it: shown as it is. */
export const traitTitle = (name: string): string => traitNamed(name)?.title ?? name.replaceAll("_", " ");

/** @returns null where the score abstained */
export function valueWords(name: string, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== "string") return typeof value === "number" ? String(value) : JSON.stringify(value);
  return traitNamed(name)?.values?.[value] ?? value;
}

const PLACES = new Map(FIELDS.map(({ definition }, place) => [definition.name, place]));

/** What is written per field, in the order in which the fields are defined; others last. */
export function fieldEntries<Value>(values: Readonly<Record<string, Value>>): [field: string, value: Value][] {
  const placeOf = (field: string) => PLACES.get(field) ?? PLACES.size;
  return Object.entries(values).toSorted(([a], [b]) => placeOf(a) - placeOf(b));
}
