import type { ConnectionId, RunId, WorkspaceId } from "#profile/ids.ts";

export interface SyncInput {
  workspaceId: WorkspaceId;
  connectionId: ConnectionId;
  connector: string;
  stream: string;
  /** The run whose step counts this adds to. */
  runId: RunId;
}

export interface PulledPages {
  /** Nothing newer at the vendor now. */
  atEnd: boolean;
}
