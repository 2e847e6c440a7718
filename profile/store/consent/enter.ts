/** Statements that come from no tool: a list of opt-outs, a reply, a browser's signal, a confirmation, what ended by itself. */
import type { ConsentRecord } from "#connectors/core/records.ts";
import { addressIdOf, holdingValueIds, readAddress } from "#profile/consent/address.ts";
import { type ConnectionId, type RecordId, recordIdOf, uuidOf, type WorkspaceId } from "#profile/ids.ts";
import { isRefusal } from "#profile/consent/ledger.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import { touchProfilesOf } from "../identity/marks.ts";
import { appendConsents } from "../ingest/ledger.ts";
import type { Stated } from "../ingest/tables.ts";
import { defaultCountryOf } from "../workspace-settings.ts";

export type OwnStatement = Pick<ConsentRecord, "channel" | "purpose" | "state" | "proof" | "effectiveAt"> &
  Partial<Pick<ConsentRecord, "basis" | "explicit" | "expiresAt" | "countsFrom" | "cause" | "jurisdiction">> &
  (
    | { address: string; recordId?: undefined }
    /** A record of the person it is about; an address where it is about one alone. */
    | { address: string | null; recordId: RecordId }
  );

/** The source of what no tool says; it is no connection that anybody could open. */
export const ownSourceOf = (workspaceId: WorkspaceId): ConnectionId =>
  uuidOf("connection", workspaceId, "tributary", "own statements") as ConnectionId;

export interface Entered {
  entered: number;
  /** Places, from 0 on, of statements whose address nobody can read. */
  unreadable: number[];
  /** By place: the ledger's entry, new or held; null: the address cannot be read. */
  addressIds: (string | null)[];
}

/** What the ledger holds already makes no entry. Whose answers it may change are marked, in this transaction. */
export async function enterStatements(transaction: Transaction, statements: readonly OwnStatement[]): Promise<Entered> {
  if (statements.length === 0) return { entered: 0, unreadable: [], addressIds: [] };
  const country = await defaultCountryOf(transaction);
  const source = ownSourceOf(transaction.workspaceId);
  const stated: Stated[] = [];
  const unreadable: number[] = [];
  const addressIds = statements.map((statement, place) => {
    const read = statement.address === null ? null : readAddress(statement.address, country);
    const addressId = read === null ? null : addressIdOf(read);
    const recordId =
      statement.recordId ?? (addressId === null ? null : addressRecordOf(transaction.workspaceId, addressId));
    if (recordId === null || (statement.address !== null && addressId === null)) unreadable.push(place);
    else stated.push({ record: recordOf(statement, recordId), personId: recordId });
    return addressId;
  });
  const { inserted, people } = await appendConsents(transaction, source, stated);
  const freeing = stated.filter(({ record }) => !isRefusal(record.state) || record.cause === "released");
  const holders = inserted === 0 ? [] : await holdersOfAddresses(transaction, freeing, country);
  await touchProfilesOf(transaction, [...people, ...holders]);
  return { entered: inserted, unreadable, addressIds };
}

/** A no finds them by itself; what else was said of an address is looked up from now on. */
async function holdersOfAddresses(
  transaction: Transaction,
  stated: readonly Stated[],
  country: string,
): Promise<RecordId[]> {
  const values = stated.flatMap(({ record }) => {
    const read = record.address === null ? null : readAddress(record.address, country);
    return read === null ? [] : holdingValueIds(read);
  });
  if (values.length === 0) return [];
  if (stated.some(({ record }) => !isRefusal(record.state)))
    await transaction.query(
      `UPDATE workspace SET consent_policy = consent_policy || '{"ownGrants": true}'
     WHERE workspace_id = $1 AND NOT consent_policy @> '{"ownGrants": true}'`,
      [transaction.workspaceId],
    );
  const rows = await transaction.query<{ record_id: RecordId }>(
    `SELECT DISTINCT record_id FROM identifier WHERE workspace_id = $1 AND value_id ${among("$2")} AND current`,
    [transaction.workspaceId, listed(new Set(values))],
  );
  return rows.map((row) => row.record_id);
}

/** What was said to us of an address: its record in the ledger. */
export const addressRecordOf = (workspaceId: WorkspaceId, addressId: string): RecordId =>
  recordIdOf(ownSourceOf(workspaceId), "addresses", addressId);

function recordOf(said: OwnStatement, personId: RecordId): ConsentRecord {
  const { channel, purpose, state, proof, effectiveAt } = said;
  const { basis = "none", explicit = false, expiresAt = null, countsFrom = null } = said;
  const { cause = null, jurisdiction = null } = said;
  return {
    kind: "consent",
    // Entries are named after what they say; this is asked for by nobody.
    id: uuidOf("own", personId),
    updatedAt: null,
    deleted: false,
    person: { stream: "own", id: personId },
    ...{ channel, purpose, state, proof, effectiveAt, basis, explicit, expiresAt, countsFrom, cause, jurisdiction },
    address: said.address === null ? null : said.address.trim(),
  };
}
