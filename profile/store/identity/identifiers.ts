/** Identifier rows of changed records, and the values that too many records hold. */
import { z } from "zod";
import { personRecord } from "#connectors/core/records.ts";
import type { ConnectionId, RecordId } from "#profile/ids.ts";
import { type Identifier, identifiersOf, valueKeyOf } from "#profile/identity/identifiers.ts";
import { OVERFLOW_HOLDERS, overflows } from "#profile/identity/rules.ts";
import type { Transaction } from "../database.ts";
import type { ValueRef } from "./gather.ts";

const { emails, phones, firstName, lastName, country, postcode, externalIds, mergedInto } = personRecord.shape;
/** The part of a stored person that identity reads. */
export const storedPerson = z.object({
  emails,
  phones,
  firstName,
  lastName,
  country,
  postcode,
  externalIds,
  mergedInto,
});

export interface TouchedRecord {
  record_id: RecordId;
  connection_id: ConnectionId;
  stream: string;
  data: unknown;
  touched_seq: number;
}

type Row = Identifier & { record_id: RecordId };
type StoredRow = Row & { current: boolean };

/**
 * Recomputes the identifiers of changed records and writes the differences. Values no longer carried stay, marked: they were
 * evidence.
 *
 * @returns every value these records hold or held that can join people
 */
export async function refreshIdentifiers(
  transaction: Transaction,
  touched: readonly TouchedRecord[],
  defaultCountry: string,
): Promise<ValueRef[]> {
  const stored = await transaction.query<StoredRow>(
    `SELECT record_id, kind, value, quality, reason, current FROM identifier
     WHERE workspace_id = $1 AND record_id = ANY($2::uuid[])`,
    [transaction.workspaceId, touched.map((record) => record.record_id)],
  );
  const left = new Map(stored.map((row) => [`${row.record_id}${valueKeyOf(row.kind, row.value)}`, row]));
  const values = new Map<string, ValueRef>();
  const writes: Row[] = [];
  for (const { record_id, connection_id, stream, data } of touched) {
    const context = { connectionId: connection_id, stream, defaultCountry };
    for (const identifier of identifiersOf(storedPerson.parse(data), context)) {
      const { kind, value, quality, reason } = identifier;
      if (joins(identifier)) values.set(valueKeyOf(kind, value), { kind, value });
      const key = `${record_id}${valueKeyOf(kind, value)}`;
      const known = left.get(key);
      left.delete(key);
      if (known === undefined || !known.current || known.quality !== quality || known.reason !== reason) {
        writes.push({ ...identifier, record_id });
      }
    }
  }
  const dropped = [...left.values()];
  for (const identifier of dropped) {
    const { kind, value } = identifier;
    if (joins(identifier)) values.set(valueKeyOf(kind, value), { kind, value });
  }
  await write(transaction, writes);
  await markDropped(
    transaction,
    dropped.filter((row) => row.current),
  );
  return [...values.values()];
}

async function write(transaction: Transaction, rows: Row[]): Promise<void> {
  if (rows.length === 0) return;
  rows.sort((a, b) => compare(a.kind, b.kind) || compare(a.value, b.value) || compare(a.record_id, b.record_id));
  await transaction.query(
    `INSERT INTO identifier (workspace_id, kind, value, record_id, quality, reason)
     SELECT $1, * FROM unnest($2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[])
     ON CONFLICT (workspace_id, kind, value, record_id) DO UPDATE
       SET quality = excluded.quality, reason = excluded.reason, current = true`,
    [
      transaction.workspaceId,
      rows.map((row) => row.kind),
      rows.map((row) => row.value),
      rows.map((row) => row.record_id),
      rows.map((row) => row.quality),
      rows.map((row) => row.reason),
    ],
  );
}

