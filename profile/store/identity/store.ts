/** Identity on the database: who changed, which components that concerns, and what follows for the profiles. */
import type { ProfileId, WorkspaceId } from "#profile/ids.ts";
import { resolve } from "#profile/identity/resolve.ts";
import type { Database, Transaction } from "../database.ts";
import { defaultCountryOf, explainProfile, findProfileId, type ProfileExplanation } from "./explain.ts";
import { gather } from "./gather.ts";
import { refreshIdentifiers, refreshSharedValues, type TouchedRecord } from "./identifiers.ts";
import { deleteEmptied, differenceOf, writeAliases, writeDifference, writeRefusals } from "./write.ts";

export interface ResolvedBatch {
  /** Changed person records taken. */
  touched: number;
  /** Records looked at: their whole components. */
  records: number;
  created: number;
  /** Profiles that were merged into others. */
  merged: number;
  /** Profiles that came out of others. */
  split: number;
  /** Suggested merges that protection refused, in the components looked at. */
  refusals: number;
  /** Ask again: there may be more to do. */
  more: boolean;
}

export interface IdentityStore {
  /**
   * Resolves up to `limit` changed person records, in one transaction: killed anywhere, it never happened.
   *
   * The outcome is a function of the records known, not of the batches or their order. Cost follows the size of the
   * components that changed.
   */
  resolveBatch(workspaceId: WorkspaceId, options: { limit: number }): Promise<ResolvedBatch>;
  explain(workspaceId: WorkspaceId, profileId: ProfileId): Promise<ProfileExplanation>;
  findProfile(workspaceId: WorkspaceId, query: string): Promise<ProfileId | undefined>;
}

export function createIdentityStore(database: Database): IdentityStore {
  return {
    resolveBatch: (workspaceId, { limit }) =>
      database.inWorkspace(workspaceId, (transaction) => resolveBatch(transaction, limit)),
    explain: (workspaceId, profileId) =>
      database.inWorkspace(workspaceId, (transaction) => explainProfile(transaction, profileId)),
    findProfile: (workspaceId, query) =>
      database.inWorkspace(workspaceId, (transaction) => findProfileId(transaction, query)),
  };
}

async function resolveBatch(transaction: Transaction, limit: number): Promise<ResolvedBatch> {
  await lockProfiles(transaction);
  const touched = await transaction.query<TouchedRecord>(
    `SELECT record_id, connection_id, stream, data, touched_seq FROM source_record
     WHERE workspace_id = $1 AND kind = 'person' AND touched_seq > resolved_seq ORDER BY touched_seq LIMIT $2`,
    [transaction.workspaceId, limit],
  );
  if (touched.length === 0) {
    return { touched: 0, records: 0, created: 0, merged: 0, split: 0, refusals: 0, more: false };
  }
  const ids = touched.map((record) => record.record_id);
  const values = await refreshIdentifiers(transaction, touched, await defaultCountryOf(transaction));
  const marked = await refreshSharedValues(transaction, values, ids);
  const gathered = await gather(transaction, ids);
  const resolution = resolve({ ...gathered, records: [...gathered.records.values()] });
  const difference = differenceOf(gathered, resolution);
  await writeDifference(transaction, difference, ids);
  await writeAliases(transaction, gathered, resolution, difference);
  await deleteEmptied(transaction, difference.emptied);
  // A record that had no profile yet cannot be in a stored refusal.
  await writeRefusals(transaction, [...gathered.profileOf.keys()], resolution.refusals);
  await markResolved(transaction, touched);
  return {
    touched: touched.length,
    records: gathered.records.size,
    created: difference.created.length,
    merged: difference.emptied.length,
    split: difference.split,
    refusals: resolution.refusals.length,
    more: touched.length === limit || marked > 0,
  };
}

/** One at a time per workspace changes who belongs to which profile, or writes what hangs on profiles. */
export async function lockProfiles(transaction: Transaction): Promise<void> {
  await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('profiles ' || $1, 0))", [
    transaction.workspaceId,
  ]);
}

/** Marks what was read, not what is: a change that came in meanwhile stays to be done. */
async function markResolved(transaction: Transaction, touched: readonly TouchedRecord[]): Promise<void> {
  const sorted = touched.toSorted((a, b) => (a.record_id < b.record_id ? -1 : 1));
  await transaction.query(
    `UPDATE source_record SET resolved_seq = done.seq FROM unnest($2::uuid[], $3::int8[]) AS done (record_id, seq)
     WHERE source_record.workspace_id = $1 AND source_record.record_id = done.record_id`,
    [transaction.workspaceId, sorted.map((record) => record.record_id), sorted.map((record) => record.touched_seq)],
  );
}
