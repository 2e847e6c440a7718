/** What to change in one record: the live value against the wanted one, under the field's ownership. */
import { isTime, OWN_NAMES, type Mapping } from "./fields.ts";
import type { FieldValues, Ownership } from "./types.ts";
import { sameField } from "./values.ts";

export interface DiffInput {
  /** Read from the vendor just now. */
  live: FieldValues;
  desired: FieldValues;
  /** A field without an entry is not written. */
  ownership: Readonly<Record<string, Ownership>>;
  /** What we last wrote here; a field we never wrote has no entry. */
  lastDelivered: FieldValues;
  mapping?: Mapping;
}

/** The fields to change with both values, or null. */
export function diffRecord(input: DiffInput): { before: FieldValues; after: FieldValues } | null {
  const before: FieldValues = {};
  const after: FieldValues = {};
  const { mapping = OWN_NAMES } = input;
  for (const [name, value] of Object.entries(input.desired)) {
    const live = input.live[name] ?? null;
    if (sameField(name, live, value, mapping) || !mayWrite(name, live, value, input)) continue;
    before[name] = live;
    after[name] = value;
  }
  // The time alone is no news, and every write costs the customer history entries and workflow runs. Emptying it is.
  const news = Object.entries(after).some(([name, value]) => !isTime(name, mapping) || value === null);
  return news ? { before, after } : null;
}

function mayWrite(
  name: string,
  live: string | null,
  value: string | null,
  { ownership, lastDelivered, mapping }: DiffInput,
): boolean {
  const known = Object.hasOwn(lastDelivered, name);
  const asWeLeftIt = known && sameField(name, live, lastDelivered[name], mapping);
  const empty = sameField(name, live, null, mapping);
  switch (ownership[name]) {
    case "ours":
      return true;
    case "fill-empty":
      return asWeLeftIt || (empty && value !== null);
    case "until-edited":
      // A field we filled and somebody emptied was edited too.
      return asWeLeftIt || (empty && !known);
    default:
      return false;
  }
}