async function markDropped(transaction: Transaction, rows: Row[]): Promise<void> {
  if (rows.length === 0) return;
  await transaction.query(
    `UPDATE identifier SET current = false FROM unnest($2::text[], $3::text[], $4::uuid[]) AS gone (kind, value, record_id)
     WHERE identifier.workspace_id = $1 AND identifier.kind = gone.kind AND identifier.value = gone.value
       AND identifier.record_id = gone.record_id`,
    [
      transaction.workspaceId,
      rows.map((row) => row.kind),
      rows.map((row) => row.value),
      rows.map((row) => row.record_id),
    ],
  );
}

/**
 * Looks again at which values too many records hold. When that turns, for or against, every other holder is marked as
 * changed, since its component did.
 *
 * @param values those of the changed records: no other value can have turned
 * @param resolving records that are being worked on anyway
 * @returns how many records were marked
 */
export async function refreshSharedValues(
  transaction: Transaction,
  values: readonly ValueRef[],
  resolving: readonly RecordId[],
): Promise<number> {
  const counts = await transaction.query<ValueRef & { holders: number; names: number; since: Date | null }>(
    `WITH wanted AS (SELECT * FROM unnest($2::text[], $3::text[]) AS wanted (kind, value)),
     crowded AS (
       SELECT kind, value, count(*) AS holders FROM identifier JOIN wanted USING (kind, value)
       WHERE workspace_id = $1 GROUP BY kind, value HAVING count(*) > $4
     )
     SELECT kind, value, coalesce(crowded.holders, 0) AS holders, known.since,
       (SELECT count(DISTINCT lower(concat_ws('|', data->>'firstName', data->>'lastName')))
          FILTER (WHERE coalesce(data->>'firstName', data->>'lastName', '') <> '')
        FROM identifier JOIN source_record USING (workspace_id, record_id)
        WHERE workspace_id = $1 AND identifier.kind = wanted.kind AND identifier.value = wanted.value
          AND crowded.holders IS NOT NULL) AS names
     FROM wanted LEFT JOIN crowded USING (kind, value)
       LEFT JOIN (SELECT kind, value, since FROM shared_value WHERE workspace_id = $1) AS known USING (kind, value)
     WHERE crowded.holders IS NOT NULL OR known.since IS NOT NULL`,
    [transaction.workspaceId, values.map(({ kind }) => kind), values.map(({ value }) => value), OVERFLOW_HOLDERS],
  );
  const over = counts.filter(({ holders, names }) => overflows(holders, names));
  const under = counts.filter(({ holders, names, since }) => since !== null && !overflows(holders, names));
  if (over.length > 0) {
    await transaction.query(
      `INSERT INTO shared_value (workspace_id, kind, value, holders)
       SELECT $1, * FROM unnest($2::text[], $3::text[], $4::int[])
       ON CONFLICT (workspace_id, kind, value) DO UPDATE SET holders = excluded.holders`,
      [
        transaction.workspaceId,
        over.map((row) => row.kind),
        over.map((row) => row.value),
        over.map((row) => row.holders),
      ],
    );
  }
  if (under.length > 0) {
    await transaction.query(
      `DELETE FROM shared_value USING unnest($2::text[], $3::text[]) AS gone (kind, value)
       WHERE workspace_id = $1 AND shared_value.kind = gone.kind AND shared_value.value = gone.value`,
      [transaction.workspaceId, under.map((row) => row.kind), under.map((row) => row.value)],
    );
  }
  const turned = [...over.filter((row) => row.since === null), ...under];
  if (turned.length === 0) return 0;
  const marked = await transaction.query(
    `UPDATE source_record SET touched_seq = nextval('change_seq')
     WHERE workspace_id = $1 AND record_id IN (
       SELECT record_id FROM identifier JOIN unnest($2::text[], $3::text[]) AS turned (kind, value) USING (kind, value)
       WHERE workspace_id = $1
     ) AND record_id <> ALL($4::uuid[])
     RETURNING 1`,
    [transaction.workspaceId, turned.map((row) => row.kind), turned.map((row) => row.value), resolving],
  );
  return marked.length;
}

const joins = ({ kind, quality }: Identifier): boolean => quality !== "blocked" && kind !== "household";

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
