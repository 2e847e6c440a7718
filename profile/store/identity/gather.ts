/** Collects from the database everything that can bear on who some records are: their whole connected components. */
import type { ProfileId, RecordId } from "#profile/ids.ts";
import { postcodeKeyOf, valueKeyOf } from "#profile/identity/identifiers.ts";
import { normaliseName } from "#profile/identity/normalise-name.ts";
import type { HumanLink, IdentityRecord } from "#profile/identity/resolve.ts";
import type { IdentifierKind } from "#profile/identity/rules.ts";
import { alsoLookedUpAs } from "#profile/identity/value-nodes.ts";
import type { Transaction } from "../database.ts";

export interface ValueRef {
  kind: IdentifierKind;
  value: string;
}

/** All records of the components reached, with what joins and parts them. */
export interface Gathered {
  records: Map<RecordId, IdentityRecord>;
  profileOf: Map<RecordId, ProfileId>;
  overflowing: Set<string>;
  mustLinks: HumanLink[];
  cuts: HumanLink[];
}

/**
 * Follows shared values, merges at the source, human links and present profiles until nothing new turns up. Each round is a
 * handful of statements, however many records it finds.
 *
 * Values in `shared_value` are not followed. A whole component comes back, or resolving it would not give what resolving
 * everything gives.
 */
export async function gather(transaction: Transaction, start: readonly RecordId[]): Promise<Gathered> {
  const gathered: Gathered = {
    records: new Map(),
    profileOf: new Map(),
    overflowing: new Set(),
    mustLinks: [],
    cuts: [],
  };
  const seenValues = new Set<string>();
  const seenProfiles = new Set<ProfileId>();
  const seenLinks = new Set<string>();
  let frontier = [...new Set(start)];
  while (frontier.length > 0) {
    const { values, profiles } = await load(transaction, gathered, frontier);
    const next = new Set<RecordId>();
    const freshValues = values.filter(({ kind, value }) => isNew(seenValues, valueKeyOf(kind, value)));
    for (const id of await holdersOf(transaction, gathered, freshValues)) next.add(id);
    const freshProfiles = profiles.filter((profile) => isNew(seenProfiles, profile));
    for (const id of await membersOf(transaction, freshProfiles)) next.add(id);
    for (const link of await linksOf(transaction, frontier)) {
      if (!isNew(seenLinks, `${link.a} ${link.b}`)) continue;
      if (link.verdict === "different") gathered.cuts.push(link);
      else {
        gathered.mustLinks.push(link);
        next.add(link.a).add(link.b);
      }
    }
    frontier = [...next].filter((id) => !gathered.records.has(id));
  }
  return gathered;
}

interface RecordRow {
  record_id: RecordId;
  created_ms: number | null;
  first_name: string | null;
  last_name: string | null;
  postcode: string | null;
  profile_id: ProfileId | null;
}

/** Loads records with their identifiers; returns the values to follow. */
async function load(
  transaction: Transaction,
  gathered: Gathered,
  ids: RecordId[],
): Promise<{ values: ValueRef[]; profiles: ProfileId[] }> {
  const rows = await transaction.query<RecordRow>(
    `SELECT record_id, floor(extract(epoch FROM source_created_at) * 1000)::float8 AS created_ms,
       data->>'firstName' AS first_name, data->>'lastName' AS last_name, data->>'postcode' AS postcode, profile_id
     FROM source_record LEFT JOIN membership USING (workspace_id, record_id)
     WHERE workspace_id = $1 AND kind = 'person' AND record_id = ANY($2::uuid[])`,
    [transaction.workspaceId, ids],
  );
  const identifiers = await transaction.query<ValueRef & { record_id: RecordId; quality: "strong" | "weak" }>(
    `SELECT record_id, kind, value, quality FROM identifier
     WHERE workspace_id = $1 AND record_id = ANY($2::uuid[]) AND quality <> 'blocked' AND kind <> 'household'`,
    [transaction.workspaceId, ids],
  );
  const held = Map.groupBy(identifiers, (identifier) => identifier.record_id);
  const values: ValueRef[] = [];
  const profiles: ProfileId[] = [];
  for (const row of rows) {
    const own = held.get(row.record_id) ?? [];
    gathered.records.set(row.record_id, {
      recordId: row.record_id,
      createdAtMs: row.created_ms,
      name: normaliseName(row.first_name, row.last_name),
      postcode: postcodeKeyOf(row.postcode),
      identifiers: own,
    });
    if (row.profile_id !== null) {
      gathered.profileOf.set(row.record_id, row.profile_id);
      profiles.push(row.profile_id);
    }
    // Whoever was merged into this record names it by id.
    values.push({ kind: "merged_into", value: row.record_id });
    for (const { kind, value } of own) {
      values.push({ kind, value });
      const other = alsoLookedUpAs[kind];
      if (other !== undefined) values.push({ kind: other, value });
    }
  }
  return { values, profiles };
}

async function holdersOf(transaction: Transaction, gathered: Gathered, values: ValueRef[]): Promise<RecordId[]> {
  if (values.length === 0) return [];
  const shared = await transaction.query<ValueRef>(
    `SELECT kind, value FROM shared_value JOIN unnest($2::text[], $3::text[]) AS wanted (kind, value) USING (kind, value)
     WHERE workspace_id = $1`,
    [transaction.workspaceId, values.map(({ kind }) => kind), values.map(({ value }) => value)],
  );
  for (const { kind, value } of shared) gathered.overflowing.add(valueKeyOf(kind, value));
  const followed = values.filter(({ kind, value }) => !gathered.overflowing.has(valueKeyOf(kind, value)));
  const rows = await transaction.query<{ record_id: RecordId }>(
    `SELECT DISTINCT record_id FROM identifier JOIN unnest($2::text[], $3::text[]) AS wanted (kind, value) USING (kind, value)
     WHERE workspace_id = $1 AND quality <> 'blocked'`,
    [transaction.workspaceId, followed.map(({ kind }) => kind), followed.map(({ value }) => value)],
  );
  const winners = values.filter(({ kind }) => kind === "merged_into").map(({ value }) => value as RecordId);
  return [...rows.map((row) => row.record_id), ...winners];
}

async function membersOf(transaction: Transaction, profiles: ProfileId[]): Promise<RecordId[]> {
  if (profiles.length === 0) return [];
  const rows = await transaction.query<{ record_id: RecordId }>(
    "SELECT record_id FROM membership WHERE workspace_id = $1 AND profile_id = ANY($2::uuid[])",
    [transaction.workspaceId, profiles],
  );
  return rows.map((row) => row.record_id);
}

async function linksOf(
  transaction: Transaction,
  ids: RecordId[],
): Promise<(HumanLink & { verdict: "same" | "different" })[]> {
  const rows = await transaction.query<{ a: RecordId; b: RecordId; verdict: "same" | "different"; at: Date }>(
    `SELECT a_record_id AS a, b_record_id AS b, verdict, created_at AS at FROM link
     WHERE workspace_id = $1 AND (a_record_id = ANY($2::uuid[]) OR b_record_id = ANY($2::uuid[]))`,
    [transaction.workspaceId, ids],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

function isNew<Value>(seen: Set<Value>, value: Value): boolean {
  return !seen.has(value) && seen.add(value) !== undefined;
}
