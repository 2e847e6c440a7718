import type { WorkspaceId } from "#profile/ids.ts";
import type { RunStore } from "#profile/store/runs.ts";
import { describeStep } from "../run-steps.ts";

/** Describes which steps of the newest run are in progress and what they have done so far. */
export function runProgress(runs: RunStore, workspaceId: WorkspaceId): () => Promise<string | null> {
  return async () => {
    const [run] = await runs.lastRuns(workspaceId, 1);
    if (run === undefined || run.finishedAt !== null) return null;
    const open = run.steps.filter(({ finishedAt }) => finishedAt === null).map(describeStep);
    const told = open.filter(({ did }) => did !== "nothing to do").map(({ step, did }) => `${step}: ${did}`);
    return told.join("; ") || open.map(({ step }) => step).join(", ") || null;
  };
}
