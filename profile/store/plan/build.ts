/** Making a plan: which profiles have news for a destination, what is to change, the seal. */
import { OWN_NAMES } from "#profile/plan/fields.ts";
import type { MappedField } from "#profile/plan/mapping.ts";
import { decideApproval } from "#profile/plan/policy.ts";
import { WRITTEN, type PlanChange } from "#profile/plan/types.ts";
import { uuidOf, type ConnectionId, type PlanId } from "#profile/ids.ts";
import { audit } from "../audit.ts";
import { readByIndex, type Transaction } from "../database.ts";
import { lockProfiles } from "../identity/lock-profiles.ts";
import { insertInto } from "../insert.ts";
import type { Candidate } from "./candidates.ts";
import { advancePlanned, digestOfStored, lockConnection, lockPlan, unfinishedPlan, type PlanSummary } from "./rows.ts";

export type Beginning =
  /** No profile has news for the destination. */
  | { outcome: "nothing" }
  /** A sealed plan waits and there is nothing newer than it. */
  | { outcome: "waiting"; plan: PlanSummary }
  /** An approved plan has to be carried out first. */
  | { outcome: "unfinished"; plan: PlanSummary }
  | { outcome: "building"; planId: PlanId };

/** What a plan compares. */
export interface BuiltFor {
  /** Stands for the fields: with others, what was compared says nothing. */
  digest: string;
  /** The connection's with which they were read. */
  revision: number;
  fields: readonly MappedField[];
}

const OWN: BuiltFor = {
  ...{ digest: "", revision: 0 },
  fields: [...OWN_NAMES.keys()].map((name) => ({ field: name, source: name })),
};

/**
 * Starts a plan, or says why there is none to make. A half-made one is gone on with under the same id: what was compared
 * for the same fields, not longer than a day ago, counts for as long as the profile does not change.
 *
 * A plan that waits is made anew where the fields are others now.
 */
export async function begin(
  transaction: Transaction,
  connectionId: ConnectionId,
  at: string,
  builtFor: BuiltFor = OWN,
): Promise<Beginning> {
  const { workspaceId } = transaction;
  const { plannedSeq, fieldsRevision } = await lockConnection(transaction, connectionId);
  const open = await unfinishedPlan(transaction, connectionId);
  if (open?.status === "approved" || open?.status === "applying") return { outcome: "unfinished", plan: open };
  const outdated = open?.status === "waiting" && open.fieldsRevision !== fieldsRevision;
  if (!outdated && (await newestOutput(transaction)) <= (open?.status === "waiting" ? open.throughSeq : plannedSeq)) {
    if (open?.status === "waiting") return { outcome: "waiting", plan: open };
    if (open === null) return { outcome: "nothing" };
  }
  // Marks are taken from a sequence before they are committed. Waiting for writers under way means that every mark
  // up to the one read next can be seen; without it a late commit below it would never be planned. All who take marks of
  // output hold this lock; those of other workspaces are not waited for.
  await lockProfiles(transaction);
  const throughSeq = await newestOutput(transaction);
  if (open?.status === "building") {
    const [kept] = await transaction.query(
      `UPDATE plan SET through_seq = $3, fields_revision = $6 WHERE workspace_id = $1 AND plan_id = $2 AND built_for = $4
         AND created_at > $5::timestamptz - interval '1 day' RETURNING plan_id`,
      [workspaceId, open.planId, throughSeq, builtFor.digest, at, builtFor.revision],
    );
    if (kept === undefined) {
      await startOver(transaction, open.planId);
      await transaction.query(
        `UPDATE plan SET through_seq = $3, built_for = $4, created_at = $5, fields_revision = $6, fields = $7
         WHERE workspace_id = $1 AND plan_id = $2`,
        [workspaceId, open.planId, throughSeq, builtFor.digest, at, builtFor.revision, fieldsOf(builtFor)],
      );
    }
    return { outcome: "building", planId: open.planId };
  }
  await supersedeOpen(transaction, open, at);
  const planId = await nextPlanId(transaction, connectionId);
  await transaction.query(
    `INSERT INTO plan (workspace_id, plan_id, connection_id, status, through_seq, created_at, built_for,
       fields_revision, fields)
     VALUES ($1, $2, $3, 'building', $4, $5, $6, $7, $8)`,
    [
      ...[workspaceId, planId, connectionId, throughSeq, at],
      ...[builtFor.digest, builtFor.revision, fieldsOf(builtFor)],
    ],
  );
  return { outcome: "building", planId };
}

const fieldsOf = ({ fields }: BuiltFor): string =>
  JSON.stringify(fields.map(({ field, source }) => ({ field, source })));

