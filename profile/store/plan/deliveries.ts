/** What became of planned changes: one narrow row each, and per record what we last left there. */
import type { PlanId, RecordId } from "#profile/ids.ts";
import type { FieldValues } from "#profile/plan/types.ts";
import type { Transaction } from "../database.ts";
import { insertInto } from "../insert.ts";
import type { ChangeResult } from "./apply.ts";
import { changeOf, findPlan } from "./rows.ts";

type Applied = Extract<ChangeResult, { outcome: "applied" }>;

/**
 * Keeps the results of changes that have none yet. Values are kept only where they are others than planned, or read back
 * otherwise than written: nearly always they are the same.
 *
 * @returns the vendor ids of those whose result was kept
 */
export async function recordDeliveries(
  transaction: Transaction,
  planId: PlanId,
  results: readonly ChangeResult[],
  { at, maxAttempts }: { at: string; maxAttempts: number },
): Promise<string[]> {
  if (results.length === 0) return [];
  const sorted = results.toSorted((a, b) => (a.vendorId < b.vendorId ? -1 : 1));
  const applied = (of: (result: Applied) => string | null) =>
    sorted.map((result) => (result.outcome === "applied" ? of(result) : null));
  const kept = await transaction.query<{ vendorId: string; recordId: RecordId }>(
    `INSERT INTO delivery AS tried (workspace_id, plan_id, vendor_id, status, attempts, reason, before, after, read_back,
       grant_entry_ids, delivered_at)
     SELECT $1, $2, c.vendor_id, CASE r.outcome WHEN 'retry' THEN 'pending' ELSE r.outcome END, 0, r.reason,
       nullif(r.before::jsonb, c.before), nullif(r.after::jsonb, c.after), r.read_back::jsonb, r.grants::uuid[],
       CASE WHEN r.outcome = 'applied' THEN $9::timestamptz END
     FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $10::text[])
       AS r (vendor_id, outcome, reason, before, after, read_back, grants)
     ${changeOf("r")}
     ON CONFLICT (workspace_id, plan_id, vendor_id) DO UPDATE SET reason = excluded.reason, before = excluded.before,
       after = excluded.after, read_back = excluded.read_back, grant_entry_ids = excluded.grant_entry_ids,
       delivered_at = excluded.delivered_at, job = CASE WHEN excluded.status = 'pending' THEN tried.job END,
       status = CASE WHEN excluded.status = 'pending' AND tried.attempts > 0 AND tried.attempts % ${maxAttempts} = 0 THEN 'failed'
         ELSE excluded.status END
     WHERE tried.status IN ('pending', 'sent')
     RETURNING vendor_id AS "vendorId",
       (SELECT record_id FROM plan_change c WHERE c.workspace_id = $1 AND c.plan_id = $2 AND c.vendor_id = tried.vendor_id)
         AS "recordId"`,
    [
      transaction.workspaceId,
      planId,
      sorted.map(({ vendorId }) => vendorId),
      sorted.map(({ outcome }) => outcome),
      sorted.map((result) => (result.outcome === "applied" ? null : result.reason)),
      applied(({ before }) => JSON.stringify(before)),
      applied(({ after }) => JSON.stringify(after)),
      applied(({ after, readBack }) => (isSame(after, readBack) ? null : JSON.stringify(readBack))),
      at,
      applied(({ grantEntryIds }) => `{${grantEntryIds.join()}}`),
    ],
  );
  const recordOf = new Map(kept.map(({ vendorId, recordId }) => [vendorId, recordId]));
  const left = sorted.flatMap((result): Left[] => {
    const recordId = recordOf.get(result.vendorId);
    return result.outcome === "applied" && recordId !== undefined ? [{ recordId, held: result.readBack }] : [];
  });
  await rememberWritten(transaction, planId, left, at);
  return kept.map(({ vendorId }) => vendorId);
}

function isSame(after: FieldValues, readBack: FieldValues): boolean {
  const names = Object.keys(after);
  return names.length === Object.keys(readBack).length && names.every((name) => after[name] === readBack[name]);
}

interface Left {
  recordId: RecordId;
  held: FieldValues;
}

async function rememberWritten(
  transaction: Transaction,
  planId: PlanId,
  left: readonly Left[],
  at: string,
): Promise<void> {
  if (left.length === 0) return;
  const plan = await findPlan(transaction, planId);
  if (plan === null) throw new Error(`There is no plan ${planId}.`);
  await writeLeft(transaction, left, [plan.connectionId, planId, at]);
}

const writeLeft = insertInto<Left>({
  table: "last_written",
  constants: ["connection_id", "plan_id", "written_at"],
  columns: {
    record_id: { type: "uuid", of: ({ recordId }) => recordId },
    // Fields that this plan does not name stay as an earlier one left them.
    held: {
      type: "text",
      cast: "jsonb",
      merged: "stored.held || excluded.held",
      of: ({ held }) => JSON.stringify(held),
    },
  },
  key: ["record_id"],
  onConflict: "update",
  also: "plan_id = excluded.plan_id, written_at = excluded.written_at",
});
