/**
 * Loads what scores read, for many profiles at once.
 *
 * Every statement finds its rows among ids that the one before returned. A join against `unnest` reads better but
 * leaves the planner guessing how many rows come out of it, and it then walks the workspace's whole tables for each batch.
 */
import type { ProfileId, RecordId } from "#profile/ids.ts";
import type { ProfileFacts } from "#profile/scores/types.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import type { WorkspaceSettings } from "../workspace-settings.ts";

export interface LoadedFacts {
  profileId: ProfileId;
  facts: ProfileFacts;
  /** Of the answers stored now; null: there are none. */
  hash: string | null;
  /** An order or touchpoint dated after `asOf`: the profile has to be looked at again then. */
  nextFactAt: string | null;
}

/** What one source record contributes to its profile's facts. Times are milliseconds since the epoch. */
interface RecordFacts {
  profileId: ProfileId;
  seenAtMs: number;
  deleted: boolean;
}

/** Things sent to a person, or done by machines, are not something the person did. Opens are inflated by mail proxies. */
const NOT_ACTIVITY = "(_sent|_delivered|_opened|_bounced|_dropped|unsubscribed|refund)$";

/** Facts up to `asOf` of the profiles that have records; a profile left without any is not in the result. */
export async function loadFacts(
  transaction: Transaction,
  workspace: WorkspaceSettings,
  profileIds: ProfileId[],
  asOf: string,
): Promise<LoadedFacts[]> {
  const records = await recordsOf(transaction, profileIds);
  const drafts = new Map<ProfileId, Draft>();
  const draftByRecord = new Map<RecordId, Draft>();
  for (const [recordId, { profileId, seenAtMs }] of records) {
    const draft = drafts.get(profileId) ?? newDraft(seenAtMs);
    draft.seenAtMs = Math.min(draft.seenAtMs, seenAtMs);
    drafts.set(profileId, draft);
    draftByRecord.set(recordId, draft);
  }
  const query = { transaction, ids: listed(records.keys()), asOf, draftByRecord };
  // Asked for at once: while one answer is taken in here the database works on the next.
  const [consents, hashes] = await Promise.all([
    consentsOf(transaction, profileIds),
    hashesOf(transaction, profileIds),
    addIdentifiers({ ...query, ids: listed([...records].flatMap(([id, { deleted }]) => (deleted ? [] : id))) }),
    addOrders(query, workspace),
    addSubscriptions(query),
    addTouchpoints(query),
    addDeals(query),
  ]);
  return [...drafts].map(([profileId, draft]) => ({
    profileId,
    hash: hashes.get(profileId) ?? null,
    nextFactAt: instantOf(draft.nextFactMs),
    facts: {
      profileId,
      firstSeenAt: new Date(draft.seenAtMs).toISOString(),
      hasIdentifier: draft.known,
      purchaseDays: purchaseDays(draft),
      subscriptions: draft.subscriptions,
      lastActivityAt: instantOf(draft.lastActivityMs),
      messages: draft.messages.sort((a, b) => (a.at < b.at ? -1 : 1)),
      openDeals: draft.openDeals?.size ?? 0,
      consents: consents.get(profileId) ?? [],
      reachable: { email: draft.email, phone: draft.phone },
    },
  }));
}

/** Orders of one day, net of refunds. */
interface DayNet {
  /** In the workspace's currency. */
  own: number;
  /** By currency; null: none, as for most. */
  foreign: Map<string, number> | null;
}

/** A profile's facts while its records are gathered. */
interface Draft {
  seenAtMs: number;
  known: boolean;
  email: boolean;
  phone: boolean;
  days: Map<string, DayNet>;
  subscriptions: ProfileFacts["subscriptions"];
  messages: ProfileFacts["messages"];
  /** Null: none; few people have any. */
  openDeals: Set<string> | null;
  lastActivityMs: number | null;
  nextFactMs: number | null;
}

const newDraft = (seenAtMs: number): Draft => ({
  seenAtMs,
  known: false,
  email: false,
  phone: false,
  days: new Map(),
  subscriptions: [],
  messages: [],
  openDeals: null,
  lastActivityMs: null,
  nextFactMs: null,
});

interface FactsQuery {
  transaction: Transaction;
  /** Person records whose facts are wanted, as a parameter. */
  ids: string;
  asOf: string;
  draftByRecord: ReadonlyMap<RecordId, Draft>;
}

