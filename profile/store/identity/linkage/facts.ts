/** What records are compared by, kept beside them, and the keys under which they are found. */
import type { RecordId } from "#profile/ids.ts";
import { uuidOf } from "#profile/ids.ts";
import { blockingKeysOf } from "#profile/identity/linkage/blocking.ts";
import type { LinkageFacts } from "#profile/identity/linkage/facts.ts";
import { among, listed } from "../../among.ts";
import { matchByHash, type Transaction } from "../../database.ts";
import { insertInto } from "../../insert.ts";

interface FactsRow {
  recordId: RecordId;
  facts: string;
}

const writeFacts = insertInto<FactsRow>({
  table: "linkage_record",
  columns: {
    record_id: { type: "uuid", of: ({ recordId }) => recordId },
    facts: { type: "text", cast: "json", of: ({ facts }) => facts },
  },
  key: ["record_id"],
  onConflict: "update",
});

interface KeyRow {
  keyId: string;
  recordId: RecordId;
}

const addKeys = insertInto<KeyRow>({
  table: "blocking_key",
  columns: {
    key_id: { type: "uuid", of: ({ keyId }) => keyId },
    record_id: { type: "uuid", of: ({ recordId }) => recordId },
  },
  key: ["key_id", "record_id"],
  onConflict: "ignore",
});

/**
 * Brings facts and keys of records up to date.
 *
 * @param factsOf null: the record says too little to be compared with others
 * @returns the records that have to be compared anew
 */
export async function storeFacts(
  transaction: Transaction,
  factsOf: ReadonlyMap<RecordId, LinkageFacts | null>,
): Promise<Set<RecordId>> {
  const values = [transaction.workspaceId, listed(factsOf.keys())];
  const stored = await transaction.query<FactsRow>(
    `SELECT record_id AS "recordId", facts::text AS facts FROM linkage_record
     WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    values,
  );
  const known = new Map(stored.map(({ recordId, facts }) => [recordId, facts]));
  const changed: FactsRow[] = [];
  const gone: RecordId[] = [];
  const keys: KeyRow[] = [];
  for (const [recordId, facts] of factsOf) {
    const text = facts === null ? undefined : JSON.stringify(facts);
    if (text === known.get(recordId)) continue;
    if (facts === null || text === undefined) gone.push(recordId);
    else {
      changed.push({ recordId, facts: text });
      for (const key of blockingKeysOf(facts)) keys.push({ keyId: uuidOf("blocking", key), recordId });
    }
  }
  if (changed.length === 0 && gone.length === 0) return new Set();
  const before = [...changed.map(({ recordId }) => recordId), ...gone].filter((id) => known.has(id));
  if (before.length > 0) await replaceKeys(transaction, before, keys);
  await addKeys(transaction, keys);
  await writeFacts(transaction, changed);
  if (gone.length > 0) {
    await transaction.query(`DELETE FROM linkage_record WHERE workspace_id = $1 AND record_id ${among("$2")}`, [
      transaction.workspaceId,
      listed(gone),
    ]);
  }
  return new Set([...changed.map(({ recordId }) => recordId), ...gone]);
}

/** Removes what these records no longer have. */
async function replaceKeys(transaction: Transaction, ids: RecordId[], keys: readonly KeyRow[]): Promise<void> {
  const rows = await transaction.query<KeyRow>(
    `SELECT key_id AS "keyId", record_id AS "recordId" FROM blocking_key
     WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(ids)],
  );
  const wanted = new Set(keys.map(({ keyId, recordId }) => `${keyId} ${recordId}`));
  const gone = rows.filter(({ keyId, recordId }) => !wanted.has(`${keyId} ${recordId}`));
  if (gone.length === 0) return;
  await matchByHash(
    transaction,
    `DELETE FROM blocking_key USING unnest($2::uuid[], $3::uuid[]) AS gone (key_id, record_id)
     WHERE blocking_key.workspace_id = $1 AND blocking_key.key_id = gone.key_id
       AND blocking_key.record_id = gone.record_id AND blocking_key.key_id ${among("$2")}
       AND blocking_key.record_id ${among("$3")}`,
    [transaction.workspaceId, listed(gone.map(({ keyId }) => keyId)), listed(gone.map(({ recordId }) => recordId))],
  );
}

/** Of records that can be compared. */
export async function factsOf(
  transaction: Transaction,
  ids: Iterable<RecordId>,
): Promise<{ recordId: RecordId; facts: LinkageFacts }[]> {
  // Written by `storeFacts` alone.
  return transaction.query<{ recordId: RecordId; facts: LinkageFacts }>(
    `SELECT record_id AS "recordId", facts FROM linkage_record WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(ids)],
  );
}
