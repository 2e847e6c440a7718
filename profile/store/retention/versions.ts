/** Earlier versions of what a tool said. */
import type { RecordId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import { readByIndex, type Transaction } from "../database.ts";
import type { Batch, Prunable } from "./store.ts";

/** One that is current again (a record may say once more what it said before) is not past its time. */
const PAST = `superseded_content old
  JOIN source_content said USING (workspace_id, record_id, hash)
  JOIN source_record current USING (workspace_id, record_id)
  WHERE workspace_id = $1 AND old.since < $2 AND current.hash <> old.hash`;

export async function pastVersions(transaction: Transaction, before: Date): Promise<Prunable> {
  const [row] = await transaction.query<{ versions: number; bytes: number }>(
    `SELECT count(*) AS versions, coalesce(sum(pg_column_size(said.*)), 0)::float8 AS bytes FROM ${PAST}`,
    [transaction.workspaceId, before],
  );
  const { versions = 0, bytes = 0 } = row ?? {};
  return { rows: { versions }, bytes };
}

export async function pruneVersions(transaction: Transaction, before: Date, limit: number): Promise<Batch> {
  const { workspaceId } = transaction;
  await readByIndex(transaction);
  const old = await transaction.query<{ recordId: RecordId; hash: Buffer }>(
    `SELECT record_id AS "recordId", hash FROM superseded_content WHERE workspace_id = $1 AND since < $2
     ORDER BY since LIMIT $3`,
    [workspaceId, before, limit],
  );
  const ids = listed(new Set(old.map(({ recordId }) => recordId)));
  // Ingest writes the record before its content: whoever holds the record decides which version is the current one. Without
  // the lock a record could go back to the version that is being removed.
  const current = await transaction.query<{ recordId: RecordId; hash: Buffer }>(
    `SELECT record_id AS "recordId", hash FROM source_record WHERE workspace_id = $1 AND record_id ${among("$2")}
     ORDER BY record_id FOR NO KEY UPDATE`,
    [workspaceId, ids],
  );
  const hashOf = new Map(current.map(({ recordId, hash }) => [recordId, hash.toString("hex")]));
  const past = old.filter(({ recordId, hash }) => hashOf.get(recordId) !== hash.toString("hex"));
  const gone = await transaction.query<{ bytes: number }>(
    `DELETE FROM source_content said USING unnest($2::uuid[], $3::bytea[]) AS past (record_id, hash)
     WHERE said.workspace_id = $1 AND said.record_id = past.record_id AND said.hash = past.hash
     RETURNING pg_column_size(said.*) AS bytes`,
    [workspaceId, past.map(({ recordId }) => recordId), past.map(({ hash }) => hash)],
  );
  await transaction.query(
    `DELETE FROM superseded_content old USING unnest($2::uuid[], $3::bytea[]) AS done (record_id, hash)
     WHERE old.workspace_id = $1 AND old.record_id = done.record_id AND old.hash = done.hash`,
    [workspaceId, old.map(({ recordId }) => recordId), old.map(({ hash }) => hash)],
  );
  return {
    rows: { versions: gone.length },
    bytes: gone.reduce((sum, { bytes }) => sum + bytes, 0),
    more: old.length === limit,
  };
}
