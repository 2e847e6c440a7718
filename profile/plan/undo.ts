/** The plan that takes another one back. */
import type { FieldValues } from "./types.ts";
import { sameField } from "./values.ts";

/** One delivery as recorded: the values before, what was written, what the vendor then held. */
export interface DeliveredChange {
  before: FieldValues;
  after: FieldValues;
  readBack: FieldValues;
}

/**
 * Before and after swapped; fields that would stay as they are left out, null when none remain. `decideApply` restores
 * only those fields whose live value is then still ours.
 */
export function reverse({
  before,
  after,
  readBack,
}: DeliveredChange): { before: FieldValues; after: FieldValues } | null {
  const names = Object.keys(after).filter((name) => !sameField(name, before[name], after[name]));
  if (names.length === 0) return null;
  return {
    before: Object.fromEntries(names.map((name) => [name, readBack[name] ?? after[name] ?? null])),
    after: Object.fromEntries(names.map((name) => [name, before[name] ?? null])),
  };
}
