/** Carrying a plan out: which changes are next, their results, the end. */
import { lockProfiles } from "../identity/lock-profiles.ts";
import type { FieldValues, PlanChange } from "#profile/plan/types.ts";
import { uuidOf, type PlanId } from "#profile/ids.ts";
import { readByIndex, type Transaction } from "../database.ts";
import { audit } from "../audit.ts";
import { fieldValues, uses } from "./columns.ts";
import { recordDeliveries } from "./deliveries.ts";
import {
  advancePlanned,
  changeOf,
  DELIVERY_OF_C,
  digestOfStored,
  lockConnection,
  lockPlan,
  plansUnderWay,
  unfinishedPlan,
  type PlanSummary,
} from "./rows.ts";

/** After so many tries a change that is "worth another try" counts as failed. */
const MAX_ATTEMPTS = 5;

/** Takes an approved plan into work. Again after a crash: nothing changes. Refuses changes that are not the sealed ones. */
export async function startApplying(transaction: Transaction, planId: PlanId): Promise<PlanSummary> {
  const plan = await lockPlan(transaction, planId);
  if (plan.status === "applying") return plan;
  if (plan.status !== "approved") throw new Error(`Plan ${planId} is ${plan.status}, not approved.`);
  if ((await digestOfStored(transaction, planId)) !== plan.digest) {
    throw new Error(`Plan ${planId} does not match its seal; it is not carried out.`);
  }
  await transaction.query("UPDATE plan SET status = 'applying' WHERE workspace_id = $1 AND plan_id = $2", [
    transaction.workspaceId,
    planId,
  ]);
  return { ...plan, status: "applying" };
}

export interface ClaimedChange extends PlanChange {
  /** `sent`: a try broke off before its result was recorded. */
  status: "pending" | "sent";
  attempts: number;
  /** The same for a repeated try whose outcome is unknown, another after a failed one. */
  idempotencyKey: string;
  /** The vendor's job that an earlier try left it with; null: none, or its end was seen. */
  job: string | null;
}

/** The last change of the portion before. */
export type ClaimCursor = Pick<ClaimedChange, "createdAt" | "vendorId">;

/**
 * The next changes without a result, those of records made first before others; reading only, the same again until
 * results are recorded.
 *
 * @param after so that one pass sees each change once however it ends
 */
export async function claim(
  transaction: Transaction,
  planId: PlanId,
  { limit, after }: { limit: number; after: ClaimCursor | null },
): Promise<ClaimedChange[]> {
  type Row = Omit<ClaimedChange, "idempotencyKey" | "createdAt" | "before" | "after" | "uses">;
  // Read in the order of the index: a planner that knows nothing yet of a plan just written would hash or sort it whole.
  await readByIndex(transaction);
  const rows = await transaction.query<
    Row & { createdAt: Date | null; before: unknown; after: unknown; uses: unknown }
  >(
    `SELECT c.vendor_id AS "vendorId", c.record_id AS "recordId", c.profile_id AS "profileId", c.before, c.after, c.uses,
       coalesce(d.status, 'pending') AS status, coalesce(d.attempts, 0) AS attempts, d.job,
       CASE WHEN isfinite(c.source_created_at) THEN c.source_created_at END AS "createdAt"
     FROM plan_change c ${DELIVERY_OF_C}
     WHERE c.workspace_id = $1 AND c.plan_id = $2 AND (c.source_created_at, c.vendor_id) > ($4::timestamptz, $5::text)
       AND (d.status IS NULL OR d.status IN ('pending', 'sent'))
       AND EXISTS (SELECT FROM plan WHERE workspace_id = $1 AND plan_id = $2 AND status = 'applying')
     ORDER BY c.source_created_at, c.vendor_id LIMIT $3`,
    [transaction.workspaceId, planId, limit, ...placeOf(after)],
  );
  return rows.map((row) => {
    const attempt = row.status === "pending" ? row.attempts + 1 : row.attempts;
    return {
      ...row,
      createdAt: row.createdAt?.toISOString() ?? null,
      before: fieldValues.parse(row.before),
      after: fieldValues.parse(row.after),
      uses: uses.parse(row.uses),
      idempotencyKey: uuidOf("write", planId, row.vendorId, String(attempt)),
    };
  });
}

const placeOf = (after: ClaimCursor | null): [at: string, vendorId: string] =>
  after === null ? ["-infinity", ""] : [after.createdAt ?? "infinity", after.vendorId];

