/** The first half of identity: the identifiers of changed records. */
import { z } from "zod";
import { nationalId, personRecord } from "#connectors/core/records.ts";
import { type ConnectionId, type RecordId, valueIdOf } from "#profile/ids.ts";
import { type Identifier, identifiersOf, nearnessOf } from "#profile/identity/identifiers.ts";
import type { LinkageFacts } from "#profile/identity/linkage/facts.ts";
import { linkageFactsOf, mayBeComparable } from "#profile/identity/linkage/person-facts.ts";
import { normalisePerson } from "#profile/identity/normalise/person.ts";
import { among, listed } from "../among.ts";
import { matchByHash, type Transaction } from "../database.ts";
import { insertInto } from "../insert.ts";
import type { Took } from "../set-aside.ts";
import { defaultCountryOf } from "../workspace-settings.ts";
import { storeFacts } from "./linkage/facts.ts";

/** Numbers are stored as keyed hashes (`ingest/sensitive.ts`). */
const hashedNationalIds = z.array(
  z.object({
    kind: nationalId.shape.kind,
    key: z.string().nullable(),
    quality: z.enum(["strong", "weak", "blocked"]),
    reason: z.string().nullable(),
  }),
);

/** The part of a stored person that identity reads. */
export const storedPerson = z.object({
  ...personRecord.omit({ kind: true, id: true, updatedAt: true, deleted: true, createdAt: true }).shape,
  nationalIds: hashedNationalIds.optional(),
});

interface Marked {
  recordId: RecordId;
  touchedSeq: number;
}

interface ChangedPerson {
  recordId: RecordId;
  connectionId: ConnectionId;
  stream: string;
  data: unknown;
}

type Row = Identifier & { recordId: RecordId; valueId: string };
type StoredRow = Row & { current: boolean };

/** Records whose identifiers are worked out while Postgres stores those of the portion before. */
const PORTION = 500;

/**
 * Brings the identifiers of up to `limit` changed records up to date. Values no longer carried stay, marked: they were
 * evidence.
 *
 * Several of these may run beside one another: each takes records that no other has taken. Whoever uses identifiers waits
 * for all of them.
 *
 * @param least with fewer to do, nothing is done
 * @returns how many records that were
 */
export async function identifyBatch(
  transaction: Transaction,
  { limit, least }: { limit: number; least: number },
  took: Took,
): Promise<number> {
  const marked = await takeMarked(transaction, limit);
  if (marked.length < least) return 0;
  took(marked.map(({ recordId, touchedSeq }) => ({ id: recordId, touchedSeq })));
  const ids = listed(marked.map(({ recordId }) => recordId));
  const [changed, known] = await Promise.all([peopleOf(transaction, ids), storedIdentifiers(transaction, ids)]);
  const defaultCountry = await defaultCountryOf(transaction);
  const stored = Map.groupBy(known, ({ recordId }) => recordId);
  const near = new Map(marked.map(({ recordId }) => [recordId, 0]));
  // Who turned out to be something else has nothing to be compared by any more.
  const facts = new Map<RecordId, LinkageFacts | null>(marked.map(({ recordId }) => [recordId, null]));
  let writing: Promise<unknown> = Promise.resolve();
  try {
    for (let start = 0; start < changed.length; start += PORTION) {
      const difference: Difference = { added: [], changed: [], dropped: [] };
      for (const record of changed.slice(start, start + PORTION)) {
        const { recordId, connectionId, stream, data } = record;
        const person = storedPerson.parse(data);
        const identifiers = identifiersOf(person, { connectionId, stream, defaultCountry });
        if (mayBeComparable(person))
          facts.set(recordId, linkageFactsOf(normalisePerson(person, { defaultCountry, today: NO_DAY_IS_LATER })));
        compare(recordId, identifiers, stored.get(recordId) ?? [], difference);
        near.set(recordId, nearnessOf(identifiers));
      }
      await writing;
      writing = write(transaction, difference);
    }
  } finally {
    // Also when a record cannot be read: the transaction ends after its last statement.
    await writing;
  }
  await markIdentified(transaction, near, await storeFacts(transaction, facts));
  return marked.length;
}

