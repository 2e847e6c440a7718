/** What each tool says of people, held side by side: for a report, so people are gone through in pages. */
import { type Drift, driftOf, type ToolEntry } from "#profile/consent/drift.ts";
import type { ProfileId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import { ENTRY, type EntryColumns, entryOf } from "./entry-row.ts";

export interface DriftRow extends Drift {
  profileId: ProfileId;
  /** What counts here. */
  here: string;
}

export interface DriftPage {
  rows: DriftRow[];
  /** Null: that was all. */
  next: ProfileId | null;
}

/** @param at ISO 8601 */
export async function driftPage(
  transaction: Transaction,
  { after, limit, at }: { after: ProfileId | null; limit: number; at: string },
): Promise<DriftPage> {
  const profiles = await transaction.query<{ profile_id: ProfileId }>(
    `SELECT profile_id FROM profile WHERE workspace_id = $1 AND ($2::uuid IS NULL OR profile_id > $2)
     ORDER BY profile_id LIMIT $3`,
    [transaction.workspaceId, after, limit],
  );
  const ids = profiles.map((row) => row.profile_id);
  const said = await transaction.query<EntryColumns & { profileId: ProfileId; connectionId: string }>(
    `SELECT membership.profile_id AS "profileId", connection_id AS "connectionId", ${ENTRY}
     FROM membership JOIN consent_entry USING (workspace_id, record_id) JOIN connection USING (workspace_id, connection_id)
     WHERE workspace_id = $1 AND membership.profile_id ${among("$2")}`,
    [transaction.workspaceId, listed(ids)],
  );
  const drifts = [...Map.groupBy(said, ({ profileId }) => profileId)].flatMap(([profileId, rows]) =>
    driftOf(
      rows.map(({ connectionId, ...row }): ToolEntry => ({ connectionId, entry: entryOf(row) })),
      at,
    ).map((drift) => ({ ...drift, profileId })),
  );
  const here = await transaction.query<{ profileId: ProfileId; channel: string; purpose: string; state: string }>(
    `SELECT profile_id AS "profileId", channel, purpose, state FROM consent_state
     WHERE workspace_id = $1 AND profile_id ${among("$2")}`,
    [transaction.workspaceId, listed(new Set(drifts.map(({ profileId }) => profileId)))],
  );
  const states = new Map(here.map((row) => [`${row.profileId} ${row.channel} ${row.purpose}`, row.state]));
  return {
    rows: drifts.map((drift) => ({
      ...drift,
      here: states.get(`${drift.profileId} ${drift.channel} ${drift.purpose}`) ?? "unknown",
    })),
    next: ids.length < limit ? null : (ids.at(-1) ?? null),
  };
}
