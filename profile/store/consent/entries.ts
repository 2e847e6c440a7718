/** The ledger entries that bear on a profile: its own, a no for an address of its own, and in doubt a neighbour's no. */
import { doubtfulRefusals, mayBeSamePerson } from "#profile/consent/doubt.ts";
import { type ConsentEntry, REFUSALS } from "#profile/consent/ledger.ts";
import { type ProfileId, uuidOf, valueIdOf } from "#profile/ids.ts";
import type { PersonName } from "#profile/identity/names.ts";
import { normaliseEmail } from "#profile/identity/normalise/email.ts";
import { normaliseName } from "#profile/identity/normalise/name.ts";
import type { Transaction } from "../database.ts";
import { ENTRY, type EntryColumns, entryOf } from "./entry-row.ts";
import { type Holding, holdingsOf, refusalsOf } from "./refused-addresses.ts";

/**
 * Per profile the entries to judge by. Profiles without any are absent.
 *
 * @param besides addresses that identity may not have seen yet
 */
export async function entriesFor(
  transaction: Transaction,
  profileIds: readonly ProfileId[],
  besides: readonly Holding[] = [],
): Promise<Map<ProfileId, ConsentEntry[]>> {
  const entries = await ownEntries(transaction, profileIds);
  for (const [profile, refusals] of await addressRefusals(transaction, profileIds, besides)) {
    addUnknown(entries, profile, refusals);
  }
  const neighbours = await doubtfulNeighbours(transaction, profileIds, { refusingOnly: true });
  const theirs = await ownEntries(transaction, [...new Set(neighbours.flatMap((pair) => pair.neighbour))]);
  for (const { profile, neighbour } of neighbours) {
    const refusals = doubtfulRefusals(theirs.get(neighbour) ?? []);
    addUnknown(entries, profile, refusals);
  }
  return entries;
}

function addUnknown(
  entries: Map<ProfileId, ConsentEntry[]>,
  profile: ProfileId,
  refusals: readonly ConsentEntry[],
): void {
  if (refusals.length === 0) return;
  const held = entries.get(profile) ?? [];
  const known = new Set(held.map(({ entryId }) => entryId));
  entries.set(profile, [...held, ...refusals.filter(({ entryId }) => !known.has(entryId))]);
}

/** Whoever is written to there, and whether identity holds them for one person or not: a no for an address is one for them. */
async function addressRefusals(
  transaction: Transaction,
  profileIds: readonly ProfileId[],
  besides: readonly Holding[],
): Promise<Map<ProfileId, ConsentEntry[]>> {
  if (profileIds.length === 0) return new Map();
  const holdings = [...(await holdingsOf(transaction, profileIds)), ...besides];
  const holders = new Map<string, Set<ProfileId>>();
  for (const { profileId, addressId } of holdings) {
    const known = holders.get(addressId);
    if (known === undefined) holders.set(addressId, new Set([profileId]));
    else known.add(profileId);
  }
  const refused = new Map<ProfileId, ConsentEntry[]>();
  for (const { addressId, ...row } of await refusalsOf(transaction, [...holders.keys()])) {
    const entry = { ...entryOf(row), byAddress: true };
    for (const profile of holders.get(addressId) ?? []) refused.set(profile, [...(refused.get(profile) ?? []), entry]);
  }
  return refused;
}

/** Profiles whose answers may depend on a no of these. */
export async function neighboursOf(transaction: Transaction, profileIds: readonly ProfileId[]): Promise<ProfileId[]> {
  const pairs = await doubtfulNeighbours(transaction, profileIds, { refusingOnly: false });
  return [...new Set(pairs.map((pair) => pair.neighbour))];
}

type EntryRow = EntryColumns & { profileId: ProfileId };

async function ownEntries(
  transaction: Transaction,
  profileIds: readonly ProfileId[],
): Promise<Map<ProfileId, ConsentEntry[]>> {
  if (profileIds.length === 0) return new Map();
  const rows = await transaction.query<EntryRow>(
    `SELECT membership.profile_id AS "profileId", ${ENTRY}
     FROM membership JOIN consent_entry USING (workspace_id, record_id)
     WHERE workspace_id = $1 AND membership.profile_id = ANY($2::uuid[])`,
    [transaction.workspaceId, profileIds],
  );
  const shared = await sharedAddresses(transaction, rows);
  const entries = new Map<ProfileId, ConsentEntry[]>();
  for (const { profileId, ...row } of rows) {
    // A yes for an address that many people use, or that is nobody's, is not this person's yes.
    if (row.state === "granted" && row.address !== null && shared.has(row.address)) continue;
    const entry = entryOf(row);
    const known = entries.get(profileId);
    if (known === undefined) entries.set(profileId, [entry]);
    else known.push(entry);
  }
  return entries;
}

