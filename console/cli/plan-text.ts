/** A plan as a page of text: what a person reads before approving it. */
import { plural, heading, count, moments, table, when } from "./output.ts";
import type { Foretold } from "#connectors/core/forecast.ts";
import type { Undoing } from "#profile/plan/undo.ts";
import type { PlanView } from "#profile/store/plan/store.ts";
import { forecastWords } from "../forecast-words.ts";
import { fieldEntries } from "../trait-words.ts";

export interface ShownPlan extends PlanView {
  undoing: Undoing;
  /** Of a plan that waits. */
  forecast: Foretold | null;
}

export function undoingCell(undoing: Undoing): string | null {
  if (undoing.possible === "not") return null;
  if (undoing.possible === "no longer") return "no longer";
  return undoing.until === null ? "always" : `until ${moments(undoing.until)}`;
}

function undoingWords(undoing: Undoing): string {
  switch (undoing.possible) {
    case "not":
      return "";
    case "no longer":
      return `Its changes are past the time they are kept for and were removed on ${when(undoing.prunedAt)}: it can no longer be undone.`;
    case "until":
      return undoing.until === null ? "It can be undone." : `It can be undone until ${when(undoing.until)}.`;
  }
}

export function renderPlan(plan: ShownPlan): string {
  const unsuccessful = (plan.counts["failed"] ?? 0) > 0;
  return [
    `Plan ${plan.planId} for ${plan.connector} (${plan.connection}): ${plan.status.replaceAll("_", " ")}`,
    plan.undoOf === null ? "" : `Takes back what plan ${plan.undoOf} wrote, wherever the value is still ours.`,
    // An undo looks at the live values only when it is carried out.
    plan.kind === "undo"
      ? `${plural(plan.changes, "record")} to restore. Created ${when(plan.createdAt)}.`
      : `${count(plan.changes)} of ${plural(plan.destinationRecords, "record")} change; ${count(plan.compared)} were compared with the live values. Created ${when(plan.createdAt)}.`,
    plan.digest === null ? "" : `Sealed by ${plan.digest}`,
    plan.approvedBy === null ? "" : `Approved by ${plan.approvedBy}, ${when(plan.approvedAt)}`,
    plan.finishedAt === null ? "" : `Ended ${when(plan.finishedAt)}`,
    undoingWords(plan.undoing),
    plan.forecast === null ? "" : `Writing it: ${forecastWords(plan.forecast)}`,
    heading("Records by state"),
    Object.keys(plan.counts).length === 0 ? "None." : table(["state", "records"], Object.entries(plan.counts)),
    heading("Records by field"),
    Object.keys(plan.fields).length === 0 ? "None." : table(["field", "records"], fieldEntries(plan.fields)),
    ...sampleOf(plan),
    plan.status === "waiting"
      ? `\nIf this is right:  tributary plan approve ${plan.planId}\nIf it is not:      tributary plan reject ${plan.planId}`
      : "",
    plan.kind === "undo" && plan.status.startsWith("applied")
      ? `\nThe next plan of ${plan.connector} waits for approval again. To have the same values proposed again: tributary plan again ${plan.connector}`
      : "",
    unsuccessful ? `\nTo try the failed records again: tributary plan retry ${plan.planId}` : "",
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function sampleOf({ sample }: PlanView): string[] {
  if (sample.length === 0) return [];
  return [
    heading(sample.length === 1 ? "One record" : `The first ${sample.length} records, failed ones before others`),
    ...sample.map(({ vendorId, before, after, status, reason }) =>
      [
        `${vendorId}: ${status}${reason === null ? "" : `, ${reason}`}`,
        ...fieldEntries(after).map(
          ([field]) => `    ${field}: ${before[field] ?? "(empty)"} → ${after[field] ?? "(empty)"}`,
        ),
      ].join("\n"),
    ),
  ];
}
