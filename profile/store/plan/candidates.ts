/** What a plan under construction has to compare: the records whose profiles have news, and what is known of them. */
import type { Addresses, KnownAnswer } from "#profile/consent/decide.ts";
import type { PlannableTraits } from "#profile/plan/fields.ts";
import type { FieldValues } from "#profile/plan/types.ts";
import type { PlanId, ProfileId, RecordId } from "#profile/ids.ts";
import { listed } from "../among.ts";
import { readByIndex, type Transaction } from "../database.ts";
import { fieldValues, knownAnswers, plannableTraits } from "./columns.ts";

/** Where the next page of news starts: after the profile with this mark. */
export interface NewsCursor {
  outputSeq: number;
}

export interface NewsPage {
  records: { recordId: RecordId; createdAt: Date | null }[];
  /** Null: that was the last page. */
  next: NewsCursor | null;
}

interface NewsRow {
  seen: { profiles: number; last: number | null };
  recordId: RecordId | null;
  createdAt: Date | null;
}

/**
 * Records of the destination whose profile has news, in order of the news. A profile that changes while pages are read
 * moves to the end and is seen again; none is missed. Those that an earlier attempt compared as they still are, are left out.
 *
 * @param page `limit` counts profiles: with none or several records at the destination a page holds fewer or more
 */
export async function news(
  transaction: Transaction,
  planId: PlanId,
  stream: string,
  { after, limit }: { after: NewsCursor | null; limit: number },
): Promise<NewsPage> {
  await readByIndex(transaction);
  const rows = await transaction.query<NewsRow>(
    `WITH destination AS MATERIALIZED (
       SELECT p.connection_id, c.planned_seq
       FROM plan p JOIN connection c ON c.workspace_id = $1 AND c.connection_id = p.connection_id
       WHERE p.workspace_id = $1 AND p.plan_id = $2 AND p.status = 'building'
     ), news AS MATERIALIZED (
       SELECT p.output_seq, p.profile_id FROM profile p
       WHERE p.workspace_id = $1 AND p.output_seq > greatest($4, (SELECT planned_seq FROM destination))
       ORDER BY p.output_seq LIMIT $5
     ), page AS MATERIALIZED (
       SELECT s.record_id, s.source_created_at
       FROM news
       CROSS JOIN LATERAL (
         SELECT record_id FROM membership WHERE workspace_id = $1 AND profile_id = news.profile_id OFFSET 0
       ) AS m
       CROSS JOIN LATERAL (
         SELECT * FROM source_record WHERE workspace_id = $1 AND record_id = m.record_id OFFSET 0
       ) AS s
       LEFT JOIN LATERAL (
         SELECT output_seq FROM plan_compared WHERE workspace_id = $1 AND plan_id = $2 AND record_id = m.record_id OFFSET 0
       ) AS k ON true
       WHERE s.connection_id = (SELECT connection_id FROM destination) AND s.stream = $3
         AND s.kind = 'person' AND NOT s.deleted AND k.output_seq IS DISTINCT FROM news.output_seq
     )
     SELECT (SELECT json_build_object('profiles', count(*), 'last', max(output_seq)) FROM news) AS seen,
       page.record_id AS "recordId", page.source_created_at AS "createdAt"
     FROM destination LEFT JOIN page ON true`,
    [transaction.workspaceId, planId, stream, after?.outputSeq ?? 0, limit],
  );
  const seen = rows[0]?.seen;
  if (seen === undefined) throw notUnderConstruction(planId);
  return {
    // A page without a record of this destination still is one row, which says how far it looked.
    records: rows.flatMap(({ recordId, createdAt }) => (recordId === null ? [] : [{ recordId, createdAt }])),
    next: seen.last === null || seen.profiles < limit ? null : { outputSeq: seen.last },
  };
}

const notUnderConstruction = (planId: PlanId) => new Error(`Plan ${planId} is not under construction.`);

