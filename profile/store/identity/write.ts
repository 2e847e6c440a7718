/** Brings membership, profiles, aliases and refusals from what they are to what resolving says they should be. */
import { type ProfileId, profileIdOf, type RecordId, uuidOf } from "#profile/ids.ts";
import type { Cluster, Refusal, Resolution } from "#profile/identity/resolve.ts";
import type { Transaction } from "../database.ts";
import type { Gathered } from "./gather.ts";

export interface Difference {
  created: Cluster[];
  /** Records that get a profile, or another one. */
  moved: { recordId: RecordId; profileId: ProfileId }[];
  /** Living profiles, not new, that gained or lost a record. */
  changed: ProfileId[];
  /** Profiles left without records. */
  emptied: ProfileId[];
  /** New profiles whose oldest record came out of a profile that lives on. */
  split: number;
}

/** What differs between the present membership and the resolution. Pure. */
export function differenceOf(gathered: Pick<Gathered, "profileOf">, { clusters }: Resolution): Difference {
  const before = new Set(gathered.profileOf.values());
  const after = new Set(clusters.map((cluster) => cluster.profileId));
  const created = clusters.filter((cluster) => !before.has(cluster.profileId));
  const moved: Difference["moved"] = [];
  const changed = new Set<ProfileId>();
  for (const { profileId, recordIds } of clusters) {
    for (const recordId of recordIds) {
      const old = gathered.profileOf.get(recordId);
      if (old === profileId) continue;
      moved.push({ recordId, profileId });
      if (before.has(profileId)) changed.add(profileId);
      if (old !== undefined && after.has(old)) changed.add(old);
    }
  }
  const split = created.filter((cluster) => {
    const old = gathered.profileOf.get(cluster.anchorRecordId);
    return old !== undefined && after.has(old);
  }).length;
  return { created, moved, changed: [...changed], emptied: [...before].filter((id) => !after.has(id)), split };
}

/** @param touched records whose content changed: their profiles need new consent and scores whoever the members are */
export async function writeDifference(
  transaction: Transaction,
  difference: Difference,
  touched: readonly RecordId[],
): Promise<void> {
  const { workspaceId } = transaction;
  const { created, moved, changed } = difference;
  if (created.length > 0) {
    await transaction.query(
      `INSERT INTO profile (workspace_id, profile_id, anchor_record_id, output_seq)
       SELECT $1, profile_id, anchor_record_id, nextval('change_seq')
       FROM unnest($2::uuid[], $3::uuid[]) AS made (profile_id, anchor_record_id)`,
      [workspaceId, created.map((cluster) => cluster.profileId), created.map((cluster) => cluster.anchorRecordId)],
    );
  }
  if (moved.length > 0) {
    await transaction.query(
      `INSERT INTO membership (workspace_id, record_id, profile_id) SELECT $1, * FROM unnest($2::uuid[], $3::uuid[])
       ON CONFLICT (workspace_id, record_id) DO UPDATE SET profile_id = excluded.profile_id, since = now()`,
      [workspaceId, moved.map(({ recordId }) => recordId), moved.map(({ profileId }) => profileId)],
    );
  }
  // Locked in the order in which ingest locks them.
  await transaction.query(
    `WITH locked AS MATERIALIZED (
       SELECT profile_id FROM profile
       WHERE workspace_id = $1 AND profile_id <> ALL($4::uuid[]) AND (profile_id = ANY($2::uuid[]) OR profile_id IN (
         SELECT profile_id FROM membership WHERE workspace_id = $1 AND record_id = ANY($3::uuid[])
       ))
       ORDER BY profile_id FOR NO KEY UPDATE
     )
     UPDATE profile SET touched_seq = nextval('change_seq'),
       output_seq = CASE WHEN profile.profile_id = ANY($2::uuid[]) THEN nextval('change_seq') ELSE output_seq END
     FROM locked WHERE profile.workspace_id = $1 AND profile.profile_id = locked.profile_id`,
    [workspaceId, changed, touched, created.map((cluster) => cluster.profileId)],
  );
}

/**
 * Keeps old ids resolving: each points at the profile that now holds the record it was named after. An id that names a
 * living profile again is no alias any more.
 */
