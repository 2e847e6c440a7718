/** How much each agreement says in a workspace: learned from its records, and anew when they have grown much. */
import type { RecordId, WorkspaceId } from "#profile/ids.ts";
import type { LinkageFacts } from "#profile/identity/linkage/facts.ts";
import { learn } from "#profile/identity/linkage/learn.ts";
import type { LinkageModel } from "#profile/identity/linkage/model.ts";
import { RecordTable } from "#profile/identity/linkage/record-table.ts";
import type { Database, Transaction } from "../../database.ts";

export interface StoredModel {
  version: number;
  /** Records there were when it was learned. */
  records: number;
  model: LinkageModel;
}

/** More records than this say hardly more; they are picked by their ids, which are hashes. */
const MOST_RECORDS = 100_000;
/** Grown by this much, records say something new. */
const GROWN = 2;

const COLUMNS = "version, records, model";

export async function activeModel(transaction: Transaction): Promise<StoredModel | undefined> {
  const [row] = await transaction.query<StoredModel>(
    `SELECT ${COLUMNS} FROM linkage_model WHERE workspace_id = $1 AND state = 'active'`,
    [transaction.workspaceId],
  );
  return row;
}

/** Whether it is time to learn: never done, or done when there were far fewer records. */
export async function isLearningDue(transaction: Transaction): Promise<boolean> {
  const [newest] = await transaction.query<{ records: number }>(
    `SELECT records FROM linkage_model WHERE workspace_id = $1 ORDER BY version DESC LIMIT 1`,
    [transaction.workspaceId],
  );
  if (newest === undefined) return true;
  const enough = Math.max(1, newest.records) * GROWN;
  const [row] = await transaction.query<{ records: number }>(
    `SELECT count(*) AS records FROM (SELECT FROM linkage_record WHERE workspace_id = $1 LIMIT $2) AS first`,
    [transaction.workspaceId, enough],
  );
  return (row?.records ?? 0) >= enough;
}

/** Learns from what is stored now; nothing is written. */
export async function learnFrom(database: Database, workspaceId: WorkspaceId): Promise<LinkageModel> {
  const facts: LinkageFacts[] = [];
  for (let after: RecordId | null = null; facts.length < MOST_RECORDS;) {
    const rows: { recordId: RecordId; facts: LinkageFacts }[] = await database.inWorkspace(workspaceId, (transaction) =>
      transaction.query(
        `SELECT record_id AS "recordId", facts FROM linkage_record
         WHERE workspace_id = $1 AND ($2::uuid IS NULL OR record_id > $2) ORDER BY record_id LIMIT $3`,
        [workspaceId, after, PAGE],
      ),
    );
    for (const row of rows) facts.push(row.facts);
    after = rows.at(-1)?.recordId ?? null;
    if (rows.length < PAGE) break;
  }
  return learn(new RecordTable(facts), { pause: breathe });
}

const PAGE = 10_000;

/** A heartbeat and other work come in between. */
const breathe = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** @returns the version it was stored under */
export async function storeModel(
  transaction: Transaction,
  model: LinkageModel,
  { state, joins = null, parts = null }: { state: "active" | "proposed"; joins?: number | null; parts?: number | null },
): Promise<number> {
  if (state === "active") {
    await transaction.query("UPDATE linkage_model SET state = 'retired' WHERE workspace_id = $1 AND state = 'active'", [
      transaction.workspaceId,
    ]);
  }
  const [row] = await transaction.query<{ version: number }>(
    `INSERT INTO linkage_model (workspace_id, version, model, state, joins, parts, records)
     SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6 FROM linkage_model WHERE workspace_id = $1
     RETURNING version`,
    [transaction.workspaceId, JSON.stringify(model), state, joins, parts, model.records],
  );
  if (row === undefined) throw new Error("The model was not stored.");
  return row.version;
}

export interface ModelState {
  version: number;
  state: "active" | "proposed" | "retired";
  records: number;
  /** Customers that it would have joined with others, and taken a link from, when it was learned; null: it was the first. */
  joins: number | null;
  parts: number | null;
}

/** The newest first. */
export function readModels(transaction: Transaction): Promise<ModelState[]> {
  return transaction.query<ModelState & Record<string, unknown>>(
    `SELECT version, state, records, joins, parts FROM linkage_model WHERE workspace_id = $1
     ORDER BY version DESC LIMIT 20`,
    [transaction.workspaceId],
  );
}
