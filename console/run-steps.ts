/** What a step of a run did, in words. */
import { callsIn, isCall } from "#profile/store/runs.ts";
import type { Run, RunStep } from "#profile/store/runs.ts";

export interface StepWords {
  step: string;
  did: string;
  /** Null while under way. */
  seconds: number | null;
  /** Of what the step mainly does; null when it did too little to tell. */
  perSecond: number | null;
}

/** In the order they are shown; what is not here is shown by its own name. */
const WORDS: Record<string, string> = {
  read: "read",
  inserted: "new",
  changed: "changed",
  unchanged: "unchanged",
  stale: "outdated",
  rejected: "not understood",
  remarks: "with a remark",
  vanished: "gone",
  touched: "records looked at",
  created: "customers made",
  merged: "customers merged",
  split: "profiles split",
  refusals: "merges refused",
  profiles: "customers",
  refused: "without an answer",
  changes: "changes planned",
  compared: "compared",
  applied: "written",
  failed: "failed",
  skipped: "skipped",
};

/** Counts that repeat another count of the same step. */
const SILENT = new Set(["records", "pages"]);

const MAIN = ["read", "touched", "profiles", "compared", "applied"];

export function describeStep({ step, startedAt, finishedAt, counts }: Omit<RunStep, "forecasts">): StepWords {
  const seconds = finishedAt === null ? null : (finishedAt.getTime() - startedAt.getTime()) / 1_000;
  const known = Object.keys(WORDS).filter((name) => name in counts);
  const others = Object.keys(counts).filter((name) => !(name in WORDS) && !SILENT.has(name) && !isCall(name));
  const told = [...known, ...others]
    .filter((name) => counts[name] !== 0)
    .map((name) => `${(counts[name] ?? 0).toLocaleString("en")} ${WORDS[name] ?? name}`);
  const calls = callsIn(counts);
  if (calls > 0) told.push(`${calls.toLocaleString("en")} vendor ${calls === 1 ? "call" : "calls"}`);
  const main = counts[MAIN.find((name) => (counts[name] ?? 0) > 0) ?? ""] ?? 0;
  return {
    step,
    did: told.join(", ") || "nothing to do",
    seconds,
    perSecond: seconds !== null && seconds >= 0.1 && main >= 100 ? Math.round(main / seconds) : null,
  };
}

export function describeOutcome({ outcome, message }: Pick<Run, "outcome" | "message">): string {
  if (outcome === null) return "under way";
  if (outcome === "failed") return message ?? "failed";
  return message === null ? "all went well" : `all went well; ${message}`;
}
