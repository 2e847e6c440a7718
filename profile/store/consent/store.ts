/** Consent in the database: the answers of the ledger per profile, kept up to date, and asked again before sending. */
import { isDeepStrictEqual } from "node:util";
import {
  type ConsentAnswer,
  type ConsentEntry,
  effectiveConsent,
  isRefusal,
  nextConsentChange,
} from "#profile/consent/ledger.ts";
import type { ProfileId, RecordId, WorkspaceId } from "#profile/ids.ts";
import { entriesFor } from "./entries.ts";
import { type Neighbours, whoMayBeOne } from "./neighbours.ts";
import { readBasis, type SendingBasis, stillHolds } from "./sending.ts";
import { among, listed } from "../among.ts";
import { type Database, matchByHash, type Transaction } from "../database.ts";
import { insertInto } from "../insert.ts";
import { pickDueProfiles, type DueProfile } from "../identity/marks.ts";
import { lockProfiles } from "../identity/lock-profiles.ts";
import { settingsOf } from "../workspace-settings.ts";
import { settingAside, type Took } from "../set-aside.ts";

export type ConsentState = Omit<ConsentAnswer, "changesAt">;

export interface ConsentStore {
  /**
   * Works out consent for up to `limit` profiles whose facts changed or whose time has come; writes the differences. A
   * profile whose answers changed has to be scored and planned again, and is marked so.
   *
   * @param options.at ISO 8601
   */
  refreshBatch(
    workspaceId: WorkspaceId,
    options: { limit: number; at: string },
  ): Promise<{ profiles: number; changed: number; more: boolean }>;
  /** What the ledger says of these people at `at` (ISO 8601). */
  answersOf(
    workspaceId: WorkspaceId,
    profileIds: readonly ProfileId[],
    at: string,
  ): Promise<Map<ProfileId, ConsentAnswer[]>>;
  /** What the ledger and identity know of these records, for asking at the moment of sending. */
  basisFor(workspaceId: WorkspaceId, recordIds: readonly RecordId[]): Promise<SendingBasis>;
  /** Whether nothing was committed since that could change what it says. Whoever is unsure reads again. */
  stillHolds(workspaceId: WorkspaceId, basis: SendingBasis): Promise<boolean>;
}

export function createConsentStore(database: Database): ConsentStore {
  return {
    refreshBatch: (workspaceId, { limit, at }) =>
      settingAside(database, { workspaceId, step: "consent", limit }, NOTHING, (transaction, size, took) =>
        refreshBatch(transaction, { limit: size, at, took }),
      ),
    answersOf: (workspaceId, profileIds, at) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const { timeZone, consentPolicy: policy } = await settingsOf(transaction);
        const { entries, lawOf } = await entriesFor(transaction, profileIds, { policy });
        const answer = (id: ProfileId) => effectiveConsent(entries.get(id) ?? [], at, { timeZone, law: lawOf(id) });
        return new Map(profileIds.map((id) => [id, answer(id)]));
      }),
    basisFor: (workspaceId, recordIds) =>
      database.inWorkspace(workspaceId, (transaction) => readBasis(transaction, recordIds)),
    stillHolds: (workspaceId, basis) =>
      database.inWorkspace(workspaceId, (transaction) => stillHolds(transaction, basis)),
  };
}

const NOTHING = { profiles: 0, changed: 0, more: false };

