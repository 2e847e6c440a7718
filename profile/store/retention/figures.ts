/** Figures of days past their time, whole days at once: a day of which a part is left would look complete. */
import type { ConnectionId } from "#profile/ids.ts";
import { readByIndex, type Transaction } from "../database.ts";
import type { Batch, Prunable } from "./store.ts";

const TABLES = ["spend", "metric"];
/** By calendar day, whatever the account's zone. */
const PAST = "workspace_id = $1 AND day < $2::date";
const dateOf = (before: Date): string => before.toISOString().slice(0, 10);

export async function pastFigures(transaction: Transaction, before: Date): Promise<Prunable> {
  const of = TABLES.map(
    (name) => `SELECT count(*) AS figures, coalesce(sum(pg_column_size(figure.*)), 0)::float8 AS bytes
      FROM ${name} figure JOIN figure_day USING (workspace_id, connection_id, stream, account, day) WHERE ${PAST}`,
  );
  const [row] = await transaction.query<{ days: number; figures: number; bytes: number }>(
    `SELECT (SELECT count(*) FROM figure_day WHERE ${PAST}) AS days, sum(figures)::float8 AS figures, sum(bytes) AS bytes
     FROM (${of.join(" UNION ALL ")}) AS weighed`,
    [transaction.workspaceId, dateOf(before)],
  );
  const { days = 0, figures = 0, bytes = 0 } = row ?? {};
  return { rows: { days, figures }, bytes };
}

interface PastDay {
  connectionId: ConnectionId;
  stream: string;
  account: string;
  day: string;
}

/** One day a batch, the oldest first; a reading of the same day waits for it, or it for the reading. */
export async function pruneFigures(transaction: Transaction, before: Date): Promise<Batch> {
  const { workspaceId } = transaction;
  await readByIndex(transaction);
  const [past, ...others] = await transaction.query<PastDay>(
    `SELECT connection_id AS "connectionId", stream, account, day::text AS day FROM figure_day WHERE ${PAST}
     ORDER BY day, connection_id, stream, account LIMIT 2 FOR UPDATE`,
    [workspaceId, dateOf(before)],
  );
  if (past === undefined) return { rows: { days: 0, figures: 0 }, bytes: 0, more: false };
  const keys = [workspaceId, past.connectionId, past.stream, past.account, past.day];
  const matching = "workspace_id = $1 AND connection_id = $2 AND stream = $3 AND account = $4 AND day = $5::date";
  let figures = 0;
  let bytes = 0;
  for (const name of TABLES) {
    const [gone] = await transaction.query<{ figures: number; bytes: number }>(
      `WITH gone AS (DELETE FROM ${name} WHERE ${matching} RETURNING pg_column_size(${name}.*) AS bytes)
       SELECT count(*) AS figures, coalesce(sum(bytes), 0)::float8 AS bytes FROM gone`,
      keys,
    );
    figures += gone?.figures ?? 0;
    bytes += gone?.bytes ?? 0;
  }
  await transaction.query(`DELETE FROM figure_day WHERE ${matching}`, keys);
  return { rows: { days: 1, figures }, bytes, more: others.length > 0 };
}
