/** How long something is kept, as a person writes and reads it. */
import { RETENTION_KINDS, USUAL_RETENTION, type Retention, type RetentionKind } from "#profile/retention.ts";
import { Refusal } from "./refusal.ts";

export type RetentionWords = Partial<Record<`keep${Capitalize<RetentionKind>}`, string>>;

const OPTIONS = { runs: "keepRuns", plans: "keepPlans", versions: "keepVersions", figures: "keepFigures" } as const;

/** What the option is about. */
export const KEEPS: Record<RetentionKind, string> = {
  runs: "what each run did",
  plans: "the values before and after of what was written, by which it can be undone",
  versions: "what a tool said of a record before it changed",
  figures: "what was spent and counted by day",
};

/** Nobody undoes after ten years; what should stay, stays for ever. */
const LONGEST_DAYS = 3_650;

export const usualWords = (kind: RetentionKind): string => `${USUAL_RETENTION[kind]}d`;

export const keptWords = (days: number | null): string =>
  days === null ? "for ever" : `${days} ${days === 1 ? "day" : "days"}`;

/** @throws Refusal naming everything that is wrong */
export function parseRetention(words: RetentionWords): Partial<Retention> {
  const problems: string[] = [];
  const change: Partial<Retention> = {};
  for (const kind of RETENTION_KINDS) {
    const text = words[OPTIONS[kind]];
    if (text === undefined) continue;
    const days = daysOf(text);
    if (days === undefined)
      problems.push(
        `${JSON.stringify(text.slice(0, 60))} is not a time to keep ${kind} for: use days, from 1d to ${LONGEST_DAYS}d, or forever.`,
      );
    else change[kind] = days;
  }
  if (problems.length > 0) throw new Refusal(problems.join("\n"), "words");
  return change;
}

/** Undefined: neither. */
function daysOf(text: string): number | null | undefined {
  const given = text.trim().toLowerCase();
  if (given === "forever") return null;
  const [, digits] = /^(\d{1,4}) ?d(?:ays?)?$/.exec(given) ?? [];
  const days = Number(digits);
  return digits !== undefined && days >= 1 && days <= LONGEST_DAYS ? days : undefined;
}