export async function writeAliases(
  transaction: Transaction,
  gathered: Gathered,
  { clusters }: Resolution,
  { created, emptied, moved }: Difference,
): Promise<void> {
  const { workspaceId } = transaction;
  const present = [...new Set(gathered.profileOf.values())];
  if (moved.length === 0 || present.length === 0) return;
  const aliases = await transaction.query<{ alias_id: ProfileId; profile_id: ProfileId }>(
    "SELECT alias_id, profile_id FROM profile_alias WHERE workspace_id = $1 AND profile_id = ANY($2::uuid[])",
    [workspaceId, present],
  );
  const pointsAt = new Map(aliases.map((row) => [row.alias_id, row.profile_id]));
  const living = new Set(created.map((cluster) => cluster.profileId));
  const target = new Map<ProfileId, ProfileId>();
  const named = new Set([...pointsAt.keys(), ...emptied]);
  if (named.size === 0) return;
  for (const { profileId, recordIds } of clusters) {
    for (const recordId of recordIds) {
      const id = profileIdOf(recordId);
      if (named.has(id)) target.set(id, profileId);
    }
  }
  const revived = [...pointsAt.keys()].filter((id) => living.has(id));
  const writes = [...target].filter(([id, profileId]) => id !== profileId && pointsAt.get(id) !== profileId);
  if (revived.length > 0) {
    await transaction.query("DELETE FROM profile_alias WHERE workspace_id = $1 AND alias_id = ANY($2::uuid[])", [
      workspaceId,
      revived,
    ]);
  }
  if (writes.length > 0) {
    await transaction.query(
      `INSERT INTO profile_alias (workspace_id, alias_id, profile_id) SELECT $1, * FROM unnest($2::uuid[], $3::uuid[])
       ON CONFLICT (workspace_id, alias_id) DO UPDATE SET profile_id = excluded.profile_id`,
      [workspaceId, writes.map(([id]) => id), writes.map(([, profileId]) => profileId)],
    );
  }
}

/** Removes profiles without records, with what was worked out for them; the facts hang on the records and moved along. */
export async function deleteEmptied(transaction: Transaction, emptied: readonly ProfileId[]): Promise<void> {
  if (emptied.length === 0) return;
  for (const table of ["profile_traits", "consent_state", "profile"]) {
    await transaction.query(`DELETE FROM ${table} WHERE workspace_id = $1 AND profile_id = ANY($2::uuid[])`, [
      transaction.workspaceId,
      emptied,
    ]);
  }
}

/** Replaces the refusals that concern these records. */
export async function writeRefusals(
  transaction: Transaction,
  recordIds: readonly RecordId[],
  refusals: readonly Refusal[],
): Promise<void> {
  const { workspaceId } = transaction;
  const wanted = new Map(
    refusals.map((refusal) => [uuidOf("refusal", refusal.rule, refusal.kind, refusal.value), refusal]),
  );
  const stored = await transaction.query<{ refusal_id: string; record_ids: RecordId[] }>(
    "SELECT refusal_id, record_ids FROM merge_refusal WHERE workspace_id = $1 AND record_ids && $2::uuid[]",
    [workspaceId, recordIds],
  );
  const gone = stored.filter((row) => !wanted.has(row.refusal_id)).map((row) => row.refusal_id);
  const same = new Set(
    stored
      .filter((row) => wanted.get(row.refusal_id)?.recordIds.join() === row.record_ids.join())
      .map((row) => row.refusal_id),
  );
  if (gone.length > 0) {
    await transaction.query("DELETE FROM merge_refusal WHERE workspace_id = $1 AND refusal_id = ANY($2::uuid[])", [
      workspaceId,
      gone,
    ]);
  }
  const writes = [...wanted].filter(([id]) => !same.has(id));
  if (writes.length === 0) return;
  await transaction.query(
    `INSERT INTO merge_refusal (workspace_id, refusal_id, rule, kind, value, record_ids, explanation)
     SELECT $1, refusal_id, rule, kind, value, record_ids::uuid[], explanation
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
       AS made (refusal_id, rule, kind, value, record_ids, explanation)
     ON CONFLICT (workspace_id, refusal_id) DO UPDATE
       SET record_ids = excluded.record_ids, explanation = excluded.explanation`,
    [
      workspaceId,
      writes.map(([id]) => id),
      writes.map(([, refusal]) => refusal.rule),
      writes.map(([, refusal]) => refusal.kind),
      writes.map(([, refusal]) => refusal.value),
      // An array of arrays cannot be ragged, hence as text.
      writes.map(([, refusal]) => `{${refusal.recordIds.join()}}`),
      writes.map(([, refusal]) => refusal.explanation),
    ],
  );
}
