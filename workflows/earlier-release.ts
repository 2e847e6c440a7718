/**
 * What release 0.1.0 left at Temporal. It did not say which installation a schedule or workflow is of, so each is looked at
 * for proof: it opens with our master key, and our database knows its runs. Without proof it is left alone.
 */
import { ScheduleNotFoundError, ServiceError, WorkflowNotFoundError } from "@temporalio/client";
import type { Client } from "@temporalio/client";
import { z } from "zod";
import { runIdOf } from "#profile/ids.ts";
import type { RunId, WorkspaceId } from "#profile/ids.ts";
import type { RunStore } from "#profile/store/runs.ts";
import { namesOf } from "./names.ts";

const earlier = namesOf(undefined);

/** Refreshes looked at before a schedule is taken for ours. */
const REFRESHES = 3;

const scheduledInput = z.tuple([z.object({ workspaceId: z.string() })]);

/** Deletes the schedule that release 0.1.0 made for a workspace. @returns whether one is left that may be another's */
export async function retireEarlierSchedule(
  client: Client,
  runs: Pick<RunStore, "areKnown">,
  workspaceId: WorkspaceId,
): Promise<{ left: boolean }> {
  const handle = client.schedule.getHandle(earlier.refreshSchedule(workspaceId));
  let ours;
  try {
    const { action } = await handle.describe();
    ours =
      action.taskQueue === earlier.engineQueue &&
      scheduledInput.safeParse(action.args).data?.[0].workspaceId === workspaceId &&
      (await ranHere(client, runs, workspaceId));
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return { left: false };
    if (error instanceof ServiceError) throw error;
    ours = false; // It does not open with our keys.
  }
  if (!ours) return { left: true };
  await handle.delete();
  return { left: false };
}

/**
 * Whether the newest refreshes under the name of 0.1.0, and at least one, are runs of our database. One that has begun while no
 * worker was there is no run yet, and says nothing of whose it is.
 */
async function ranHere(client: Client, runs: Pick<RunStore, "areKnown">, workspaceId: WorkspaceId): Promise<boolean> {
  const seen: RunId[] = [];
  const query = `WorkflowId = "${earlier.refresh(workspaceId)}"`;
  for await (const { runId, status } of client.workflow.list({ query, pageSize: REFRESHES })) {
    const run = runIdOf(workspaceId, runId);
    if (status.name === "RUNNING" && !(await runs.areKnown(workspaceId, [run]))) continue;
    seen.push(run);
    if (seen.length === REFRESHES) break;
  }
  return seen.length > 0 && (await runs.areKnown(workspaceId, seen));
}

/** Workflows looked at when a worker starts. */
const LOOKED_AT = 20;

/**
 * What is under way since release 0.1.0: whoever waits for a plan's approval since then has to be carried to the end, on the
 * queues of that time. They are asked only when everything there opens with our keys: else they are somebody else's too.
 */
export async function earlierRelease(
  client: Client,
): Promise<{ isLeft: boolean; isRefreshing(workspaceId: WorkspaceId): Promise<boolean> }> {
  const query = `TaskQueue = "${earlier.engineQueue}" AND ExecutionStatus = "Running"`;
  let found = 0;
  let ours = 0;
  for await (const { workflowId, runId } of client.workflow.list({ query, pageSize: LOOKED_AT })) {
    found += 1;
    if (await opens(client, workflowId, runId)) ours += 1;
    if (found === LOOKED_AT) break;
  }
  return {
    isLeft: found > 0 && ours === found,
    isRefreshing: async (workspaceId) => {
      try {
        const { status } = await client.workflow.getHandle(earlier.refresh(workspaceId)).describe();
        return status.name === "RUNNING";
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
  };
}

/** Whether our keys decrypt what the workflow was begun with. */
async function opens(client: Client, workflowId: string, runId: string): Promise<boolean> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const payloads = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const codecs = client.options.loadedDataConverter.payloadCodecs;
  try {
    for (const codec of codecs) await codec.decode(payloads);
    return payloads.length > 0;
  } catch {
    return false;
  }
}
