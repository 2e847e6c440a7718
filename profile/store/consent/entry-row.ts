/** Entries of the ledger as they are read. */
import type { ConsentEntry } from "#profile/consent/ledger.ts";

export type EntryColumns = Omit<ConsentEntry, "effectiveAt" | "expiresAt" | "recordedAt"> & {
  effectiveAt: Date | null;
  expiresAt: Date | null;
  recordedAt: Date;
};

/** Columns of `consent_entry`. */
export const ENTRY = `entry_id AS "entryId", record_id AS "recordId", address, channel, purpose, state, explicit,
       effective_at AS "effectiveAt", expires_at AS "expiresAt", recorded_at AS "recordedAt", proof`;

export const entryOf = (row: EntryColumns): ConsentEntry => ({
  ...row,
  effectiveAt: row.effectiveAt?.toISOString() ?? null,
  expiresAt: row.expiresAt?.toISOString() ?? null,
  recordedAt: row.recordedAt.toISOString(),
});
