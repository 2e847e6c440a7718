/** Makes the schedules on the server match the workspaces in the database: one refresh schedule each, no strays. */
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy } from "@temporalio/client";
import type { Client, ScheduleOptions, ScheduleUpdateOptions } from "@temporalio/client";
import { ENGINE_QUEUE, refreshScheduleId } from "./names.ts";

export interface WorkspaceRhythm {
  workspaceId: string;
  refreshMinutes: number;
}

const OURS = refreshScheduleId("");

export async function reconcileSchedules(client: Client, workspaces: readonly WorkspaceRhythm[]): Promise<void> {
  const wanted = new Map(workspaces.map((workspace) => [refreshScheduleId(workspace.workspaceId), workspace]));
  for await (const { scheduleId } of client.schedule.list()) {
    if (scheduleId.startsWith(OURS) && !wanted.has(scheduleId)) await client.schedule.getHandle(scheduleId).delete();
  }
  for (const [scheduleId, workspace] of wanted) await ensureSchedule(client, scheduleId, workspace);
}

async function ensureSchedule(client: Client, scheduleId: string, workspace: WorkspaceRhythm): Promise<void> {
  const options = scheduleOptions(workspace);
  try {
    await client.schedule.create({ scheduleId, ...options });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule
      .getHandle(scheduleId)
      .update((current): ScheduleUpdateOptions => ({ ...current, ...options }));
  }
}

function scheduleOptions({ workspaceId, refreshMinutes }: WorkspaceRhythm): Pick<
  ScheduleOptions,
  "spec" | "policies"
> & {
  action: { type: "startWorkflow"; workflowType: string; workflowId: string; taskQueue: string; args: unknown[] };
} {
  return {
    spec: { intervals: [{ every: `${refreshMinutes} minutes` }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: "1 minute" },
    action: {
      type: "startWorkflow",
      workflowType: "refreshOnSchedule",
      workflowId: `scheduled-${workspaceId}`,
      taskQueue: ENGINE_QUEUE,
      args: [{ workspaceId }],
    },
  };
}
