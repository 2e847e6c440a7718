/**
 * What of a person is stored only where somebody said that it is needed, and numbers that are stored as keyed hashes alone.
 * Every record passes here before anything of it is hashed, compared or written.
 */
import { createHmac } from "node:crypto";
import type { RecordPage } from "#connectors/core/contract.ts";
import type { CanonicalRecord, PersonRecord } from "#connectors/core/records.ts";
import { SENSITIVE_FACTS, SENSITIVE_NAMES, isSensitiveName, type SensitiveName } from "#connectors/core/sensitive.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import { type HashedNationalId, normaliseNationalId } from "#profile/identity/normalise/national-id.ts";
import type { Database, Transaction } from "../database.ts";
import { hashingKey, type MasterKeys } from "../workspace-keys.ts";

/** What may be kept of persons, and the key for their numbers. */
export interface Permitted {
  names: ReadonlySet<SensitiveName>;
  /** Null: no number is to be kept. */
  key: Buffer | null;
  defaultCountry: string;
}

export const NOTHING_PERMITTED: Permitted = { names: new Set(), key: null, defaultCountry: "" };

const FACTS = SENSITIVE_NAMES.map((name) => SENSITIVE_FACTS[name].fact);

/** Asked of the database only when a page carries something sensitive at all. */
export async function permittedFor(
  { database, masters }: { database: Database; masters: MasterKeys | undefined },
  workspaceId: WorkspaceId,
  connectionId: ConnectionId,
  records: RecordPage["records"],
): Promise<Permitted> {
  if (!records.some(carriesSensitive)) return NOTHING_PERMITTED;
  return database.inWorkspace(workspaceId, async (transaction) => {
    const { names, defaultCountry } = await permissionsOf(transaction, connectionId);
    if (!names.has("national_id")) return { names, key: null, defaultCountry };
    if (masters === undefined)
      throw new Error("National numbers are kept as keyed hashes, and no master key is at hand.");
    return { names, key: await hashingKey(transaction, masters), defaultCountry };
  });
}

/** For all connections, and for this one. */
async function permissionsOf(
  transaction: Transaction,
  connectionId: ConnectionId,
): Promise<Pick<Permitted, "names" | "defaultCountry">> {
  const [row] = await transaction.query<{ names: string[]; defaultCountry: string }>(
    `SELECT w.sensitive_facts || coalesce(c.sensitive_facts, '{}') AS names, default_country AS "defaultCountry"
     FROM workspace w LEFT JOIN connection c ON c.workspace_id = w.workspace_id AND c.connection_id = $2
     WHERE w.workspace_id = $1`,
    [transaction.workspaceId, connectionId],
  );
  return { names: new Set(row?.names.filter(isSensitiveName)), defaultCountry: row?.defaultCountry ?? "" };
}

function carriesSensitive(record: object): boolean {
  if (!("kind" in record) || record.kind !== "person") return false;
  return FACTS.some((fact) => fact in record);
}

/** A record as it may be kept: its numbers are hashes. */
export type KeptRecord = Exclude<CanonicalRecord, PersonRecord> | KeptPerson;
export type KeptPerson = Omit<PersonRecord, "nationalIds"> & { nationalIds?: HashedNationalId[] | undefined };

/** Leaves out what may not be kept; of numbers only their hashes stay. */
export function keptOf(record: CanonicalRecord, { names, key, defaultCountry }: Permitted): KeptRecord {
  if (record.kind !== "person" || !carriesSensitive(record)) return record as KeptRecord;
  const { nationalIds, ...rest } = record;
  for (const name of SENSITIVE_NAMES) {
    const { fact } = SENSITIVE_FACTS[name];
    if (fact !== "nationalIds" && !names.has(name)) delete rest[fact];
  }
  if (nationalIds === undefined || key === null || !names.has("national_id")) return rest;
  const country = record.country ?? defaultCountry;
  return { ...rest, nationalIds: nationalIds.map(({ kind, value }) => hashed(kind, value, country, key)) };
}

function hashed(kind: HashedNationalId["kind"], value: string, country: string, key: Buffer): HashedNationalId {
  const normalised = normaliseNationalId(kind, value, country);
  const hash =
    normalised.key === null ? null : createHmac("sha256", key).update(`${kind}\u0000${normalised.key}`).digest("hex");
  return { kind, ...normalised, key: hash };
}

/** Of a row that did not become a record, what is kept for whoever corrects it. */
export function withoutSensitive(candidate: object): object {
  return carriesSensitive(candidate)
    ? Object.fromEntries(Object.entries(candidate).filter(([name]) => !(FACTS as string[]).includes(name)))
    : candidate;
}