/** A plan that waits, or was never sealed, gives way to a newer one. */
export async function supersedeOpen(
  transaction: Transaction,
  open: PlanSummary | null,
  at: string,
): Promise<PlanId | null> {
  if (open === null) return null;
  await startOver(transaction, open.planId);
  await transaction.query(
    "UPDATE plan SET status = 'superseded', finished_at = $3 WHERE workspace_id = $1 AND plan_id = $2",
    [transaction.workspaceId, open.planId, at],
  );
  return open.planId;
}

async function startOver(transaction: Transaction, planId: PlanId): Promise<void> {
  for (const table of ["plan_change", "plan_compared"])
    await transaction.query(`DELETE FROM ${table} WHERE workspace_id = $1 AND plan_id = $2`, [
      transaction.workspaceId,
      planId,
    ]);
}

export async function newestOutput(transaction: Transaction): Promise<number> {
  const [row] = await transaction.query<{ newest: number }>(
    "SELECT coalesce(max(output_seq), 0) AS newest FROM profile WHERE workspace_id = $1",
    [transaction.workspaceId],
  );
  return row?.newest ?? 0;
}

/**
 * The n-th plan of a connection always has the same id, and no other installation's plan has it: its workflow is named after
 * it. The connection's lock is held.
 */
export async function nextPlanId(transaction: Transaction, connectionId: ConnectionId): Promise<PlanId> {
  const [row] = await transaction.query<{ installation: string; plans: number }>(
    `SELECT installation_id AS installation,
       plans_pruned + (SELECT count(*) FROM plan WHERE workspace_id = $1 AND connection_id = $2) AS plans
     FROM connection, installation WHERE workspace_id = $1 AND connection_id = $2`,
    [transaction.workspaceId, connectionId],
  );
  if (row === undefined) throw new Error("The database does not say which installation it is of.");
  return uuidOf("plan", row.installation, connectionId, String(row.plans)) as PlanId; // the one place where plan ids are made
}

/** A record that was looked at, with the mark of its profile at that time. */
export type Compared = Pick<Candidate, "recordId" | "vendorId" | "outputSeq">;

/**
 * Adds changes to a plan under construction; the same record again replaces its change, or takes it back where there is
 * none any more. What was compared is kept for another attempt.
 */
export async function addChanges(
  transaction: Transaction,
  planId: PlanId,
  changes: PlanChange[],
  compared: readonly Compared[] = [],
): Promise<void> {
  const plan = await lockPlan(transaction, planId);
  if (plan.status !== "building") throw new Error(`Plan ${planId} is ${plan.status}; changes can no longer be added.`);
  await readByIndex(transaction);
  const changed = new Set(changes.map(({ vendorId }) => vendorId));
  const right = compared.filter(({ vendorId }) => !changed.has(vendorId)).map(({ vendorId }) => vendorId);
  if (right.length > 0)
    await transaction.query(
      "DELETE FROM plan_change WHERE workspace_id = $1 AND plan_id = $2 AND vendor_id = ANY($3::text[])",
      [transaction.workspaceId, planId, right],
    );
  await insertChanges(transaction, planId, changes);
  await keepCompared(transaction, compared, [planId]);
}

const keepCompared = insertInto<Compared>({
  table: "plan_compared",
  constants: ["plan_id"],
  columns: {
    record_id: { type: "uuid", of: ({ recordId }) => recordId },
    output_seq: { type: "int8", of: ({ outputSeq }) => outputSeq },
  },
  key: ["plan_id", "record_id"],
  onConflict: "update",
});

export async function insertChanges(transaction: Transaction, planId: PlanId, changes: PlanChange[]): Promise<void> {
  await writeChanges(transaction, changes, [planId]);
}

const writeChanges = insertInto<PlanChange>({
  table: "plan_change",
  constants: ["plan_id"],
  columns: {
    vendor_id: { type: "text", of: ({ vendorId }) => vendorId },
    record_id: { type: "uuid", of: ({ recordId }) => recordId },
    profile_id: { type: "uuid", of: ({ profileId }) => profileId },
    source_created_at: { type: "timestamptz", of: ({ createdAt }) => createdAt ?? "infinity" },
    before: { type: "text", cast: "jsonb", of: ({ before }) => JSON.stringify(before) },
    after: { type: "text", cast: "jsonb", of: ({ after }) => JSON.stringify(after) },
    uses: { type: "text", cast: "jsonb", of: ({ uses }) => JSON.stringify(uses) },
  },
  key: ["plan_id", "vendor_id"],
  onConflict: "update",
});

export interface Sealed {
  status: "waiting" | "approved" | "empty";
  /** Why it waits or may go ahead. */
  reason: string;
  digest: string | null;
  changes: number;
  compared: number;
  destinationRecords: number;
}

/** Who approves plans that only take people out of audiences. They say nothing of what somebody agreed to be written. */
const TAKEN_OUT = "leaving";

/**
 * Closes a plan. Without changes the destination is up to date; otherwise the policy decides whether it waits.
 *
 * @param audience of plans whose records are members: how many there are; `leaving`: why it does not wait
 */
