/** Daily limits end at midnight in the account's own time zone, which the refusal does not tell. */

const DAY_MS = 24 * 3_600_000;

/** Until the next midnight of the zone; null where the zone is none we know. All in milliseconds. */
export function untilMidnightMs(nowMs: number, timeZone: string): number | null {
  const today = localDay(nowMs, timeZone);
  if (today === null) return null;
  // A day has 23 to 25 hours where clocks change, and some zones skip midnight itself: the first instant of another date.
  let [before, after] = [0, 2 * DAY_MS];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (localDay(nowMs + middle, timeZone) === today) before = middle;
    else after = middle;
  }
  return after;
}

function localDay(atMs: number, timeZone: string): string | null {
  try {
    return new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" }).format(atMs);
  } catch {
    // RangeError: no such zone.
    return null;
  }
}