/**
 * The marks stay locked until the end: what ingest changes meanwhile is marked after it, and stays due. A mark that is locked
 * is somebody else's or is just being set anew.
 */
function takeMarked(transaction: Transaction, limit: number): Promise<Marked[]> {
  return transaction.query(
    `SELECT record_id AS "recordId", touched_seq AS "touchedSeq" FROM unresolved
     WHERE workspace_id = $1 AND NOT identified ORDER BY touched_seq LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED`,
    [transaction.workspaceId, limit],
  );
}

/**
 * The people among the marked: since it was marked, a record may have turned out to be something else, or gone. Read after
 * the marks were locked, or a mark could be newer than what is read.
 */
function peopleOf(transaction: Transaction, ids: string): Promise<ChangedPerson[]> {
  return transaction.query(
    `SELECT record_id AS "recordId", connection_id AS "connectionId", stream, data
     FROM source_record LEFT JOIN source_content USING (workspace_id, record_id, hash)
     WHERE workspace_id = $1 AND kind = 'person' AND record_id ${among("$2")}`,
    [transaction.workspaceId, ids],
  );
}

function storedIdentifiers(transaction: Transaction, ids: string): Promise<StoredRow[]> {
  return transaction.query<StoredRow>(
    `SELECT record_id AS "recordId", value_id AS "valueId", kind, value, quality, reason, current FROM identifier
     WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, ids],
  );
}

interface Difference {
  added: Row[];
  changed: Row[];
  dropped: StoredRow[];
}

/** Adds to `difference` what is to be written for one record. */
function compare(
  recordId: RecordId,
  identifiers: readonly Identifier[],
  stored: readonly StoredRow[],
  difference: Difference,
): void {
  const left = new Map(stored.map((row) => [row.valueId, row]));
  for (const identifier of identifiers) {
    const valueId = valueIdOf(identifier.kind, identifier.value);
    const known = left.get(valueId);
    left.delete(valueId);
    const same = known?.current === true && known.quality === identifier.quality && known.reason === identifier.reason;
    if (!same) difference[known === undefined ? "added" : "changed"].push({ ...identifier, recordId, valueId });
  }
  for (const row of left.values()) if (row.current) difference.dropped.push(row);
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
/** Whoever has taken a record's mark alone writes its identifiers: what was not there need not be looked for. */
const insertAdded = insertInto<Row>({ ...rows, onConflict: "fail" });
const updateChanged = insertInto<Row>({ ...rows, onConflict: "update", also: "current = true" });

async function write(transaction: Transaction, { added, changed, dropped }: Difference): Promise<void> {
  await insertAdded(transaction, added);
  await updateChanged(transaction, changed);
  if (dropped.length === 0) return;
  await matchByHash(
    transaction,
    `UPDATE identifier SET current = false FROM unnest($2::uuid[], $3::uuid[]) AS gone (value_id, record_id)
     WHERE identifier.workspace_id = $1 AND identifier.value_id = gone.value_id AND identifier.record_id = gone.record_id
       AND identifier.value_id ${among("$2")} AND identifier.record_id ${among("$3")}`,
    [
      transaction.workspaceId,
      listed(dropped.map(({ valueId }) => valueId)),
      listed(dropped.map(({ recordId }) => recordId)),
    ],
  );
}

/** Days of birth are compared with one another here; whether they can be true is not asked. */
const NO_DAY_IS_LATER = "9999-12-31";

/**
 * @param near by record, what it goes by where work is shared out
 * @param uncompared records that say something else than when they were compared last
 */
async function markIdentified(
  transaction: Transaction,
  near: ReadonlyMap<RecordId, number>,
  uncompared: ReadonlySet<RecordId>,
): Promise<void> {
  await matchByHash(
    transaction,
    `UPDATE unresolved SET identified = true, near = done.near, compared = unresolved.compared AND done.compared
     FROM unnest($2::uuid[], $3::int4[], $4::bool[]) AS done (record_id, near, compared)
     WHERE unresolved.workspace_id = $1 AND unresolved.record_id = done.record_id
       AND unresolved.record_id ${among("$2")}`,
    [
      transaction.workspaceId,
      listed(near.keys()),
      listed(near.values()),
      listed([...near.keys()].map((id) => !uncompared.has(id))),
    ],
  );
}
