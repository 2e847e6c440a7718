import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import {
  condition,
  continueAsNew,
  defineSignal,
  executeChild,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from "@temporalio/workflow";
import type { Activities } from "../activities.ts";
import { HEART_TIMEOUT, namesOf } from "../names.ts";
import { lookingForNews, onSchedule } from "../priority.ts";
import type { News, RefreshInput } from "../refresh/messages.ts";
import { refreshWorkspace } from "../refresh/workflow.ts";

/** Webhooks have been stored. What they say is in the database. */
export const webhooksArrived = defineSignal("webhooksArrived");

/** After a refresh: what arrives meanwhile is one refresh, not one each. */
const PAUSE_MS = 2_000;
/** A vendor or a stream that is not ready this often is left to the schedule. */
const MOST_WAITS = 20;

/**
 * One for each workspace while webhooks arrive, and none when they do not: reads what they name, and has the refresh that the
 * workspace may have go on from there. However many arrive, they cost what a turn costs.
 */
export async function refreshOnWebhook(input: RefreshInput): Promise<void> {
  let told = true;
  setHandler(webhooksArrived, () => {
    told = true;
  });
  const { readWebhooks } = proxyActivities<Activities>({
    startToCloseTimeout: "5 minutes",
    heartbeatTimeout: HEART_TIMEOUT,
    retry: { maximumInterval: "1 minute" },
    priority: lookingForNews(input.workspaceId),
  });
  for (let waits = 0; told;) {
    told = false;
    const { done, isNews, againMs } = await readWebhooks(input);
    if (isNews) {
      await refreshed(input, { streams: [], done });
      await sleep(PAUSE_MS);
      waits = 0;
    }
    if (againMs === 0) told = true;
    else if (againMs !== null && waits < MOST_WAITS) {
      waits += 1;
      await condition(() => told, againMs);
      told = true;
    }
    if (told && workflowInfo().continueAsNewSuggested) await continueAsNew<typeof refreshOnWebhook>(input);
  }
}

/** One that is under way may be past the step that would see what is new: it is waited for, and another one follows. */
async function refreshed(input: RefreshInput, news: News): Promise<void> {
  for (let waitMs = 1_000; ; waitMs = Math.min(2 * waitMs, 30_000)) {
    try {
      await executeChild(refreshWorkspace, {
        workflowId: namesOf(input.installation).refresh(input.workspaceId),
        args: [input, news],
        priority: onSchedule(input.workspaceId),
      });
      return;
    } catch (error) {
      // A refresh that fails has said so itself; the next turn, or the schedule, takes what it has left.
      if (isCancellation(error)) throw error;
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) return;
      await sleep(waitMs);
    }
  }
}