export async function seal(
  transaction: Transaction,
  planId: PlanId,
  stream: string,
  at: string,
  audience: { destinationRecords?: number; leaving?: string } = {},
): Promise<Sealed> {
  const plan = await lockPlan(transaction, planId);
  if (plan.status !== "building") throw new Error(`Plan ${planId} is ${plan.status} and cannot be sealed.`);
  const [counts] = await transaction.query<{ changes: number; compared: number }>(
    `SELECT (SELECT count(*) FROM plan_change WHERE workspace_id = $1 AND plan_id = $2) AS changes,
       (SELECT count(*) FROM profile p
        JOIN membership m ON m.workspace_id = $1 AND m.profile_id = p.profile_id
        JOIN source_record s ON s.workspace_id = $1 AND s.record_id = m.record_id
        WHERE p.workspace_id = $1 AND s.connection_id = c.connection_id AND s.stream = $4 AND s.kind = 'person'
          AND NOT s.deleted AND p.output_seq > c.planned_seq) AS compared
     FROM connection c WHERE c.workspace_id = $1 AND c.connection_id = $3`,
    [transaction.workspaceId, planId, plan.connectionId, stream],
  );
  const { changes, compared } = counts ?? { changes: 0, compared: 0 };
  await transaction.query("DELETE FROM plan_compared WHERE workspace_id = $1 AND plan_id = $2", [
    transaction.workspaceId,
    planId,
  ]);
  if (changes === 0) {
    await transaction.query(
      "UPDATE plan SET status = 'empty', compared = $3, finished_at = $4 WHERE workspace_id = $1 AND plan_id = $2",
      [transaction.workspaceId, planId, compared, at],
    );
    await advancePlanned(transaction, plan);
    const reason = "Every value is already as it should be.";
    return { status: "empty", reason, digest: null, changes, compared, destinationRecords: 0 };
  }
  const digest = await digestOfStored(transaction, planId);
  const { leaving, ...known } = audience;
  const facts = { ...(await policyFacts(transaction, plan, stream)), ...known };
  const { decision, reason } =
    leaving === undefined ? decideApproval({ changes, ...facts }) : { decision: "approved" as const, reason: leaving };
  await transaction.query(
    `UPDATE plan SET status = $3, digest = decode($4, 'hex'), changes = $5, compared = $6, destination_records = $7,
       approved_at = CASE WHEN $3 = 'approved' THEN $8::timestamptz END, approved_by = CASE WHEN $3 = 'approved' THEN $9 END
     WHERE workspace_id = $1 AND plan_id = $2`,
    [
      ...[transaction.workspaceId, planId, decision, digest, changes, compared, facts.destinationRecords, at],
      leaving === undefined ? "policy" : TAKEN_OUT,
    ],
  );
  if (decision === "approved") {
    await audit(transaction, {
      actor: "policy",
      action: "plan.approve",
      subject: planId,
      at,
      details: { digest, reason },
    });
  }
  return { status: decision, reason, digest, changes, compared, destinationRecords: facts.destinationRecords };
}

async function policyFacts(transaction: Transaction, plan: PlanSummary, stream: string) {
  const [row] = await transaction.query<{
    destinationRecords: number;
    appliedBefore: boolean;
    undoneSince: boolean;
    fieldsChanged: boolean;
    partlyRead: boolean;
    autoApplyShare: number | null;
  }>(
    `SELECT c.auto_apply_share AS "autoApplyShare",
       (SELECT count(*) FROM source_record s WHERE s.workspace_id = $1 AND s.connection_id = $2 AND s.stream = $3
          AND s.kind = 'person' AND NOT s.deleted) AS "destinationRecords",
       p.at IS NOT NULL AS "appliedBefore", coalesce(p.fields_revision <> c.fields_revision, false) AS "fieldsChanged", coalesce(u.at >= p.at, false) AS "undoneSince",
       EXISTS (SELECT FROM stream_state r JOIN connection o USING (workspace_id, connection_id) WHERE r.workspace_id = $1
         AND r.full_read_at IS NULL AND r.full_read_started_at IS NOT NULL
         AND o.status NOT IN ('paused', 'disconnected')) AS "partlyRead"
     FROM connection c
     CROSS JOIN LATERAL (SELECT max(approved_at) AS at, max(fields_revision) AS fields_revision FROM plan
       WHERE workspace_id = $1 AND connection_id = $2 AND kind = 'write' AND status = ANY($4::text[])
         AND approved_by <> '${TAKEN_OUT}') AS p
     CROSS JOIN LATERAL (SELECT max(created_at) AS at FROM plan WHERE workspace_id = $1 AND connection_id = $2
       AND kind = 'undo') AS u
     WHERE c.workspace_id = $1 AND c.connection_id = $2`,
    [transaction.workspaceId, plan.connectionId, stream, WRITTEN],
  );
  if (row === undefined) throw new Error(`There is no connection ${plan.connectionId}.`);
  return row;
}