async function recordsOf(
  transaction: Transaction,
  profileIds: readonly ProfileId[],
): Promise<Map<RecordId, RecordFacts>> {
  const rows = await transaction.query<RecordFacts & { recordId: RecordId }>(
    `SELECT record_id AS "recordId", profile_id AS "profileId", deleted,
       ${milliseconds("least(source_created_at, first_seen_at)")} AS "seenAtMs"
     FROM membership JOIN source_record USING (workspace_id, record_id)
     WHERE workspace_id = $1 AND profile_id ${among("$2")}`,
    [transaction.workspaceId, listed(profileIds)],
  );
  return new Map(rows.map((row) => [row.recordId, row]));
}

async function addIdentifiers({ transaction, ids, draftByRecord }: FactsQuery): Promise<void> {
  const rows = await transaction.query<{ record_id: RecordId; email: boolean; phone: boolean }>(
    `SELECT record_id, bool_or(kind = 'email') AS email, bool_or(kind = 'phone') AS phone FROM identifier
     WHERE workspace_id = $1 AND record_id ${among("$2")} AND current AND quality <> 'blocked'
       AND kind IN ('email', 'phone', 'account_id', 'loyalty_id')
     GROUP BY record_id`,
    [transaction.workspaceId, ids],
  );
  for (const { record_id, email, phone } of rows) {
    const draft = draftByRecord.get(record_id);
    if (draft === undefined) continue;
    draft.known = true;
    draft.email ||= email;
    draft.phone ||= phone;
  }
}

async function addOrders(
  { transaction, ids, asOf, draftByRecord }: FactsQuery,
  workspace: WorkspaceSettings,
): Promise<void> {
  const rows = await transaction.query<{
    record_id: RecordId;
    day: string;
    currency: string;
    net: number | null;
    last_ms: number | null;
    next_ms: number | null;
  }>(
    `SELECT person_record_id AS record_id, (placed_at AT TIME ZONE $3)::date::text AS day, currency,
       sum(amount_minor - refunded_minor) FILTER (WHERE status IN ('paid', 'refunded') AND placed_at <= $4)::int8 AS net,
       ${milliseconds("max(placed_at) FILTER (WHERE placed_at <= $4)")} AS last_ms,
       ${milliseconds("min(placed_at) FILTER (WHERE placed_at > $4)")} AS next_ms
     FROM customer_order WHERE workspace_id = $1 AND person_record_id ${among("$2")} AND NOT deleted
     GROUP BY 1, 2, 3`,
    [transaction.workspaceId, ids, workspace.timeZone, asOf],
  );
  for (const { record_id, day, currency, net, last_ms, next_ms } of rows) {
    const draft = draftByRecord.get(record_id);
    if (draft === undefined) continue;
    draft.lastActivityMs = later(draft.lastActivityMs, last_ms);
    draft.nextFactMs = earlier(draft.nextFactMs, next_ms);
    if (net === null) continue;
    let ofDay = draft.days.get(day);
    if (ofDay === undefined) draft.days.set(day, (ofDay = { own: 0, foreign: null }));
    if (currency === workspace.currency) ofDay.own += net;
    else {
      ofDay.foreign ??= new Map();
      ofDay.foreign.set(currency, (ofDay.foreign.get(currency) ?? 0) + net);
    }
  }
}

/** Days on which some currency's orders, net of refunds, were above zero; the amount counts the workspace's currency. */
function purchaseDays({ days }: Draft): ProfileFacts["purchaseDays"] {
  const bought: ProfileFacts["purchaseDays"] = [];
  for (const [day, { own, foreign }] of days) {
    if (own > 0 || foreign?.values().some((net) => net > 0) === true) bought.push({ day, netMinor: Math.max(0, own) });
  }
  return bought.sort((a, b) => (a.day < b.day ? -1 : 1));
}

async function addSubscriptions({ transaction, ids, draftByRecord }: FactsQuery): Promise<void> {
  const rows = await transaction.query<{
    record_id: RecordId;
    status: string;
    started_at: Date;
    current_period_end: Date | null;
    ended_at: Date | null;
  }>(
    `SELECT person_record_id AS record_id, status, started_at, current_period_end, ended_at
     FROM subscription WHERE workspace_id = $1 AND person_record_id ${among("$2")} AND NOT deleted
     ORDER BY started_at, subscription.record_id`,
    [transaction.workspaceId, ids],
  );
  for (const { record_id, status, started_at, current_period_end, ended_at } of rows)
    draftByRecord.get(record_id)?.subscriptions.push({
      status,
      startedAt: started_at.toISOString(),
      currentPeriodEnd: current_period_end?.toISOString() ?? null,
      endedAt: ended_at?.toISOString() ?? null,
    });
}

