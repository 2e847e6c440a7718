import type { ConnectionId, PlanId, RunId, WorkspaceId } from "#profile/ids.ts";

export interface RefreshInput {
  workspaceId: WorkspaceId;
}

export interface StreamToSync {
  connectionId: ConnectionId;
  connector: string;
  stream: string;
}

export interface Destination {
  connectionId: ConnectionId;
  connector: string;
}

export interface RunStarted {
  runId: RunId;
  streams: StreamToSync[];
  destinations: Destination[];
}

export interface BuiltPlan {
  /** Null: nothing a destination sees changed. */
  planId: PlanId | null;
  status: "waiting" | "approved" | "empty" | "none";
  /** Was waiting until this newer plan took its place. */
  supersededPlanId: PlanId | null;
}

export interface StepInput {
  workspaceId: WorkspaceId;
  runId: RunId;
}

/** `interrupted`: a step that the whole run depends on has failed. */
export type RunEnding = StepInput & ({ failedStreams: number; failedPlans: number } | { interrupted: true });

export interface RefreshSummary {
  runId: RunId;
  failedStreams: number;
  /** Tools for which no plan could be made or carried out. */
  failedPlans: number;
  plansWaiting: number;
  plansApplied: number;
}
