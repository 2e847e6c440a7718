/** What is kept for a time only, and how long unless somebody says otherwise. */

export const RETENTION_KINDS = ["runs", "plans", "versions", "figures"] as const;
export type RetentionKind = (typeof RETENTION_KINDS)[number];

/** Days; null: for ever. */
export type Retention = Record<RetentionKind, number | null>;

/**
 * `runs`: what each run did. `plans`: the values before and after of every written record; undoing ends with them.
 * `versions`: what a tool said of a record before it said something else. `figures`: what was spent and counted on a day,
 * three years, so that a year can be held against the two before it.
 */
export const USUAL_RETENTION: Readonly<Record<RetentionKind, number>> = {
  runs: 90,
  plans: 90,
  versions: 30,
  figures: 1_096,
};

const DAY_MS = 86_400_000;

/** What is older is past its time. Null: nothing ever is. */
export function pastBefore(days: number | null, atMs: number): Date | null {
  return days === null ? null : new Date(atMs - days * DAY_MS);
}

/** When something that ended then is past its time. Null: never. */
export function keptUntil(days: number | null, ended: Date): Date | null {
  return days === null ? null : new Date(ended.getTime() + days * DAY_MS);
}