/** Of the addresses with a yes: e-mail addresses that identity found to be nobody's or many people's. */
async function sharedAddresses(transaction: Transaction, rows: readonly EntryRow[]): Promise<Set<string>> {
  const shared = new Set<string>();
  const asked = new Map<string, string[]>();
  for (const address of new Set(rows.flatMap((row) => (row.state === "granted" ? (row.address ?? []) : [])))) {
    if (!address.includes("@")) continue;
    const { key, quality } = normaliseEmail(address);
    if (key === null || quality === "blocked") shared.add(address);
    else asked.set(key, [...(asked.get(key) ?? []), address]);
  }
  const keys = [...asked.keys()];
  if (keys.length === 0) return shared;
  const found = await transaction.query<{ value: string }>(
    `SELECT value FROM shared_value WHERE workspace_id = $1 AND value_id = ANY($2::uuid[])
     UNION SELECT value FROM merge_refusal WHERE workspace_id = $1 AND refusal_id = ANY($3::uuid[])`,
    [
      transaction.workspaceId,
      keys.map((key) => valueIdOf("email", key)),
      keys.map((key) => uuidOf("refusal", "shared_value", "email", key)),
    ],
  );
  for (const { value } of found) for (const address of asked.get(value) ?? []) shared.add(address);
  return shared;
}

/** More than this many under one family name and postcode are not neighbours but a town. */
const CROWD = 50;

async function doubtfulNeighbours(
  transaction: Transaction,
  profileIds: readonly ProfileId[],
  { refusingOnly }: { refusingOnly: boolean },
): Promise<{ profile: ProfileId; neighbour: ProfileId }[]> {
  const pairs = await transaction.query<{ profile: ProfileId; neighbour: ProfileId }>(
    // Fenced so that it runs from the profiles outwards whatever the planner knows: right after a first load it knows nothing
    // and would read every household there is.
    `SELECT DISTINCT asked.profile_id AS profile, near.profile_id AS neighbour
     FROM unnest($2::uuid[]) AS asked (profile_id)
     CROSS JOIN LATERAL (
       SELECT record_id FROM membership WHERE workspace_id = $1 AND membership.profile_id = asked.profile_id OFFSET 0
     ) AS own
     CROSS JOIN LATERAL (
       SELECT value_id FROM identifier
       WHERE workspace_id = $1 AND identifier.record_id = own.record_id AND kind = 'household' AND current OFFSET 0
     ) AS home
     CROSS JOIN LATERAL (
       SELECT record_id FROM identifier
       WHERE workspace_id = $1 AND identifier.value_id = home.value_id AND current
       ORDER BY record_id LIMIT ${CROWD}
     ) AS housemate
     CROSS JOIN LATERAL (
       SELECT profile_id FROM membership WHERE workspace_id = $1 AND membership.record_id = housemate.record_id OFFSET 0
     ) AS near
     WHERE near.profile_id <> asked.profile_id AND ($3 OR EXISTS (
       SELECT 1 FROM membership JOIN consent_entry USING (workspace_id, record_id)
       WHERE workspace_id = $1 AND membership.profile_id = near.profile_id AND state = ANY($4::text[])
     ))`,
    [transaction.workspaceId, profileIds, !refusingOnly, REFUSALS],
  );
  if (pairs.length === 0) return [];
  const names = await namesOf(transaction, [
    ...new Set(pairs.flatMap(({ profile, neighbour }) => [profile, neighbour])),
  ]);
  return pairs.filter(({ profile, neighbour }) =>
    mayBeSamePerson(names.get(profile) ?? [], names.get(neighbour) ?? []),
  );
}

async function namesOf(transaction: Transaction, profileIds: ProfileId[]): Promise<Map<ProfileId, PersonName[]>> {
  const rows = await transaction.query<{ profile_id: ProfileId; first: string | null; last: string | null }>(
    `SELECT DISTINCT profile_id, first_name AS first, last_name AS last
     FROM membership JOIN source_record USING (workspace_id, record_id)
     WHERE workspace_id = $1 AND profile_id = ANY($2::uuid[])`,
    [transaction.workspaceId, profileIds],
  );
  const names = new Map<ProfileId, PersonName[]>();
  for (const { profile_id, first, last } of rows) {
    names.set(profile_id, [...(names.get(profile_id) ?? []), normaliseName(first, last)]);
  }
  return names;
}
