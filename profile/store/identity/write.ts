/** Brings membership, profiles, aliases and refusals from what they are to what resolving says they should be. */
import { type ProfileId, profileIdOf, type RecordId, uuidOf } from "#profile/ids.ts";
import { REFUSAL_RULES, type RefusalRule } from "#profile/identity/explain.ts";
import type { Cluster, Refusal, Resolution } from "#profile/identity/resolve.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import { insertInto } from "../insert.ts";
import type { Gathered } from "./gather.ts";
import { touchProfiles } from "./marks.ts";

interface Move {
  recordId: RecordId;
  /** Undefined: it had no profile yet. */
  from: ProfileId | undefined;
  profileId: ProfileId;
}

export interface Difference {
  created: Cluster[];
  /** Records that get a profile, or another one. */
  moved: Move[];
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
  const moved: Move[] = [];
  const changed = new Set<ProfileId>();
  for (const { profileId, recordIds } of clusters) {
    for (const recordId of recordIds) {
      const old = gathered.profileOf.get(recordId);
      if (old === profileId) continue;
      moved.push({ recordId, from: old, profileId });
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

const insertProfiles = insertInto<Cluster>({
  table: "profile",
  columns: {
    profile_id: { type: "uuid", of: ({ profileId }) => profileId },
    anchor_record_id: { type: "uuid", of: ({ anchorRecordId }) => anchorRecordId },
  },
  key: ["profile_id"],
  onConflict: "fail",
});

const members = {
  table: "membership",
  columns: {
    record_id: { type: "uuid", of: ({ recordId }: Move) => recordId },
    profile_id: { type: "uuid", of: ({ profileId }: Move) => profileId },
  },
  key: ["record_id"],
} as const;
/** Identity alone writes memberships, and one batch at a time has a record: one seen without has none. */
const insertMembers = insertInto<Move>({ ...members, onConflict: "fail" });
const moveMembers = insertInto<Move>({ ...members, onConflict: "update", also: "since = now()" });

/** @param touched records whose content changed: their profiles need new consent and scores whoever the members are */
export async function writeDifference(
  transaction: Transaction,
  { clusters }: Resolution,
  { created, moved, changed, emptied }: Difference,
  touched: ReadonlySet<RecordId>,
): Promise<void> {
  // Sent at once: while the database writes the profiles, the members are made ready here.
  await Promise.all([
    insertProfiles(transaction, created),
    insertMembers(
      transaction,
      moved.filter(({ from }) => from === undefined),
    ),
  ]);
  await moveMembers(
    transaction,
    moved.filter(({ from }) => from !== undefined),
  );
  const fresh = new Set(created.map(({ profileId }) => profileId));
  const withTouched = clusters.filter(
    ({ profileId, recordIds }) => !fresh.has(profileId) && recordIds.some((id) => touched.has(id)),
  );
  if (emptied.length > 0)
    await lockProfileRows(transaction, [...withTouched.map(({ profileId }) => profileId), ...changed, ...emptied]);
  await touchProfiles(
    transaction,
    withTouched.map(({ profileId }) => profileId),
    changed,
  );
}

/** Whoever works out consent or scores for them ends first. In their order: ingest locks profiles, too. */
async function lockProfileRows(transaction: Transaction, profileIds: readonly ProfileId[]): Promise<void> {
  await transaction.query(
    `SELECT FROM profile WHERE workspace_id = $1 AND profile_id ${among("$2")} ORDER BY profile_id FOR UPDATE`,
    [transaction.workspaceId, listed(profileIds)],
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
  const aliases = await transaction.query<{ aliasId: ProfileId; profileId: ProfileId }>(
    `SELECT alias_id AS "aliasId", profile_id AS "profileId" FROM profile_alias
     WHERE workspace_id = $1 AND profile_id ${among("$2")}`,
    [workspaceId, listed(present)],
  );
  const pointsAt = new Map(aliases.map(({ aliasId, profileId }) => [aliasId, profileId]));
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
    await transaction.query(`DELETE FROM profile_alias WHERE workspace_id = $1 AND alias_id ${among("$2")}`, [
      workspaceId,
      listed(revived),
    ]);
  }
  await insertAliases(transaction, writes);
}

const insertAliases = insertInto<[aliasId: ProfileId, profileId: ProfileId]>({
  table: "profile_alias",
  columns: {
    alias_id: { type: "uuid", of: ([aliasId]) => aliasId },
    profile_id: { type: "uuid", of: ([, profileId]) => profileId },
  },
  key: ["alias_id"],
  onConflict: "update",
});

/** Removes profiles without records, with what was worked out for them; the facts hang on the records and moved along. */
export async function deleteEmptied(transaction: Transaction, emptied: readonly ProfileId[]): Promise<void> {
  if (emptied.length === 0) return;
  for (const table of ["profile_traits", "consent_state", "profile"]) {
    await transaction.query(`DELETE FROM ${table} WHERE workspace_id = $1 AND profile_id ${among("$2")}`, [
      transaction.workspaceId,
      listed(emptied),
    ]);
  }
}

/**
 * Replaces the refusals that concern these records, and those of the same values: whose holders merely stand by is not
 * among the records, though one holder more may give another reason.
 */
export async function writeRefusals(
  transaction: Transaction,
  recordIds: readonly RecordId[],
  refusals: readonly Refusal[],
): Promise<void> {
  const { workspaceId } = transaction;
  const wanted = new Map(refusals.map((refusal) => [refusalIdOf(refusal.rule, refusal), refusal]));
  const ofSameValues = refusals.flatMap((refusal) => REFUSAL_RULES.map((rule) => refusalIdOf(rule, refusal)));
  const stored = await transaction.query<{ refusalId: string; recordIds: RecordId[] }>(
    `SELECT refusal_id AS "refusalId", record_ids AS "recordIds" FROM merge_refusal
     WHERE workspace_id = $1 AND (record_ids && $2::uuid[] OR refusal_id = ANY($3::uuid[]))`,
    [workspaceId, listed(recordIds), listed(ofSameValues)],
  );
  const gone = stored.filter(({ refusalId }) => !wanted.has(refusalId));
  const same = new Set(
    stored
      .filter((row) => wanted.get(row.refusalId)?.recordIds.join() === row.recordIds.join())
      .map(({ refusalId }) => refusalId),
  );
  if (gone.length > 0) {
    await transaction.query(`DELETE FROM merge_refusal WHERE workspace_id = $1 AND refusal_id ${among("$2")}`, [
      workspaceId,
      listed(gone.map(({ refusalId }) => refusalId)),
    ]);
  }
  await insertRefusals(
    transaction,
    [...wanted].filter(([id]) => !same.has(id)),
  );
}

const refusalIdOf = (rule: RefusalRule, { kind, value }: Pick<Refusal, "kind" | "value">): string =>
  uuidOf("refusal", rule, kind, value);

const insertRefusals = insertInto<[id: string, refusal: Refusal]>({
  table: "merge_refusal",
  columns: {
    refusal_id: { type: "uuid", of: ([id]) => id },
    rule: { type: "text", of: ([, { rule }]) => rule },
    kind: { type: "text", of: ([, { kind }]) => kind },
    value: { type: "text", of: ([, { value }]) => value },
    // An array of arrays cannot be ragged, hence as text.
    record_ids: { type: "text", cast: "uuid[]", of: ([, { recordIds }]) => `{${recordIds.join()}}` },
    explanation: { type: "text", of: ([, { explanation }]) => explanation },
  },
  key: ["refusal_id"],
  onConflict: "update",
});
