/** Identity in the database: who changed, which components that concerns, and what follows for the profiles. */
import type { ProfileId, RecordId, WorkspaceId } from "#profile/ids.ts";
import type { Resolution } from "#profile/identity/resolve.ts";
import { among, listed } from "../among.ts";
import { type Database, readByIndex, type Transaction } from "../database.ts";
import { settingAside, type Taken, type Took } from "../set-aside.ts";
import { explainProfile, findProfileId, type ProfileExplanation } from "./explain.ts";
import { gather, type Gathered, resolveGathered } from "./gather.ts";
import { identifyBatch } from "./identify.ts";
import { refreshSharedValues } from "./shared-values.ts";
import { deleteEmptied, type Difference, differenceOf, writeAliases, writeDifference, writeRefusals } from "./write.ts";

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
  /** There may be more to do: call again. */
  more: boolean;
}

export interface IdentityStore {
  /**
   * Resolves up to `limit` changed person records, in one transaction: killed anywhere, it never happened.
   *
   * The outcome is a function of the records known, not of the batches or their order. Cost follows the size of the
   * components that changed. Several may run side by side: they share the work as far as it can be shared.
   */
  resolveBatch(workspaceId: WorkspaceId, options: { limit: number }): Promise<ResolvedBatch>;
  explain(workspaceId: WorkspaceId, profileId: ProfileId): Promise<ProfileExplanation>;
  findProfile(workspaceId: WorkspaceId, query: string): Promise<ProfileId | undefined>;
}

export function createIdentityStore(database: Database): IdentityStore {
  return {
    async resolveBatch(workspaceId, { limit }) {
      const batch = { workspaceId, step: "identity", limit } as const;
      const identified = await settingAside(database, batch, NOTHING, identifyWhole);
      return identified.more ? identified : settingAside(database, batch, NOTHING, resolveBatch);
    },
    explain: (workspaceId, profileId) =>
      database.inWorkspace(workspaceId, (transaction) => explainProfile(transaction, profileId)),
    findProfile: (workspaceId, query) =>
      database.inWorkspace(workspaceId, (transaction) => findProfileId(transaction, query)),
  };
}

const NOTHING: ResolvedBatch = { touched: 0, records: 0, created: 0, merged: 0, split: 0, refusals: 0, more: false };

/** Identifiers alone, where there is a whole batch of records without: beside others that do the same. */
async function identifyWhole(transaction: Transaction, limit: number, took: Took): Promise<ResolvedBatch> {
  await lockProfiles(transaction, "shared");
  await readByIndex(transaction);
  const identified = await identifyBatch(transaction, { limit, least: limit }, took);
  return { ...NOTHING, more: identified > 0 };
}

async function resolveBatch(transaction: Transaction, limit: number, took: Took): Promise<ResolvedBatch> {
  await lockProfiles(transaction);
  await readByIndex(transaction);
  // First everybody's identifiers, then components: so that each is met whole, and once, however its records arrived.
  const identified = await identifyBatch(transaction, { limit, least: 1 }, took);
  if (identified === limit) return { ...NOTHING, more: true };
  const start = await unresolved(transaction, limit);
  if (start.length === 0) return NOTHING;
  took(start);
  const gathered = await gather(
    transaction,
    start.map(({ id }) => id),
    (values) => refreshSharedValues(transaction, values),
  );
  // Marks go before any profile is locked: ingest, too, marks records first and profiles then. While the database takes
  // them off, it is worked out here what follows.
  const [touched, { resolution, difference }] = await Promise.all([
    settle(transaction, new Set([...start.map(({ id }) => id), ...gathered.records.keys()])),
    decide(gathered),
  ]);
  await writeDifference(transaction, resolution, difference, touched);
  await writeAliases(transaction, gathered, resolution, difference);
  await deleteEmptied(transaction, difference.emptied);
  // A record that had no profile yet cannot be in a stored refusal.
  await writeRefusals(transaction, [...gathered.profileOf.keys()], resolution.refusals);
  return {
    touched: touched.size,
    records: gathered.records.size,
    created: difference.created.length,
    merged: difference.emptied.length,
    split: difference.split,
    refusals: resolution.refusals.length,
    // The holders of a value that turned are marked for another look.
    more: start.length === limit || gathered.turned,
  };
}

async function decide(gathered: Gathered): Promise<{ resolution: Resolution; difference: Difference }> {
  const resolution = resolveGathered(gathered);
  return { resolution, difference: differenceOf(gathered, resolution) };
}

/** One at a time per workspace changes who belongs to which profile; those who write what hangs on profiles share the lock. */
export async function lockProfiles(
  transaction: Transaction,
  mode: "exclusive" | "shared" = "exclusive",
): Promise<void> {
  const lock = mode === "shared" ? "pg_advisory_xact_lock_shared" : "pg_advisory_xact_lock";
  await transaction.query(`SELECT ${lock}(hashtextextended('profiles ' || $1, 0))`, [transaction.workspaceId]);
}

function unresolved(transaction: Transaction, limit: number): Promise<(Taken & { id: RecordId })[]> {
  return transaction.query(
    `SELECT record_id AS id, touched_seq AS "touchedSeq" FROM unresolved
     WHERE workspace_id = $1 AND identified ORDER BY record_id LIMIT $2`,
    [transaction.workspaceId, limit],
  );
}

/**
 * Takes the marks off records whose components are resolved; what changed since its identifiers were read keeps its mark.
 *
 * @returns the records that were marked
 */
async function settle(transaction: Transaction, recordIds: ReadonlySet<RecordId>): Promise<Set<RecordId>> {
  const rows = await transaction.query<{ recordId: RecordId }>(
    `WITH done AS MATERIALIZED (
       SELECT record_id FROM unresolved WHERE workspace_id = $1 AND record_id ${among("$2")} AND identified
       ORDER BY record_id FOR UPDATE
     )
     DELETE FROM unresolved WHERE workspace_id = $1 AND record_id = ANY (ARRAY(SELECT record_id FROM done))
     RETURNING record_id AS "recordId"`,
    [transaction.workspaceId, listed(recordIds)],
  );
  return new Set(rows.map(({ recordId }) => recordId));
}
