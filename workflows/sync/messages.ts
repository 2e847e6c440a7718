import type { ConnectionId, InstallationId, RunId, WorkspaceId } from "#profile/ids.ts";

export interface SyncInput {
  /** Absent: begun by release 0.1.0. */
  installation?: InstallationId;
  workspaceId: WorkspaceId;
  connectionId: ConnectionId;
  connector: string;
  stream: string;
  /** The run whose step counts this adds to. */
  runId: RunId;
  /** Refreshes to be told of the end besides the one that started it; handed on when the history grows long. */
  followers?: Follower[];
}

/** A later refresh that found the stream still being read. */
export interface Follower {
  workflowId: string;
  /** Temporal's. */
  workflowRunId: string;
  /** What is read from now on counts for this run. */
  runId: RunId;
}

export interface StreamEnding {
  /** Workflow id of the stream. */
  syncId: string;
  outcome: "read" | "failed";
}

export interface PulledPages {
  /** Nothing newer at the vendor now. */
  atEnd: boolean;
}
