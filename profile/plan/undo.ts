/** The plan that takes another one back. */
import type { Use } from "#connectors/core/grant.ts";
import { keptUntil } from "#profile/retention.ts";
import { OWN_NAMES, usesRestored, type Mapping } from "./fields.ts";
import type { FieldValues, PlanChange, PlanKind, PlanStatus } from "./types.ts";
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
export function reverse(
  { before, after, readBack, uses }: DeliveredChange,
  mapping: Mapping = OWN_NAMES,
): Pick<PlanChange, "before" | "after" | "uses"> | null {
  const names = Object.keys(after).filter((name) => !sameField(name, before[name], after[name], mapping));
  if (names.length === 0) return null;
  const restored = Object.fromEntries(names.map((name) => [name, before[name] ?? null]));
  return {
    before: Object.fromEntries(names.map((name) => [name, readBack[name] ?? after[name] ?? null])),
    after: restored,
    uses: usesRestored(restored, uses, mapping),
  };
}

/** Whether a plan can be undone, and how long. */
export type Undoing =
  /** Nothing of it was written, it takes another plan back, or it was taken back itself. */
  | { possible: "not" }
  /** What was there before is past its time. */
  | { possible: "no longer"; prunedAt: Date }
  /** At least until then; null: for ever. */
  | { possible: "until"; until: Date | null };

/** @param keptDays how long the workspace keeps plans; null: for ever */
export function undoing(
  plan: { kind: PlanKind; status: PlanStatus; finishedAt: Date | null; prunedAt: Date | null },
  keptDays: number | null,
): Undoing {
  const written = plan.status === "applied" || plan.status === "applied_with_failures";
  if (plan.kind !== "write" || !written || plan.finishedAt === null) return { possible: "not" };
  if (plan.prunedAt !== null) return { possible: "no longer", prunedAt: plan.prunedAt };
  return { possible: "until", until: keptUntil(keptDays, plan.finishedAt) };
}
