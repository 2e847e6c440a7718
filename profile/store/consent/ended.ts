/** What has ended by itself, as entries: the answers know already, the ledger is to say so to whoever reads it later. */
import type { ConsentRecord } from "#connectors/core/records.ts";
import { monthsLater, timed } from "#profile/consent/timed.ts";
import type { ProfileId, RecordId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import { settingsOf } from "../workspace-settings.ts";
import { ENTRY, type EntryColumns, entryOf } from "./entry-row.ts";
import { enterStatements, type OwnStatement } from "./enter.ts";

interface EndedRow {
  recordId: RecordId;
  address: string | null;
  channel: ConsentRecord["channel"];
  purpose: ConsentRecord["purpose"];
}

/** Kept for a while after they have lapsed, so that a late click is answered with what happened. Days. */
const CONFIRMATIONS_KEPT = 30;

/** @returns how many entries were made; fewer than the limit: that was all */
export async function enterEnded(
  transaction: Transaction,
  { at, limit }: { at: string; limit: number },
): Promise<number> {
  await transaction.query(
    "DELETE FROM consent_confirmation WHERE workspace_id = $1 AND expires_at < $2::timestamptz - make_interval(days => $3)",
    [transaction.workspaceId, at, CONFIRMATIONS_KEPT],
  );
  const rows = await lapsed(transaction, limit);
  const left = limit - rows.length;
  const statements = [
    // Dated by when it ended: entered twice before the answers are worked out anew, it is one entry.
    ...rows.map((row) => endedAs(row, { at: endOf(row) ?? at, proof: "Its time had come.", cause: null })),
    ...(left === 0 ? [] : await silent(transaction, at, left)),
  ];
  return (await enterStatements(transaction, statements)).entered;
}

const endedAs = (
  { recordId, address, channel, purpose }: EndedRow,
  { at, proof, cause }: { at: string; proof: string; cause: ConsentRecord["cause"] },
): OwnStatement => ({
  recordId,
  address,
  channel,
  purpose,
  state: "expired",
  effectiveAt: at,
  proof,
  cause: cause ?? null,
});

function endOf(row: EntryColumns): string | null {
  const { expires } = timed(entryOf(row));
  return expires === null ? null : new Date(expires).toISOString();
}

/** Answers that an entry decides whose own state is another one: it has lapsed since. */
const lapsed = (transaction: Transaction, limit: number): Promise<(EntryColumns & EndedRow)[]> =>
  transaction.query(
    `SELECT ${ENTRY} FROM consent_entry WHERE workspace_id = $1 AND state <> 'expired' AND entry_id = ANY (ARRAY(
       SELECT entry_ids[1] FROM consent_state WHERE workspace_id = $1 AND state = 'expired')) LIMIT $2`,
    [transaction.workspaceId, limit],
  );

/** A yes to messages of people of whom nothing was heard for as long as the admin has set. */
async function silent(transaction: Transaction, at: string, limit: number): Promise<OwnStatement[]> {
  const { inactivityMonths } = (await settingsOf(transaction)).consentPolicy;
  if (inactivityMonths === null) return [];
  const since = new Date(monthsLater(Date.parse(at), -inactivityMonths)).toISOString();
  const found = await transaction.query<EndedRow & { profileId: ProfileId }>(
    `SELECT answer.profile_id AS "profileId", entry.record_id AS "recordId", entry.address, entry.channel, entry.purpose
     FROM consent_state answer
     JOIN consent_entry entry ON entry.workspace_id = $1 AND entry.entry_id = ANY (answer.entry_ids)
     WHERE answer.workspace_id = $1 AND answer.state = 'granted' AND answer.purpose = 'marketing'
       AND coalesce(entry.effective_at, entry.recorded_at) < $2
     ORDER BY answer.profile_id LIMIT $3`,
    [transaction.workspaceId, since, limit],
  );
  const active = await activeSince(transaction, new Set(found.map(({ profileId }) => profileId)), since);
  const proof = `Nothing was heard of the person for ${inactivityMonths} months.`;
  return found
    .filter(({ profileId }) => !active.has(profileId))
    .map((row) => endedAs(row, { at: `${at.slice(0, 10)}T00:00:00Z`, proof, cause: "inactivity" }));
}

/** What was sent to people, or opened by their mail program, is not something they did. */
async function activeSince(
  transaction: Transaction,
  profileIds: ReadonlySet<ProfileId>,
  since: string,
): Promise<Set<ProfileId>> {
  if (profileIds.size === 0) return new Set();
  const rows = await transaction.query<{ profile_id: ProfileId }>(
    `SELECT profile_id FROM membership m WHERE m.workspace_id = $1 AND m.profile_id ${among("$2")} AND (
       EXISTS (SELECT FROM customer_order o WHERE o.workspace_id = $1 AND o.person_record_id = m.record_id
         AND o.placed_at >= $3 AND NOT o.deleted)
       OR EXISTS (SELECT FROM touchpoint t WHERE t.workspace_id = $1 AND t.person_record_id = m.record_id
         AND t.at >= $3 AND NOT t.deleted AND t.type !~ '(_sent|_delivered|_opened|_bounced|_dropped|unsubscribed)$'))
     GROUP BY profile_id`,
    [transaction.workspaceId, listed(profileIds), since],
  );
  return new Set(rows.map((row) => row.profile_id));
}
