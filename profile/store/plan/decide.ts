/** A person's decision on a plan. */
import type { ConnectionId, PlanId } from "#profile/ids.ts";
import type { Mapping } from "#profile/plan/fields.ts";
import { reverse } from "#profile/plan/undo.ts";
import type { PlanChange, PlanStatus } from "#profile/plan/types.ts";
import { fieldValues, uses } from "./columns.ts";
import { audit } from "../audit.ts";
import type { Transaction } from "../database.ts";
import { insertChanges, nextPlanId } from "./build.ts";
import { mappingOfPlan } from "./fields.ts";
import {
  changeOf,
  advancePlanned,
  digestOfStored,
  findPlan,
  lockConnection,
  lockPlan,
  PLAN_SQL,
  unfinishedPlan,
  type PlanSummary,
} from "./rows.ts";

export type Approval =
  | { outcome: "approved" }
  | { outcome: "not_waiting"; status: PlanStatus }
  /** The changes are not the ones that were looked at. */
  | { outcome: "digest_mismatch" };

/** Approves exactly the changes with this digest (hex); it is worked out again from what is stored. */
export async function approve(
  transaction: Transaction,
  planId: PlanId,
  { actor, digest, at }: { actor: string; digest: string; at: string },
): Promise<Approval> {
  const plan = await lockPlan(transaction, planId);
  if (plan.status !== "waiting") return { outcome: "not_waiting", status: plan.status };
  if (digest !== plan.digest || (await digestOfStored(transaction, planId)) !== digest)
    return { outcome: "digest_mismatch" };
  await transaction.query(
    "UPDATE plan SET status = 'approved', approved_at = $3, approved_by = $4 WHERE workspace_id = $1 AND plan_id = $2",
    [transaction.workspaceId, planId, at, actor],
  );
  await audit(transaction, {
    actor,
    action: "plan.approve",
    subject: planId,
    at,
    details: { digest, changes: plan.changes },
  });
  return { outcome: "approved" };
}

/** The same values are not proposed again until they change, or until `offerAgain`. */
export async function reject(
  transaction: Transaction,
  planId: PlanId,
  { actor, at }: { actor: string; at: string },
): Promise<{ outcome: "rejected" } | { outcome: "not_waiting"; status: PlanStatus }> {
  const plan = await lockPlan(transaction, planId);
  if (plan.status !== "waiting") return { outcome: "not_waiting", status: plan.status };
  await transaction.query(
    "UPDATE plan SET status = 'rejected', finished_at = $3 WHERE workspace_id = $1 AND plan_id = $2",
    [transaction.workspaceId, planId, at],
  );
  await advancePlanned(transaction, plan);
  await audit(transaction, { actor, action: "plan.reject", subject: planId, at });
  return { outcome: "rejected" };
}

/** Lets the next plan look at every record of the destination again, also after an undo or a rejection. */
export async function offerAgain(
  transaction: Transaction,
  connectionId: ConnectionId,
  { actor, at }: { actor: string; at: string },
): Promise<void> {
  await transaction.query("UPDATE connection SET planned_seq = 0 WHERE workspace_id = $1 AND connection_id = $2", [
    transaction.workspaceId,
    connectionId,
  ]);
  await audit(transaction, { actor, action: "plan.offer_again", subject: connectionId, at });
}

export type Undoing =
  /** Approved by who asked for it; to be carried out like any plan. */
  | { outcome: "approved"; plan: PlanSummary }
  /** Nothing of it was written, or it changed nothing. */
  | { outcome: "nothing_to_undo" }
  | { outcome: "not_undoable"; status: PlanStatus }
  | { outcome: "already_undone"; plan: PlanSummary }
  /** What was there before is past its time and gone, or partly gone. */
  | { outcome: "pruned"; prunedAt: Date }
  /** Another plan of the connection is under way. */
  | { outcome: "busy"; plan: PlanSummary };

/**
 * Makes the plan that restores what an applied plan changed, where the live value is still ours when it is carried out.
 *
 * The connection's planned mark stays, so the next refresh does not propose the same values again: a person's profile must
 * change first, or `offerAgain` be asked for. Whatever is proposed next waits for a person.
 */
