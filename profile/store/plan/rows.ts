/** Reading plans: rows, and the seal recomputed. */
import { openDigest, type SealedChange } from "#profile/plan/digest.ts";
import type { PlanKind, PlanStatus } from "#profile/plan/types.ts";
import type { ConnectionId, PlanId } from "#profile/ids.ts";
import type { Transaction } from "../database.ts";

export interface PlanSummary {
  planId: PlanId;
  connectionId: ConnectionId;
  connector: string;
  connection: string;
  kind: PlanKind;
  undoOf: PlanId | null;
  status: PlanStatus;
  throughSeq: number;
  /** The connection's, when it was begun. */
  fieldsRevision: number;
  /** Hex; null while building or empty. */
  digest: string | null;
  /** Records to change, records looked at, live records of the destination. */
  changes: number;
  compared: number;
  destinationRecords: number;
  createdAt: Date;
  approvedAt: Date | null;
  approvedBy: string | null;
  finishedAt: Date | null;
  /** Its changes are past their time: they are being removed since, or gone. */
  prunedAt: Date | null;
}

export interface PlanUnderWay extends PlanSummary {
  /** Changes without a result yet. */
  open: number;
}

/** Of a plan and its connection. Append WHERE, ORDER BY. */
export const PLAN_SQL = `
  SELECT p.plan_id AS "planId", p.connection_id AS "connectionId", c.connector, c.name AS connection, p.kind,
    p.undo_of AS "undoOf", p.status, p.through_seq AS "throughSeq",
    p.fields_revision AS "fieldsRevision", encode(p.digest, 'hex') AS digest, p.changes, p.compared,
    p.destination_records AS "destinationRecords", p.created_at AS "createdAt", p.approved_at AS "approvedAt",
    p.approved_by AS "approvedBy", p.finished_at AS "finishedAt",
    p.pruned_at AS "prunedAt"
  FROM plan p JOIN connection c ON c.workspace_id = p.workspace_id AND c.connection_id = p.connection_id`;

export async function findPlan(transaction: Transaction, planId: PlanId): Promise<PlanSummary | null> {
  const [plan] = await transaction.query<PlanSummary>(`${PLAN_SQL} WHERE p.workspace_id = $1 AND p.plan_id = $2`, [
    transaction.workspaceId,
    planId,
  ]);
  return plan ?? null;
}

/** The plan, held until the transaction ends so that its status is decided by one at a time. */
export async function lockPlan(transaction: Transaction, planId: PlanId): Promise<PlanSummary> {
  await transaction.query("SELECT FROM plan WHERE workspace_id = $1 AND plan_id = $2 FOR NO KEY UPDATE", [
    transaction.workspaceId,
    planId,
  ]);
  const plan = await findPlan(transaction, planId);
  if (plan === null) throw new Error(`There is no plan ${planId}.`);
  return plan;
}

/** Holds the connection, so that its plans are made and decided one at a time. */
export async function lockConnection(
  transaction: Transaction,
  connectionId: ConnectionId,
): Promise<{ plannedSeq: number; fieldsRevision: number }> {
  const [row] = await transaction.query<{ plannedSeq: number; fieldsRevision: number }>(
    `SELECT planned_seq AS "plannedSeq", fields_revision AS "fieldsRevision" FROM connection WHERE workspace_id = $1 AND connection_id = $2 FOR NO KEY UPDATE`,
    [transaction.workspaceId, connectionId],
  );
  if (row === undefined) throw new Error(`There is no connection ${connectionId}.`);
  return row;
}

/** A plan of the connection that is being made, waits, or is being carried out. At most one at a time. */
export async function unfinishedPlan(
  transaction: Transaction,
  connectionId: ConnectionId,
): Promise<PlanSummary | null> {
  const [plan] = await transaction.query<PlanSummary>(
    `${PLAN_SQL} WHERE p.workspace_id = $1 AND p.connection_id = $2
       AND p.status IN ('building', 'waiting', 'approved', 'applying')
     ORDER BY p.status = 'waiting', p.created_at DESC LIMIT 1`,
    [transaction.workspaceId, connectionId],
  );
  return plan ?? null;
}

/** Approved or being written, oldest first. */
export function plansUnderWay(transaction: Transaction): Promise<PlanUnderWay[]> {
  return transaction.query<PlanUnderWay>(
    `SELECT under_way.*, under_way.changes - (SELECT count(*) FROM delivery d WHERE d.workspace_id = $1
       AND d.plan_id = under_way."planId" AND d.status NOT IN ('pending', 'sent')) AS open
     FROM (${PLAN_SQL} WHERE p.workspace_id = $1 AND p.status IN ('approved', 'applying')) AS under_way
     ORDER BY under_way."createdAt", under_way."planId"`,
    [transaction.workspaceId],
  );
}

const FETCH = 5_000;

/** The digest of the changes as stored now, in flat memory. */
export async function digestOfStored(transaction: Transaction, planId: PlanId): Promise<string> {
  await transaction.query(
    `DECLARE sealed NO SCROLL CURSOR FOR SELECT vendor_id AS "vendorId", before::text, after::text FROM plan_change
     WHERE workspace_id = $1 AND plan_id = $2 ORDER BY vendor_id COLLATE "C"`,
    [transaction.workspaceId, planId],
  );
  const digest = openDigest();
  for (;;) {
    const rows = await transaction.query<SealedChange>(`FETCH ${FETCH} FROM sealed`);
    for (const row of rows) digest.add(row);
    if (rows.length < FETCH) break;
  }
  await transaction.query("CLOSE sealed");
  return digest.end();
}

/** Of a plan for fields that were changed since it says nothing: for the new ones every record is compared again. */
export async function advancePlanned(transaction: Transaction, plan: PlanSummary): Promise<void> {
  await transaction.query(
    `UPDATE connection SET planned_seq = greatest(planned_seq, $3)
     WHERE workspace_id = $1 AND connection_id = $2 AND fields_revision = $4`,
    [transaction.workspaceId, plan.connectionId, plan.throughSeq, plan.fieldsRevision],
  );
}

/*
 * Of a plan just written the planner knows nothing: it takes it for one row, compares every change with every delivery, or
 * walks the plan in the order of its records to find a few. Fenced like this each is looked up by its key.
 */

/** SQL: beside each change `c` of plan $2 its delivery `d`, where it was tried. */
export const DELIVERY_OF_C = `LEFT JOIN LATERAL (
  SELECT status, attempts, reason, job FROM delivery WHERE workspace_id = $1 AND plan_id = $2 AND vendor_id = c.vendor_id OFFSET 0
) AS d ON true`;

/** SQL: beside each row of `named`, which has a `vendor_id`, its change `c` of plan $2. */
export const changeOf = (named: string): string => `CROSS JOIN LATERAL (
  SELECT * FROM plan_change WHERE workspace_id = $1 AND plan_id = $2 AND vendor_id = ${named}.vendor_id OFFSET 0
) AS c`;
