/**
 * Streams that a run goes on without because their reading has not come to an end in time. They are read on meanwhile,
 * and what they bring joins the next run. Nothing is taken as deleted before a full read has come to its end, and no
 * permission follows from what was not read: a late stream makes nobody gone and turns nothing into a yes.
 */
import type { ConnectionId, RunId, WorkspaceId } from "#profile/ids.ts";
import type { Database } from "../database.ts";
import type { Place } from "./save-rows.ts";

export interface LateStream extends Place {
  connector: string;
  connectionName: string;
  /** Since when runs go on without it. */
  lateSince: Date;
  /** What its last attempt failed with; null: it is being read, slowly. */
  errorMessage: string | null;
}

export interface LateStreams {
  /** Whether one of these is in its first full read and has come further in this time: it is worth some more. */
  isAnyGettingOn(workspaceId: WorkspaceId, streams: readonly Place[], withinMs: number): Promise<boolean>;
  /** Late from now on, unless they were before, or have come to their end since the run began. */
  mark(workspaceId: WorkspaceId, runId: RunId, streams: readonly Place[]): Promise<void>;
  /** By connector, connection, stream; without those of connections that nobody reads. */
  list(workspaceId: WorkspaceId): Promise<LateStream[]>;
}

export function createLateStreams(database: Database): LateStreams {
  return {
    isAnyGettingOn: (workspaceId, streams, withinMs) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const rows = await transaction.query(
          `SELECT FROM stream_state JOIN unnest($2::uuid[], $3::text[]) AS open (connection_id, stream)
             USING (connection_id, stream)
           WHERE workspace_id = $1 AND full_read_at IS NULL AND full_read_started_at IS NOT NULL
             AND error_kind IS NULL AND updated_at > now() - make_interval(secs => $4) LIMIT 1`,
          [workspaceId, ...columns(streams), withinMs / 1_000],
        );
        return rows.length > 0;
      }),

    mark: async (workspaceId, runId, streams) => {
      await database.inWorkspace(workspaceId, (transaction) =>
        transaction.query(
          `INSERT INTO stream_state AS known (workspace_id, connection_id, stream, late_since)
           SELECT $1, connection_id, stream, now() FROM unnest($2::uuid[], $3::text[]) AS open (connection_id, stream)
           ORDER BY connection_id, stream
           ON CONFLICT (workspace_id, connection_id, stream) DO UPDATE SET late_since = excluded.late_since
           WHERE known.late_since IS NULL AND (known.last_success_at IS NULL OR known.last_success_at <
             (SELECT started_at FROM run WHERE workspace_id = $1 AND run_id = $4))`,
          [workspaceId, ...columns(streams), runId],
        ),
      );
    },

    list: (workspaceId) =>
      database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<LateStream>(
          `SELECT connection_id AS "connectionId", connector, name AS "connectionName", stream, late_since AS "lateSince",
             error_message AS "errorMessage"
           FROM stream_state JOIN connection USING (workspace_id, connection_id)
           WHERE workspace_id = $1 AND late_since IS NOT NULL AND status NOT IN ('paused', 'disconnected')
           ORDER BY connector, name, stream`,
          [workspaceId],
        ),
      ),
  };
}

function columns(streams: readonly Place[]): [connectionIds: ConnectionId[], names: string[]] {
  return [streams.map(({ connectionId }) => connectionId), streams.map(({ stream }) => stream)];
}
