/** What to do about one planned change now that the record was read again. */
import type { LiveRecord } from "#connectors/core/contract.ts";
import { isTime, OWN_NAMES, type Mapping } from "./fields.ts";
import type { FieldValues, PlanChange, PlanKind } from "./types.ts";
import { pick, sameField } from "./values.ts";

export const LIVE_CHANGED = "The record's values changed at the vendor after the plan was made.";
const EDITED_SINCE = "The values are no longer the ones we wrote; somebody's edit stays.";
const GONE = "The record no longer exists at the vendor.";
const MERGED = "The record was merged into another one at the vendor.";

export type ApplyDecision =
  | { decision: "write"; before: FieldValues; values: FieldValues }
  /** All values are there already: an earlier try succeeded before it could be recorded. */
  | { decision: "already"; before: FieldValues; after: FieldValues; readBack: FieldValues }
  | { decision: "skip"; cause: "live_changed" | "edited"; reason: string }
  | { decision: "gone"; reason: string };

/**
 * A write goes ahead only where the record is still as the plan saw it; one foreign change leaves the whole record to
 * the next plan, because the values belong together. An undo restores each field that still holds what we wrote.
 */
export function decideApply(
  kind: PlanKind,
  change: Pick<PlanChange, "before" | "after">,
  live: LiveRecord | undefined,
  mapping: Mapping = OWN_NAMES,
): ApplyDecision {
  if (live === undefined || live.state === "gone") return { decision: "gone", reason: GONE };
  if (live.state === "merged") return { decision: "gone", reason: MERGED };
  const names = Object.keys(change.after);
  const done = names.filter((name) => sameField(name, live.values[name], change.after[name], mapping));
  const open = names.filter((name) => !done.includes(name));
  const readBack = pick(live.values, names);
  if (open.length === 0) return { decision: "already", before: change.before, after: change.after, readBack };
  const untouched = open.filter(
    (name) => isTime(name, mapping) || sameField(name, live.values[name], change.before[name], mapping),
  );
  if (kind === "write") {
    if (untouched.length < open.length) return { decision: "skip", cause: "live_changed", reason: LIVE_CHANGED };
    return { decision: "write", before: before(change, live, done, open), values: pick(change.after, names) };
  }
  const meaningful = untouched.filter((name) => !isTime(name, mapping) || open.length === 1);
  if (meaningful.length === 0) return { decision: "skip", cause: "edited", reason: EDITED_SINCE };
  return { decision: "write", before: pick(live.values, untouched), values: pick(change.after, untouched) };
}

/** For a field that an interrupted try had written, the plan knows the value from before. */
const before = (change: Pick<PlanChange, "before">, live: LiveRecord, done: string[], open: string[]): FieldValues => ({
  ...pick(live.values, open),
  ...pick(change.before, done),
});
