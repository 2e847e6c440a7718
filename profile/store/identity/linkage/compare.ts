/** The part of identity between identifiers and components: changed records are scored against those like them. */
import type { RecordId, WorkspaceId } from "#profile/ids.ts";
import { listed } from "../../among.ts";
import { type Database, readByIndex, type Transaction } from "../../database.ts";
import { lockProfiles } from "../lock-profiles.ts";
import { keyOf, type Pair, pairsAround } from "./candidates.ts";
import { edgesOf, removeEdges, writeEdges } from "./edges.ts";
import { activeModel, isLearningDue, type StoredModel } from "./models.ts";
import { learnAnew } from "./learn-anew.ts";
import { lockComparing, scorePairs } from "./score-pairs.ts";

/** Records scored in one transaction. */
const PORTION = 1_000;

/**
 * Compares up to a portion of the records that wait for it. One such batch at a time in a workspace: of two records that
 * change at once each must meet the other.
 *
 * @param goesOn the one before was a portion of the same work: whether there is more to learn from was asked then
 * @returns how many records that were; with none waiting, nothing was asked but that
 */
export async function compareDue(
  database: Database,
  workspaceId: WorkspaceId,
  { goesOn }: { goesOn: boolean },
): Promise<number> {
  const due = await database.inWorkspace(workspaceId, async (transaction) =>
    (await areSomeToBeCompared(transaction))
      ? { learning: !goesOn && (await isLearningDue(transaction)), rest: await areSomeUnread(transaction) }
      : undefined,
  );
  // To learn from all that came, not from the first of it.
  if (due === undefined || (due.learning && due.rest)) return 0;
  if (due.learning) await learnAnew(database, workspaceId);
  return database.inWorkspace(workspaceId, async (transaction) => {
    await lockProfiles(transaction, "shared");
    await readByIndex(transaction);
    return compareBatch(transaction);
  });
}

export async function areSomeToBeCompared(transaction: Transaction): Promise<boolean> {
  const [row] = await transaction.query<{ any: boolean }>(
    "SELECT EXISTS (SELECT FROM unresolved WHERE workspace_id = $1 AND NOT compared AND identified) AS any",
    [transaction.workspaceId],
  );
  return row?.any ?? false;
}

async function areSomeUnread(transaction: Transaction): Promise<boolean> {
  const [row] = await transaction.query<{ any: boolean }>(
    "SELECT EXISTS (SELECT FROM unresolved WHERE workspace_id = $1 AND NOT identified) AS any",
    [transaction.workspaceId],
  );
  return row?.any ?? false;
}

/** @returns how many records were compared */
async function compareBatch(transaction: Transaction): Promise<number> {
  await lockComparing(transaction);
  const ids = await takeWaiting(transaction);
  if (ids.length === 0) return 0;
  const stored = await activeModel(transaction);
  if (stored !== undefined) await scoreAround(transaction, ids, stored);
  await transaction.query(
    `UPDATE unresolved SET compared = true WHERE workspace_id = $1 AND record_id = ANY ($2::uuid[])`,
    [transaction.workspaceId, listed(ids)],
  );
  return ids.length;
}

/** The marks stay locked until the end: what is marked anew meanwhile is compared again. */
async function takeWaiting(transaction: Transaction): Promise<RecordId[]> {
  const rows = await transaction.query<{ id: RecordId }>(
    `SELECT record_id AS id FROM unresolved WHERE workspace_id = $1 AND NOT compared AND identified
     ORDER BY record_id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED`,
    [transaction.workspaceId, PORTION],
  );
  return rows.map(({ id }) => id);
}

/** Brings the edges of these records up to date. Who stands at the other end is met with their component. */
async function scoreAround(transaction: Transaction, ids: readonly RecordId[], stored: StoredModel): Promise<void> {
  const [found, before] = [await pairsAround(transaction, ids), await edgesOf(transaction, ids)];
  // What was likely once is asked again, whether or not the two still share a key.
  const pairs = new Map<string, Pair>([...found, ...before].map((pair) => [keyOf(pair), pair]));
  const edges = await scorePairs(transaction, [...pairs.values()], stored.model);
  const likely = new Set(edges.map(keyOf));
  const gone = before.filter((edge) => !likely.has(keyOf(edge)));
  await removeEdges(transaction, gone);
  const known = new Map(before.map((edge) => [keyOf(edge), edge]));
  const changed = edges.filter((edge) => {
    const old = known.get(keyOf(edge));
    return old === undefined || old.weight !== edge.weight || old.joins !== edge.joins || old.clues !== edge.clues;
  });
  await writeEdges(transaction, changed, stored.version);
}
