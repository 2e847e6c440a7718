/** Appending to the consent ledger. Reading and judging it is the consent module's work. */
import type { ConsentRecord } from "#connectors/core/records.ts";
import { addressIdOf, holdingValueIds, isNumber, type ReadAddress, readAddress } from "#profile/consent/address.ts";
import { isRefusal } from "#profile/consent/ledger.ts";
import { type HeldStatement, type LedgerStatement, news } from "#profile/consent/news.ts";
import { uuidOf, type ConnectionId, type RecordId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import { holdersOf, type RefusedValue } from "../consent/refused-addresses.ts";
import { defaultCountryOf } from "../workspace-settings.ts";
import { type Cell, type Column, insertInto } from "../insert.ts";
import type { Stated } from "./tables.ts";

interface Statement extends LedgerStatement {
  record: ConsentRecord;
  recordId: RecordId;
  about: About | null;
}

/** An address as identity compares it, and the id by which identity knows it. */
type About = ReadAddress & { addressId: string };

/**
 * Adds what the ledger does not hold yet; the same statement seen again is the same entry, whatever id the vendor gives it.
 * A statement the vendor no longer has stays: that it was made is what the ledger remembers.
 *
 * @param consents every statement of a page, also several of one id
 * @returns how many were new, the person records they are about, and those whose address they refuse
 */
export async function appendConsents(
  transaction: Transaction,
  connectionId: ConnectionId,
  consents: Stated[],
): Promise<{ inserted: number; people: RecordId[] }> {
  const countryOf = await countriesOf(transaction, consents);
  const stated = new Map<string, Statement>();
  const read = addressReader();
  for (const { record, personId: recordId } of consents) {
    if (record.deleted) continue;
    const entryId = entryIdOf(connectionId, recordId, record);
    const about = record.address === null ? null : read(record.address, countryOf(recordId));
    stated.set(entryId, { ...record, cause: record.cause ?? null, entryId, recordId, record, about });
  }
  if (stated.size === 0) return { inserted: 0, people: [] };
  const all = [...stated.values()];
  const held = await heldOf(transaction, [...new Set(all.map(({ recordId }) => recordId))]);
  const fresh = new Map(news(all, held).map((statement) => [statement.entryId, statement]));
  const inserted = await insertEntries(transaction, [...fresh.values()], [connectionId]);
  const entered = inserted.flatMap(({ entry_id }) => fresh.get(entry_id) ?? []);
  const holders = await holdersOf(transaction, refusedValues(entered));
  return { inserted: inserted.length, people: [...entered.map(({ recordId }) => recordId), ...holders] };
}

/** A page makes several statements about each address. */
function addressReader(): (address: string, country: string) => About | null {
  const known = new Map<string, About | null>();
  return (address, country) => {
    const spelling = `${country} ${address}`;
    let about = known.get(spelling);
    if (about === undefined) {
      const found = readAddress(address, country);
      known.set(spelling, (about = found === null ? null : { ...found, addressId: addressIdOf(found) }));
    }
    return about;
  };
}

/** Each once: a page may refuse one shared mailbox many times. */
function refusedValues(entered: readonly Statement[]): RefusedValue[] {
  const values = new Map<string, RefusedValue>();
  for (const { about, channel, purpose, state } of entered) {
    if (about === null || !isRefusal(state)) continue;
    for (const valueId of holdingValueIds(about)) {
      values.set(`${valueId} ${channel} ${purpose}`, { valueId, channel, purpose });
    }
  }
  return [...values.values()];
}

/** In which country's way the numbers of a page are written: that of whom the statement is about, as far as we know them. */
async function countriesOf(transaction: Transaction, consents: Stated[]): Promise<(recordId: RecordId) => string> {
  const asked = consents.flatMap(({ record, personId }) =>
    record.address !== null && isNumber(record.address) ? personId : [],
  );
  if (asked.length === 0) return () => "";
  const usual = await defaultCountryOf(transaction);
  const rows = await transaction.query<{ record_id: RecordId; country: string | null }>(
    `SELECT record_id, data->>'country' AS country
     FROM source_record JOIN source_content USING (workspace_id, record_id, hash)
     WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(new Set(asked))],
  );
  const known = new Map(rows.map(({ record_id, country }) => [record_id, country]));
  return (recordId) => known.get(recordId) ?? usual;
}

const said = (type: "text" | "bool" | "timestamptz", of: (record: ConsentRecord) => Cell): Column<Statement> => ({
  type,
  of: ({ record }) => of(record),
});

const insertEntries = insertInto<Statement, { entry_id: string }>({
  table: "consent_entry",
  constants: ["connection_id"],
  columns: {
    entry_id: { type: "uuid", of: ({ entryId }) => entryId },
    record_id: { type: "uuid", of: ({ recordId }) => recordId },
    address: said("text", (record) => record.address),
    address_id: { type: "uuid", of: ({ about }) => about?.addressId },
    channel: said("text", (record) => record.channel),
    purpose: said("text", (record) => record.purpose),
    state: said("text", (record) => record.state),
    basis: said("text", (record) => record.basis),
    explicit: said("bool", (record) => record.explicit),
    effective_at: said("timestamptz", (record) => record.effectiveAt),
    expires_at: said("timestamptz", (record) => record.expiresAt),
    counts_from: said("timestamptz", (record) => record.countsFrom),
    cause: said("text", (record) => record.cause),
    jurisdiction: said("text", (record) => record.jurisdiction),
    proof: said("text", (record) => record.proof),
  },
  key: ["entry_id"],
  onConflict: "ignore",
  returning: "entry_id",
});

/** What the ledger holds of these records. The stream's lock is held, so nothing is added meanwhile. */
async function heldOf(transaction: Transaction, recordIds: RecordId[]): Promise<HeldStatement[]> {
  const rows = await transaction.query<LedgerStatement & { recordedAt: Date }>(
    `SELECT entry_id AS "entryId", record_id AS "recordId", address, channel, purpose, state, explicit,
       to_char(effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "effectiveAt",
       to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "expiresAt", recorded_at AS "recordedAt",
       cause
     FROM consent_entry WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(recordIds)],
  );
  return rows.map((row) => ({ ...row, recordedAt: row.recordedAt.getTime() }));
}

function entryIdOf(connectionId: ConnectionId, personId: RecordId, record: ConsentRecord): string {
  const { address, channel, purpose, state, basis, explicit, effectiveAt, expiresAt, proof } = record;
  const content = [address, channel, purpose, state, basis, explicit, effectiveAt, expiresAt, proof];
  // What entries of earlier releases do not have is no part of their names.
  for (const more of [record.countsFrom, record.cause, record.jurisdiction]) if (more != null) content.push(more);
  return uuidOf("consent", connectionId, personId, JSON.stringify(content));
}
