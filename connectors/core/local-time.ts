/** Times and days as a place's clocks show them, as instants. A zone is one that `Intl` knows. */

const QUARTER = 15 * 60_000;
/** Offsets change on quarter hours everywhere; asking Intl costs microseconds, so each quarter is asked for once. */
const offsets = new Map<string, Map<number, number>>();
const OFFSETS_KEPT = 50_000;

/**
 * Wall clock (as if it were UTC, milliseconds) to instant. A time that occurs twice (clocks going back) is its first occurrence; one that never occurs
 * (clocks going forward) is as much later as the gap is long.
 */
export function localToUtc(wall: number, timeZone: string): number {
  if (timeZone === "UTC") return wall;
  let known = offsets.get(timeZone);
  if (known === undefined) offsets.set(timeZone, (known = new Map()));
  const slot = Math.floor(wall / QUARTER);
  let offset = known.get(slot);
  if (offset === undefined) {
    const at = slot * QUARTER;
    const before = offsetAt(at - 24 * 3_600_000, timeZone);
    const after = offsetAt(at + 24 * 3_600_000, timeZone);
    // The old offset holds if it leads back to itself; in a gap neither does, and the old one moves the time on.
    offset = before === after || offsetAt(at - before, timeZone) === before ? before : after;
    if (offset === after && offsetAt(at - after, timeZone) !== after) offset = before;
    if (known.size >= OFFSETS_KEPT) known.clear();
    known.set(slot, offset);
  }
  return wall - offset;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Milliseconds east of UTC at an instant. */
function offsetAt(instant: number, timeZone: string): number {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const;
    clock = new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", era: "short", ...parts });
    clocks.set(timeZone, clock);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of clock.formatToParts(instant)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(instant / 60_000) * 60_000;
}

const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;

/**
 * A day such as `2026-07-01` as instants: its first, and its last millisecond. A yes known by its day counts from the first,
 * a no from the last, so that the no wins. Null: no such day.
 */
export function daySpan(day: string, timeZone: string): { from: string; to: string } | null {
  const [, year, month, date] = DAY.exec(day) ?? [];
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(date));
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return null;
  const next = localToUtc(midnight + 24 * 3_600_000, timeZone);
  return { from: new Date(localToUtc(midnight, timeZone)).toISOString(), to: new Date(next - 1).toISOString() };
}
