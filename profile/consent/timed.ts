/** When a statement counts: what its dates are worth, from when it holds, and when it ends. Pure. */
import type { ConsentStateName } from "#connectors/core/records.ts";
import type { ConsentEntry } from "./ledger.ts";

/** Clocks differ a little; a date further in the future than this is not believed. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** Canada's anti-spam law, section 10: implied by a purchase for two years, by an inquiry for six months. */
const IMPLIED_MONTHS = { purchase: 24, inquiry: 6 } as const;

/** A question that nobody answers is no longer asked. */
export const UNCONFIRMED_DAYS = 7;

export interface Timed {
  entry: ConsentEntry;
  /** The source gave a date, and it is plausible. */
  dated: boolean;
  /** The source gave a date that lay in the future then. */
  impossible: boolean;
  /** As late as it may have been said, never later than it reached us. Milliseconds since the epoch. */
  effective: number;
  /**
   * From when on it counts. A no counts a little earlier, by as much as clocks may differ; a yes that is known by its day
   * when the day is over.
   */
  begins: number;
  recorded: number;
  /** When it ends by itself; null: never. */
  expires: number | null;
}

export function timed(entry: ConsentEntry): Timed {
  const recorded = Date.parse(entry.recordedAt);
  const claimed = entry.effectiveAt === null ? NaN : Date.parse(entry.effectiveAt);
  const dated = claimed <= recorded + CLOCK_SKEW_MS;
  const effective = dated ? Math.min(claimed, recorded) : recorded;
  return {
    entry,
    dated,
    impossible: !dated && entry.effectiveAt !== null,
    effective,
    begins: entry.state === "granted" ? beginningOf(entry, effective) : effective - CLOCK_SKEW_MS,
    recorded,
    expires: endOf(entry, { dated, effective }),
  };
}

function beginningOf({ countsFrom }: ConsentEntry, effective: number): number {
  return countsFrom == null ? effective : Math.max(effective, Date.parse(countsFrom));
}

function endOf(
  { state, basis, cause, expiresAt }: ConsentEntry,
  { dated, effective }: Pick<Timed, "dated" | "effective">,
): number | null {
  const own = expiresAt === null ? null : Date.parse(expiresAt);
  if (state === "pending") return earlier(own, effective + UNCONFIRMED_DAYS * 86_400_000);
  if (state !== "granted" || (basis !== "implied" && cause !== "purchase" && cause !== "inquiry")) return own;
  // Without a date nobody knows whether it has not ended already. Of an unknown cause it is the one that ends sooner.
  if (!dated) return effective;
  return earlier(own, monthsLater(effective, IMPLIED_MONTHS[cause === "purchase" ? "purchase" : "inquiry"]));
}

const earlier = (own: number | null, rule: number): number => (own === null ? rule : Math.min(own, rule));

/** The same day of a later month, or that month's last one. */
export function monthsLater(instant: number, months: number): number {
  const date = new Date(instant);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months + 1, 0);
  date.setUTCDate(Math.min(day, date.getUTCDate()));
  return date.getTime();
}

/** Of statements at one instant the most restrictive comes last, so that a tie is a no. */
export function byTime(a: Timed, b: Timed): number {
  return (
    a.effective - b.effective ||
    severity(a.entry.state) - severity(b.entry.state) ||
    a.recorded - b.recorded ||
    (a.entry.entryId < b.entry.entryId ? -1 : 1)
  );
}

const severity = (state: ConsentStateName): number => (isRefusal(state) ? 2 : state === "granted" ? 0 : 1);

/** The states in which somebody said no. */
export const REFUSALS: readonly ConsentStateName[] = ["denied", "withdrawn"];

export const isRefusal = (state: string): boolean => state === "denied" || state === "withdrawn";

export const isPast = (expires: number | null, at: number): boolean => expires !== null && expires <= at;
