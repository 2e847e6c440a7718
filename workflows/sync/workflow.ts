import {
  ActivityFailure,
  ApplicationFailure,
  continueAsNew,
  defineSignal,
  getExternalWorkflowHandle,
  proxyActivities,
  setHandler,
  workflowInfo,
} from "@temporalio/workflow";
import type { Activities } from "../activities.ts";
import { HEART_TIMEOUT, namesOf } from "../names.ts";
import { inTurn } from "../priority.ts";
import type { Follower, StreamEnding, SyncInput } from "./messages.ts";

/** Enough that one activity outweighs its overhead, few enough that a lost worker repeats little. */
const PAGES_PER_ACTIVITY = 200;

/** To a stream that an earlier refresh did not wait for: this refresh wants to know of its end. */
export const follow = defineSignal<[Follower]>("follow");
/** From the stream to those who follow it. */
export const streamEnded = defineSignal<[StreamEnding]>("streamEnded");

/**
 * Reads one stream until it is up to date. The reading position lives in Postgres, committed with each page, so that a
 * retry, another worker or a new run of this workflow goes on where the last page ended. It goes on by itself when the
 * refresh that began it has stopped waiting, and its id keeps it from running twice.
 */
export async function syncStream(input: SyncInput): Promise<void> {
  const followers = [...(input.followers ?? [])];
  // Before anything is awaited: a refresh may ask as soon as the workflow is there.
  setHandler(follow, (follower) => {
    followers.push(follower);
  });
  try {
    await readToTheEnd(input, followers);
  } catch (error) {
    await tell(followers, "failed");
    throw error;
  }
  await tell(followers, "read");
}

async function readToTheEnd(input: SyncInput, followers: readonly Follower[]): Promise<void> {
  const { pullPages, restartStream } = proxyActivities<Activities>({
    taskQueue: namesOf(input.installation).vendorQueue(input.connector),
    startToCloseTimeout: "30 minutes",
    // Past a daily limit's reset; then the failure is shown and the next refresh tries anew.
    scheduleToCloseTimeout: "26 hours",
    heartbeatTimeout: HEART_TIMEOUT,
    retry: { maximumInterval: "5 minutes" },
    priority: inTurn(input.workspaceId),
  });
  for (let restarted = false; ;) {
    const { followers: _, ...stream } = input;
    const forRun = { ...stream, runId: followers.at(-1)?.runId ?? input.runId };
    try {
      const { atEnd } = await pullPages(forRun, PAGES_PER_ACTIVITY);
      if (atEnd) return;
    } catch (error) {
      if (restarted || !isCursorExpired(error)) throw error;
      await restartStream(forRun);
      restarted = true;
    }
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof syncStream>({ ...input, followers: [...followers] });
  }
}

async function tell(followers: Follower[], outcome: StreamEnding["outcome"]): Promise<void> {
  const { workflowId: syncId } = workflowInfo();
  // More may come while the first are being told.
  for (let next = followers.shift(); next !== undefined; next = followers.shift()) {
    await getExternalWorkflowHandle(next.workflowId, next.workflowRunId)
      .signal(streamEnded, { syncId, outcome })
      // It has ended: it did not wait either.
      .catch(() => undefined);
  }
}

function isCursorExpired(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === "cursor_expired"
  );
}