async function refreshBatch(
  transaction: Transaction,
  { limit, at, took }: { limit: number; at: string; took: Took },
): Promise<{ profiles: number; changed: number; more: boolean }> {
  // Identity must not remove a profile while its answers are being written; several batches may write beside one another.
  await lockProfiles(transaction, "shared");
  const due = await pickDueProfiles(transaction, "consent", { limit, at });
  if (due.length === 0) return NOTHING;
  took(due.map(({ profileId, touchedSeq }) => ({ id: profileId, touchedSeq })));
  const ids = due.map(({ profileId }) => profileId);
  const { timeZone, consentPolicy: policy } = await settingsOf(transaction);
  const { entries, neighbours, lawOf } = await entriesFor(transaction, ids, { policy });
  const stored = await readStates(transaction, ids);

  const writes: { profileId: ProfileId; state: ConsentState }[] = [];
  const removals: { profileId: ProfileId; state: ConsentState }[] = [];
  const changed = new Set<ProfileId>();
  const nextChange = new Map<ProfileId, string | null>();
  for (const profileId of ids) {
    const own = entries.get(profileId) ?? [];
    const left = new Map((stored.get(profileId) ?? []).map((state) => [pairOf(state), state]));
    for (const state of effectiveConsent(own, at, { timeZone, law: lawOf(profileId) })) {
      const known = left.get(pairOf(state));
      left.delete(pairOf(state));
      if (known !== undefined && isSame(known, state)) continue;
      writes.push({ profileId, state });
      changed.add(profileId);
    }
    for (const state of left.values()) {
      removals.push({ profileId, state });
      changed.add(profileId);
    }
    nextChange.set(profileId, nextConsentChange(own, at));
  }
  await writeStates(transaction, writes);
  await removeStates(transaction, removals);
  await markDone(transaction, due, changed, nextChange);
  const refusing = new Set([...changed].filter((id) => (entries.get(id) ?? []).some(isOwnRefusal)));
  const touched = await touchNeighbours(transaction, neighbours, refusing, ids);
  return { profiles: due.length, changed: changed.size, more: due.length === limit || touched > 0 };
}

/**
 * A no counts in doubt for whoever may be the same person, so their answers are looked at again. It ends there: what is
 * handed on are entries of the ledger, not answers. Who is locked is being worked out or has changed, and meets the no there.
 */
async function touchNeighbours(
  transaction: Transaction,
  neighbours: Neighbours,
  refusing: ReadonlySet<ProfileId>,
  done: readonly ProfileId[],
): Promise<number> {
  const near = await whoMayBeOne(transaction, neighbours, { of: (profile) => refusing.has(profile) });
  if (near.length === 0) return 0;
  const touched = await transaction.query(
    `WITH near AS MATERIALIZED (
       SELECT profile_id FROM profile WHERE workspace_id = $1 AND profile_id ${among("$2")}
         AND profile_id <> ALL($3::uuid[]) AND touched_seq <= consented_seq
       ORDER BY profile_id FOR NO KEY UPDATE SKIP LOCKED
     )
     UPDATE profile SET touched_seq = nextval('change_seq')
     WHERE workspace_id = $1 AND profile_id = ANY (ARRAY(SELECT profile_id FROM near)) RETURNING 1`,
    [transaction.workspaceId, listed(new Set(near.map(({ neighbour }) => neighbour))), listed(done)],
  );
  return touched.length;
}

async function readStates(
  transaction: Transaction,
  profileIds: readonly ProfileId[],
): Promise<Map<ProfileId, ConsentState[]>> {
  type Row = Omit<ConsentState, "effectiveAt"> & { profileId: ProfileId; effectiveAt: Date | null };
  const rows = await transaction.query<Row>(
    `SELECT profile_id AS "profileId", channel, purpose, state, entry_ids AS "entryIds", addresses, reason,
       effective_at AS "effectiveAt"
     FROM consent_state WHERE workspace_id = $1 AND profile_id ${among("$2")} ORDER BY profile_id, channel, purpose`,
    [transaction.workspaceId, listed(profileIds)],
  );
  const states = new Map<ProfileId, ConsentState[]>();
  for (const { profileId, ...row } of rows) {
    const state = { ...row, effectiveAt: row.effectiveAt?.toISOString() ?? null };
    const known = states.get(profileId);
    if (known === undefined) states.set(profileId, [state]);
    else known.push(state);
  }
  return states;
}

