/** The names Temporal keeps: queues and ids. Business keys, never personal data; ids are not encrypted. */
import type { InstallationId } from "#profile/ids.ts";

/** A worker silent for so long is dead, and what it did is given to another; see heartbeat.ts. */
export const HEART_TIMEOUT = "10 seconds";

/**
 * What an installation calls its queues, schedules and workflows. Its id is in all of them, since two installations in one
 * namespace may have workspaces of one name, and so of one id.
 *
 * @param installation undefined: as release 0.1.0 named them, for what was begun then
 */
export function namesOf(installation: InstallationId | undefined) {
  const ours = installation === undefined ? "" : `${installation}/`;
  return {
    /** Workflows, and the activities that only touch the database. */
    engineQueue: installation === undefined ? "tributary" : `tributary/${installation}`,
    /** One queue per vendor, so that a slow vendor never holds up another. */
    vendorQueue: (connector: string) =>
      installation === undefined ? `vendor-${connector}` : `tributary/${installation}/${connector}`,
    refreshSchedule: (workspaceId: string) => `${ours}refresh-schedule/${workspaceId}`,
    /** The server appends the time to it. */
    scheduledRefresh: (workspaceId: string) =>
      installation === undefined ? `scheduled-${workspaceId}` : `${ours}scheduled/${workspaceId}`,
    refresh: (workspaceId: string) => `${ours}refresh/${workspaceId}`,
    /** A workflow's own, beside the schedule's: it is there while webhooks arrive. */
    webhookRefresh: (workspaceId: string) => `${ours}webhooks/${workspaceId}`,
    planning: (connectionId: string) => `${ours}planning/${connectionId}`,
    sync: (connectionId: string, stream: string) => `${ours}sync/${connectionId}/${stream}`,
  };
}

/** Ids of plans say by themselves whose they are, so that a plan keeps its workflow over an upgrade. */
export const planWorkflowId = (planId: string) => `plan/${planId}`;
export const undoWorkflowId = (planId: string) => `undo/${planId}`;
