/** Is there anything to do in a workspace, besides asking the vendors? */
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import type { Database } from "./database.ts";
import { READ_AGAIN_DUE } from "./ingest/held.ts";

export interface StreamPosition {
  connectionId: ConnectionId;
  stream: string;
  cursor: unknown;
  /** Read to its end, and nothing is amiss: its next pages can be asked for on the side. */
  settled: boolean;
  /** Deletions wait for a person, and there is no reason yet to ask the vendor again. */
  waits: boolean;
}

/** Refreshes since the last run that found nothing new. */
export interface IdleRefreshes {
  refreshes: number;
  since: Date;
  lastAt: Date;
}

export interface NewsStore {
  positions(workspaceId: WorkspaceId): Promise<StreamPosition[]>;
  /**
   * Whether a refresh has to go through everything: none has for a day, the one before did not come to its end, or a
   * permission is missing somewhere. Once a day makes up for whatever nobody thought of.
   */
  isWholeRefreshDue(workspaceId: WorkspaceId, at: string): Promise<boolean>;
  /** Whether a step of a refresh would find work, by marks and times alone. */
  isAnythingDue(workspaceId: WorkspaceId, at: string): Promise<boolean>;
  /** A refresh found nothing: counted in the one row there is for it. */
  noteIdle(workspaceId: WorkspaceId, at: string): Promise<void>;
  /** A run begins. @param whole it goes through everything */
  noteRun(workspaceId: WorkspaceId, at: string, whole: boolean): Promise<void>;
  /** Null: none since the last run. */
  idleRefreshes(workspaceId: WorkspaceId): Promise<IdleRefreshes | null>;
}

export function createNewsStore(database: Database): NewsStore {
  const write = async (workspaceId: WorkspaceId, text: string, ...values: unknown[]) => {
    await database.inWorkspace(workspaceId, (transaction) => transaction.query(text, [workspaceId, ...values]));
  };
  const holds = (workspaceId: WorkspaceId, condition: string, at: string) =>
    database.inWorkspace(workspaceId, async (transaction) => {
      const [row] = await transaction.query<{ holds: boolean }>(`SELECT (${condition}) AS holds`, [workspaceId, at]);
      return row?.holds ?? true;
    });
  return {
    positions: (workspaceId) =>
      database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<StreamPosition>(
          `SELECT connection_id AS "connectionId", stream, cursor,
             cursor IS NOT NULL AND complete AND full_read_started_at IS NULL AND held_at IS NULL AND late_since IS NULL
               AND error_kind IS NULL AS settled,
             held_at IS NOT NULL AND NOT ${READ_AGAIN_DUE} AS waits
           FROM stream_state WHERE workspace_id = $1`,
          [workspaceId],
        ),
      ),

    isWholeRefreshDue: (workspaceId, at) => holds(workspaceId, WHOLE_IS_DUE, at),
    isAnythingDue: (workspaceId, at) => holds(workspaceId, ANYTHING_IS_DUE, at),

    noteIdle: (workspaceId, at) =>
      write(
        workspaceId,
        `INSERT INTO idle_refresh AS idle (workspace_id, refreshes, since, last_at) VALUES ($1, 1, $2, $2)
         ON CONFLICT (workspace_id) DO UPDATE SET refreshes = idle.refreshes + 1,
           since = coalesce(idle.since, excluded.since), last_at = excluded.last_at`,
        at,
      ),

    noteRun: (workspaceId, at, whole) =>
      write(
        workspaceId,
        `INSERT INTO idle_refresh AS idle (workspace_id, whole_at) VALUES ($1, CASE WHEN $3 THEN $2::timestamptz END)
         ON CONFLICT (workspace_id) DO UPDATE SET whole_at = coalesce(excluded.whole_at, idle.whole_at),
           refreshes = 0, since = NULL, last_at = NULL`,
        at,
        whole,
      ),

    idleRefreshes: (workspaceId) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const [row] = await transaction.query<IdleRefreshes>(
          `SELECT refreshes, since, last_at AS "lastAt" FROM idle_refresh WHERE workspace_id = $1 AND refreshes > 0`,
          [workspaceId],
        );
        return row ?? null;
      }),
  };
}

// $1: workspace, $2: the instant.
const WHOLE_IS_DUE = `
  coalesce((SELECT whole_at FROM idle_refresh WHERE workspace_id = $1) <= $2::timestamptz - interval '1 day', true)
  OR EXISTS (SELECT FROM connection WHERE workspace_id = $1 AND status = 'needs_permission')
  OR coalesce((SELECT finished_at IS NULL FROM run WHERE workspace_id = $1 ORDER BY started_at DESC LIMIT 1), true)`;

const ANYTHING_IS_DUE = `
  EXISTS (SELECT FROM unresolved WHERE workspace_id = $1)
  OR EXISTS (SELECT FROM profile WHERE workspace_id = $1 AND touched_seq > consented_seq)
  OR EXISTS (SELECT FROM profile WHERE workspace_id = $1 AND touched_seq > scored_seq)
  OR EXISTS (SELECT FROM profile WHERE workspace_id = $1 AND consent_due_at <= $2)
  OR EXISTS (SELECT FROM profile WHERE workspace_id = $1 AND score_due_at <= $2)
  OR EXISTS (SELECT FROM plan WHERE workspace_id = $1 AND status IN ('building', 'approved', 'applying'))
  OR EXISTS (
    SELECT FROM connection destination WHERE workspace_id = $1 AND write_back AND status = 'ready'
      AND (SELECT max(output_seq) FROM profile WHERE workspace_id = $1) > greatest(planned_seq, (
        SELECT max(through_seq) FROM plan
        WHERE workspace_id = $1 AND connection_id = destination.connection_id AND status = 'waiting')))`;
