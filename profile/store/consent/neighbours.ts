/** People of one household: among them may be one person whom identity did not dare to join. */
import { mayBeSamePerson } from "#profile/consent/doubt.ts";
import type { ProfileId } from "#profile/ids.ts";
import type { PersonName } from "#profile/identity/names.ts";
import { normaliseName } from "#profile/identity/normalise/name.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import type { Homes } from "./held.ts";

/** Other profiles of a profile's households; profiles without any are absent. */
export type Neighbours = ReadonlyMap<ProfileId, ReadonlySet<ProfileId>>;

/** More than this many under one family name and postcode are not neighbours but a town. */
const CROWD = 50;

/** Each household is looked into once, however many of its people are asked about. */
export async function neighboursIn(transaction: Transaction, homes: Homes): Promise<Neighbours> {
  const neighbours = new Map<ProfileId, Set<ProfileId>>();
  if (homes.size === 0) return neighbours;
  const shared = await transaction.query<{ home: string; people: ProfileId[] }>(
    // Fenced so that it runs from the households outwards whatever the planner knows: right after a first load it knows nothing
    // and would read every household there is. Where one profile is all there is nobody is near, except in a crowd cut short.
    `SELECT home.value_id AS home, array_agg(DISTINCT near.profile_id) AS people
     FROM unnest($2::uuid[]) AS home (value_id)
     CROSS JOIN LATERAL (
       SELECT record_id FROM identifier
       WHERE workspace_id = $1 AND identifier.value_id = home.value_id AND current
       ORDER BY record_id LIMIT ${CROWD}
     ) AS housemate
     CROSS JOIN LATERAL (
       SELECT profile_id FROM membership WHERE workspace_id = $1 AND membership.record_id = housemate.record_id OFFSET 0
     ) AS near
     GROUP BY home.value_id HAVING count(DISTINCT near.profile_id) > 1 OR count(*) >= ${CROWD}`,
    [transaction.workspaceId, listed(homes.keys())],
  );
  for (const { home, people } of shared) {
    for (const profile of homes.get(home) ?? []) {
      const known = neighbours.get(profile) ?? new Set();
      neighbours.set(profile, known);
      for (const other of people) if (other !== profile) known.add(other);
    }
  }
  return neighbours;
}

interface Pair {
  profile: ProfileId;
  neighbour: ProfileId;
}

/** Of the neighbours meant, those who by their names may be one person with the profile. */
export async function whoMayBeOne(
  transaction: Transaction,
  neighbours: Neighbours,
  meant: { of?(profile: ProfileId): boolean; near?(neighbour: ProfileId): boolean },
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const [profile, others] of neighbours) {
    if (meant.of?.(profile) === false) continue;
    for (const neighbour of others) if (meant.near?.(neighbour) !== false) pairs.push({ profile, neighbour });
  }
  const names = await namesOf(transaction, new Set(pairs.flatMap(({ profile, neighbour }) => [profile, neighbour])));
  return pairs.filter(({ profile, neighbour }) =>
    mayBeSamePerson(names.get(profile) ?? [], names.get(neighbour) ?? []),
  );
}

async function namesOf(
  transaction: Transaction,
  profileIds: ReadonlySet<ProfileId>,
): Promise<Map<ProfileId, PersonName[]>> {
  const names = new Map<ProfileId, PersonName[]>();
  if (profileIds.size === 0) return names;
  const rows = await transaction.query<{ profile_id: ProfileId; first: string | null; last: string | null }>(
    `SELECT DISTINCT profile_id, first_name AS first, last_name AS last
     FROM membership JOIN source_record USING (workspace_id, record_id)
     WHERE workspace_id = $1 AND profile_id ${among("$2")}`,
    [transaction.workspaceId, listed(profileIds)],
  );
  for (const { profile_id, first, last } of rows) {
    const known = names.get(profile_id);
    if (known === undefined) names.set(profile_id, [normaliseName(first, last)]);
    else known.push(normaliseName(first, last));
  }
  return names;
}
