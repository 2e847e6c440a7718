/** Dates as people write them, read in the file's time zone, as instants in UTC. */
import { localToUtc } from "../core/local-time.ts";
import { withMonthNumber, zoneMinutes } from "./date-words.ts";

export interface DateReading {
  dayOrder: "dmy" | "mdy";
  timeZone: string;
  /** A bare number of five digits is a spreadsheet's day count. */
  serialDates?: boolean;
}

const ISO_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/;
const WRITTEN =
  /^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:(?:[T,]\s*|\s+)(\d{1,2})[:.h](\d{2})(?:[:.](\d{2})(?:[.,:](\d{1,9}))?)?(?:\s*([AaPp])\.?[Mm]\.?)?)?\s*(Z|[A-Z]{3,5}|(?:UTC|GMT)?[+-]\d{1,2}:?(?:\d{2})?)?(?:\s*\([^()]*\))?$/;
const SERIAL = /^\d{5}(?:\.\d{1,12})?$/;
const COMPACT = /^(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?(Z)?$/;
const EARLIEST = Date.UTC(1900, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);
const LONGEST = 80;
/** Day 0 of spreadsheets. Their 29 February 1900, which never was, makes days before it wrong by one: nobody sold then. */
const SERIAL_ZERO = Date.UTC(1899, 11, 30);

/** What a text says before anybody knows where it was written. */
export interface WallClock {
  year: number;
  month: number;
  day: number;
  /** Milliseconds since midnight. */
  time: number;
  /** Minutes east of UTC; null: local time of the file. */
  offset: number | null;
}

/** The instant as ISO 8601 in UTC; null where the text is no date between 1900 and 2100 in that notation. */
export function parseInstant(text: string, reading: DateReading): string | null {
  if (text.length > LONGEST) return null;
  const millis = ISO_UTC.test(text)
    ? strictUtc(text)
    : (parseEpoch(text) ?? parseSerial(text, reading) ?? parseWritten(text, reading));
  if (millis === null || !(millis >= EARLIEST && millis < LATEST)) return null;
  return new Date(millis).toISOString();
}

/** A zone given with the text holds instead of the file's. */
export type InstantReader = (text: string, timeZone?: string | null) => string | null;

/** Parses once for runs of the same text, as the lines of one order have. */
export function instantReader(reading: DateReading): InstantReader {
  let lastText = "";
  let lastZone: string | null = null;
  let last: string | null = null;
  return (text, timeZone = null) => {
    if (text !== lastText || timeZone !== lastZone) {
      last = parseInstant(text, timeZone === null ? reading : { ...reading, timeZone });
      [lastText, lastZone] = [text, timeZone];
    }
    return last;
  };
}

/** `2025-02-30T...Z` is a date to Date.parse (2 March), not to us. */
function strictUtc(text: string): number | null {
  const millis = Date.parse(text);
  return Number.isNaN(millis) || new Date(millis).getUTCDate() !== Number(text.slice(8, 10)) ? null : millis;
}

/** Seconds with 10 digits (2001 to 2286), milliseconds with 13. */
function parseEpoch(text: string): number | null {
  if (/^\d{10}(?:\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  return /^\d{13}$/.test(text) ? Number(text) : null;
}

/** A time of day is rounded to the second: `.34789351852` is 08:20:58, not a third of a millisecond before. */
function parseSerial(text: string, { serialDates = false, timeZone }: DateReading): number | null {
  if (!serialDates || !SERIAL.test(text)) return null;
  return localToUtc(SERIAL_ZERO + Math.round(Number(text) * 86_400) * 1000, timeZone);
}

function parseWritten(text: string, reading: DateReading): number | null {
  const clock = readClock(text, reading.dayOrder);
  if (clock === null) return null;
  const { year, month, day, time } = clock;
  const wall = Date.UTC(year, month - 1, day) + time;
  const made = new Date(wall);
  if (made.getUTCFullYear() !== year || made.getUTCMonth() !== month - 1 || made.getUTCDate() !== day) return null;
  return clock.offset === null ? localToUtc(wall, reading.timeZone) : wall - clock.offset * 60_000;
}

/** Nobody known to a business was born before. */
const EARLIEST_BIRTH = 1000;

/**
 * A day of birth as ISO 8601; null where the text is none. Two digits of a year are of the hundred years before `latest`, which
 * nobody is born after.
 *
 * @param latest ISO 8601
 */
export function dayOf(text: string, dayOrder: "dmy" | "mdy", latest = "2100"): string | null {
  if (text.length > LONGEST) return null;
  const clock = readClock(text.replace(MIDNIGHT, ""), dayOrder);
  if (clock === null) return null;
  const { month, day } = clock;
  const twoDigits = !/\d{4}/.test(text);
  const year = twoDigits && clock.year > Number(latest.slice(0, 4)) ? clock.year - 100 : clock.year;
  const made = new Date(Date.UTC(year, month - 1, day));
  if (year < EARLIEST_BIRTH || made.getUTCMonth() !== month - 1 || made.getUTCDate() !== day) return null;
  return made.toISOString().slice(0, 10);
}

/** What systems write behind a day that they keep as an instant. */
const MIDNIGHT = /[T ]0?0:00(?::00(?:\.0{1,9})?)?(?: ?Z| ?\+00:?00)?$/;

function readClock(text: string, dayOrder: "dmy" | "mdy"): WallClock | null {
  const compact = COMPACT.exec(text);
  if (compact !== null) {
    const [, year = "", month = "", day = "", hour = "0", minute = "0", second = "0", zone] = compact;
    return clockOf(year, month, day, { hour, minute, second }, zone === undefined ? null : 0);
  }
  const match = WRITTEN.exec(withMonthNumber(text));
  if (match === null) return null;
  const [, first = "", , second = "", third = "", hour = "0", minute = "0", seconds = "0", fraction = "", half, zone] =
    match;
  const time = { hour, minute, second: seconds, fraction, ...(half === undefined ? {} : { half }) };
  const offset = zone === undefined ? null : zoneMinutes(zone);
  if (zone !== undefined && offset === null) return null;
  if (first.length === 4) return third.length > 2 ? null : clockOf(first, second, third, time, offset);
  if (first.length > 2 || (third.length !== 4 && third.length !== 2)) return null;
  const year = third.length === 4 ? third : `${Number(third) < 70 ? "20" : "19"}${third}`;
  // Points are only ever written day first.
  const dayFirst = dayOrder === "dmy" || match[2] === ".";
  return dayFirst ? clockOf(year, second, first, time, offset) : clockOf(year, first, second, time, offset);
}

interface TimeText {
  hour: string;
  minute: string;
  second: string;
  fraction?: string;
  half?: string;
}

function clockOf(year: string, month: string, day: string, text: TimeText, offset: number | null): WallClock | null {
  let hour = Number(text.hour);
  if (text.half !== undefined) {
    if (hour < 1 || hour > 12) return null;
    hour = (hour % 12) + (text.half.toLowerCase() === "p" ? 12 : 0);
  }
  const [minute, second] = [Number(text.minute), Number(text.second)];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const millis = Number((text.fraction ?? "").padEnd(3, "0").slice(0, 3));
  const time = ((hour * 60 + minute) * 60 + second) * 1000 + millis;
  return { year: Number(year), month: Number(month), day: Number(day), time, offset };
}