async function addTouchpoints({ transaction, ids, asOf, draftByRecord }: FactsQuery): Promise<void> {
  const rows = await transaction.query<{
    record_id: RecordId;
    last_ms: number | null;
    next_ms: number | null;
    messages: ProfileFacts["messages"] | null;
  }>(
    `SELECT person_record_id AS record_id,
       ${milliseconds(`max(at) FILTER (WHERE at <= $3 AND type !~ '${NOT_ACTIVITY}')`)} AS last_ms,
       ${milliseconds("min(at) FILTER (WHERE at > $3)")} AS next_ms,
       json_agg(json_build_object('channel', replace(type, '_sent', ''), 'at', at))
         FILTER (WHERE type LIKE '%\\_sent' AND at <= $3 AND at > $3::timestamptz - interval '30 days') AS messages
     FROM touchpoint WHERE workspace_id = $1 AND person_record_id ${among("$2")} AND NOT deleted GROUP BY 1`,
    [transaction.workspaceId, ids, asOf],
  );
  for (const { record_id, last_ms, next_ms, messages } of rows) {
    const draft = draftByRecord.get(record_id);
    if (draft === undefined) continue;
    draft.lastActivityMs = later(draft.lastActivityMs, last_ms);
    draft.nextFactMs = earlier(draft.nextFactMs, next_ms);
    draft.messages.push(...(messages ?? []));
  }
}

/** So many open deals of a workspace are read whole: fewer than the people of a batch, for each of whom one would look. */
const FEW_DEALS = 1_000;

async function addDeals({ transaction, ids, draftByRecord }: FactsQuery): Promise<void> {
  type Deal = { deal_id: string; people: RecordId[] };
  const open = `SELECT record_id AS deal_id, person_record_ids AS people FROM source_record
    WHERE workspace_id = $1 AND deal_status = 'open' AND NOT deleted`;
  const { workspaceId } = transaction;
  let deals = await transaction.query<Deal>(`${open} LIMIT $2`, [workspaceId, FEW_DEALS + 1]);
  if (deals.length > FEW_DEALS)
    deals = await transaction.query<Deal>(`${open} AND person_record_ids && ARRAY(SELECT unnest($2::uuid[]))`, [
      workspaceId,
      ids,
    ]);
  for (const { deal_id, people } of deals) {
    for (const person of people) {
      const draft = draftByRecord.get(person);
      if (draft !== undefined) (draft.openDeals ??= new Set()).add(deal_id);
    }
  }
}

async function consentsOf(
  transaction: Transaction,
  profileIds: readonly ProfileId[],
): Promise<Map<ProfileId, ProfileFacts["consents"]>> {
  const rows = await transaction.query<ProfileFacts["consents"][number] & { profile_id: ProfileId }>(
    `SELECT profile_id, purpose, channel, state FROM consent_state
     WHERE workspace_id = $1 AND profile_id ${among("$2")}`,
    [transaction.workspaceId, listed(profileIds)],
  );
  const consents = new Map<ProfileId, ProfileFacts["consents"]>();
  for (const { profile_id, ...consent } of rows) {
    const own = consents.get(profile_id);
    if (own === undefined) consents.set(profile_id, [consent]);
    else own.push(consent);
  }
  return consents;
}

async function hashesOf(transaction: Transaction, profileIds: readonly ProfileId[]): Promise<Map<ProfileId, string>> {
  const rows = await transaction.query<{ profile_id: ProfileId; hash: string }>(
    `SELECT profile_id, hash FROM profile_traits WHERE workspace_id = $1 AND profile_id ${among("$2")}`,
    [transaction.workspaceId, listed(profileIds)],
  );
  return new Map(rows.map(({ profile_id, hash }) => [profile_id, hash]));
}

/** SQL of an instant as whole milliseconds: cheaper to hand over than a time stamp to be parsed. */
const milliseconds = (instant: string) => `floor(extract(epoch FROM ${instant}) * 1000)::float8`;

const instantOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

const later = (a: number | null, b: number | null) => (a === null || (b !== null && b > a) ? b : a);

const earlier = (a: number | null, b: number | null) => (a === null || (b !== null && b < a) ? b : a);
