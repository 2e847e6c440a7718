/** Appending to the consent ledger. Reading and judging it is the consent module's work. */
import type { ConsentRecord } from "#connectors/core/records.ts";
import { uuidOf, type ConnectionId, type RecordId } from "#profile/ids.ts";
import type { Transaction } from "../database.ts";
import type { Prepared } from "./tables.ts";

/**
 * Adds what the ledger does not hold yet; the same statement seen again is the same entry, whatever id the vendor gives it.
 * A statement the vendor no longer has stays: that it was made is what the ledger remembers.
 *
 * @returns how many were new, and the person records they are about
 */
export async function appendConsents(
  transaction: Transaction,
  connectionId: ConnectionId,
  consents: Prepared<ConsentRecord>[],
): Promise<{ inserted: number; people: RecordId[] }> {
  const entries = new Map<string, { record: ConsentRecord; personId: RecordId }>();
  for (const { record, people } of consents) {
    const [personId] = people;
    if (personId !== undefined && !record.deleted)
      entries.set(entryIdOf(connectionId, personId, record), { record, personId });
  }
  if (entries.size === 0) return { inserted: 0, people: [] };
  const ids = [...entries.keys()].toSorted();
  const rows = ids.flatMap((id) => entries.get(id) ?? []);
  const column = (of: (record: ConsentRecord) => unknown) => rows.map(({ record }) => of(record));
  const inserted = await transaction.query<{ record_id: RecordId }>(
    `INSERT INTO consent_entry (workspace_id, connection_id, entry_id, record_id, address, channel, purpose, state, basis,
       explicit, effective_at, expires_at, proof)
     SELECT $1, $2, entry, person, address, channel, purpose, state, basis, explicit, coalesce(at, now()), until, proof
     FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
       $10::bool[], $11::timestamptz[], $12::timestamptz[], $13::text[])
       AS said (entry, person, address, channel, purpose, state, basis, explicit, at, until, proof)
     ON CONFLICT (workspace_id, entry_id) DO NOTHING
     RETURNING record_id`,
    [
      transaction.workspaceId,
      connectionId,
      ids,
      rows.map(({ personId }) => personId),
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

function entryIdOf(connectionId: ConnectionId, personId: RecordId, record: ConsentRecord): string {
  const { address, channel, purpose, state, basis, explicit, effectiveAt, expiresAt, proof } = record;
  const content = [address, channel, purpose, state, basis, explicit, effectiveAt, expiresAt, proof];
  return uuidOf("consent", connectionId, personId, JSON.stringify(content));
}
