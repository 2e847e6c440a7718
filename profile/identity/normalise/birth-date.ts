import { type Normalised, unusable } from "./normalised.ts";

const OLDEST_YEARS = 115;

/** What systems write when nobody told them. */
const DEFAULTS = new Set(["1900-01-01", "1970-01-01"]);

/**
 * @param raw ISO 8601 day
 * @param today ISO 8601 day: nobody was born after it, nor more than 115 years before
 */
export function normaliseBirthDate(raw: string, today: string): Normalised {
  const key = raw.trim();
  if (!isDay(key)) return unusable("It is not a day.");
  if (key > today) return { key, quality: "blocked", reason: "It lies in the future." };
  if (DEFAULTS.has(key)) return { key, quality: "blocked", reason: "Systems write this day when they know none." };
  const oldest = String(Number(today.slice(0, 4)) - OLDEST_YEARS).padStart(4, "0") + today.slice(4);
  if (key < oldest) return { key, quality: "blocked", reason: `It lies more than ${OLDEST_YEARS} years back.` };
  if (key.endsWith("-01-01"))
    return { key, quality: "weak", reason: "The first of January is often written when only the year is known." };
  return { key, quality: "strong", reason: null };
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const instant = Date.parse(`${text}T00:00:00Z`);
  // 30 February would be taken for 1 March.
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text);
}