export async function beginUndo(
  transaction: Transaction,
  planId: PlanId,
  { actor, at }: { actor: string; at: string },
): Promise<Undoing> {
  const plan = await lockPlan(transaction, planId);
  await lockConnection(transaction, plan.connectionId);
  const earlier = plan.kind === "write" ? await undoOf(transaction, planId) : null;
  if (earlier !== null) {
    const done = earlier.status === "applied" || earlier.status === "applied_with_failures";
    return { outcome: done ? "already_undone" : "approved", plan: earlier };
  }
  if (plan.kind !== "write" || (plan.status !== "applied" && plan.status !== "applied_with_failures")) {
    return { outcome: "not_undoable", status: plan.status };
  }
  if (plan.prunedAt !== null) return { outcome: "pruned", prunedAt: plan.prunedAt };
  const open = await unfinishedPlan(transaction, plan.connectionId);
  if (open !== null && open.status !== "waiting") return { outcome: "busy", plan: open };
  const undoId = await nextPlanId(transaction, plan.connectionId);
  await transaction.query(
    `INSERT INTO plan (workspace_id, plan_id, connection_id, kind, undo_of, status, through_seq, destination_records,
       created_at, approved_at, approved_by, fields_revision, fields)
     SELECT $1, $2, connection_id, 'undo', plan_id, 'approved', through_seq, destination_records, $4, $4, $5, fields_revision, fields
     FROM plan WHERE workspace_id = $1 AND plan_id = $3`,
    [transaction.workspaceId, undoId, planId, at, actor],
  );
  const changes = await copyReversed(transaction, planId, undoId);
  if (changes === 0) {
    await transaction.query("DELETE FROM plan WHERE workspace_id = $1 AND plan_id = $2", [
      transaction.workspaceId,
      undoId,
    ]);
    return { outcome: "nothing_to_undo" };
  }
  const digest = await digestOfStored(transaction, undoId);
  await transaction.query(
    "UPDATE plan SET digest = decode($3, 'hex'), changes = $4, compared = $4 WHERE workspace_id = $1 AND plan_id = $2",
    [transaction.workspaceId, undoId, digest, changes],
  );
  await audit(transaction, {
    actor,
    action: "plan.undo",
    subject: planId,
    at,
    details: { undo: undoId, digest, changes },
  });
  const made = await findPlan(transaction, undoId);
  if (made === null) throw new Error("The undo plan just made is not there.");
  return { outcome: "approved", plan: made };
}

async function undoOf(transaction: Transaction, planId: PlanId): Promise<PlanSummary | null> {
  const [plan] = await transaction.query<PlanSummary>(
    `${PLAN_SQL} WHERE p.workspace_id = $1 AND p.undo_of = $2 ORDER BY p.created_at DESC LIMIT 1`,
    [transaction.workspaceId, planId],
  );
  return plan ?? null;
}

const FETCH = 2_000;

interface DeliveredRow {
  vendorId: string;
  /** Null: as planned. */
  before: unknown;
  after: unknown;
  /** Null: as written. */
  readBack: unknown;
}

async function copyReversed(transaction: Transaction, planId: PlanId, undoId: PlanId): Promise<number> {
  await transaction.query(
    `DECLARE delivered NO SCROLL CURSOR FOR SELECT vendor_id AS "vendorId", before, after, read_back AS "readBack"
     FROM delivery WHERE workspace_id = $1 AND plan_id = $2 AND status = 'applied'`,
    [transaction.workspaceId, planId],
  );
  const mapping = await mappingOfPlan(transaction, planId);
  let changes = 0;
  for (;;) {
    const rows = await transaction.query<DeliveredRow>(`FETCH ${FETCH} FROM delivered`);
    const reversed = await reversedChanges(transaction, planId, rows, mapping);
    await insertChanges(transaction, undoId, reversed);
    changes += reversed.length;
    if (rows.length < FETCH) break;
  }
  await transaction.query("CLOSE delivered");
  return changes;
}

type PlannedRow = Pick<PlanChange, "vendorId" | "recordId" | "profileId"> & {
  createdAt: Date | null;
  before: unknown;
  after: unknown;
  uses: unknown;
};

/** Looked up by id and portion: joined as a whole, a planner without statistics (a plan just written) takes for ever. */
async function reversedChanges(
  transaction: Transaction,
  planId: PlanId,
  deliveries: DeliveredRow[],
  mapping: Mapping,
): Promise<PlanChange[]> {
  const rows = await transaction.query<PlannedRow>(
    `SELECT c.vendor_id AS "vendorId", c.record_id AS "recordId", c.profile_id AS "profileId", c.before, c.after, c.uses,
       s.source_created_at AS "createdAt"
     FROM unnest($3::text[]) AS delivered (vendor_id)
     ${changeOf("delivered")}
     LEFT JOIN LATERAL (
       SELECT source_created_at FROM source_record WHERE workspace_id = $1 AND record_id = c.record_id OFFSET 0
     ) AS s ON true`,
    [transaction.workspaceId, planId, deliveries.map(({ vendorId }) => vendorId)],
  );
  const planned = new Map(rows.map((row) => [row.vendorId, row]));
  return deliveries.flatMap(({ vendorId, before, after, readBack }): PlanChange[] => {
    const target = planned.get(vendorId);
    if (target === undefined) return [];
    const { recordId, profileId } = target;
    const written = fieldValues.parse(after ?? target.after);
    const delivered = {
      before: fieldValues.parse(before ?? target.before),
      after: written,
      readBack: readBack === null ? written : fieldValues.parse(readBack),
      uses: uses.parse(target.uses),
    };
    const change = reverse(delivered, mapping);
    const createdAt = target.createdAt?.toISOString() ?? null;
    return change === null ? [] : [{ vendorId, recordId, profileId, createdAt, ...change }];
  });
}
