/** When two spellings of a value are the same value. Each vendor formats what it stores differently. */
import type { FieldDefinition } from "#connectors/core/contract.ts";
import { fieldType, OWN_NAMES, type Mapping } from "./fields.ts";
import type { FieldValues } from "./types.ts";

/** Empty and not set are the same everywhere: vendors clear a field by writing an empty string. */
const unset = (value: string | null | undefined): value is null | undefined | "" =>
  value === null || value === undefined || value === "";

export function sameValue(
  type: FieldDefinition["type"],
  a: string | null | undefined,
  b: string | null | undefined,
): boolean {
  if (unset(a) || unset(b)) return unset(a) && unset(b);
  if (a === b) return true;
  switch (type) {
    case "number":
      return a.trim() !== "" && Number(a) === Number(b);
    case "datetime":
      return instantOf(a) === instantOf(b);
    default:
      return a.trim() === b.trim();
  }
}

/** ISO 8601 or milliseconds since the epoch: the same vendor answers either way in different calls. */
const instantOf = (value: string): number => (/^\d+$/.test(value) ? Number(value) : Date.parse(value));

/** Same value of a property, by the type of what it shows of ours. */
export const sameField = (
  name: string,
  a: string | null | undefined,
  b: string | null | undefined,
  mapping: Mapping = OWN_NAMES,
): boolean => sameValue(fieldType(name, mapping), a, b);

/** The named fields of `values`; what is missing is null. */
export const pick = (values: FieldValues, names: readonly string[]): FieldValues =>
  Object.fromEntries(names.map((name) => [name, values[name] ?? null]));
