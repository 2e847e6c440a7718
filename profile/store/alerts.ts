/** What is wrong, and who was told of it when: once for each trouble and way of telling, again after a while, and its end once. */
import type { WorkspaceId } from "#profile/ids.ts";
import type { Database } from "./database.ts";
import type { WorkspaceRhythm } from "./installation.ts";

export interface Trouble {
  kind: string;
  /** The id of what it is about. */
  subject: string;
  says: string;
}

export interface DueAlert extends Trouble {
  channel: string;
  /** `still`: told before, and as it was. */
  phase: "opened" | "still" | "resolved";
  since: Date;
  attempts: number;
}

export interface AlertStore {
  /** One process at a time has the turn to look. */
  takeTurn(at: Date, everyMs: number): Promise<boolean>;
  /** Workspaces of which something may have to be told. */
  toWatch(): Promise<(WorkspaceRhythm & { slug: string })[]>;
  /**
   * Notes what is wrong now. @returns what is to be told
   *
   * @param scope a workspace, or the installation's own id for what concerns all of it
   * @param unsure kinds that could not be looked at: what was known of them stays
   */
  note(scope: WorkspaceId, now: Noted): Promise<DueAlert[]>;
  told(scope: WorkspaceId, alert: DueAlert, at: Date): Promise<void>;
  notTold(scope: WorkspaceId, alert: DueAlert, nextTryAt: Date): Promise<void>;
}

export interface Noted {
  troubles: readonly Trouble[];
  channels: readonly string[];
  unsure: readonly string[];
  at: Date;
  againAfterMs: number;
  /** What is over sooner is not told at all. */
  graceMs: number;
}

/** What comes back sooner has not ended: a trouble that flickers is told once. */
const ENDED_AFTER = "10 minutes";

export function createAlertStore(database: Database): AlertStore {
  const KEY = "workspace_id = $1 AND kind = $2 AND subject = $3 AND channel = $4";
  const keyOf = (scope: WorkspaceId, { kind, subject, channel }: DueAlert) => [scope, kind, subject, channel];
  return {
    async takeTurn(at, everyMs) {
      const { rowCount } = await database.pool.query("UPDATE watch SET next_turn_at = $2 WHERE next_turn_at <= $1", [
        at,
        new Date(at.getTime() + everyMs),
      ]);
      return rowCount === 1;
    },

    toWatch: async () => {
      const { rows } = await database.pool.query<WorkspaceRhythm & { slug: string }>(
        `SELECT workspace_id AS "workspaceId", slug, refresh_minutes AS "refreshMinutes" FROM workspaces_to_watch()`,
      );
      return rows;
    },

    note: (scope, { troubles, channels, unsure, at, againAfterMs, graceMs }) =>
      database.inWorkspace(scope, async (transaction) => {
        await transaction.query("DELETE FROM alert WHERE workspace_id = $1 AND channel <> ALL ($2)", [scope, channels]);
        await transaction.query(
          `INSERT INTO alert (workspace_id, kind, subject, channel, says, since, seen_at, next_try_at)
           SELECT $1, kind, subject, channel, says, $6, $6, $6
           FROM unnest($2::text[], $3::text[], $4::text[]) AS trouble(kind, subject, says) CROSS JOIN unnest($5::text[]) AS channel
           ON CONFLICT (workspace_id, kind, subject, channel) DO UPDATE SET seen_at = excluded.seen_at, says = excluded.says`,
          [
            ...[scope, troubles.map(({ kind }) => kind), troubles.map(({ subject }) => subject)],
            ...[troubles.map(({ says }) => says), channels, at],
          ],
        );
        await transaction.query("UPDATE alert SET seen_at = $3 WHERE workspace_id = $1 AND kind = ANY ($2)", [
          ...[scope, unsure, at],
        ]);
        // Over before anybody was told.
        await transaction.query(
          `DELETE FROM alert WHERE workspace_id = $1 AND told_at IS NULL AND seen_at < $2::timestamptz - interval '${ENDED_AFTER}'`,
          [scope, at],
        );
        return transaction.query<DueAlert>(
          `SELECT kind, subject, channel, says, since, attempts,
             CASE WHEN seen_at < $2 THEN 'resolved' WHEN told_at IS NULL THEN 'opened' ELSE 'still' END AS phase
           FROM alert WHERE workspace_id = $1 AND next_try_at <= $2 AND (
             (seen_at = $2 AND since <= $2::timestamptz - $4 * interval '1 millisecond' AND (told_at IS NULL OR told_at <= $2::timestamptz - $3 * interval '1 millisecond'))
             OR (told_at IS NOT NULL AND seen_at < $2::timestamptz - interval '${ENDED_AFTER}')
           ) ORDER BY since, kind, subject, channel`,
          [scope, at, againAfterMs, graceMs],
        );
      }),

    told: (scope, alert, at) =>
      database.inWorkspace(scope, async (transaction) => {
        if (alert.phase === "resolved") await transaction.query(`DELETE FROM alert WHERE ${KEY}`, keyOf(scope, alert));
        else
          await transaction.query(`UPDATE alert SET told_at = $5, attempts = 0 WHERE ${KEY}`, [
            ...keyOf(scope, alert),
            at,
          ]);
      }),

    notTold: (scope, alert, nextTryAt) =>
      database.inWorkspace(scope, async (transaction) => {
        await transaction.query(`UPDATE alert SET attempts = attempts + 1, next_try_at = $5 WHERE ${KEY}`, [
          ...keyOf(scope, alert),
          nextTryAt,
        ]);
      }),
  };
}
