/** A no that was said of an address binds whoever holds that address, whichever record it came with. */
import type { ProfileId, RecordId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import { type EntryColumns, ENTRY } from "./entry-row.ts";

/** An address that somebody holds, by what names it in the ledger. */
export interface Holding {
  profileId: ProfileId;
  addressId: string;
}

/**
 * Per address the last refusal of each channel and purpose, and the last word on whether it is suppressed: an earlier one changes no answer, and an address that a whole
 * town uses may have been refused a thousand times.
 */
export async function refusalsOf(
  transaction: Transaction,
  addressIds: ReadonlySet<string>,
): Promise<(EntryColumns & { addressId: string })[]> {
  if (addressIds.size === 0) return [];
  return transaction.query(
    `SELECT DISTINCT ON (address_id, channel, purpose, ${OF_THE_LIST}) ${ENTRY}
     FROM consent_entry
     WHERE workspace_id = $1 AND address_id IS NOT NULL AND address_id ${among("$2")} AND state IN ('denied', 'withdrawn')
       AND cause IS DISTINCT FROM 'minor'
     ORDER BY address_id, channel, purpose, ${OF_THE_LIST},
       CASE WHEN ${OF_THE_LIST} THEN recorded_at END DESC, least(coalesce(effective_at, recorded_at), recorded_at) DESC,
       recorded_at DESC, entry_id DESC`,
    [transaction.workspaceId, listed(addressIds)],
  );
}

/** On the list of suppressed addresses, where what was recorded last counts. Releasing one is such an entry too. */
const OF_THE_LIST = "coalesce(cause IN ('hard_bounce', 'complaint', 'suppressed', 'released'), false)";

/** A refusal by the identifiers through which people hold its address. */
export interface RefusedValue {
  valueId: string;
  channel: string;
  purpose: string;
}

/**
 * Records whose profiles have to be looked at again because an address of theirs was refused. Where the answer is settled
 * as a no already, one more changes nothing, or a mailbox that thousands share would bring all of them round at every no.
 */
export async function holdersOf(transaction: Transaction, refused: readonly RefusedValue[]): Promise<RecordId[]> {
  if (refused.length === 0) return [];
  const rows = await transaction.query<{ record_id: RecordId }>(
    // Fenced so that it runs from what is asked outwards whatever the planner knows.
    `SELECT DISTINCT holder.record_id
     FROM unnest($2::uuid[], $3::text[], $4::text[]) AS refused (value_id, channel, purpose)
     CROSS JOIN LATERAL (
       SELECT record_id FROM identifier
       WHERE workspace_id = $1 AND identifier.value_id = refused.value_id AND current OFFSET 0
     ) AS holder
     CROSS JOIN LATERAL (
       SELECT profile_id FROM membership WHERE workspace_id = $1 AND membership.record_id = holder.record_id OFFSET 0
     ) AS own
     CROSS JOIN LATERAL (
       SELECT touched_seq > consented_seq AS due FROM profile
       WHERE workspace_id = $1 AND profile.profile_id = own.profile_id OFFSET 0
     ) AS mark
     LEFT JOIN LATERAL (
       SELECT state FROM consent_state
       WHERE workspace_id = $1 AND consent_state.profile_id = own.profile_id AND consent_state.channel = refused.channel
         AND consent_state.purpose = refused.purpose OFFSET 0
     ) AS answer ON true
     WHERE mark.due OR answer.state IS NULL OR answer.state NOT IN ('denied', 'withdrawn')`,
    [
      transaction.workspaceId,
      refused.map(({ valueId }) => valueId),
      refused.map(({ channel }) => channel),
      refused.map(({ purpose }) => purpose),
    ],
  );
  return rows.map((row) => row.record_id);
}
