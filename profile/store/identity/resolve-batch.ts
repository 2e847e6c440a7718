/** One batch of people whose identifiers changed: whom it concerns, beside others or alone, and what follows for profiles. */
import { DatabaseError } from "pg";
import type { RecordId, WorkspaceId } from "#profile/ids.ts";
import type { Resolution } from "#profile/identity/resolve.ts";
import { among, listed } from "../among.ts";
import { type Database, readByIndex, type Transaction } from "../database.ts";
import { forgive, isOverContent, type Taken, type Took } from "../set-aside.ts";
import { Beside } from "./beside.ts";
import { areSomeToBeCompared } from "./linkage/compare.ts";
import { gather, type Gathered, resolveGathered } from "./gather.ts";
import { identifyBatch } from "./identify.ts";
import { lockProfiles } from "./lock-profiles.ts";
import { areAsKnown, refreshSharedValues } from "./shared-values.ts";
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

export const NOTHING: ResolvedBatch = {
  touched: 0,
  records: 0,
  created: 0,
  merged: 0,
  split: 0,
  refusals: 0,
  more: false,
};

/**
 * Resolves a whole batch beside others that do the same (docs/decisions/023-several-workers.md).
 *
 * @returns undefined when that has to be done alone: there is less than a batch to do, values come to be shared or cease to
 *   be, everything that was taken hangs together with what others have, or a record's content breaks it
 */
export async function resolveBesideOthers(
  database: Database,
  workspaceId: WorkspaceId,
  limit: number,
): Promise<ResolvedBatch | undefined> {
  try {
    const resolve = async (transaction: Transaction): Promise<ResolvedBatch | undefined> => {
      await lockProfiles(transaction, "shared");
      await readByIndex(transaction);
      const start = await takeUnresolved(transaction, limit);
      if (start.length < limit) return undefined;
      const beside = new Beside(transaction);
      const gathered = await gather(transaction, start, {
        beside,
        look: async (values) => {
          if (!(await areAsKnown(transaction, values))) throw new ToBeDoneAlone();
          return [];
        },
      });
      const others = beside.taken.union(gathered.dropped);
      // What was taken and is no person has no component; of what was met besides, only whole components are here.
      const done = new Set(start).difference(others).union(new Set(gathered.records.keys()));
      if (done.size === 0) return undefined;
      const batch = await write(transaction, gathered, settle(transaction, done.intersection(beside.settling)));
      await forgive(transaction, "identity", [...done]);
      return { ...batch, more: true };
    };
    // What is not resolved keeps its mark.
    return await database.inWorkspace(workspaceId, resolve, { durable: "soon" });
  } catch (error) {
    if (error instanceof ToBeDoneAlone || isOverContent(error) || isDeadlock(error)) return undefined;
    throw error;
  }
}

class ToBeDoneAlone extends Error {}

/** Not to be expected: identity waits for nobody else's records, and for profiles in their order. */
const isDeadlock = (error: unknown): boolean => error instanceof DatabaseError && error.code === "40P01";

/** As the only one of the workspace. */
export async function resolveAlone(transaction: Transaction, limit: number, took: Took): Promise<ResolvedBatch> {
  await lockProfiles(transaction);
  await readByIndex(transaction);
  // First everybody's identifiers, then components: so that each is met whole, and once, however its records arrived.
  const identified = await identifyBatch(transaction, { limit, least: 1 }, took);
  if (identified === limit) return { ...NOTHING, more: true };
  // Comparing comes first, and before it perhaps learning how.
  if (identified > 0 && (await areSomeToBeCompared(transaction))) return { ...NOTHING, more: true };
  const start = await unresolved(transaction, limit);
  if (start.length === 0) return NOTHING;
  took(start);
  const ids = start.map(({ id }) => id);
  const gathered = await gather(transaction, ids, { look: (values) => refreshSharedValues(transaction, values) });
  const batch = await write(transaction, gathered, settle(transaction, new Set([...ids, ...gathered.records.keys()])));
  // The holders of a value that turned are marked for another look.
  return { ...batch, more: start.length === limit || gathered.turned };
}

/**
 * @param settling marks go before any profile is locked: ingest, too, marks records first and profiles then. While the
 *   database takes them off, it is worked out here what follows.
 */
async function write(
  transaction: Transaction,
  gathered: Gathered,
  settling: Promise<Set<RecordId>>,
): Promise<Omit<ResolvedBatch, "more">> {
  const [touched, { resolution, difference }] = await Promise.all([settling, decide(gathered)]);
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
  };
}

async function decide(gathered: Gathered): Promise<{ resolution: Resolution; difference: Difference }> {
  const resolution = resolveGathered(gathered);
  return { resolution, difference: differenceOf(gathered, resolution) };
}

/** So many times a batch is looked through for what is near one another. */
const CHOICE = 10;

/**
 * What others have taken, or ingest is marking anew, is left to them.
 *
 * @returns less than a batch when there is no more
 */
async function takeUnresolved(transaction: Transaction, limit: number): Promise<RecordId[]> {
  const rows = await transaction.query<{ id: RecordId }>(
    `SELECT record_id AS id FROM unresolved WHERE workspace_id = $1 AND identified AND compared AND record_id = ANY (ARRAY(
       SELECT record_id FROM unresolved WHERE workspace_id = $1 AND identified AND compared ORDER BY record_id LIMIT $3
     )) ORDER BY near, record_id LIMIT $2 FOR UPDATE SKIP LOCKED`,
    [transaction.workspaceId, limit, limit * CHOICE],
  );
  return rows.map(({ id }) => id);
}

function unresolved(transaction: Transaction, limit: number): Promise<(Taken & { id: RecordId })[]> {
  return transaction.query(
    `SELECT record_id AS id, touched_seq AS "touchedSeq" FROM unresolved
     WHERE workspace_id = $1 AND identified AND compared ORDER BY record_id LIMIT $2`,
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
       SELECT record_id FROM unresolved WHERE workspace_id = $1 AND record_id ${among("$2")} AND identified AND compared
       ORDER BY record_id FOR UPDATE
     )
     DELETE FROM unresolved WHERE workspace_id = $1 AND record_id = ANY (ARRAY(SELECT record_id FROM done))
     RETURNING record_id AS "recordId"`,
    [transaction.workspaceId, listed(recordIds)],
  );
  return new Set(rows.map(({ recordId }) => recordId));
}
