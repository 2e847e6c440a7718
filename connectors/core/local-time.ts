/** Times and days as a place's clocks show them, as instants. A zone is one that `Intl` knows. */

const DAY_MS = 24 * 3_600_000;
const QUARTER = 15 * 60_000;
const OFFSETS_KEPT = 50_000;

/** A zone's offsets, milliseconds east of UTC: asking Intl costs microseconds, so each is asked for once. */
interface Zone {
  clock: Intl.DateTimeFormat;
  /** By day; null: clocks change near it. */
  days: Map<number, number | null>;
  /** Of such days, by quarter of an hour: everywhere clocks change on one. */
  quarters: Map<number, number>;
}
const zones = new Map<string, Zone>();

/**
 * Wall clock (as if it were UTC, milliseconds) to instant. A time that occurs twice (clocks going back) is its first occurrence; one that never occurs
 * (clocks going forward) is as much later as the gap is long.
 */
export function localToUtc(wall: number, timeZone: string): number {
  if (timeZone === "UTC") return wall;
  const zone = zoneOf(timeZone);
  return wall - (offsetOfDay(wall, zone) ?? offsetOfQuarter(wall, zone));
}

function offsetOfDay(wall: number, zone: Zone): number | null {
  const day = Math.floor(wall / DAY_MS);
  return remembered(zone.days, day, () => {
    const before = offsetAt((day - 1) * DAY_MS, zone);
    return before === offsetAt((day + 2) * DAY_MS, zone) ? before : null;
  });
}

function offsetOfQuarter(wall: number, zone: Zone): number {
  const slot = Math.floor(wall / QUARTER);
  return remembered(zone.quarters, slot, () => {
    const at = slot * QUARTER;
    const before = offsetAt(at - DAY_MS, zone);
    const after = offsetAt(at + DAY_MS, zone);
    // The old offset holds if it leads back to itself; in a gap neither does, and the old one moves the time on.
    const isOld = before === after || offsetAt(at - before, zone) === before || offsetAt(at - after, zone) !== after;
    return isOld ? before : after;
  });
}

function remembered<Value extends number | null>(known: Map<number, Value>, key: number, ask: () => Value): Value {
  let found = known.get(key);
  if (found === undefined) {
    if (known.size >= OFFSETS_KEPT) known.clear();
    known.set(key, (found = ask()));
  }
  return found;
}

function zoneOf(timeZone: string): Zone {
  let zone = zones.get(timeZone);
  if (zone === undefined) {
    const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const;
    const clock = new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", era: "short", ...parts });
    zones.set(timeZone, (zone = { clock, days: new Map(), quarters: new Map() }));
  }
  return zone;
}

/** Milliseconds east of UTC at an instant. */
function offsetAt(instant: number, { clock }: Zone): number {
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
  const next = localToUtc(midnight + DAY_MS, timeZone);
  return { from: new Date(localToUtc(midnight, timeZone)).toISOString(), to: new Date(next - 1).toISOString() };
}

/** The day that clocks in the zone show at an instant, in milliseconds: the other way round. */
export function dayAt(instant: number, timeZone: string): string {
  return new Date(instant + offsetAt(instant, zoneOf(timeZone))).toISOString().slice(0, 10);
}

/** Whether it names a zone that this machine knows. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false; // RangeError is how Intl says "no such zone"
  }
}