/** To be committed before the vendor is called, so that a crash leaves a trace. */
export async function markSent(transaction: Transaction, planId: PlanId, vendorIds: string[]): Promise<void> {
  await transaction.query(
    `INSERT INTO delivery AS tried (workspace_id, plan_id, vendor_id, status, attempts)
     SELECT $1, $2, vendor_id, 'sent', 1 FROM unnest($3::text[]) AS sent (vendor_id)
     ON CONFLICT (workspace_id, plan_id, vendor_id) DO UPDATE SET status = 'sent',
       attempts = tried.attempts + CASE WHEN tried.status = 'pending' THEN 1 ELSE 0 END
     WHERE tried.status IN ('pending', 'sent')`,
    [transaction.workspaceId, planId, vendorIds.toSorted()],
  );
}

/** To be committed before the vendor is asked about the job, so that a try after a crash asks about it too. */
export async function markJob(
  transaction: Transaction,
  planId: PlanId,
  job: string,
  vendorIds: readonly string[],
): Promise<void> {
  await transaction.query(
    `INSERT INTO delivery AS tried (workspace_id, plan_id, vendor_id, status, attempts, job)
     SELECT $1, $2, vendor_id, 'sent', 1, $4 FROM unnest($3::text[]) AS begun (vendor_id)
     ON CONFLICT (workspace_id, plan_id, vendor_id) DO UPDATE SET job = excluded.job
     WHERE tried.status IN ('pending', 'sent')`,
    [transaction.workspaceId, planId, vendorIds.toSorted(), job],
  );
}

export type ChangeResult = { vendorId: string } & (
  | {
      outcome: "applied";
      before: FieldValues;
      after: FieldValues;
      readBack: FieldValues;
      grantEntryIds: readonly string[];
    }
  | { outcome: "failed"; reason: string }
  /** Worth another try: pending again, failed after five. */
  | { outcome: "retry"; reason: string }
  | { outcome: "skipped"; cause: "consent" | "live_changed" | "edited" | "fields"; reason: string }
  | { outcome: "gone"; reason: string }
);

/** Records the results of changes; an applied one with what was delivered. Repeating changes nothing. */
export async function recordResults(
  transaction: Transaction,
  planId: PlanId,
  results: ChangeResult[],
  at: string,
): Promise<void> {
  const recorded = new Set(await recordDeliveries(transaction, planId, results, { at, maxAttempts: MAX_ATTEMPTS }));
  const changedThere = results.filter(
    (result) => recorded.has(result.vendorId) && result.outcome === "skipped" && result.cause === "live_changed",
  );
  await lookAgain(
    transaction,
    planId,
    changedThere.map(({ vendorId }) => vendorId),
  );
}

/** The next plan compares these anew. Only after a foreign change: what the vendor refuses it would refuse again. */
async function lookAgain(transaction: Transaction, planId: PlanId, vendorIds: string[]): Promise<void> {
  if (vendorIds.length === 0) return;
  // A plan of another tool waits for marks that are not committed yet.
  await lockProfiles(transaction, "shared");
  await transaction.query(
    // In their order, as everybody locks profiles.
    `WITH locked AS MATERIALIZED (
       SELECT profile_id FROM profile WHERE workspace_id = $1 AND profile_id = ANY (ARRAY(
         SELECT m.profile_id FROM unnest($3::text[]) AS changed (vendor_id)
         ${changeOf("changed")}
         CROSS JOIN LATERAL (SELECT profile_id FROM membership WHERE workspace_id = $1 AND record_id = c.record_id OFFSET 0) AS m
         WHERE EXISTS (SELECT FROM plan WHERE workspace_id = $1 AND plan_id = $2 AND kind = 'write')
       )) ORDER BY profile_id FOR NO KEY UPDATE
     )
     UPDATE profile SET output_seq = nextval('change_seq')
     WHERE workspace_id = $1 AND profile_id = ANY (ARRAY(SELECT profile_id FROM locked))`,
    [transaction.workspaceId, planId, vendorIds],
  );
}

export type Ending =
  | { outcome: "unfinished"; remaining: number }
  | {
      outcome: "applied" | "applied_with_failures";
      counts: { applied: number; failed: number; skipped: number; gone: number };
    };

