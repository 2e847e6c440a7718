/** The ledger entries that bear on a profile: its own, a no for an address of its own, and in doubt a neighbour's no. */
import { doubtfulRefusals } from "#profile/consent/doubt.ts";
import type { ConsentPolicy } from "../workspace-settings.ts";
import type { Law, LawPolicy } from "#profile/consent/law.ts";
import { type ConsentEntry, isRefusal, REFUSALS } from "#profile/consent/ledger.ts";
import { type ProfileId, type RecordId, uuidOf, valueIdOf } from "#profile/ids.ts";
import { normaliseEmail } from "#profile/identity/normalise/email.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import { addressRecordOf } from "./enter.ts";
import { ENTRY, type EntryColumns, entryOf } from "./entry-row.ts";
import { heldBy } from "./held.ts";
import { lawsOf } from "./laws.ts";
import { type Neighbours, neighboursIn, whoMayBeOne } from "./neighbours.ts";
import { type Holding, refusalsOf } from "./refused-addresses.ts";

export interface Bearing {
  /** Per profile the entries to judge by. Profiles without any are absent. */
  entries: Map<ProfileId, ConsentEntry[]>;
  neighbours: Neighbours;
  lawOf(profile: ProfileId): Law;
}

/** @param besides addresses that identity may not have seen yet */
export async function entriesFor(
  transaction: Transaction,
  profileIds: readonly ProfileId[],
  { policy, besides = [] }: { policy: LawPolicy & Pick<ConsentPolicy, "ownGrants">; besides?: readonly Holding[] },
): Promise<Bearing> {
  const members = await membersOf(transaction, profileIds);
  // Asked for at once: while one answer is taken in here the database works on the next.
  const [entries, { holdings, homes }] = await Promise.all([
    ownEntries(transaction, members),
    heldBy(transaction, members),
  ]);
  const [said, refused, neighbours] = await Promise.all([
    policy.ownGrants ? addressStatements(transaction, holdings) : [],
    addressRefusals(transaction, [...holdings, ...besides]),
    neighboursIn(transaction, homes),
  ]);
  for (const [profile, statements] of said) addUnknown(entries, profile, statements);
  for (const [profile, refusals] of refused) addUnknown(entries, profile, refusals);
  for (const { profile, refusals } of await neighboursRefusals(transaction, neighbours)) {
    addUnknown(entries, profile, refusals);
  }
  return { entries, neighbours, lawOf: await lawsOf(transaction, { members, entries, policy }) };
}

async function membersOf(
  transaction: Transaction,
  profileIds: readonly ProfileId[],
): Promise<Map<RecordId, ProfileId>> {
  if (profileIds.length === 0) return new Map();
  const rows = await transaction.query<{ record_id: RecordId; profile_id: ProfileId }>(
    `SELECT record_id, profile_id FROM membership WHERE workspace_id = $1 AND profile_id ${among("$2")}`,
    [transaction.workspaceId, listed(profileIds)],
  );
  return new Map(rows.map(({ record_id, profile_id }) => [record_id, profile_id]));
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
  holdings: readonly Holding[],
): Promise<Map<ProfileId, ConsentEntry[]>> {
  const rows = await refusalsOf(transaction, new Set(holdings.map(({ addressId }) => addressId)));
  const refusals = Map.groupBy(
    rows.map((row) => ({ addressId: row.addressId, entry: { ...entryOf(row), byAddress: true } })),
    ({ addressId }) => addressId,
  );
  const refused = new Map<ProfileId, Set<ConsentEntry>>();
  for (const { profileId, addressId } of holdings) {
    for (const { entry } of refusals.get(addressId) ?? []) {
      const known = refused.get(profileId);
      if (known === undefined) refused.set(profileId, new Set([entry]));
      else known.add(entry);
    }
  }
  return new Map([...refused].map(([profileId, entries]) => [profileId, [...entries]]));
}

