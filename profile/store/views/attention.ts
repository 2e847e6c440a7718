/** What is known here of runs, streams and plans that may need somebody: facts, judged in workflows/attention. */
import type { ConnectionId, PlanId, RunId, WorkspaceId } from "#profile/ids.ts";
import type { Database } from "../database.ts";

export interface OpenRun {
  runId: RunId;
  startedAt: Date;
  /** When a step of it last told what it had done. */
  progressAt: Date;
}

export interface StreamFacts {
  connectionId: ConnectionId;
  stream: string;
  cursor: unknown;
  lastSuccessAt: Date | null;
  /** Last change of what is known of its reading: a page stored, a failure noted. */
  updatedAt: Date;
  heldAt: Date | null;
  errorKind: string | null;
  errorMessage: string | null;
}

export interface PlanFacts {
  planId: PlanId;
  connectionId: ConnectionId;
  /** The plan that it undoes; null: it undoes none. */
  undoOf: PlanId | null;
  status: string;
  /** When it came to be what it is. */
  since: Date;
  failed: number;
}

export interface AttentionFacts {
  openRun: OpenRun | null;
  /** Of the last finished runs, seconds; null: none has finished yet. */
  usualSeconds: number | null;
  streams: StreamFacts[];
  /** Under way, and the newest of each tool. */
  plans: PlanFacts[];
  connectedAt: Record<ConnectionId, Date>;
  /** Since when the workspace is refreshed as often as it is now. */
  rhythmSince: Date;
}

export function readAttentionFacts(database: Database, workspaceId: WorkspaceId): Promise<AttentionFacts> {
  return database.inWorkspace(workspaceId, async (transaction) => {
    const [openRun] = await transaction.query<OpenRun>(
      `SELECT run_id AS "runId", run.started_at AS "startedAt",
         greatest(run.started_at, (SELECT max(updated_at) FROM run_step step
           WHERE step.workspace_id = run.workspace_id AND step.run_id = run.run_id)) AS "progressAt"
       FROM (SELECT * FROM run WHERE workspace_id = $1 ORDER BY started_at DESC LIMIT 1) AS run WHERE finished_at IS NULL`,
      [workspaceId],
    );
    const [usual] = await transaction.query<{ seconds: number | null }>(
      `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at)::float8) AS seconds
       FROM (SELECT * FROM run WHERE workspace_id = $1 ORDER BY started_at DESC LIMIT 20) AS run
       WHERE finished_at IS NOT NULL`,
      [workspaceId],
    );
    const streams = await transaction.query<StreamFacts>(
      `SELECT connection_id AS "connectionId", stream, cursor, last_success_at AS "lastSuccessAt",
         updated_at AS "updatedAt", held_at AS "heldAt", error_kind AS "errorKind", error_message AS "errorMessage"
       FROM stream_state WHERE workspace_id = $1 ORDER BY connection_id, stream`,
      [workspaceId],
    );
    const plans = await transaction.query<PlanFacts>(
      `SELECT plan_id AS "planId", connection_id AS "connectionId", undo_of AS "undoOf", status,
         coalesce(finished_at, approved_at, created_at) AS since,
         CASE WHEN status = 'applied_with_failures' THEN (
           SELECT count(*) FROM delivery d
           WHERE d.workspace_id = plan.workspace_id AND d.plan_id = plan.plan_id AND d.status = 'failed'
         ) ELSE 0 END AS failed
       FROM plan WHERE workspace_id = $1 AND (status IN ('building', 'approved', 'applying') OR plan_id = (
         SELECT newest.plan_id FROM plan newest
         WHERE newest.workspace_id = $1 AND newest.connection_id = plan.connection_id AND newest.status <> 'empty'
         ORDER BY newest.created_at DESC LIMIT 1
       )) ORDER BY created_at`,
      [workspaceId],
    );
    const connected = await transaction.query<{ connectionId: ConnectionId; at: Date }>(
      `SELECT connection_id AS "connectionId", created_at AS at FROM connection WHERE workspace_id = $1`,
      [workspaceId],
    );
    const [rhythm] = await transaction.query<{ since: Date }>(
      "SELECT refresh_since AS since FROM workspace WHERE workspace_id = $1",
      [workspaceId],
    );
    return {
      rhythmSince: rhythm?.since ?? new Date(0),
      openRun: openRun ?? null,
      usualSeconds: usual?.seconds ?? null,
      ...{ streams, plans },
      connectedAt: Object.fromEntries(connected.map(({ connectionId, at }) => [connectionId, at])),
    };
  });
}
