/** A full read: what it listed, and what is marked as deleted because it did not. */
import type { RecordId } from "#profile/ids.ts";
import type { Transaction } from "../database.ts";
import { insertInto } from "../insert.ts";
import { markChanged } from "../identity/marks.ts";
import { forgetRejects } from "./rejects.ts";
import type { Place } from "./save-rows.ts";
import { orders, sourceRecords, subscriptions, touchpoints, type StoredRecord, type Table } from "./tables.ts";

/** Where missing records stop being plausible as deletions: more than `records` and more than `share` of the known. */
export interface Brake {
  records: number;
  share: number;
}
export const USUAL_BRAKE: Brake = { records: 20, share: 0.05 };

/** From so many known records on, all of them missing is implausible too: that is how an empty account looks. */
const ALL_MISSING_FROM = 5;

export interface Missing {
  /** Known before the full read and not listed by it. */
  vanishing: number;
  /** Known before the full read. */
  known: number;
}

export interface Swept {
  vanished: number;
  /** The person records whose facts vanished. */
  people: RecordId[];
}

export const NOTHING_SWEPT: Swept = { vanished: 0, people: [] };

/** Everything is read again, so earlier dead letters and marks of an unfinished read are void. */
export async function startFullRead(transaction: Transaction, place: Place): Promise<void> {
  await transaction.query(
    `UPDATE stream_state SET full_read_started_at = now(), full_read_gap = false
     WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3`,
    keysOf(transaction, place),
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

/**
 * @param seen records that were known before and are listed again, readable or not
 * @param gap a row was listed that does not say which record it is
 */
export async function markSeen(transaction: Transaction, place: Place, seen: RecordId[], gap: boolean): Promise<void> {
  if (gap) {
    await transaction.query(
      "UPDATE stream_state SET full_read_gap = true WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3",
      keysOf(transaction, place),
    );
  }
  await insertSeen(transaction, seen, [place.connectionId, place.stream]);
}

export async function forgetSeen(transaction: Transaction, place: Place): Promise<void> {
  await transaction.query(
    "DELETE FROM full_read_seen WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3",
    keysOf(transaction, place),
  );
}

/** Marks what was not listed as deleted, or reports that too much is missing for that; then nothing is marked. */
export async function sweepUnlessImplausible(
  transaction: Transaction,
  place: Place,
  brake: Brake,
): Promise<Swept | { held: Missing }> {
  const [state] = await transaction.query<{ gap: boolean }>(
    `SELECT full_read_gap AS gap FROM stream_state WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3`,
    keysOf(transaction, place),
  );
  // The row that could not be identified may have been any of those that seem to be missing.
  if (state?.gap !== false) return NOTHING_SWEPT;
  // Each kind by itself: a stream's ten thousand orders must not hide that all its people are gone.
  const kinds = [
    await missing(transaction, place, sourceRecords),
    await missing(transaction, place, orders),
    await missing(transaction, place, subscriptions),
    await missing(transaction, place, touchpoints),
  ];
  const total = (of: (kind: Missing) => number) => kinds.reduce((sum, kind) => sum + of(kind), 0);
  if (!kinds.every((kind) => isPlausible(kind, brake))) {
    return { held: { vanishing: total((kind) => kind.vanishing), known: total((kind) => kind.known) } };
  }
  return total((kind) => kind.vanishing) === 0 ? NOTHING_SWEPT : sweep(transaction, place);
}

export function isPlausible({ vanishing, known }: Missing, brake: Brake): boolean {
  if (vanishing === known) return known < ALL_MISSING_FROM;
  return vanishing <= Math.max(brake.records, brake.share * known);
}

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

/** EXCEPT and not an anti-join: the planner has no statistics for `full_read_seen` yet and would nest the loops. */
const vanishingFrom = (table: { name: string }) => `
  SELECT record_id FROM ${table.name}
  WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3 AND NOT deleted
    AND listed_at < (
      SELECT full_read_started_at FROM stream_state WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3
    )
  EXCEPT SELECT record_id FROM full_read_seen WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3`;

async function missing<Row extends StoredRecord>(
  transaction: Transaction,
  place: Place,
  table: Table<Row>,
): Promise<Missing> {
  // Records new in this read are no part of what was known: another account's would make the share look small.
  const [counts] = await transaction.query<{ vanishing: number; listed: number }>(
    `SELECT (SELECT count(*) FROM (${vanishingFrom(table)}) AS gone) AS vanishing,
       (SELECT count(*) FROM (
         SELECT record_id FROM ${table.name}
         WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3 AND NOT deleted
         INTERSECT SELECT record_id FROM full_read_seen WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3
       ) AS again) AS listed`,
    keysOf(transaction, place),
  );
  const { vanishing = 0, listed = 0 } = counts ?? {};
  return { vanishing, known: vanishing + listed };
}

async function sweepVanished<Row extends StoredRecord>(
  transaction: Transaction,
  place: Place,
  table: Table<Row>,
): Promise<Swept> {
  const rows = await transaction.query<{ people: RecordId[]; person: RecordId | null }>(
    `UPDATE ${table.name} SET ${table.onVanish} WHERE workspace_id = $1 AND record_id IN (${vanishingFrom(table)})
     RETURNING ${table.storedPeople} AS people, ${table.storedPerson} AS person`,
    keysOf(transaction, place),
  );
  await markChanged(
    transaction,
    rows.flatMap(({ person }) => person ?? []),
  );
  return { vanished: rows.length, people: rows.flatMap((row) => row.people) };
}

function keysOf({ workspaceId }: Transaction, { connectionId, stream }: Place): unknown[] {
  return [workspaceId, connectionId, stream];
}
