/**
 * What a loop leaves behind, by the tools' own ids, so that two workspaces can be compared: who is who, what they permitted, what
 * they bought and did, the figures, and what every tool shows.
 */
import type { WorkspaceId } from "#profile/ids.ts";
import { LAST_COMPUTED } from "#profile/plan/fields.ts";
import type { Database } from "#profile/store/database.ts";
import { FIELD_NAMES, readTools } from "#stack/demo-shop/grade/tools.ts";

/** Rows of each kind, as sorted text. */
export type ShopState = Record<string, string[]>;

/** `$1` the workspace; `record` is a record under its tool's own name, `person` the smallest of the profile's. */
const NAMES = `WITH record AS (
    SELECT s.record_id, concat_ws('/', c.connector, s.stream, s.vendor_id) AS name
    FROM source_record s JOIN connection c ON c.workspace_id = $1 AND c.connection_id = s.connection_id
    WHERE s.workspace_id = $1
  ), person AS (
    SELECT m.profile_id, min(r.name) AS name FROM membership m JOIN record r USING (record_id)
    WHERE m.workspace_id = $1 GROUP BY 1
  )`;

const QUERIES: Record<string, string> = {
  "records of people": `${NAMES} SELECT r.name, s.deleted, s.email, s.phone, s.first_name, s.last_name
    FROM source_record s JOIN record r USING (record_id) WHERE s.workspace_id = $1`,
  profiles: `${NAMES} SELECT string_agg(r.name, ' ' ORDER BY r.name) AS records
    FROM membership m JOIN record r USING (record_id) WHERE m.workspace_id = $1 GROUP BY m.profile_id`,
  consents: `${NAMES} SELECT p.name, k.channel, k.purpose, k.state
    FROM consent_state k JOIN person p USING (profile_id) WHERE k.workspace_id = $1`,
  orders: `${NAMES} SELECT concat_ws('/', c.connector, o.stream, o.vendor_id) AS id, r.name AS of, o.amount_minor,
      o.refunded_minor, o.currency, o.status, o.deleted
    FROM customer_order o JOIN connection c ON c.workspace_id = $1 AND c.connection_id = o.connection_id
    LEFT JOIN record r ON r.record_id = o.person_record_id WHERE o.workspace_id = $1`,
  subscriptions: `${NAMES} SELECT concat_ws('/', c.connector, o.stream, o.vendor_id) AS id, r.name AS of, o.status, o.deleted
    FROM subscription o JOIN connection c ON c.workspace_id = $1 AND c.connection_id = o.connection_id
    LEFT JOIN record r ON r.record_id = o.person_record_id WHERE o.workspace_id = $1`,
  touchpoints: `${NAMES} SELECT concat_ws('/', c.connector, t.stream, t.vendor_id) AS id, r.name AS of, t.type, t.campaign, t.deleted
    FROM touchpoint t JOIN connection c ON c.workspace_id = $1 AND c.connection_id = t.connection_id
    LEFT JOIN record r ON r.record_id = t.person_record_id WHERE t.workspace_id = $1`,
  figures: `SELECT c.connector, f.stream, f.day, f.dimensions, f.name, f.value, f.flags
    FROM (SELECT connection_id, stream, day, dimensions, 'cost' AS name, amount_micros::float8 AS value, flags
          FROM spend WHERE workspace_id = $1
          UNION ALL SELECT connection_id, stream, day, dimensions, name, value, flags FROM metric WHERE workspace_id = $1) f
    JOIN connection c ON c.workspace_id = $1 AND c.connection_id = f.connection_id`,
  traits: `${NAMES} SELECT p.name AS person, t.name, t.status, t.value
    FROM trait t JOIN person p USING (profile_id) WHERE t.workspace_id = $1`,
  "set aside": `SELECT c.connector, j.stream, j.vendor_id
    FROM rejected_record j JOIN connection c ON c.workspace_id = $1 AND c.connection_id = j.connection_id
    WHERE j.workspace_id = $1 AND NOT j.kept`,
  streams: `SELECT c.connector, s.stream, s.complete, s.error_kind
    FROM stream_state s JOIN connection c ON c.workspace_id = $1 AND c.connection_id = s.connection_id WHERE s.workspace_id = $1`,
};

export async function shopState(
  database: Database,
  workspaceId: WorkspaceId,
  twins: Readonly<Record<string, string>>,
  audience: readonly string[],
): Promise<ShopState> {
  const state: ShopState = {};
  await database.inWorkspace(workspaceId, async (transaction) => {
    for (const [name, sql] of Object.entries(QUERIES))
      state[name] = sorted(await transaction.query(sql, [transaction.workspaceId]));
  });
  // When it was computed differs from run to run.
  const compared = FIELD_NAMES.filter((name) => name !== LAST_COMPUTED);
  for (const [tool, records] of Object.entries(await readTools(twins)))
    state[`fields in ${tool}`] = sorted(
      [...records].map(([id, values]) => ({ id, values: compared.map((name) => values[name] ?? null) })),
    );
  state["people in the audience"] = sorted([...audience]);
  return state;
}

const sorted = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).toSorted();

/** By kind how many rows are missing and how many are not expected, with one of each; empty where the two are equal. */
export function differencesIn(expected: ShopState, found: ShopState): string[] {
  return Object.entries(expected).flatMap(([kind, wanted]) => {
    const got = found[kind] ?? [];
    const missing = [...new Set(wanted).difference(new Set(got))];
    const extra = [...new Set(got).difference(new Set(wanted))];
    if (missing.length + extra.length === 0 && wanted.length === got.length) return [];
    const [lost = "none", added = "none"] = [missing[0], extra[0]];
    return [`${kind}: ${missing.length} missing, as ${lost}; ${extra.length} not expected, as ${added}`];
  });
}
