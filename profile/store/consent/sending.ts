/** Asking the ledger at the moment of sending: read for many records at once, and trusted only while nothing was committed since. */
import { addressIdOf, readAddress } from "#profile/consent/address.ts";
import type { ConsentFacts } from "#profile/consent/decide.ts";
import { effectiveConsent } from "#profile/consent/ledger.ts";
import type { ProfileId, RecordId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import { settingsOf } from "../workspace-settings.ts";
import { entriesFor } from "./entries.ts";

export interface SendingFacts extends ConsentFacts {
  profileId: ProfileId;
}

export interface SendingBasis {
  /** Records it was read for, whether or not they are somebody's. */
  readonly recordIds: ReadonlySet<RecordId>;
  /** The transactions it could see (Postgres's `pg_snapshot`, as text). */
  readonly snapshot: string;
  /**
   * What `decide` needs to write to a record: what whoever it belongs to has said, as it holds at that instant (ISO 8601), and
   * the record's own addresses. Undefined: the record is nobody's, which is not a yes.
   */
  factsOf(recordId: RecordId, at: string): SendingFacts | undefined;
}

export async function readBasis(transaction: Transaction, recordIds: readonly RecordId[]): Promise<SendingBasis> {
  // Before everything else: what is read later than this may be newer, never older.
  const [seen] = await transaction.query<{ snapshot: string }>("SELECT pg_current_snapshot()::text AS snapshot");
  if (seen === undefined) throw new Error("Postgres told no snapshot.");
  const records = await transaction.query<{
    record_id: RecordId;
    profile_id: ProfileId;
    email: string | null;
    phone: string | null;
  }>(
    `SELECT record_id, profile_id, email, phone
     FROM membership JOIN source_record USING (workspace_id, record_id)
     WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(recordIds)],
  );
  const { country, timeZone, consentPolicy: policy } = await settingsOf(transaction);
  const written = records.flatMap(({ profile_id: profileId, email, phone }) =>
    [email, phone].flatMap((address) => {
      const read = address === null ? null : readAddress(address, country);
      return read === null ? [] : { profileId, addressId: addressIdOf(read) };
    }),
  );
  const profiles = [...new Set(records.map((row) => row.profile_id))];
  const { entries, lawOf } = await entriesFor(transaction, profiles, { policy, besides: written });
  const known = new Map(records.map((row) => [row.record_id, row]));
  return {
    recordIds: new Set(recordIds),
    snapshot: seen.snapshot,
    factsOf(recordId, at) {
      const record = known.get(recordId);
      if (record === undefined) return undefined;
      const { profile_id: profileId, email, phone } = record;
      const answers = effectiveConsent(entries.get(profileId) ?? [], at, { timeZone, law: lawOf(profileId) });
      return { profileId, answers, recipient: { email, phone } };
    },
  };
}

/**
 * Every transaction that writes what a basis is read from leaves its number (`note_consent_news` in the migrations). One that
 * was still open at the reading was not seen by it, however early it began.
 */
export async function stillHolds(transaction: Transaction, { snapshot }: SendingBasis): Promise<boolean> {
  const [answer] = await transaction.query<{ news: boolean }>(
    `SELECT EXISTS (
       SELECT FROM consent_news
       WHERE workspace_id = $1 AND transaction_id >= pg_snapshot_xmin($2::pg_snapshot)::text::bigint
         AND NOT pg_visible_in_snapshot(transaction_id::text::xid8, $2::pg_snapshot)
     ) AS news`,
    [transaction.workspaceId, snapshot],
  );
  return answer?.news === false;
}

/** What no basis still in use can miss: none is trusted for more than a minute. */
export async function forgetNews(transaction: Transaction): Promise<void> {
  await transaction.query("DELETE FROM consent_news WHERE workspace_id = $1 AND at < now() - interval '1 hour'", [
    transaction.workspaceId,
  ]);
}
