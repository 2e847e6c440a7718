/** Another model in place of the one in use: whom it would join and part is counted before it is let at anybody. */
import type { ProfileId, RecordId, WorkspaceId } from "#profile/ids.ts";
import type { LinkageModel } from "#profile/identity/linkage/model.ts";
import { audit } from "../../audit.ts";
import { among, listed } from "../../among.ts";
import { type Database, readByIndex, type Transaction } from "../../database.ts";
import { keyOf, pairsAround } from "./candidates.ts";
import { edgesOf } from "./edges.ts";
import { activeModel, isLearningDue, learnFrom, storeModel } from "./models.ts";
import { lockComparing, scorePairs } from "./score-pairs.ts";

/** A model that changes a larger share of the profiles waits for somebody to approve it. */
export const MOST_CHANGED = 0.005;

/** Profiles that another model would change; each pair of records is counted with both of its profiles. */
interface Change {
  joined: Set<ProfileId>;
  parted: Set<ProfileId>;
}

/** Learns, and puts the model to use where it changes hardly anybody; otherwise it waits, and the one in use stays. */
export async function learnAnew(database: Database, workspaceId: WorkspaceId): Promise<void> {
  const model = await learnFrom(database, workspaceId);
  const before = await database.inWorkspace(workspaceId, activeModel);
  const change = before === undefined ? undefined : await changeBy(database, workspaceId, model);
  await database.inWorkspace(workspaceId, async (transaction) => {
    await lockComparing(transaction);
    // Another worker may have been quicker.
    if (!(await isLearningDue(transaction))) return;
    if (change === undefined) {
      await storeModel(transaction, model, { state: "active" });
      return;
    }
    const [joins, parts] = [change.joined.size, change.parted.size];
    const [row] = await transaction.query<{ profiles: number }>(
      "SELECT count(*) AS profiles FROM profile WHERE workspace_id = $1",
      [workspaceId],
    );
    const silent = change.joined.union(change.parted).size <= (row?.profiles ?? 0) * MOST_CHANGED;
    await storeModel(transaction, model, { state: silent ? "active" : "proposed", joins, parts });
    if (silent) await compareEverybody(transaction);
  });
}

/** Puts a proposed model to use. @returns false when there is none of this version */
export async function approveModel(transaction: Transaction, version: number, actor: string): Promise<boolean> {
  await lockComparing(transaction);
  const proposed = await transaction.query(
    "SELECT version FROM linkage_model WHERE workspace_id = $1 AND version = $2 AND state = 'proposed' FOR UPDATE",
    [transaction.workspaceId, version],
  );
  if (proposed.length === 0) return false;
  await transaction.query("UPDATE linkage_model SET state = 'retired' WHERE workspace_id = $1 AND state = 'active'", [
    transaction.workspaceId,
  ]);
  await transaction.query("UPDATE linkage_model SET state = 'active' WHERE workspace_id = $1 AND version = $2", [
    transaction.workspaceId,
    version,
  ]);
  await compareEverybody(transaction);
  await audit(transaction, { actor, action: "identity.model_approved", subject: String(version) });
  return true;
}

async function compareEverybody(transaction: Transaction): Promise<void> {
  await transaction.query(
    `INSERT INTO unresolved (workspace_id, record_id, identified, compared)
     SELECT workspace_id, record_id, true, false FROM linkage_record WHERE workspace_id = $1 ORDER BY record_id
     ON CONFLICT (workspace_id, record_id) DO UPDATE SET compared = false`,
    [transaction.workspaceId],
  );
}

const PAGE = 1_000;

/** Asks of everybody who has a profile; in portions, so that nothing is held up. */
async function changeBy(database: Database, workspaceId: WorkspaceId, model: LinkageModel): Promise<Change> {
  const change: Change = { joined: new Set(), parted: new Set() };
  for (let after: RecordId | null = null, more = true; more;) {
    const ids: RecordId[] = await database.inWorkspace(workspaceId, async (transaction) => {
      await readByIndex(transaction);
      const rows = await transaction.query<{ id: RecordId }>(
        `SELECT record_id AS id FROM linkage_record WHERE workspace_id = $1 AND ($2::uuid IS NULL OR record_id > $2)
         ORDER BY record_id LIMIT $3`,
        [workspaceId, after, PAGE],
      );
      await compareModels(
        transaction,
        rows.map(({ id }) => id),
        model,
        change,
      );
      return rows.map(({ id }) => id);
    });
    after = ids.at(-1) ?? null;
    more = ids.length === PAGE;
  }
  return change;
}

async function compareModels(
  transaction: Transaction,
  ids: readonly RecordId[],
  model: LinkageModel,
  change: Change,
): Promise<void> {
  if (ids.length === 0) return;
  const pairs = await pairsAround(transaction, ids);
  const edges = (await scorePairs(transaction, pairs, model)).filter(({ joins }) => joins === "alone");
  const before = (await edgesOf(transaction, ids)).filter(({ joins }) => joins === "alone");
  const profiles = await profilesOf(
    transaction,
    [...edges, ...before].flatMap(({ a, b }) => [a, b]),
  );
  const joining = new Set(edges.map(keyOf));
  for (const { a, b } of edges) {
    const [one, other] = [profiles.get(a), profiles.get(b)];
    if (one === undefined || other === undefined || one === other) continue;
    change.joined.add(one).add(other);
  }
  for (const edge of before) {
    const [one, other] = [profiles.get(edge.a), profiles.get(edge.b)];
    if (one !== undefined && one === other && !joining.has(keyOf(edge))) change.parted.add(one);
  }
}

async function profilesOf(transaction: Transaction, ids: readonly RecordId[]): Promise<Map<RecordId, ProfileId>> {
  const rows = await transaction.query<{ recordId: RecordId; profileId: ProfileId }>(
    `SELECT record_id AS "recordId", profile_id AS "profileId" FROM membership
     WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(new Set(ids))],
  );
  return new Map(rows.map(({ recordId, profileId }) => [recordId, profileId]));
}
