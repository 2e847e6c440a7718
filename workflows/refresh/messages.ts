import type { DoneStep } from "#profile/store/runs.ts";
import type { ConnectionId, InstallationId, PlanId, RunId, WorkspaceId } from "#profile/ids.ts";

export interface RefreshInput {
  /** Absent: begun by release 0.1.0. */
  installation?: InstallationId;
  workspaceId: WorkspaceId;
}

export interface StreamToSync {
  connectionId: ConnectionId;
  connector: string;
  stream: string;
  /** Nothing of it was read before. */
  isFirst?: boolean;
}

/** What a scheduled refresh found before it began. */
export interface News {
  /** Streams that are still to be read: never read before, with much that is new, or in trouble. */
  streams: StreamToSync[];
  /** Streams that were read on the side, with what they brought. */
  done: DoneStep[];
}

/** `everything`: the refresh has to go through all there is. */
export type Look = { outcome: "nothing" } | { outcome: "everything" } | { outcome: "news"; news: News };

export interface Destination {
  connectionId: ConnectionId;
  connector: string;
}

export interface RunStarted {
  runId: RunId;
  /** How long the run waits for its streams, and later for its tools, before it goes on without the late ones. */
  waitMs: number;
  streams: StreamToSync[];
  destinations: Destination[];
  /** What is past its time has not been removed for a day. Left out by workers that did not ask. */
  pruneDue?: boolean;
}

export interface BuiltPlan {
  /** Null: nothing a destination sees changed. */
  planId: PlanId | null;
  status: "waiting" | "approved" | "empty" | "none";
  /** Was waiting until this newer plan took its place. */
  supersededPlanId: PlanId | null;
}

export interface StepInput extends RefreshInput {
  runId: RunId;
}

/** A step that several workers may share. */
export interface SharedStep extends StepInput {
  /** Others can be asked to help. Left out by workers that do not ask: then the step is done to its end. */
  mayShare?: true;
  /** Of one who helps: which of them it is, and the step's instant. */
  helps?: { part: number; at: string };
}

/** There is much more to do. Absent: nothing is left. */
export interface Left {
  /** The instant for which the step works, ISO 8601. */
  at: string;
}

/** What became of a run's streams and tools. Late: not in time, and going on by itself. */
export interface RunOutcome {
  failedStreams: number;
  lateStreams: number;
  /** Tools for which no plan could be made or carried out. */
  failedPlans: number;
  latePlans: number;
}

/** `interrupted`: a step that the whole run depends on has failed. A run that 0.1.0 began knows of nothing late. */
export type RunEnding = StepInput &
  ((Partial<RunOutcome> & Pick<RunOutcome, "failedStreams" | "failedPlans">) | { interrupted: true });

/** Streams that have not come to their end after this time. */
export interface OpenStreams extends StepInput {
  streams: StreamToSync[];
  waitedMs: number;
}

export interface RefreshSummary extends RunOutcome {
  runId: RunId;
  plansWaiting: number;
  plansApplied: number;
}
