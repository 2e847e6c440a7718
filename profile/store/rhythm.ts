/** How often a workspace is refreshed, and why. What is changed here, a worker tells Temporal within a minute. */
import type { WorkspaceId } from "#profile/ids.ts";
import { refreshMinutesAfter, USUAL_MINUTES } from "#profile/rhythm.ts";
import type { Database, Transaction } from "./database.ts";

export interface Rhythm {
  refreshMinutes: number;
  /** Somebody has said so. */
  fixed: boolean;
  since: Date;
  /** Null: reading has not brought anything new since it is noted. */
  newsAt: Date | null;
}

export interface RhythmStore {
  read(workspaceId: WorkspaceId): Promise<Rhythm>;
  /** Reading by ourselves has brought something new: from now on it is read as often as usual. */
  noteNews(workspaceId: WorkspaceId, at: Date): Promise<void>;
  /** Nothing was new. @param toldByWebhooks they arrive for everything that is read */
  noteQuiet(workspaceId: WorkspaceId, at: Date, toldByWebhooks: boolean): Promise<void>;
  /** @param minutes null: as its news come */
  fix(workspaceId: WorkspaceId, minutes: number | null): Promise<Rhythm>;
}

const READ = `SELECT refresh_minutes AS "refreshMinutes", refresh_fixed AS fixed, refresh_since AS since, news_at AS "newsAt"
  FROM workspace LEFT JOIN idle_refresh USING (workspace_id) WHERE workspace_id = $1`;

export function createRhythmStore(database: Database): RhythmStore {
  const read = async (transaction: Transaction): Promise<Rhythm> => {
    const [row] = await transaction.query<Rhythm>(READ, [transaction.workspaceId]);
    if (row === undefined) throw new Error("There is no such workspace.");
    return row;
  };
  const note = (transaction: Transaction, at: Date, condition: string) =>
    transaction.query(
      `INSERT INTO idle_refresh AS idle (workspace_id, news_at) VALUES ($1, $2)
       ON CONFLICT (workspace_id) DO UPDATE SET news_at = excluded.news_at WHERE ${condition}`,
      [transaction.workspaceId, at],
    );
  /** Where nobody has said how often. */
  const adapt = (transaction: Transaction, minutes: number, at: Date) =>
    transaction.query(
      `UPDATE workspace SET refresh_minutes = $2, refresh_since = $3, schedule_pending = true
       WHERE workspace_id = $1 AND NOT refresh_fixed AND refresh_minutes <> $2`,
      [transaction.workspaceId, minutes, at],
    );
  return {
    read: (workspaceId) => database.inWorkspace(workspaceId, read),

    noteNews: (workspaceId, at) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        await note(transaction, at, "idle.news_at IS NULL OR idle.news_at < excluded.news_at");
        await adapt(transaction, USUAL_MINUTES, at);
      }),

    noteQuiet: (workspaceId, at, toldByWebhooks) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const { newsAt, fixed } = await read(transaction);
        // Nobody has counted so far: it begins now.
        if (newsAt === null) await note(transaction, at, "idle.news_at IS NULL");
        if (newsAt === null || fixed) return;
        const quietMs = at.getTime() - newsAt.getTime();
        await adapt(transaction, refreshMinutesAfter({ quietMs, toldByWebhooks }), at);
      }),

    fix: (workspaceId, minutes) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        await transaction.query(
          `UPDATE workspace SET refresh_fixed = $3, refresh_minutes = $2, refresh_since = now(),
             schedule_pending = schedule_pending OR refresh_minutes <> $2
           WHERE workspace_id = $1`,
          [workspaceId, minutes ?? USUAL_MINUTES, minutes !== null],
        );
        return read(transaction);
      }),
  };
}
