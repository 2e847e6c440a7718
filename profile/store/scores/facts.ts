/** Loads what scores read, for many profiles in one statement. */
import { z } from "zod";
import type { ProfileId } from "#profile/ids.ts";
import type { ProfileFacts, TraitName } from "#profile/scores/types.ts";
import type { Transaction } from "../database.ts";

const workspaceRow = z.object({ time_zone: z.string(), currency: z.string() });

export interface ScoringWorkspace {
  timeZone: string;
  currency: string;
}

export async function scoringWorkspace(transaction: Transaction): Promise<ScoringWorkspace> {
  const rows = await transaction.query("SELECT time_zone, currency FROM workspace WHERE workspace_id = $1", [
    transaction.workspaceId,
  ]);
  const workspace = workspaceRow.parse(rows[0]);
  return { timeZone: workspace.time_zone, currency: workspace.currency };
}

/**
 * SQL of one row per (profile, calendar day, currency) with a positive amount net of refunds, from rows `o` of
 * customer_order joined to `m` (profile_id). Parameters: the names of the placeholders for zone and instant.
 */
export const purchaseDaySql = (source: string, timeZone: string, asOf: string) => `
  SELECT m.profile_id, (o.placed_at AT TIME ZONE ${timeZone})::date AS day, o.currency,
    sum(o.amount_minor - o.refunded_minor)::int8 AS net
  FROM ${source}
  WHERE NOT o.deleted AND o.status IN ('paid', 'refunded') AND o.placed_at <= ${asOf}
  GROUP BY 1, 2, 3 HAVING sum(o.amount_minor - o.refunded_minor) > 0`;

/** Things sent to a person, or done by machines, are not something the person did. Opens are inflated by mail proxies. */
const NOT_ACTIVITY = "(_sent|_delivered|_opened|_bounced|_dropped|unsubscribed|refund)$";

const FACTS_SQL = `
  WITH m AS MATERIALIZED (
    SELECT membership.profile_id, membership.record_id, s.deleted, least(s.source_created_at, s.first_seen_at) AS seen_at
    FROM unnest($2::uuid[]) AS picked (profile_id)
    JOIN membership ON membership.workspace_id = $1 AND membership.profile_id = picked.profile_id
    JOIN source_record s ON s.workspace_id = $1 AND s.record_id = membership.record_id
  ), person AS (
    SELECT profile_id, min(seen_at) AS seen_at FROM m GROUP BY 1
  ), known AS (
    SELECT m.profile_id, bool_or(i.kind = 'email') AS email, bool_or(i.kind = 'phone') AS phone
    FROM m JOIN identifier i ON i.workspace_id = $1 AND i.record_id = m.record_id
    WHERE NOT m.deleted AND i.current AND i.quality <> 'blocked' AND i.kind IN ('email', 'phone', 'account_id', 'loyalty_id')
    GROUP BY 1
  ), currency_day AS (${purchaseDaySql(
    "m JOIN customer_order o ON o.workspace_id = $1 AND o.person_record_id = m.record_id",
    "$3",
    "$5::timestamptz",
  )}
  ), purchase_day AS (
    SELECT profile_id, day, coalesce(sum(net) FILTER (WHERE currency = $4), 0)::int8 AS net
    FROM currency_day GROUP BY 1, 2
  ), purchase AS (
    SELECT profile_id, json_agg(json_build_object('day', day, 'netMinor', net) ORDER BY day) AS days
    FROM purchase_day GROUP BY 1
  ), ordered AS (
    SELECT m.profile_id, max(o.placed_at) FILTER (WHERE o.placed_at <= $5) AS last_at,
      min(o.placed_at) FILTER (WHERE o.placed_at > $5) AS next_at
    FROM m JOIN customer_order o ON o.workspace_id = $1 AND o.person_record_id = m.record_id
    WHERE NOT o.deleted GROUP BY 1
  ), contract AS (
    SELECT m.profile_id, json_agg(json_build_object('status', c.status, 'startedAt', c.started_at,
      'currentPeriodEnd', c.current_period_end, 'endedAt', c.ended_at) ORDER BY c.started_at, c.record_id) AS list
    FROM m JOIN subscription c ON c.workspace_id = $1 AND c.person_record_id = m.record_id
    WHERE NOT c.deleted GROUP BY 1
  ), touch AS (
    SELECT m.profile_id, max(t.at) FILTER (WHERE t.at <= $5 AND t.type !~ '${NOT_ACTIVITY}') AS last_at,
      min(t.at) FILTER (WHERE t.at > $5) AS next_at,
      json_agg(json_build_object('channel', replace(t.type, '_sent', ''), 'at', t.at) ORDER BY t.at, t.record_id)
        FILTER (WHERE t.type LIKE '%\\_sent' AND t.at <= $5 AND t.at > $5::timestamptz - interval '30 days') AS messages
    FROM m JOIN touchpoint t ON t.workspace_id = $1 AND t.person_record_id = m.record_id
    WHERE NOT t.deleted GROUP BY 1
  ), open_deal AS MATERIALIZED (
    SELECT DISTINCT d.record_id, person.record_id AS person_record_id
    FROM source_record d CROSS JOIN unnest(d.person_record_ids) AS person (record_id)
    WHERE d.workspace_id = $1 AND NOT d.deleted AND d.deal_status = 'open'
  ), deal AS (
    SELECT m.profile_id, count(DISTINCT d.record_id) AS open FROM m JOIN open_deal d ON d.person_record_id = m.record_id
    GROUP BY 1
  ), consent AS (
    SELECT c.profile_id, json_agg(json_build_object('purpose', c.purpose, 'channel', c.channel, 'state', c.state)) AS list
    FROM consent_state c WHERE c.workspace_id = $1 AND c.profile_id = ANY($2::uuid[]) GROUP BY 1
  ), answer AS (
    SELECT t.profile_id, json_object_agg(t.name, encode(t.inputs_hash, 'hex')) AS hashes
    FROM trait t WHERE t.workspace_id = $1 AND t.profile_id = ANY($2::uuid[]) GROUP BY 1
  )
  SELECT profile_id, person.seen_at, known.email, known.phone, known.profile_id IS NOT NULL AS known, purchase.days,
    contract.list AS contracts, greatest(ordered.last_at, touch.last_at) AS last_activity_at, touch.messages,
    deal.open AS open_deals, consent.list AS consents, answer.hashes, least(ordered.next_at, touch.next_at) AS next_fact_at
  FROM person LEFT JOIN known USING (profile_id) LEFT JOIN purchase USING (profile_id) LEFT JOIN ordered USING (profile_id)
    LEFT JOIN contract USING (profile_id) LEFT JOIN touch USING (profile_id) LEFT JOIN deal USING (profile_id)
    LEFT JOIN consent USING (profile_id) LEFT JOIN answer USING (profile_id)`;

