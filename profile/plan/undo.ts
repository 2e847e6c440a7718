/** The plan that takes another one back. */
import type { Use } from "#connectors/core/grant.ts";
import { usesRestored } from "./fields.ts";
import type { FieldValues, PlanChange } from "./types.ts";
import { sameField } from "./values.ts";

/** One delivery as recorded: the values before, what was written, what the vendor then held. */
export interface DeliveredChange {
  before: FieldValues;
  after: FieldValues;
  readBack: FieldValues;
  /** The permissions the change rested on. */
  uses: readonly Use[];
}

/**
 * Before and after swapped; fields that would stay as they are left out, null when none remain. `decideApply` restores
 * only those fields whose live value is then still ours.
 */
export function reverse({
  before,
  after,
  readBack,
  uses,
}: DeliveredChange): Pick<PlanChange, "before" | "after" | "uses"> | null {
  const names = Object.keys(after).filter((name) => !sameField(name, before[name], after[name]));
  if (names.length === 0) return null;
  const restored = Object.fromEntries(names.map((name) => [name, before[name] ?? null]));
  return {
    before: Object.fromEntries(names.map((name) => [name, readBack[name] ?? after[name] ?? null])),
    after: restored,
    uses: usesRestored(restored, uses),
  };
}
