import type { ConnectionId, InstallationId, PlanId, RunId, WorkspaceId } from "#profile/ids.ts";

export interface PlanInput {
  /** Absent: begun by release 0.1.0. */
  installation?: InstallationId;
  workspaceId: WorkspaceId;
  /** The run that made the plan; its steps show the writing. Null: nobody's, as for an undo. */
  runId: RunId | null;
  planId: PlanId;
  connectionId: ConnectionId;
  connector: string;
}

export interface Approval {
  actor: string;
  /** Hex sha256 of what the approver saw; anything else is refused. */
  digest: string;
}

export interface UndoInput {
  /** Absent: begun by release 0.1.0. */
  installation?: InstallationId;
  workspaceId: WorkspaceId;
  planId: PlanId;
  connectionId: ConnectionId;
  connector: string;
  actor: string;
}

export interface UndoSummary {
  undoPlanId: PlanId;
}
