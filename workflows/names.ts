/** The names Temporal keeps: queues and workflow ids. Business keys, never personal data; ids are not encrypted. */

/** Workflows, and the activities that only touch the database. */
export const ENGINE_QUEUE = "tributary";

/** A worker silent for so long is dead, and what it did is given to another; see heartbeat.ts. */
export const HEART_TIMEOUT = "10 seconds";

/** One queue per vendor, so that a slow vendor never holds up another. */
export const vendorQueue = (connector: string) => `vendor-${connector}`;

export const refreshId = (workspaceId: string) => `refresh/${workspaceId}`;
export const refreshScheduleId = (workspaceId: string) => `refresh-schedule/${workspaceId}`;
export const syncId = (connectionId: string, stream: string) => `sync/${connectionId}/${stream}`;
export const planningId = (connectionId: string) => `planning/${connectionId}`;
export const planWorkflowId = (planId: string) => `plan/${planId}`;
export const undoWorkflowId = (planId: string) => `undo/${planId}`;