const writeStates = insertInto<{ profileId: ProfileId; state: ConsentState }>({
  table: "consent_state",
  columns: {
    profile_id: { type: "uuid", of: ({ profileId }) => profileId },
    channel: { type: "text", of: ({ state }) => state.channel },
    purpose: { type: "text", of: ({ state }) => state.purpose },
    state: { type: "text", of: ({ state }) => state.state },
    // Arrays of arrays cannot be ragged, hence as text.
    entry_ids: { type: "text", cast: "uuid[]", of: ({ state }) => `{${state.entryIds.join()}}` },
    addresses: {
      type: "text",
      picked: "ARRAY(SELECT jsonb_array_elements_text(addresses::jsonb))",
      of: ({ state }) => JSON.stringify(state.addresses),
    },
    reason: { type: "text", of: ({ state }) => state.reason },
    effective_at: { type: "timestamptz", of: ({ state }) => state.effectiveAt },
  },
  key: ["profile_id", "channel", "purpose"],
  onConflict: "update",
});

async function removeStates(
  transaction: Transaction,
  removals: { profileId: ProfileId; state: ConsentState }[],
): Promise<void> {
  if (removals.length === 0) return;
  await matchByHash(
    transaction,
    `DELETE FROM consent_state USING unnest($2::uuid[], $3::text[], $4::text[]) AS gone (profile_id, channel, purpose)
     WHERE workspace_id = $1 AND consent_state.profile_id = gone.profile_id
       AND consent_state.channel = gone.channel AND consent_state.purpose = gone.purpose
       AND consent_state.profile_id ${among("$2")}`,
    [
      transaction.workspaceId,
      listed(removals.map(({ profileId }) => profileId)),
      removals.map(({ state }) => state.channel),
      removals.map(({ state }) => state.purpose),
    ],
  );
}

/**
 * Marks what was read. Where the answers changed by time alone the profile is touched, since scores lean on them, and marked
 * as done at that very touch, so that it does not come round again. All are locked since they were picked.
 */
async function markDone(
  transaction: Transaction,
  due: readonly DueProfile[],
  changed: ReadonlySet<ProfileId>,
  nextChange: ReadonlyMap<ProfileId, string | null>,
): Promise<void> {
  await matchByHash(
    transaction,
    `UPDATE profile SET
       touched_seq = CASE WHEN changed AND touched_seq <= scored_seq THEN news ELSE touched_seq END,
       consented_seq = CASE WHEN changed AND touched_seq <= scored_seq THEN news ELSE seq END,
       consent_due_at = done.due_at,
       output_seq = coalesce(news, output_seq)
     FROM (
       SELECT *, CASE WHEN changed THEN nextval('change_seq') END AS news
       FROM unnest($2::uuid[], $3::int8[], $4::bool[], $5::timestamptz[]) AS done (profile_id, seq, changed, due_at)
     ) AS done
     WHERE profile.workspace_id = $1 AND profile.profile_id = done.profile_id AND profile.profile_id ${among("$2")}`,
    [
      transaction.workspaceId,
      listed(due.map(({ profileId }) => profileId)),
      listed(due.map(({ touchedSeq }) => touchedSeq)),
      listed(due.map(({ profileId }) => changed.has(profileId))),
      listed(due.map(({ profileId }) => nextChange.get(profileId) ?? null)),
    ],
  );
}

const isOwnRefusal = ({ state, inDoubt, byAddress }: ConsentEntry): boolean =>
  inDoubt !== true && byAddress !== true && isRefusal(state);

const pairOf = (state: ConsentState): string => `${state.channel} ${state.purpose}`;

const isSame = (a: ConsentState, b: ConsentState): boolean =>
  a.state === b.state &&
  a.reason === b.reason &&
  a.effectiveAt === b.effectiveAt &&
  a.entryIds.join() === b.entryIds.join() &&
  isDeepStrictEqual(a.addresses, b.addresses);