interface FactsRow {
  profile_id: ProfileId;
  seen_at: Date;
  email: boolean | null;
  phone: boolean | null;
  known: boolean;
  days: ProfileFacts["purchaseDays"] | null;
  contracts: ProfileFacts["subscriptions"] | null;
  last_activity_at: Date | null;
  messages: ProfileFacts["messages"] | null;
  open_deals: number | null;
  consents: ProfileFacts["consents"] | null;
  hashes: Partial<Record<TraitName, string>> | null;
  next_fact_at: Date | null;
}

export interface LoadedFacts {
  profileId: ProfileId;
  facts: ProfileFacts;
  /** Hex hashes of the answers stored now, by trait. */
  answers: Partial<Record<string, string>>;
  /** An order or touchpoint dated after `asOf`: the profile has to be looked at again then. */
  nextFactAt: string | null;
}

/** Facts up to `asOf` of the profiles that have records; a profile left without any is not in the result. */
export async function loadFacts(
  transaction: Transaction,
  { timeZone, currency }: ScoringWorkspace,
  profileIds: ProfileId[],
  asOf: string,
): Promise<LoadedFacts[]> {
  const rows = await transaction.query<FactsRow>(FACTS_SQL, [
    transaction.workspaceId,
    profileIds,
    timeZone,
    currency,
    asOf,
  ]);
  return rows.map((row) => ({
    profileId: row.profile_id,
    answers: row.hashes ?? {},
    nextFactAt: row.next_fact_at?.toISOString() ?? null,
    facts: {
      profileId: row.profile_id,
      firstSeenAt: row.seen_at.toISOString(),
      hasIdentifier: row.known,
      purchaseDays: row.days ?? [],
      subscriptions: row.contracts ?? [],
      lastActivityAt: row.last_activity_at?.toISOString() ?? null,
      messages: row.messages ?? [],
      openDeals: row.open_deals ?? 0,
      consents: row.consents ?? [],
      reachable: { email: row.email ?? false, phone: row.phone ?? false },
    },
  }));
}
