/**
 * Plans past their time. What other logic needs of them is elsewhere or stays: what each record held after our last write is
 * `last_written`; the line of a plan that somebody decided on stays, and says that its changes are gone. Never touched: a
 * plan that is being made, waits, or is being carried out.
 */
import type { PlanId } from "#profile/ids.ts";
import { ENDED, WITHOUT_TRACE } from "#profile/plan/types.ts";
import { readByIndex, type Transaction } from "../database.ts";
import type { Batch, Prunable } from "./store.ts";

const IS_PAST = "workspace_id = $1 AND coalesce(finished_at, created_at) < $2";

/** Plans whose changes are to go, those first that an earlier pruning did not get to the end of. */
export async function pastPlans(transaction: Transaction, before: Date): Promise<PlanId[]> {
  const rows = await transaction.query<{ planId: PlanId }>(
    `SELECT plan_id AS "planId" FROM plan WHERE ${IS_PAST} AND status = ANY($3::text[])
       AND (pruned_at IS NULL OR EXISTS (
         SELECT FROM plan_change c WHERE c.workspace_id = $1 AND c.plan_id = plan.plan_id))
     ORDER BY pruned_at NULLS LAST, created_at`,
    [transaction.workspaceId, before, ENDED.filter((status) => !WITHOUT_TRACE.includes(status))],
  );
  return rows.map(({ planId }) => planId);
}

export async function weighPlans(transaction: Transaction, before: Date): Promise<Prunable> {
  const ids = await pastPlans(transaction, before);
  const [row] = await transaction.query<{ changes: number; bytes: number }>(
    `SELECT coalesce(sum(c.changes), 0)::float8 AS changes, coalesce(sum(c.bytes + d.bytes), 0)::float8 AS bytes
     FROM unnest($2::uuid[]) AS past (plan_id)
     CROSS JOIN LATERAL (SELECT count(*) AS changes, coalesce(sum(pg_column_size(plan_change.*)), 0) AS bytes
       FROM plan_change WHERE workspace_id = $1 AND plan_change.plan_id = past.plan_id) AS c
     CROSS JOIN LATERAL (SELECT coalesce(sum(pg_column_size(delivery.*)), 0) AS bytes
       FROM delivery WHERE workspace_id = $1 AND delivery.plan_id = past.plan_id) AS d`,
    [transaction.workspaceId, ids],
  );
  const [lines] = await transaction.query<{ plans: number; bytes: number }>(
    `SELECT count(*) AS plans, coalesce(sum(pg_column_size(plan.*)), 0)::float8 AS bytes FROM plan
     WHERE ${IS_PAST} AND status = ANY($3::text[])`,
    [transaction.workspaceId, before, WITHOUT_TRACE],
  );
  return {
    rows: { plans: ids.length + (lines?.plans ?? 0), changes: row?.changes ?? 0 },
    bytes: (row?.bytes ?? 0) + (lines?.bytes ?? 0),
  };
}

/**
 * Removes the next changes of a plan. It is marked first: a plan of which something is gone is not undone in part.
 *
 * @param after the last vendor id of the batch before; null: the first batch
 * @returns null where the plan is no longer past its time, as when its failed records are being tried again
 */
export async function prunePlan(
  transaction: Transaction,
  planId: PlanId,
  before: Date,
  { after, limit }: { after: string | null; limit: number },
): Promise<(Batch & { last: string | null }) | null> {
  const { workspaceId } = transaction;
  const [plan] = await transaction.query<{ prunedAt: Date | null }>(
    `SELECT pruned_at AS "prunedAt" FROM plan WHERE ${IS_PAST} AND plan_id = $3 AND status = ANY($4::text[]) FOR NO KEY UPDATE`,
    [workspaceId, before, planId, ENDED],
  );
  if (plan === undefined) return null;
  if (plan.prunedAt === null) {
    await transaction.query("UPDATE plan SET pruned_at = now() WHERE workspace_id = $1 AND plan_id = $2", [
      workspaceId,
      planId,
    ]);
  }
  await readByIndex(transaction);
  const [gone] = await transaction.query<{ changes: number; bytes: number; last: string | null }>(
    `WITH changed AS (
       DELETE FROM plan_change WHERE workspace_id = $1 AND plan_id = $2 AND vendor_id = ANY(ARRAY(
         SELECT vendor_id FROM plan_change WHERE workspace_id = $1 AND plan_id = $2 AND vendor_id > $3
         ORDER BY vendor_id LIMIT $4))
       RETURNING vendor_id, pg_column_size(plan_change.*) AS bytes
     ), delivered AS (
       DELETE FROM delivery WHERE workspace_id = $1 AND plan_id = $2 AND vendor_id = ANY(ARRAY(SELECT vendor_id FROM changed))
       RETURNING pg_column_size(delivery.*) AS bytes
     )
     SELECT count(*) AS changes, max(vendor_id) AS last,
       (coalesce(sum(bytes), 0) + (SELECT coalesce(sum(bytes), 0) FROM delivered))::float8 AS bytes
     FROM changed`,
    [workspaceId, planId, after ?? "", limit],
  );
  const { changes = 0, bytes = 0, last = null } = gone ?? {};
  return { rows: { plans: plan.prunedAt === null ? 1 : 0, changes }, bytes, more: changes === limit, last };
}

/** Lines of plans that came to nothing and that nobody decided on. Their number is remembered: none is given twice. */
export async function pruneLines(transaction: Transaction, before: Date, limit: number): Promise<Batch> {
  const [row] = await transaction.query<{ plans: number; bytes: number }>(
    `WITH gone AS (
       DELETE FROM plan WHERE workspace_id = $1 AND plan_id = ANY(ARRAY(
         SELECT plan_id FROM plan WHERE ${IS_PAST} AND status = ANY($3::text[]) ORDER BY created_at LIMIT $4))
       RETURNING connection_id, pg_column_size(plan.*) AS bytes
     ), counted AS (
       UPDATE connection SET plans_pruned = plans_pruned + lines
       FROM (SELECT connection_id, count(*) AS lines FROM gone GROUP BY 1) AS per
       WHERE workspace_id = $1 AND connection.connection_id = per.connection_id
     )
     SELECT count(*) AS plans, coalesce(sum(bytes), 0)::float8 AS bytes FROM gone`,
    [transaction.workspaceId, before, WITHOUT_TRACE, limit],
  );
  const { plans = 0, bytes = 0 } = row ?? {};
  return { rows: { plans }, bytes, more: plans === limit };
}
