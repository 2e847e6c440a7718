/** When a statement was made, as far as its text says. */
import { daySpan } from "../../core/local-time.ts";
import { parseInstant, type DateReading } from "../dates.ts";

export interface Said {
  /** The first and the last instant the text can mean: a day is a day long. */
  from: string;
  to: string;
}

/**
 * Null where the text is no date. A time of midnight is what spreadsheets and databases make of a day, so it counts as one:
 * a no must not be taken for earlier than it may have been.
 */
export function statementTime(text: string, reading: DateReading): Said | null {
  const from = parseInstant(text, reading);
  if (from === null) return null;
  return { from, to: isDay(text, from, reading) ? endOfDay(text, from, reading) : from };
}

const DAY = /^\d{1,4}([./-])\d{1,2}\1\d{1,4}$|^\d{8}$/;
const MIDNIGHT = /(^|[^\d:])(00?:00(:00([.,]0+)?)?|12:00(:00)?\s*a\.?m\.?)($|[^\d:])/i;

function isDay(text: string, instant: string, { timeZone }: DateReading): boolean {
  if (DAY.test(text.trim()) || MIDNIGHT.test(text)) return true;
  return (
    !/\d:\d/.test(text) && !/^\d{10,13}(\.\d+)?$/.test(text.trim()) && localTime(instant, timeZone).endsWith("00:00:00")
  );
}

function endOfDay(text: string, from: string, { timeZone }: DateReading): string {
  const local = localTime(from, timeZone);
  // A zone in the text is not ours: its day is a day long.
  const foreign = /(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})\s*\)?$/i.test(text) || !local.endsWith("00:00:00");
  const span = foreign ? null : daySpan(local.slice(0, 10), timeZone);
  return span?.to ?? new Date(Date.parse(from) + 24 * 3_600_000 - 1).toISOString();
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** `2026-11-02 00:00:00`. */
function localTime(instant: string, timeZone: string): string {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
    clocks.set(timeZone, clock);
  }
  return clock.format(Date.parse(instant));
}
