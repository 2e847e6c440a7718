/** Entries of the ledger as they are read. */
import type { ConsentEntry } from "#profile/consent/ledger.ts";

export type EntryColumns = Omit<ConsentEntry, "effectiveAt" | "countsFrom" | "expiresAt" | "recordedAt"> & {
  countsFrom: Date | null;
  effectiveAt: Date | null;
  expiresAt: Date | null;
  recordedAt: Date;
};

/** Columns of `consent_entry`. */
export const ENTRY = `entry_id AS "entryId", record_id AS "recordId", address, address_id AS "addressId", channel, purpose, state,
       basis, explicit, effective_at AS "effectiveAt", counts_from AS "countsFrom", expires_at AS "expiresAt",
       recorded_at AS "recordedAt", cause, jurisdiction, proof`;

export const entryOf = (row: EntryColumns): ConsentEntry => ({
  ...row,
  effectiveAt: row.effectiveAt?.toISOString() ?? null,
  countsFrom: row.countsFrom?.toISOString() ?? null,
  expiresAt: row.expiresAt?.toISOString() ?? null,
  recordedAt: row.recordedAt.toISOString(),
});