/** What those refused who may be one person with a profile. Few refuse, so they are asked first and names compared then. */
async function neighboursRefusals(
  transaction: Transaction,
  neighbours: Neighbours,
): Promise<{ profile: ProfileId; refusals: ConsentEntry[] }[]> {
  const near = new Set([...neighbours.values()].flatMap((others) => [...others]));
  if (near.size === 0) return [];
  const rows = await transaction.query<EntryColumns & { profileId: ProfileId }>(
    `SELECT membership.profile_id AS "profileId", ${ENTRY}
     FROM membership JOIN consent_entry USING (workspace_id, record_id)
     WHERE workspace_id = $1 AND membership.profile_id ${among("$2")} AND state = ANY ($3::text[])`,
    [transaction.workspaceId, listed(near), REFUSALS],
  );
  const refusals = Map.groupBy(rows, ({ profileId }) => profileId);
  const pairs = await whoMayBeOne(transaction, neighbours, { near: (neighbour) => refusals.has(neighbour) });
  return pairs.map(({ profile, neighbour }) => ({
    profile,
    refusals: doubtfulRefusals((refusals.get(neighbour) ?? []).map(entryOf)),
  }));
}

/** What was said to us, of an address and not in a tool: a confirmed question, above all. It is the holder's. */
async function addressStatements(
  transaction: Transaction,
  holdings: readonly Holding[],
): Promise<Map<ProfileId, ConsentEntry[]>> {
  const holders = Map.groupBy(holdings, ({ addressId }) => addressRecordOf(transaction.workspaceId, addressId));
  const rows = await transaction.query<EntryColumns & { recordId: RecordId }>(
    `SELECT ${ENTRY} FROM consent_entry WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(holders.keys())],
  );
  const shared = await sharedAddresses(transaction, rows);
  const said = new Map<ProfileId, ConsentEntry[]>();
  for (const row of rows) {
    if (isRefusal(row.state) || (row.address !== null && shared.has(row.address))) continue;
    for (const profileId of new Set((holders.get(row.recordId) ?? []).map((holding) => holding.profileId)))
      said.set(profileId, [...(said.get(profileId) ?? []), entryOf(row)]);
  }
  return said;
}

async function ownEntries(
  transaction: Transaction,
  members: ReadonlyMap<RecordId, ProfileId>,
): Promise<Map<ProfileId, ConsentEntry[]>> {
  if (members.size === 0) return new Map();
  const rows = await transaction.query<EntryColumns & { recordId: RecordId }>(
    `SELECT ${ENTRY} FROM consent_entry WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(members.keys())],
  );
  const shared = await sharedAddresses(transaction, rows);
  const entries = new Map<ProfileId, ConsentEntry[]>();
  for (const row of rows) {
    // A yes for an address that many people use, or that is nobody's, is not this person's yes.
    if (row.state === "granted" && row.address !== null && shared.has(row.address)) continue;
    const profileId = members.get(row.recordId);
    if (profileId === undefined) continue;
    const known = entries.get(profileId);
    if (known === undefined) entries.set(profileId, [entryOf(row)]);
    else known.push(entryOf(row));
  }
  return entries;
}

/** Of the addresses with a yes: e-mail addresses that identity found to be nobody's or many people's. */
async function sharedAddresses(transaction: Transaction, rows: readonly EntryColumns[]): Promise<Set<string>> {
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
    `SELECT value FROM shared_value WHERE workspace_id = $1 AND value_id ${among("$2")}
     UNION SELECT value FROM merge_refusal WHERE workspace_id = $1 AND refusal_id ${among("$3")}`,
    [
      transaction.workspaceId,
      listed(keys.map((key) => valueIdOf("email", key))),
      listed(keys.map((key) => uuidOf("refusal", "shared_value", "email", key))),
    ],
  );
  for (const { value } of found) for (const address of asked.get(value) ?? []) shared.add(address);
  return shared;
}
