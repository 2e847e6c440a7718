/** Did the vendor store what it said it stored? */
import type { LiveRecord } from "#connectors/core/contract.ts";
import { OWN_NAMES, type Mapping } from "./fields.ts";
import type { FieldValues } from "./types.ts";
import { pick, sameField } from "./values.ts";

export type ReadBackVerdict = { verdict: "confirmed"; readBack: FieldValues } | { verdict: "failed"; reason: string };

/**
 * Compares a record read after the write with what was written.
 *
 * @param before the values read just before the write: if they are all still there, the reported success was a silent no-op
 */
export function verifyReadBack(
  written: FieldValues,
  before: FieldValues,
  live: LiveRecord | undefined,
  mapping: Mapping = OWN_NAMES,
): ReadBackVerdict {
  if (live === undefined || live.state !== "live") {
    return { verdict: "failed", reason: "The record could not be read back after the write." };
  }
  const names = Object.keys(written);
  const missing = names.filter((name) => !sameField(name, live.values[name], written[name], mapping));
  if (missing.length === 0) return { verdict: "confirmed", readBack: pick(live.values, names) };
  const untouched = names.every((name) => sameField(name, live.values[name], before[name], mapping));
  return {
    verdict: "failed",
    reason: untouched
      ? "Silent no-op: the vendor reported success and changed nothing."
      : `Read back different values from those written for: ${missing.toSorted().join(", ")}.`,
  };
}
