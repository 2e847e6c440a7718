/** Why a profile is one person, in sentences; and finding a profile by whatever somebody has at hand. */
import { type ConnectionId, type ProfileId, recordIdOf, type RecordId, valueIdOf } from "#profile/ids.ts";
import { explainLink, wordsOf } from "#profile/identity/explain.ts";
import { valueKeyOf } from "#profile/identity/identifiers.ts";
import { normaliseEmail } from "#profile/identity/normalise/email.ts";
import { normalisePhone } from "#profile/identity/normalise/phone.ts";
import type { IdentifierKind } from "#profile/identity/rules.ts";
import { type Display, displayOf, shownFacts } from "#profile/identity/survivorship.ts";
import { weighedFacts } from "#profile/identity/weighed.ts";
import type { Transaction } from "../database.ts";
import { defaultCountryOf } from "../workspace-settings.ts";
import { gather, resolveGathered } from "./gather.ts";
import { storedPerson } from "./identify.ts";

export interface ProfileExplanation {
  display: Display;
  /** What the profile is shown with: each value, the record it comes from, and why it is this one. */
  facts: { title: string; value: string; record: string; why: string }[];
  /** What says less than it seems to, and why. */
  weighed: string[];
  /** One sentence per link; together they hold the profile's records together. */
  evidence: string[];
  /** Merges that were suggested and refused, and identifiers that do not count. */
  refusals: string[];
}

interface RecordRow {
  record_id: RecordId;
  connector: string;
  stream: string;
  vendor_id: string;
  data: unknown;
  updated_at: Date | null;
  deleted: boolean;
}

/** Computes the decision again from the same facts and rules, so that the words are those of the decision. */
export async function explainProfile(transaction: Transaction, profileId: ProfileId): Promise<ProfileExplanation> {
  const members = await transaction.query<{ record_id: RecordId }>(
    "SELECT record_id FROM membership WHERE workspace_id = $1 AND profile_id = $2",
    [transaction.workspaceId, profileId],
  );
  const ids = new Set(members.map((row) => row.record_id));
  const gathered = await gather(transaction, [...ids]);
  const { clusters, refusals } = resolveGathered(gathered);
  const evidence = clusters.find((cluster) => cluster.profileId === profileId)?.evidence ?? [];
  const touching = refusals.filter((refusal) => refusal.recordIds.some((id) => ids.has(id)));
  const named = [...ids, ...touching.flatMap((refusal) => refusal.recordIds)];
  const records = new Map((await recordsOf(transaction, named)).map((row) => [row.record_id, row]));
  const nameOf = (id: RecordId): string => {
    const row = records.get(id);
    return row === undefined ? id : `${row.connector} ${row.stream}/${row.vendor_id}`;
  };
  const sources = [...ids].flatMap((id) => {
    const row = records.get(id);
    if (row === undefined) return [];
    const updatedAt = row.updated_at?.toISOString() ?? null;
    return [{ recordId: id, facts: storedPerson.parse(row.data), updatedAt, deleted: row.deleted }];
  });
  const silent = await silentIdentifiers(transaction, [...ids], gathered.overflowing);
  const context = { defaultCountry: await defaultCountryOf(transaction), today: await todayOf(transaction) };
  const shown = shownFacts(sources, context);
  return {
    display: displayOf(shown),
    facts: shown.map(({ title, value, recordId, why }) => ({
      title,
      value,
      record: nameOf(recordId as RecordId),
      why,
    })),
    weighed: weighedFacts(sources, context),
    evidence: evidence.map(({ a, b, words }) => `${nameOf(a)} and ${nameOf(b)}: ${explainLink(words)}.`),
    refusals: [
      ...touching.map(({ recordIds, explanation }) => {
        const others = recordIds.filter((id) => !ids.has(id));
        const shown = others.slice(0, 5).map(nameOf).join(", ");
        const rest = others.length > 5 ? ` and ${others.length - 5} more` : "";
        return others.length === 0 ? explanation : `${explanation} Concerns ${shown}${rest}.`;
      }),
      ...silent,
    ],
  };
}

/** By the database's clock, which all share. */
async function todayOf(transaction: Transaction): Promise<string> {
  const [row] = await transaction.query<{ today: string }>("SELECT current_date::text AS today");
  return row?.today ?? "";
}

/** Numbers of customers and their cards, stored with the connection that gave them or `*` for the workspace. */
const NUMBERS_ON_CARDS: IdentifierKind[] = ["account_id", "loyalty_id"];

/**
 * A profile by its id, an old id, an e-mail address, a phone number, a customer or loyalty number, or the id a tool or we
 * gave to a record.
 */
