/** Bulk writing: one statement per table and page, sorted, deduplicated, and only for rows that say something new. */
import type { ConnectionId, RecordId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import { matchByHash, type Transaction } from "../database.ts";
import type { Prepared, Said, StoredRecord, Table } from "./tables.ts";

export interface Place {
  connectionId: ConnectionId;
  stream: string;
}

interface Stored {
  record_id: RecordId;
  hash: string;
  /** Milliseconds since the epoch. */
  updated_ms: number | null;
  deleted: boolean;
  people: RecordId[];
}

export interface BulkResult {
  inserted: number;
  changed: number;
  unchanged: number;
  /** Older than what is stored: ignored. */
  stale: number;
  /** Rows that were there before. */
  known: RecordId[];
  /** Person records whose facts changed, before or after. */
  people: RecordId[];
}

/**
 * Inserts and updates the rows of one table.
 *
 * The stream's lock is held (see `savePage`), so comparing first and sending only what differs is safe, and an unchanged row
 * costs one index probe. The statement of `upsert` repeats the guard on source time, for whoever one day writes without the
 * lock; that of `insert` then fails.
 *
 * @param rows one per record id
 */
export async function saveRows<Row extends StoredRecord>(
  transaction: Transaction,
  place: Place,
  table: Table<Row>,
  rows: Prepared<Row>[],
): Promise<BulkResult> {
  const result: BulkResult = { inserted: 0, changed: 0, unchanged: 0, stale: 0, known: [], people: [] };
  if (rows.length === 0) return result;
  const sorted = rows.toSorted((a, b) => (a.recordId < b.recordId ? -1 : 1));
  const stored = await readStored(transaction, table, sorted);
  const fresh: Prepared<Row>[] = [];
  const changed: Prepared<Row>[] = [];
  const touches: Prepared<Row>[] = [];
  for (const row of sorted) {
    const before = stored.get(row.recordId);
    const verdict = before === undefined ? "inserted" : compare(before, row);
    if (verdict === "touched") touches.push(row);
    result[verdict === "touched" ? "unchanged" : verdict] += 1;
    if (before !== undefined) result.known.push(row.recordId);
    if (verdict === "inserted" || verdict === "changed") {
      (verdict === "inserted" ? fresh : changed).push(row);
      result.people.push(...(before?.people ?? []), ...row.people);
    }
  }
  if (fresh.length > 0) await table.insert(transaction, fresh, [place.connectionId, place.stream]);
  if (changed.length > 0) {
    await table.upsert(transaction, changed, [place.connectionId, place.stream]);
    await table.supersede?.(transaction, replacedBy(changed, stored));
  }
  if (touches.length > 0) await moveSourceTime(transaction, table, touches);
  return result;
}

/** What was said before, where it is not what is said now. */
const replacedBy = (changed: Prepared<StoredRecord>[], stored: ReadonlyMap<RecordId, Stored>): Said[] =>
  changed.flatMap(({ recordId, hash }) => {
    const before = stored.get(recordId);
    return before === undefined || before.hash === hash ? [] : [{ recordId, hash: before.hash }];
  });

/** `touched`: same content, later time at the vendor. Remembered, so that a late older version stays out. */
function compare(
  before: Stored,
  { record, hash }: Prepared<StoredRecord>,
): "changed" | "unchanged" | "touched" | "stale" {
  const updatedMs = record.updatedAt === null ? null : Date.parse(record.updatedAt);
  if (before.hash === hash && before.deleted === record.deleted) {
    return updatedMs !== null && updatedMs > (before.updated_ms ?? 0) ? "touched" : "unchanged";
  }
  return updatedMs !== null && before.updated_ms !== null && updatedMs < before.updated_ms ? "stale" : "changed";
}

async function readStored<Row extends StoredRecord>(
  transaction: Transaction,
  table: Table<Row>,
  rows: Prepared<Row>[],
): Promise<Map<RecordId, Stored>> {
  const stored = await transaction.query<Stored>(
    `SELECT record_id, encode(hash, 'hex') AS hash, deleted, ${table.storedPeople} AS people,
       floor(extract(epoch FROM source_updated_at) * 1000)::float8 AS updated_ms
     FROM ${table.name} WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(rows.map((row) => row.recordId))],
  );
  return new Map(stored.map((row) => [row.record_id, row]));
}

async function moveSourceTime<Row extends StoredRecord>(
  transaction: Transaction,
  table: Table<Row>,
  rows: Prepared<Row>[],
): Promise<void> {
  await matchByHash(
    transaction,
    `UPDATE ${table.name} AS stored SET source_updated_at = incoming.updated_at
     FROM unnest($2::uuid[], $3::timestamptz[]) AS incoming (record_id, updated_at)
     WHERE stored.workspace_id = $1 AND stored.record_id = incoming.record_id AND stored.record_id ${among("$2")}`,
    [transaction.workspaceId, listed(rows.map((row) => row.recordId)), rows.map((row) => row.record.updatedAt)],
  );
}
