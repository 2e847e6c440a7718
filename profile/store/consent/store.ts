/** Consent in the database: the answers of the ledger per profile, kept up to date, and asked again before sending. */
import { isDeepStrictEqual } from "node:util";
import { addressIdOf, readAddress } from "#profile/consent/address.ts";
import type { ConsentFacts } from "#profile/consent/decide.ts";
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
import { among, listed } from "../among.ts";
import { type Database, matchByHash, type Transaction } from "../database.ts";
import { insertInto } from "../insert.ts";
import { pickDueProfiles, type DueProfile } from "../identity/marks.ts";
import { lockProfiles } from "../identity/store.ts";
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
  /**
   * What `decide` needs to write to these records, straight from the ledger, for asking at the moment of sending: what whoever
   * a record belongs to now has said, and the record's own addresses. A record that is nobody's is absent, which is not a yes.
   */
  factsFor(workspaceId: WorkspaceId, recordIds: readonly RecordId[], at: string): Promise<Map<RecordId, SendingFacts>>;
}

export interface SendingFacts extends ConsentFacts {
  profileId: ProfileId;
}

export function createConsentStore(database: Database): ConsentStore {
  return {
    refreshBatch: (workspaceId, { limit, at }) =>
      settingAside(database, { workspaceId, step: "consent", limit }, NOTHING, (transaction, size, took) =>
        refreshBatch(transaction, { limit: size, at, took }),
      ),
    factsFor: (workspaceId, recordIds, at) =>
      database.inWorkspace(workspaceId, (transaction) => readFacts(transaction, recordIds, at)),
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
  const { entries, neighbours } = await entriesFor(transaction, ids);
  const stored = await readStates(transaction, ids);
  const { timeZone } = await settingsOf(transaction);

  const writes: { profileId: ProfileId; state: ConsentState }[] = [];
  const removals: { profileId: ProfileId; state: ConsentState }[] = [];
  const changed = new Set<ProfileId>();
  const nextChange = new Map<ProfileId, string | null>();
  for (const profileId of ids) {
    const own = entries.get(profileId) ?? [];
    const left = new Map((stored.get(profileId) ?? []).map((state) => [pairOf(state), state]));
    for (const state of effectiveConsent(own, at, { timeZone })) {
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

async function readFacts(
  transaction: Transaction,
  recordIds: readonly RecordId[],
  at: string,
): Promise<Map<RecordId, SendingFacts>> {
  if (recordIds.length === 0) return new Map();
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
  const { country, timeZone } = await settingsOf(transaction);
  const written = records.flatMap(({ profile_id: profileId, email, phone }) =>
    [email, phone].flatMap((address) => {
      const read = address === null ? null : readAddress(address, country);
      return read === null ? [] : { profileId, addressId: addressIdOf(read) };
    }),
  );
  const { entries } = await entriesFor(transaction, [...new Set(records.map((row) => row.profile_id))], written);
  const answers = new Map([...entries].map(([id, own]) => [id, effectiveConsent(own, at, { timeZone })]));
  return new Map(
    records.map(({ record_id, profile_id, email, phone }) => [
      record_id,
      { profileId: profile_id, answers: answers.get(profile_id) ?? [], recipient: { email, phone } },
    ]),
  );
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
