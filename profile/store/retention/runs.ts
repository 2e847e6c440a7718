/** Runs past their time. */
import type { Transaction } from "../database.ts";
import type { Batch, Prunable } from "./store.ts";

/**
 * A workspace has one run at a time: whatever is not the newest is over, also where its end was never noted. The newest stays,
 * however old: it says when the workspace was last looked at.
 */
const PAST = `run WHERE run.workspace_id = $1 AND run.started_at < $2
  AND run.started_at < (SELECT max(started_at) FROM run WHERE workspace_id = $1)`;

export async function pastRuns(transaction: Transaction, before: Date): Promise<Prunable> {
  const [row] = await transaction.query<{ runs: number; steps: number; bytes: number }>(
    `SELECT count(*) AS runs, coalesce(sum(steps.count), 0)::float8 AS steps,
       coalesce(sum(pg_column_size(run.*) + steps.bytes), 0)::float8 AS bytes
     FROM (SELECT run.* FROM ${PAST}) AS run CROSS JOIN LATERAL (
       SELECT count(*) AS count, coalesce(sum(pg_column_size(run_step.*)), 0) AS bytes FROM run_step
       WHERE run_step.workspace_id = $1 AND run_step.run_id = run.run_id) AS steps`,
    [transaction.workspaceId, before],
  );
  const { runs = 0, steps = 0, bytes = 0 } = row ?? {};
  return { rows: { runs, steps }, bytes };
}

export async function pruneRuns(transaction: Transaction, before: Date, limit: number): Promise<Batch> {
  const runs = await transaction.query<{ run_id: string }>(
    `SELECT run.run_id FROM ${PAST} ORDER BY run.started_at LIMIT $3`,
    [transaction.workspaceId, before, limit],
  );
  const ids = runs.map(({ run_id }) => run_id);
  const steps = await transaction.query<{ bytes: number }>(
    `DELETE FROM run_step WHERE workspace_id = $1 AND run_id = ANY($2::uuid[]) RETURNING pg_column_size(run_step.*) AS bytes`,
    [transaction.workspaceId, ids],
  );
  const gone = await transaction.query<{ bytes: number }>(
    `DELETE FROM run WHERE workspace_id = $1 AND run_id = ANY($2::uuid[]) RETURNING pg_column_size(run.*) AS bytes`,
    [transaction.workspaceId, ids],
  );
  return {
    rows: { runs: gone.length, steps: steps.length },
    bytes: [...steps, ...gone].reduce((sum, { bytes }) => sum + bytes, 0),
    more: runs.length === limit,
  };
}
