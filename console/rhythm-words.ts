/** How often a workspace is refreshed, in words and from words. */
import { refreshMinutesAfter } from "#profile/rhythm.ts";
import type { Rhythm } from "#profile/store/rhythm.ts";
import { Refusal } from "./refusal.ts";

/** A day: with fewer than one a day, days would be missing from what is counted by day. */
const LONGEST_MINUTES = 1_440;

/** @returns null: as its news come. @throws Refusal */
export function parseRefresh(text: string): number | null {
  const given = text.trim().toLowerCase();
  if (given === "auto") return null;
  const [, digits, unit] = /^(\d{1,4}) ?(m|h|d)[a-z]*$/.exec(given) ?? [];
  const minutes = Number(digits) * ({ m: 1, h: 60, d: 1_440 }[unit ?? ""] ?? Number.NaN);
  if (minutes >= 1 && minutes <= LONGEST_MINUTES) return minutes;
  throw new Refusal(
    `${JSON.stringify(text.slice(0, 60))} is no time between refreshes: use minutes or hours, from 1m to 24h, as in 30m, or auto.`,
    "words",
  );
}

export function everyWords(minutes: number): string {
  if (minutes === 60) return "every hour";
  if (minutes === 1_440) return "every day";
  return minutes % 60 === 0
    ? `every ${minutes / 60} hours`
    : `every ${minutes === 1 ? "minute" : `${minutes} minutes`}`;
}

/** @param when says an instant */
export function rhythmWords({ refreshMinutes, fixed, since, newsAt }: Rhythm, when: (at: Date) => string): string {
  const every = everyWords(refreshMinutes);
  if (fixed) return `${every}, as was set`;
  if (newsAt === null || refreshMinutes <= refreshMinutesAfter({ quietMs: 0, toldByWebhooks: false })) return every;
  const quietMs = since.getTime() - newsAt.getTime();
  const bySelf = refreshMinutes <= refreshMinutesAfter({ quietMs, toldByWebhooks: false });
  const why = `reading last brought something new ${when(newsAt)}`;
  return `${every}: ${bySelf ? why : `webhooks tell of changes, and ${why}`}`;
}
