/** Everything a run of the loop leaves behind, in a form in which two runs can be compared row by row. */
import { Client } from "pg";
import { LAST_COMPUTED } from "#profile/plan/fields.ts";
import { canonicalJson } from "#profile/store/ingest/content.ts";
import type { TestLoop } from "./loop.ts";

/** Rows of each table and of each tool, as sorted text. */
export type EndState = Record<string, string[]>;

/** Tables with the columns in which equal runs differ: instants of our own clock, sequence numbers, counts of tries. */
const TABLES: Record<string, string[]> = {
  source_record: ["first_seen_at", "changed_at", "listed_at", "source_updated_at"],
  source_content: ["recorded_at"],
  customer_order: ["listed_at", "source_updated_at"],
  subscription: ["listed_at", "source_updated_at"],
  touchpoint: ["listed_at", "source_updated_at"],
  rejected_record: ["rejected_at"],
  identifier: [],
  shared_value: ["since"],
  merge_refusal: ["created_at"],
  membership: ["since"],
  consent_entry: ["recorded_at"],
  // What a source does not date counts from when it reached us.
  consent_state: ["effective_at"],
  trait: ["computed_at"],
  plan_change: [],
  delivery: ["delivered_at", "attempts"],
  last_written: ["written_at"],
};

/** Where most columns are such, those that must be equal; and what of the work must be done. */
const QUERIES: Record<string, string> = {
  profile: "SELECT to_jsonb(r) AS row FROM (SELECT profile_id, anchor_record_id FROM profile) r",
  plan: "SELECT to_jsonb(r) AS row FROM (SELECT plan_id, connection_id, kind, status, changes, compared FROM plan) r",
  stream_state: `SELECT to_jsonb(r) AS row FROM (
    SELECT connection_id, stream, complete, vendor_count, stored_count, error_kind FROM stream_state) r`,
  // Which profiles existed for a moment before they were found to be one depends on the order in which streams arrive,
  // in any two runs; that every one of them still leads to somebody does not.
  "aliases that lead nowhere": `SELECT to_jsonb(a) AS row FROM profile_alias a
    WHERE NOT EXISTS (SELECT FROM profile p WHERE p.profile_id = a.profile_id)`,
  "work left over": `SELECT to_jsonb(r) AS row FROM (
    SELECT record_id AS id FROM unresolved
    UNION ALL SELECT profile_id FROM profile WHERE touched_seq > consented_seq OR touched_seq > scored_seq) r`,
};

export async function endState({ test, hubspot, stripe }: TestLoop): Promise<EndState> {
  const client = new Client({ connectionString: test.ownerUrl });
  await client.connect();
  try {
    const state: EndState = {};
    const plans = await planNames(client);
    const read = async (name: string, sql: string, values: unknown[] = []) => {
      const { rows } = await client.query<{ row: unknown }>(sql, values);
      const texts = rows.map(({ row }) => canonicalJson(withoutVarying(row)));
      state[name] = texts.map((text) => text.replaceAll(UUID, (id) => plans.get(id) ?? id)).toSorted();
    };
    for (const [table, varying] of Object.entries(TABLES)) {
      await read(table, `SELECT to_jsonb(t) - $1::text[] AS row FROM ${table} t`, [varying]);
    }
    for (const [name, sql] of Object.entries(QUERIES)) await read(name, sql);
    state["contacts in HubSpot"] = hubspot
      .contactIds()
      .map((id) => canonicalJson({ id, ...withoutVarying(hubspot.properties(id)) }))
      .toSorted();
    state["customers in Stripe"] = (await customerIds(client))
      .map((id) => canonicalJson({ id, ...withoutVarying(stripe.customer(id)?.metadata ?? null) }))
      .toSorted();
    return state;
  } finally {
    await client.end();
  }
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** The id of a plan is another one in each installation: here it is the first, the second ... of its tool. */
async function planNames(client: Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ id: string; name: string }>(
    `SELECT plan_id AS id, format('plan %s of %s', row_number() OVER (PARTITION BY connection_id ORDER BY created_at), connection_id)
       AS name FROM plan`,
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}

async function customerIds(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ vendor_id: string }>(
    "SELECT vendor_id FROM source_record WHERE stream = 'customers'",
  );
  return rows.map(({ vendor_id }) => vendor_id);
}

const VARYING_VALUES = new Set([LAST_COMPUTED, "lastmodifieddate", "hs_lastmodifieddate"]);

function withoutVarying(value: unknown): object {
  const cleaned = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(cleaned);
    if (typeof item !== "object" || item === null) return item;
    const kept = Object.entries(item).filter(([name]) => !VARYING_VALUES.has(name));
    return Object.fromEntries(kept.map(([name, inner]) => [name, cleaned(inner)]));
  };
  return Object(cleaned(value));
}

/** What differs, per table: how many rows are missing or too many, and the first of each. Empty when they are equal. */
export function differences(expected: EndState, actual: EndState): string[] {
  return Object.keys(expected).flatMap((name) => {
    const [wanted, got] = [expected[name] ?? [], actual[name] ?? []];
    const missing = new Set(wanted).difference(new Set(got));
    const extra = new Set(got).difference(new Set(wanted));
    if (missing.size + extra.size === 0 && wanted.length === got.length) return [];
    const [lost, added] = [[...missing][0] ?? "none", [...extra][0] ?? "none"];
    return [
      `${name}: ${got.length} rows instead of ${wanted.length}; ${missing.size} missing, as ${lost}; ${extra.size} not expected, as ${added}`,
    ];
  });
}
