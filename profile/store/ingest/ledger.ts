/** Appending to the consent ledger. Reading and judging it is the consent module's work. */
import type { ConsentRecord } from "#connectors/core/records.ts";
import { type HeldStatement, type LedgerStatement, news } from "#profile/consent/news.ts";
import { uuidOf, type ConnectionId, type RecordId } from "#profile/ids.ts";
import type { Transaction } from "../database.ts";
import type { Prepared } from "./tables.ts";

interface Statement extends LedgerStatement {
  record: ConsentRecord;
  recordId: RecordId;
}

/**
 * Adds what the ledger does not hold yet; the same statement seen again is the same entry, whatever id the vendor gives it.
 * A statement the vendor no longer has stays: that it was made is what the ledger remembers.
 *
 * @param consents every statement of a page, also several of one id
 * @returns how many were new, and the person records they are about
 */
export async function appendConsents(
  transaction: Transaction,
  connectionId: ConnectionId,
  consents: Prepared<ConsentRecord>[],
): Promise<{ inserted: number; people: RecordId[] }> {
  const stated = new Map<string, Statement>();
  for (const { record, people } of consents) {
    const [recordId] = people;
    if (recordId === undefined || record.deleted) continue;
    const entryId = entryIdOf(connectionId, recordId, record);
    stated.set(entryId, { ...record, entryId, recordId, record });
  }
  if (stated.size === 0) return { inserted: 0, people: [] };
  const all = [...stated.values()];
  const undated = [...new Set(all.flatMap(({ effectiveAt, recordId }) => (effectiveAt === null ? recordId : [])))];
  const held = undated.length === 0 ? [] : await heldOf(transaction, undated);
  const rows = news(all, held).toSorted((a, b) => (a.entryId < b.entryId ? -1 : 1));
  if (rows.length === 0) return { inserted: 0, people: [] };
  const column = (of: (record: ConsentRecord) => unknown) => rows.map(({ record }) => of(record));
  const inserted = await transaction.query<{ record_id: RecordId }>(
    `INSERT INTO consent_entry (workspace_id, connection_id, entry_id, record_id, address, channel, purpose, state, basis,
       explicit, effective_at, expires_at, proof)
     SELECT $1, $2, * FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
       $10::bool[], $11::timestamptz[], $12::timestamptz[], $13::text[])
     ON CONFLICT (workspace_id, entry_id) DO NOTHING
     RETURNING record_id`,
    [
      transaction.workspaceId,
      connectionId,
      rows.map(({ entryId }) => entryId),
      rows.map(({ recordId }) => recordId),
      column((record) => record.address),
      column((record) => record.channel),
      column((record) => record.purpose),
      column((record) => record.state),
      column((record) => record.basis),
      column((record) => record.explicit),
      column((record) => record.effectiveAt),
      column((record) => record.expiresAt),
      column((record) => record.proof),
    ],
  );
  return { inserted: inserted.length, people: inserted.map((row) => row.record_id) };
}

/** What the ledger holds of these records. The stream's lock is held, so nothing is added meanwhile. */
async function heldOf(transaction: Transaction, recordIds: RecordId[]): Promise<HeldStatement[]> {
  const rows = await transaction.query<LedgerStatement & { recordedAt: Date }>(
    `SELECT entry_id AS "entryId", record_id AS "recordId", address, channel, purpose, state, explicit,
       to_char(effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "effectiveAt",
       to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "expiresAt", recorded_at AS "recordedAt"
     FROM consent_entry WHERE workspace_id = $1 AND record_id = ANY($2::uuid[])`,
    [transaction.workspaceId, recordIds],
  );
  return rows.map((row) => ({ ...row, recordedAt: row.recordedAt.getTime() }));
}

function entryIdOf(connectionId: ConnectionId, personId: RecordId, record: ConsentRecord): string {
  const { address, channel, purpose, state, basis, explicit, effectiveAt, expiresAt, proof } = record;
  const content = [address, channel, purpose, state, basis, explicit, effectiveAt, expiresAt, proof];
  return uuidOf("consent", connectionId, personId, JSON.stringify(content));
}
