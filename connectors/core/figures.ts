/** What every source of figures by day needs: ids of rows, money in millionths, days. */
import { hash } from "node:crypto";

/**
 * The id of a row of figures within its day: of its dimensions, whatever their order and length.
 *
 * @param nth of the rows whose dimensions are told as the same, where what told them apart was taken out
 */
export function figureId(dimensions: Readonly<Record<string, string>>, nth = 0): string {
  const pairs = Object.entries(dimensions).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return hash("sha256", JSON.stringify(nth === 0 ? pairs : [pairs, nth]), "hex").slice(0, 32);
}

const DECIMAL = /^(-?)(\d{1,15})(?:\.(\d{1,20}))?$/;

/**
 * `12.5` in millionths, exactly, halves away from zero; the same for every currency.
 *
 * @returns null where the text is no plain decimal number, or is past what a number holds
 */
export function toMicros(decimal: string): number | null {
  const [, sign = "", whole, fraction = ""] = DECIMAL.exec(decimal.trim()) ?? [];
  if (whole === undefined) return null;
  const digits = BigInt(whole + fraction.slice(0, 6).padEnd(6, "0"));
  const magnitude = (fraction[6] ?? "0") >= "5" ? digits + 1n : digits;
  const micros = Number(sign === "-" ? -magnitude : magnitude);
  return Number.isSafeInteger(micros) ? micros + 0 : null;
}

const DAY_MS = 86_400_000;

/** So many days after a day (before it where negative). */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Every day from the first to the last, both included. */
export function daysBetween(first: string, last: string): string[] {
  const days: string[] = [];
  for (let day = first; day <= last; day = dayAfter(day, 1)) days.push(day);
  return days;
}