export interface Candidate {
  recordId: RecordId;
  vendorId: string;
  profileId: ProfileId;
  /** The profile's mark with which all this was read. */
  outputSeq: number;
  /** When the vendor made the record (ISO 8601). */
  createdAt: string | null;
  traits: PlannableTraits;
  consents: KnownAnswer[];
  /** The record's own, where what is written to it would be sent. */
  addresses: Addresses;
  /** Per field what the vendor held after our last write; only loaded when some field's ownership asks for it. */
  lastDelivered: FieldValues;
}

interface CandidateRow {
  recordId: RecordId | null;
  vendorId: string | null;
  profileId: ProfileId | null;
  outputSeq: number;
  createdAt: Date | null;
  email: string | null;
  phone: string | null;
  traits: unknown;
  consents: unknown;
  written: unknown;
}

/** What is known of these records, in their order; without those that are gone by now. */
export async function candidates(
  transaction: Transaction,
  planId: PlanId,
  recordIds: readonly RecordId[],
): Promise<Candidate[]> {
  await readByIndex(transaction);
  const rows = await transaction.query<CandidateRow>(
    `WITH destination AS MATERIALIZED (
       SELECT p.connection_id, EXISTS (
         SELECT FROM destination_field f WHERE f.workspace_id = $1 AND f.connection_id = p.connection_id
           AND (f.clearing OR f.enabled AND f.ownership IN ('until-edited', 'fill-empty'))
       ) AS needs_written
       FROM plan p WHERE p.workspace_id = $1 AND p.plan_id = $2 AND p.status = 'building'
     ), page AS MATERIALIZED (
       SELECT s.record_id, s.vendor_id, s.email, s.phone, s.source_created_at, m.profile_id, p.output_seq
       FROM unnest($3::uuid[]) AS wanted (record_id)
       CROSS JOIN LATERAL (
         SELECT * FROM source_record WHERE workspace_id = $1 AND record_id = wanted.record_id AND NOT deleted OFFSET 0
       ) AS s
       CROSS JOIN LATERAL (
         SELECT profile_id FROM membership WHERE workspace_id = $1 AND record_id = wanted.record_id OFFSET 0
       ) AS m
       CROSS JOIN LATERAL (
         SELECT output_seq FROM profile WHERE workspace_id = $1 AND profile_id = m.profile_id OFFSET 0
       ) AS p
     )
     SELECT page.record_id AS "recordId", page.vendor_id AS "vendorId", page.profile_id AS "profileId",
       page.output_seq AS "outputSeq", page.source_created_at AS "createdAt", page.email, page.phone,
       (SELECT t.traits FROM profile_traits t WHERE t.workspace_id = $1 AND t.profile_id = page.profile_id) AS traits,
       (SELECT json_agg(json_build_object('purpose', s.purpose, 'channel', s.channel, 'state', s.state, 'addresses', s.addresses))
        FROM consent_state s WHERE s.workspace_id = $1 AND s.profile_id = page.profile_id) AS consents,
       CASE WHEN destination.needs_written THEN
         (SELECT w.held FROM last_written w WHERE w.workspace_id = $1 AND w.record_id = page.record_id)
       END AS written
     FROM destination LEFT JOIN page ON true`,
    [transaction.workspaceId, planId, listed(recordIds)],
  );
  if (rows.length === 0) throw notUnderConstruction(planId);
  const known = new Map(rows.map((row) => [row.recordId, row]));
  return recordIds.flatMap((recordId): Candidate[] => {
    const { vendorId, profileId, outputSeq, createdAt, email, phone, traits, consents, written } =
      known.get(recordId) ?? {};
    if (vendorId == null || profileId == null || outputSeq === undefined) return [];
    return [
      {
        ...{ recordId, vendorId, profileId, outputSeq, createdAt: createdAt?.toISOString() ?? null },
        traits: plannableTraits.parse(traits ?? {}),
        consents: knownAnswers.parse(consents ?? []),
        addresses: { email: email ?? null, phone: phone ?? null },
        lastDelivered: fieldValues.parse(written ?? {}),
      },
    ];
  });
}
