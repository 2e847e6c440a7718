/** The first half of identity: the identifiers of changed records, and the values that too many records hold. */
import { z } from "zod";
import { personRecord } from "#connectors/core/records.ts";
import { type ConnectionId, type RecordId, valueIdOf } from "#profile/ids.ts";
import { type Identifier, identifiersOf } from "#profile/identity/identifiers.ts";
import type { Transaction } from "../database.ts";
import { insertInto } from "../insert.ts";
import type { Took } from "../set-aside.ts";
import { refreshSharedValues } from "./shared-values.ts";

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

interface Marked {
  recordId: RecordId;
  touchedSeq: number;
}

interface ChangedPerson extends Marked {
  connectionId: ConnectionId;
  stream: string;
  data: unknown;
}

type Row = Identifier & { recordId: RecordId; valueId: string };
type StoredRow = Row & { current: boolean };

/** Records whose identifiers are worked out while Postgres stores those of the portion before. */
const PORTION = 250;

/**
 * Brings the identifiers of up to `limit` changed records up to date. Values no longer carried stay, marked: they were
 * evidence.
 *
 * @returns how many records that were
 */
export async function identifyBatch(
  transaction: Transaction,
  limit: number,
  defaultCountry: string,
  took: Took,
): Promise<number> {
  const marked = await markedRecords(transaction, limit);
  if (marked.length === 0) return 0;
  const changed = marked.filter((record) => record.kind === "person");
  took(marked.map(({ recordId, touchedSeq }) => ({ id: recordId, touchedSeq })));
  const stored = Map.groupBy(await storedIdentifiers(transaction, changed), ({ recordId }) => recordId);
  const values = new Map<string, Identifier>();
  let writing: Promise<unknown> = Promise.resolve();
  try {
    for (let start = 0; start < changed.length; start += PORTION) {
      const difference: Difference = { added: [], changed: [], dropped: [] };
      for (const record of changed.slice(start, start + PORTION)) {
        compare(record, stored.get(record.recordId) ?? [], defaultCountry, difference, values);
      }
      await writing;
      writing = write(transaction, difference);
    }
  } finally {
    // Also when a record cannot be read: the transaction ends after its last statement.
    await writing;
  }
  await refreshSharedValues(transaction, values);
  await markIdentified(transaction, marked);
  return marked.length;
}

/** With the people among them: since it was marked, a record may have turned out to be something else, or gone. */
function markedRecords(
  transaction: Transaction,
  limit: number,
): Promise<((ChangedPerson & { kind: "person" }) | (Marked & { kind: "deal" | "organisation" | null }))[]> {
  return transaction.query(
    `SELECT record_id AS "recordId", touched_seq AS "touchedSeq", kind, connection_id AS "connectionId", stream, data
     FROM (
       SELECT workspace_id, record_id, touched_seq FROM unresolved
       WHERE workspace_id = $1 AND NOT identified ORDER BY touched_seq LIMIT $2
     ) AS next
     LEFT JOIN source_record USING (workspace_id, record_id)
     LEFT JOIN source_content USING (workspace_id, record_id, hash)
     WHERE workspace_id = $1`,
    [transaction.workspaceId, limit],
  );
}

function storedIdentifiers(transaction: Transaction, records: readonly Marked[]): Promise<StoredRow[]> {
  return transaction.query<StoredRow>(
    `SELECT record_id AS "recordId", value_id AS "valueId", kind, value, quality, reason, current FROM identifier
     WHERE workspace_id = $1 AND record_id = ANY($2::uuid[])`,
    [transaction.workspaceId, records.map(({ recordId }) => recordId)],
  );
}

interface Difference {
  added: Row[];
  changed: Row[];
  dropped: StoredRow[];
}

/** Adds to `difference` what is to be written for one record, to `values` what it holds or held that can join people. */
function compare(
  { recordId, connectionId, stream, data }: ChangedPerson,
  stored: readonly StoredRow[],
  defaultCountry: string,
  difference: Difference,
  values: Map<string, Identifier>,
): void {
  const left = new Map(stored.map((row) => [row.valueId, row]));
  for (const identifier of identifiersOf(storedPerson.parse(data), { connectionId, stream, defaultCountry })) {
    const valueId = valueIdOf(identifier.kind, identifier.value);
    const known = left.get(valueId);
    left.delete(valueId);
    if (joins(identifier)) values.set(valueId, identifier);
    const same = known?.current === true && known.quality === identifier.quality && known.reason === identifier.reason;
    if (!same) difference[known === undefined ? "added" : "changed"].push({ ...identifier, recordId, valueId });
  }
  for (const row of left.values()) {
    if (joins(row)) values.set(row.valueId, row);
    if (row.current) difference.dropped.push(row);
  }
}

const rows = {
  table: "identifier",
  columns: {
    value_id: { type: "uuid", of: ({ valueId }: Row) => valueId },
    record_id: { type: "uuid", of: ({ recordId }: Row) => recordId },
    kind: { type: "text", of: ({ kind }: Row) => kind },
    value: { type: "text", of: ({ value }: Row) => value },
    quality: { type: "text", of: ({ quality }: Row) => quality },
    reason: { type: "text", of: ({ reason }: Row) => reason },
  },
  key: ["value_id", "record_id"],
} as const;
/** Only identity writes identifiers, and its lock is held: what was not there is not there, and need not be looked for. */
const insertAdded = insertInto<Row>({ ...rows, onConflict: "fail" });
const updateChanged = insertInto<Row>({ ...rows, onConflict: "update", also: "current = true" });

async function write(transaction: Transaction, { added, changed, dropped }: Difference): Promise<void> {
  await insertAdded(transaction, added);
  await updateChanged(transaction, changed);
  if (dropped.length === 0) return;
  await transaction.query(
    `UPDATE identifier SET current = false FROM unnest($2::uuid[], $3::uuid[]) AS gone (value_id, record_id)
     WHERE identifier.workspace_id = $1 AND identifier.value_id = gone.value_id AND identifier.record_id = gone.record_id`,
    [transaction.workspaceId, dropped.map(({ valueId }) => valueId), dropped.map(({ recordId }) => recordId)],
  );
}

/** Marks what was read, not what is there now: a change that came in meanwhile stays due. */
async function markIdentified(transaction: Transaction, records: readonly Marked[]): Promise<void> {
  await transaction.query(
    `WITH done AS MATERIALIZED (
       SELECT record_id FROM unresolved JOIN unnest($2::uuid[], $3::int8[]) AS seen (record_id, seq) USING (record_id)
       WHERE workspace_id = $1 AND touched_seq = seq ORDER BY record_id FOR UPDATE OF unresolved
     )
     UPDATE unresolved SET identified = true FROM done
     WHERE unresolved.workspace_id = $1 AND unresolved.record_id = done.record_id`,
    [transaction.workspaceId, records.map(({ recordId }) => recordId), records.map(({ touchedSeq }) => touchedSeq)],
  );
}

const joins = ({ kind, quality }: Identifier): boolean => quality !== "blocked" && kind !== "household";
