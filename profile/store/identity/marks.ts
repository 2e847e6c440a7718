/** Who has work to do: person records for identity, profiles for consent and scores. */
import type { ProfileId, RecordId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import { insertInto } from "../insert.ts";

const changed = insertInto<RecordId>({
  table: "unresolved",
  columns: { record_id: { type: "uuid", of: (recordId) => recordId } },
  key: ["record_id"],
  onConflict: "update",
  also: "touched_seq = excluded.touched_seq, identified = false",
});

/** Marks person records whose content changed. */
export async function markChanged(transaction: Transaction, recordIds: readonly RecordId[]): Promise<void> {
  await changed(transaction, recordIds);
}

const concerned = insertInto<RecordId>({
  table: "unresolved",
  columns: {
    record_id: { type: "uuid", of: (recordId) => recordId },
    identified: { type: "bool", of: () => true },
  },
  key: ["record_id"],
  onConflict: "ignore",
});

/** Marks records for another look at who they are. Marks that exist stay as they are. */
export async function markConcerned(transaction: Transaction, recordIds: readonly RecordId[]): Promise<void> {
  await concerned(transaction, recordIds);
}

/**
 * Marks profiles as needing new consent and scores, those in `output` also as having news for destinations. Sorted locks:
 * two streams may meet at one profile.
 */
export async function touchProfiles(
  transaction: Transaction,
  profileIds: Iterable<ProfileId>,
  output: Iterable<ProfileId> = [],
): Promise<void> {
  const news = [...output];
  const ids = [...new Set([...profileIds, ...news])];
  if (ids.length === 0) return;
  await transaction.query(
    `WITH locked AS MATERIALIZED (
       SELECT profile_id FROM profile WHERE workspace_id = $1 AND profile_id ${among("$2")}
       ORDER BY profile_id FOR NO KEY UPDATE
     )
     UPDATE profile SET touched_seq = nextval('change_seq'),
       output_seq = CASE WHEN profile_id = ANY($3::uuid[]) THEN nextval('change_seq') ELSE output_seq END
     WHERE workspace_id = $1 AND profile_id = ANY (ARRAY(SELECT profile_id FROM locked))`,
    [transaction.workspaceId, listed(ids), listed(news)],
  );
}

/** Marks the profiles of these person records. */
export async function touchProfilesOf(transaction: Transaction, recordIds: readonly RecordId[]): Promise<void> {
  if (recordIds.length === 0) return;
  const rows = await transaction.query<{ profile_id: ProfileId }>(
    `SELECT DISTINCT profile_id FROM membership WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(new Set(recordIds))],
  );
  await touchProfiles(
    transaction,
    rows.map((row) => row.profile_id),
  );
}

/** A profile that a step has to look at, and the mark up to which that settles it. */
export interface DueProfile {
  profileId: ProfileId;
  touchedSeq: number;
}

const STEPS = {
  consent: { done: "consented_seq", due: "consent_due_at" },
  scores: { done: "scored_seq", due: "score_due_at" },
};

/**
 * Profiles that changed since the step last looked at them, or whose time has come by `at`. Locked, so that several batches
 * share the work; what is touched meanwhile keeps a higher mark and comes up again.
 */
export function pickDueProfiles(
  transaction: Transaction,
  step: keyof typeof STEPS,
  { limit, at }: { limit: number; at: string },
): Promise<DueProfile[]> {
  const { done, due } = STEPS[step];
  return transaction.query<DueProfile>(
    `WITH changed AS (
       SELECT profile_id, touched_seq FROM profile WHERE workspace_id = $1 AND touched_seq > ${done}
       ORDER BY touched_seq LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
     ), due AS (
       SELECT profile_id, touched_seq FROM profile WHERE workspace_id = $1 AND ${due} <= $3
       ORDER BY ${due} LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
     )
     SELECT profile_id AS "profileId", touched_seq AS "touchedSeq"
     FROM (SELECT * FROM changed UNION SELECT * FROM due LIMIT $2) AS picked`,
    [transaction.workspaceId, limit, at],
  );
}