/** Closes the plan once every change has a result; the destination then counts as planned up to the plan's mark. */
export async function finish(transaction: Transaction, planId: PlanId, at: string): Promise<Ending> {
  const plan = await lockPlan(transaction, planId);
  const counts = { pending: 0, sent: 0, applied: 0, failed: 0, skipped: 0, gone: 0 };
  const rows = await transaction.query<{ status: keyof typeof counts; changes: number }>(
    // What has no delivery was not tried yet.
    `WITH tried AS (SELECT status, count(*) AS changes FROM delivery WHERE workspace_id = $1 AND plan_id = $2 GROUP BY 1)
     SELECT status, changes FROM tried UNION ALL
     SELECT 'pending', (SELECT count(*) FROM plan_change WHERE workspace_id = $1 AND plan_id = $2)
       - (SELECT coalesce(sum(changes), 0)::int8 FROM tried)`,
    [transaction.workspaceId, planId],
  );
  for (const { status, changes } of rows) counts[status] += changes;
  const { pending, sent, ...done } = counts;
  if (pending + sent > 0) return { outcome: "unfinished", remaining: pending + sent };
  const outcome = done.failed > 0 ? "applied_with_failures" : "applied";
  if (plan.status === "applying") {
    await transaction.query("UPDATE plan SET status = $3, finished_at = $4 WHERE workspace_id = $1 AND plan_id = $2", [
      transaction.workspaceId,
      planId,
      outcome,
      at,
    ]);
    if (plan.kind === "write") await advancePlanned(transaction, plan);
    else await markUndone(transaction, plan, done.failed > 0 ? "partly_undone" : "undone");
  }
  return { outcome, counts: done };
}

async function markUndone(
  transaction: Transaction,
  { undoOf }: PlanSummary,
  status: "undone" | "partly_undone",
): Promise<void> {
  await transaction.query("UPDATE plan SET status = $3 WHERE workspace_id = $1 AND plan_id = $2", [
    transaction.workspaceId,
    undoOf,
    status,
  ]);
}

export type Retrying =
  /** The plan is approved again with this many changes to try. */
  | { outcome: "approved"; changes: number }
  /** It was never finished: so many changes have no result yet. */
  | { outcome: "unfinished"; changes: number }
  /** No failed change is left that a newer plan does not cover. */
  | { outcome: "nothing_to_retry" }
  /** Its changes are past their time and gone. */
  | { outcome: "pruned"; prunedAt: Date }
  | { outcome: "busy" };

/**
 * Failed changes alone are tried again; those whose profile has newer values are left to the next plan. Of a plan that
 * nobody finished those without a result: one that may have been sent is looked at in the tool before it is sent again.
 */
export async function retryFailed(
  transaction: Transaction,
  planId: PlanId,
  { actor, at }: { actor: string; at: string },
): Promise<Retrying> {
  const plan = await lockPlan(transaction, planId);
  if (plan.prunedAt !== null) return { outcome: "pruned", prunedAt: plan.prunedAt };
  await lockConnection(transaction, plan.connectionId);
  if (plan.status === "approved" || plan.status === "applying") {
    const changes = (await plansUnderWay(transaction)).find((known) => known.planId === planId)?.open ?? 0;
    await audit(transaction, { actor, action: "plan.retry", subject: planId, at, details: { changes } });
    return { outcome: "unfinished", changes };
  }
  const open = await unfinishedPlan(transaction, plan.connectionId);
  if (open !== null && open.status !== "waiting") return { outcome: "busy" };
  if (plan.status !== "applied_with_failures") return { outcome: "nothing_to_retry" };
  const rows = await transaction.query(
    `UPDATE delivery d SET status = 'pending', reason = NULL
     WHERE d.workspace_id = $1 AND d.plan_id = $2 AND d.status = 'failed' AND ($3 = 'undo' OR (
       SELECT p.output_seq <= $4 FROM plan_change c JOIN profile p ON p.workspace_id = $1 AND p.profile_id = c.profile_id
       WHERE c.workspace_id = $1 AND c.plan_id = $2 AND c.vendor_id = d.vendor_id))
     RETURNING 1 AS one`,
    [transaction.workspaceId, planId, plan.kind, plan.throughSeq],
  );
  if (rows.length === 0) return { outcome: "nothing_to_retry" };
  await transaction.query(
    "UPDATE plan SET status = 'approved', finished_at = NULL WHERE workspace_id = $1 AND plan_id = $2",
    [transaction.workspaceId, planId],
  );
  await audit(transaction, { actor, action: "plan.retry", subject: planId, at, details: { changes: rows.length } });
  return { outcome: "approved", changes: rows.length };
}