export async function findProfileId(transaction: Transaction, query: string): Promise<ProfileId | undefined> {
  const text = query.trim();
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    const [row] = await transaction.query<{ profile_id: ProfileId }>(
      `SELECT profile_id FROM profile WHERE workspace_id = $1 AND profile_id = $2
       UNION ALL SELECT profile_id FROM profile_alias WHERE workspace_id = $1 AND alias_id = $2
       UNION ALL SELECT profile_id FROM membership WHERE workspace_id = $1 AND record_id = $2
       LIMIT 1`,
      [transaction.workspaceId, text],
    );
    if (row !== undefined) return row.profile_id;
  }
  const email = normaliseEmail(text).key;
  const phone = email === null ? normalisePhone(text, await defaultCountryOf(transaction)).key : null;
  const byIdentifier =
    (email !== null && (await holderOf(transaction, "email", email))) ||
    (phone !== null && (await holderOf(transaction, "phone", phone)));
  if (byIdentifier) return byIdentifier;
  const connections = await transaction.query<{ id: string }>(
    "SELECT connection_id AS id FROM connection WHERE workspace_id = $1",
    [transaction.workspaceId],
  );
  const scopes = ["*", ...connections.map(({ id }) => id)];
  const [holder] = await transaction.query<{ profile_id: ProfileId }>(
    `SELECT profile_id FROM identifier JOIN membership USING (workspace_id, record_id)
     WHERE workspace_id = $1 AND value_id = ANY($2::uuid[]) ORDER BY current DESC, record_id LIMIT 1`,
    [
      transaction.workspaceId,
      NUMBERS_ON_CARDS.flatMap((kind) => scopes.map((scope) => valueIdOf(kind, `${scope}:${text}`))),
    ],
  );
  if (holder !== undefined) return holder.profile_id;
  // A record is named after its place and the vendor's id: asked by that name, the ids need no index of their own.
  const places = await transaction.query<{ connectionId: ConnectionId; stream: string }>(
    `SELECT connection_id AS "connectionId", stream FROM stream_state WHERE workspace_id = $1`,
    [transaction.workspaceId],
  );
  const [row] = await transaction.query<{ profile_id: ProfileId }>(
    `SELECT profile_id FROM source_record JOIN membership USING (workspace_id, record_id)
     WHERE workspace_id = $1 AND kind = 'person' AND record_id = ANY($2::uuid[]) ORDER BY deleted, record_id LIMIT 1`,
    [transaction.workspaceId, places.map(({ connectionId, stream }) => recordIdOf(connectionId, stream, text))],
  );
  return row?.profile_id;
}

async function holderOf(transaction: Transaction, kind: IdentifierKind, value: string): Promise<ProfileId | undefined> {
  const [row] = await transaction.query<{ profile_id: ProfileId }>(
    `SELECT profile_id FROM identifier JOIN membership USING (workspace_id, record_id)
       JOIN source_record USING (workspace_id, record_id)
     WHERE workspace_id = $1 AND value_id = $2
     ORDER BY current DESC, deleted, source_created_at NULLS LAST, record_id LIMIT 1`,
    [transaction.workspaceId, valueIdOf(kind, value)],
  );
  return row?.profile_id;
}

/** Values the records carry that say nothing about who somebody is, with the reason. */
async function silentIdentifiers(
  transaction: Transaction,
  ids: RecordId[],
  overflowing: ReadonlySet<string>,
): Promise<string[]> {
  const rows = await transaction.query<{ kind: IdentifierKind; value: string; quality: string; reason: string | null }>(
    `SELECT DISTINCT kind, value, quality, reason FROM identifier
     WHERE workspace_id = $1 AND record_id = ANY($2::uuid[]) AND current ORDER BY kind, value`,
    [transaction.workspaceId, ids],
  );
  return rows.flatMap(({ kind, value, quality, reason }) => {
    if (quality === "blocked") return [`One ${wordsOf(kind)} does not count. ${reason ?? ""}`.trim()];
    if (!overflowing.has(valueKeyOf(kind, value))) return [];
    return [`One ${wordsOf(kind)} does not count. Too many records with different names hold it.`];
  });
}

function recordsOf(transaction: Transaction, ids: RecordId[]): Promise<RecordRow[]> {
  return transaction.query<RecordRow>(
    `SELECT record_id, connector, stream, vendor_id, data, source_updated_at AS updated_at, deleted
     FROM source_record JOIN source_content USING (workspace_id, record_id, hash)
       JOIN connection USING (workspace_id, connection_id)
     WHERE workspace_id = $1 AND record_id = ANY($2::uuid[])`,
    [transaction.workspaceId, ids],
  );
}
