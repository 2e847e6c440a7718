import {
  ActivityFailure,
  ApplicationFailure,
  continueAsNew,
  proxyActivities,
  workflowInfo,
} from "@temporalio/workflow";
import type { Activities } from "../activities.ts";
import { HEART_TIMEOUT, vendorQueue } from "../names.ts";
import type { SyncInput } from "./messages.ts";

/** Enough that one activity outweighs its overhead, few enough that a lost worker repeats little. */
const PAGES_PER_ACTIVITY = 200;

/**
 * Reads one stream until it is up to date. The reading position lives in Postgres, committed with each page, so that a
 * retry, another worker or a new run of this workflow goes on where the last page ended.
 */
export async function syncStream(input: SyncInput): Promise<void> {
  const { pullPages, restartStream } = proxyActivities<Activities>({
    taskQueue: vendorQueue(input.connector),
    startToCloseTimeout: "30 minutes",
    // Past a daily limit's reset; then the failure is shown and the next refresh tries anew.
    scheduleToCloseTimeout: "26 hours",
    heartbeatTimeout: HEART_TIMEOUT,
    retry: { maximumInterval: "5 minutes" },
    priority: { fairnessKey: input.connectionId },
  });
  for (let restarted = false; ;) {
    try {
      const { atEnd } = await pullPages(input, PAGES_PER_ACTIVITY);
      if (atEnd) return;
    } catch (error) {
      if (restarted || !isCursorExpired(error)) throw error;
      await restartStream(input);
      restarted = true;
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof syncStream>(input);
  }
}

function isCursorExpired(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === "cursor_expired"
  );
}
