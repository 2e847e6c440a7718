/**
 * Calendar days of a time zone as whole numbers (days since 1970-01-01), so that scores count days, not hours, and a
 * change of the answer falls on the first instant of a local day.
 */
const DAY_MS = 86_400_000;
const STEP_MS = 60_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** One zone's calendar. Remembers each day's start: asking the zone database is slow, and days repeat. */
export interface Calendar {
  dayOf(instant: string | number): number;
  /** First instant of the day, ISO 8601 in UTC. */
  startOf(day: number): string;
}

const calendars = new Map<string, Calendar>();

export function calendarOf(timeZone: string): Calendar {
  const known = calendars.get(timeZone);
  if (known !== undefined) return known;
  const made = makeCalendar(timeZone);
  calendars.set(timeZone, made);
  return made;
}

function makeCalendar(timeZone: string): Calendar {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  const starts = new Map<number, number>();
  const written = new Map<number, string>();

  /** A clock change can remove midnight, hence the search for the first minute that shows the day. */
  const startMs = (day: number): number => {
    const known = starts.get(day);
    if (known !== undefined) return known;
    let before = day * DAY_MS - 16 * 60 * STEP_MS;
    let within = day * DAY_MS + 16 * 60 * STEP_MS;
    while (within - before > STEP_MS) {
      const middle = before + Math.floor((within - before) / STEP_MS / 2) * STEP_MS;
      if (parseDay(format.format(middle)) >= day) within = middle;
      else before = middle;
    }
    starts.set(day, within);
    return within;
  };

  return {
    dayOf(instant) {
      const ms = typeof instant === "number" ? instant : Date.parse(instant);
      let day = Math.floor(ms / DAY_MS);
      while (startMs(day) > ms) day -= 1;
      while (startMs(day + 1) <= ms) day += 1;
      return day;
    },
    startOf(day) {
      const known = written.get(day);
      if (known !== undefined) return known;
      const start = new Date(startMs(day)).toISOString();
      written.set(day, start);
      return start;
    },
  };
}

/** `YYYY-MM-DD` to a day number. */
export function parseDay(text: string): number {
  return Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)) - 1, Number(text.slice(8, 10))) / DAY_MS;
}

const shown = new Map<number, string>();

/** A day as people read it: `12 Sep 2026`. */
export function showDay(day: number): string {
  const known = shown.get(day);
  if (known !== undefined) return known;
  const date = new Date(day * DAY_MS);
  const text = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ""} ${date.getUTCFullYear()}`;
  shown.set(day, text);
  return text;
}
