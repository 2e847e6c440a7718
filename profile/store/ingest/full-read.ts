/** A full read: what it listed, and what is marked as deleted because it did not. */
import type { CanonicalRecord } from "#connectors/core/records.ts";
import type { RecordId } from "#profile/ids.ts";
import type { Transaction } from "../database.ts";
import { insertInto } from "../insert.ts";
import { markChanged } from "../identity/marks.ts";
import { forgetRejects } from "./rejects.ts";
import type { BulkResult, Place } from "./save-rows.ts";
import { orders, sourceRecords, subscriptions, touchpoints, type Table } from "./tables.ts";

interface Swept {
  vanished: number;
  /** The person records whose facts vanished. */
  people: RecordId[];
}

/** Everything is read again, so earlier dead letters and marks of an unfinished read are void. */
export async function startFullRead(transaction: Transaction, place: Place): Promise<void> {
  await transaction.query(
    `UPDATE stream_state SET full_read_started_at = now() WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3`,
    [transaction.workspaceId, place.connectionId, place.stream],
  );
  await forgetSeen(transaction, place);
  await forgetRejects(transaction, place);
}

const insertSeen = insertInto<RecordId>({
  table: "full_read_seen",
  constants: ["connection_id", "stream"],
  columns: { record_id: { type: "uuid", of: (recordId) => recordId } },
  key: ["connection_id", "stream", "record_id"],
  onConflict: "ignore",
});

export async function markSeen(transaction: Transaction, place: Place, saved: BulkResult[]): Promise<void> {
  const seen = saved.flatMap((result) => result.untouched);
  if (seen.length === 0) return;
  await insertSeen(transaction, seen, [place.connectionId, place.stream]);
}

export async function forgetSeen(transaction: Transaction, place: Place): Promise<void> {
  await transaction.query("DELETE FROM full_read_seen WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3", [
    transaction.workspaceId,
    place.connectionId,
    place.stream,
  ]);
}

export const NOTHING_SWEPT: Swept = { vanished: 0, people: [] };

export async function sweep(transaction: Transaction, place: Place): Promise<Swept> {
  const swept = [
    await sweepVanished(transaction, place, sourceRecords),
    await sweepVanished(transaction, place, orders),
    await sweepVanished(transaction, place, subscriptions),
    await sweepVanished(transaction, place, touchpoints),
  ];
  return {
    vanished: swept.reduce((total, { vanished }) => total + vanished, 0),
    people: swept.flatMap(({ people }) => people),
  };
}

/** Marks as deleted what the full read under way did not list; returns how many, and whose facts they were. */
async function sweepVanished<Row extends CanonicalRecord>(
  transaction: Transaction,
  place: Place,
  table: Table<Row>,
): Promise<Swept> {
  const rows = await transaction.query<{ people: RecordId[]; person: RecordId | null }>(
    // EXCEPT and not an anti-join: the planner has no statistics for `full_read_seen` yet and would nest the loops.
    `UPDATE ${table.name} SET ${table.onVanish}
     WHERE workspace_id = $1 AND record_id IN (
       SELECT record_id FROM ${table.name}
       WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3 AND NOT deleted
         AND listed_at < (
           SELECT full_read_started_at FROM stream_state WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3
         )
       EXCEPT SELECT record_id FROM full_read_seen WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3
     )
     RETURNING ${table.storedPeople} AS people, ${table.storedPerson} AS person`,
    [transaction.workspaceId, place.connectionId, place.stream],
  );
  await markChanged(
    transaction,
    rows.flatMap(({ person }) => person ?? []),
  );
  return { vanished: rows.length, people: rows.flatMap((row) => row.people) };
}
