/** Every statement of ingest, identity, consent, scores and plans, with its plan at a size where a wrong one would hurt. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client } from "pg";
import { type ConnectionId, recordIdOf, workspaceIdOf } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import { openDatabase, type Database } from "#profile/store/database.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore, type IngestStore } from "#profile/store/ingest/store.ts";
import { createPlanStore, type PlanStore } from "#profile/store/plan/store.ts";
import { pruneFigures } from "#profile/store/retention/figures.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { refreshStatistics } from "#profile/store/statistics.ts";
import { createFigureReader } from "#profile/store/views/figures.ts";
import type { CanonicalRecord, PersonRecord } from "#connectors/core/records.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { consent, metric, order, page, person, replaced, spend } from "#tests/support/records.ts";
import { beforeEachStatement } from "#tests/support/statements.ts";

/** Rows of each large table that were there before; a batch is a small part of that. */
const KNOWN = 60_000;
const BATCH = 300;
/** The connection that all of them came by. */
const LARGEST = "00000000-0000-4000-8000-000000000001" as ConnectionId;
const LARGE =
  /^(source_record|source_content|identifier|customer_order|touchpoint|profile|membership|consent_entry|spend|metric)(_\d)?$/;

interface Plan {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Cond"?: string;
  "Recheck Cond"?: string;
  Filter?: string;
  Plans?: Plan[];
}

let test: TestDatabase;
let owner: Client;
beforeAll(async () => {
  test = await createTestDatabase();
  owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  await fill();
});
afterAll(async () => {
  await owner.end();
  await test.drop();
});

/** Lays down people of the test's workspace and of another one, none of them looked at by the planner yet. */
async function fill(): Promise<void> {
  await owner.query("SET session_replication_role = replica");
  for (const workspaceId of [test.workspaceId, workspaceIdOf("other")]) {
    await owner.query(
      `CREATE TEMP TABLE made AS SELECT $1::uuid AS workspace_id, gen_random_uuid() AS record_id, $3::uuid AS connection_id,
         n, gen_random_uuid() AS profile_id FROM generate_series(1, $2) AS n`,
      [workspaceId, KNOWN, LARGEST],
    );
    await owner.query(`
      INSERT INTO source_record (workspace_id, record_id, connection_id, stream, vendor_id, kind, hash)
        SELECT workspace_id, record_id, connection_id, 'old', n::text, 'person', '\\x01' FROM made;
      INSERT INTO source_content (workspace_id, record_id, hash, data) SELECT workspace_id, record_id, '\\x01', '{}' FROM made;
      INSERT INTO identifier (workspace_id, value_id, record_id, kind, value, quality)
        SELECT workspace_id, gen_random_uuid(), record_id, 'email', n || '@brightleaf.co.uk', 'strong' FROM made;
      INSERT INTO profile (workspace_id, profile_id, anchor_record_id, touched_seq, consented_seq, scored_seq)
        SELECT workspace_id, profile_id, record_id, 1, 1, 1 FROM made;
      INSERT INTO membership (workspace_id, record_id, profile_id) SELECT workspace_id, record_id, profile_id FROM made;
      INSERT INTO customer_order (workspace_id, record_id, connection_id, stream, vendor_id, person_record_id, placed_at,
          amount_minor, refunded_minor, currency, status, channel, hash)
        SELECT workspace_id, gen_random_uuid(), connection_id, 'old', n::text, record_id, now(), 1, 0, 'GBP', 'paid', 'online', ''
        FROM made;
      INSERT INTO consent_entry (workspace_id, entry_id, record_id, connection_id, address, address_id, channel, purpose, state,
          basis, explicit, proof)
        SELECT workspace_id, gen_random_uuid(), record_id, connection_id, n || '@brightleaf.co.uk', gen_random_uuid(), 'email',
          'marketing', CASE WHEN n % 10 = 0 THEN 'withdrawn' ELSE 'granted' END, 'consent', true, 'said so' FROM made;
      INSERT INTO touchpoint (workspace_id, record_id, connection_id, stream, vendor_id, person_record_id, type, at, channel, hash)
        SELECT workspace_id, gen_random_uuid(), connection_id, 'old', n::text, record_id, 'email_click', now(), 'email', ''
        FROM made;
      INSERT INTO figure_day (workspace_id, connection_id, stream, account, day)
        SELECT DISTINCT workspace_id, connection_id, 'old', 'properties/1', date '2020-01-01' + n % 600 FROM made;
      INSERT INTO metric (workspace_id, record_id, connection_id, stream, account, day, dimensions, name, value, unit, flags, hash)
        SELECT workspace_id, gen_random_uuid(), connection_id, 'old', 'properties/1', date '2020-01-01' + n % 600, '{}',
          'sessions', n, 'count', '{}', '' FROM made;
      INSERT INTO spend (workspace_id, record_id, connection_id, stream, account, day, dimensions, amount_micros, currency, flags, hash)
        SELECT workspace_id, gen_random_uuid(), connection_id, 'old', 'properties/1', date '2020-01-01' + n % 600, '{}',
          n, 'GBP', '{}', '' FROM made;
      DROP TABLE made`);
  }
}

/** A database that asks for the plan of each statement, in its transaction, before it runs. */
function planning(database: Database, plans: Map<string, Plan>): Database {
  return beforeEachStatement(database, async (transaction, text, values) => {
    const [row] = await transaction.query<{ "QUERY PLAN": [{ Plan: Plan }] }>(`EXPLAIN (FORMAT JSON) ${text}`, values);
    if (row !== undefined) plans.set(text, row["QUERY PLAN"][0].Plan);
  });
}

function* nodesOf(plan: Plan): Generator<Plan> {
  yield plan;
  for (const inner of plan.Plans ?? []) yield* nodesOf(inner);
}

/** All but what a limit keeps short. */
function* unlimitedNodesOf(plan: Plan): Generator<Plan> {
  if (plan["Node Type"] === "Limit") return;
  yield plan;
  for (const inner of plan.Plans ?? []) yield* unlimitedNodesOf(inner);
}

/** Reading a table in an index's order, without a key besides the workspace, reads it whole as well. */
function walksIndex(node: Plan): boolean {
  const condition = node["Index Cond"] ?? node["Recheck Cond"];
  if (condition === undefined) return /^Index (Only )?Scan$/.test(node["Node Type"]);
  return [...condition.matchAll(/\((\w+) [=<>&@]/g)].every(([, column]) => column === "workspace_id");
}

/** What is wrong with a plan: a large table read whole, more than one partition, a subquery asked row by row. */
function faultsOf(text: string, plan: Plan): string[] {
  const nodes = [...nodesOf(plan)];
  // What is written to is named as a whole; where its rows were found is said below.
  const read = nodes
    .flatMap((node) => (node["Node Type"] === "ModifyTable" ? [] : (node["Relation Name"] ?? [])))
    .filter((name) => LARGE.test(name));
  const tables = Map.groupBy([...new Set(read)], (name) => name.replace(/_\d$/, ""));
  const faults = [
    ...nodes.flatMap((node) =>
      node["Node Type"] === "Seq Scan" && LARGE.test(node["Relation Name"] ?? "")
        ? [`reads ${node["Relation Name"]} whole`]
        : [],
    ),
    ...[...unlimitedNodesOf(plan)].flatMap((node) =>
      LARGE.test(node["Relation Name"] ?? "") && walksIndex(node) ? [`walks an index of ${node["Relation Name"]}`] : [],
    ),
    ...[...tables].flatMap(([table, parts]) =>
      parts.length > 1 ? [`looks into ${parts.length} partitions of ${table}`] : [],
    ),
    ...(/\bOR\b[^;]{0,80}\bIN \(\s*SELECT/.test(text) ? ["has OR ... IN (SELECT"] : []),
    ...nodes.flatMap((node) => (/SubPlan/.test(node.Filter ?? "") ? ["filters by a subquery"] : [])),
  ];
  return faults.map((fault) => `${fault}: ${text.replaceAll(/\s+/g, " ").slice(0, 200)}`);
}

const people = (start: number, city: string): PersonRecord[] =>
  Array.from({ length: BATCH }, (_, index) => start + index).map((n) =>
    person(String(n), {
      emails: [`shopper${n}@brightleaf.co.uk`],
      phones: [`07400 ${String(100_000 + (n >> 1))}`],
      // Every tenth shares a household with somebody else.
      firstName: n % 10 === 1 ? "Grace" : "Anna",
      lastName: n % 3 === 0 ? "Hill" : `Hill${n}`,
      postcode: n % 10 < 2 ? `LS${Math.floor(n / 10)} 1AA` : null,
      city,
    }),
  );

/** A day of figures and what takes its place, and one of a connection that has much; then what is past its time. */
async function replaceFigures(database: Database, ingest: IngestStore, connectionId: ConnectionId): Promise<void> {
  const { workspaceId } = test;
  const save = (stream: string, from: unknown, value: number, kept = 0) =>
    ingest.savePage(workspaceId, {
      ...{ connectionId, stream, from },
      page: page(
        Array.from({ length: BATCH - kept }, (_, n) => [metric(String(n), { value }), spend(String(n))]).flat(),
        { days: replaced(["2026-11-01"]), next: { value } },
      ),
    });
  await save("channels", null, 1);
  await save("channels", { value: 1 }, 2, 10);
  await database.inWorkspace(workspaceId, (transaction) => pruneFigures(transaction, new Date("2020-01-04")));
  await createFigureReader(database).metrics(workspaceId, { from: "2020-03-01", to: "2020-03-03" });
  await createFigureReader(database).spend(workspaceId, { from: "2020-03-01", to: "2020-03-03", stream: "old" });
}

/** As autovacuum does: it looks at each partition by itself and never at the table they make up. */
async function lookAsAutovacuum(): Promise<void> {
  const { rows } = await owner.query<{ name: string }>(
    "SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
  );
  await owner.query(`ANALYZE ${rows.map(({ name }) => name).join(", ")}`);
}

const LOOKS = {
  "right after a first load": () => Promise.resolve(),
  "when autovacuum has looked": lookAsAutovacuum,
  "when the engine has had the planner look": async () => {
    await refreshStatistics(test.database);
  },
};

/** The first pages of a plan for all that there is. */
async function planAll(planned: PlanStore): Promise<void> {
  const { workspaceId } = test;
  await owner.query(
    `INSERT INTO connection (workspace_id, connection_id, connector, name, write_back) VALUES ($1, $2, 'csv', 'largest', true)
     ON CONFLICT DO NOTHING`,
    [workspaceId, LARGEST],
  );
  const begun = await createPlanStore(test.database).begin(workspaceId, LARGEST, new Date().toISOString());
  if (begun.outcome !== "building") throw new Error(begun.outcome);
  const { records } = await planned.news(workspaceId, begun.planId, "old", { after: null, limit: 2_500 });
  const ids = records.map(({ recordId }) => recordId);
  expect(await planned.candidates(workspaceId, begun.planId, ids)).toHaveLength(2_500);
}

/** A plan for a batch of records from news to results; what holds locks or cursors has no plan to ask for. */
async function carryOutPlan(connectionId: ConnectionId, planned: PlanStore): Promise<void> {
  const { workspaceId } = test;
  const at = new Date().toISOString();
  const plans = createPlanStore(test.database);
  const begun = await plans.begin(workspaceId, connectionId, at);
  if (begun.outcome !== "building") throw new Error(begun.outcome);
  const { planId } = begun;
  const { records } = await planned.news(workspaceId, planId, "people", { after: null, limit: BATCH });
  const ids = records.slice(0, BATCH).map(({ recordId }) => recordId);
  const candidates = await planned.candidates(workspaceId, planId, ids);
  expect(candidates.length).toBe(BATCH);
  const changes = candidates.map(({ recordId, vendorId, profileId, createdAt }) => ({
    ...{ recordId, vendorId, profileId, createdAt, before: { x: null }, after: { x: "1" }, uses: [] },
  }));
  await planned.addChanges(workspaceId, planId, changes);
  const { digest } = await plans.seal(workspaceId, planId, "people", at);
  await plans.approve(workspaceId, planId, { actor: "admin", digest: digest ?? "", at });
  await plans.startApplying(workspaceId, planId);
  const claimed = await planned.claim(workspaceId, planId, { limit: BATCH, after: null });
  const vendorIds = claimed.map(({ vendorId }) => vendorId);
  expect(vendorIds.length).toBe(BATCH);
  await planned.markSent(workspaceId, planId, vendorIds);
  await planned.markJob(workspaceId, planId, "job", vendorIds);
  const results = claimed.map(({ vendorId, before, after }, n) =>
    n === 0
      ? { vendorId, outcome: "skipped" as const, cause: "live_changed" as const, reason: "Changed." }
      : { vendorId, outcome: "applied" as const, before, after, readBack: after, grantEntryIds: [] },
  );
  await planned.recordResults(workspaceId, planId, results, at);
}

describe.each(Object.entries(LOOKS))("%s", (when, look) => {
  it("no hot statement walks a large table", async () => {
    await look();
    const { rows: before } = await owner.query<{ newest: string }>("SELECT max(output_seq) AS newest FROM profile");
    const { connectionId } = await createConnectionStore(test.database).upsertConnection(
      test.workspaceId,
      { connector: "csv", name: when },
      "t",
    );
    const plans = new Map<string, Plan>();
    const second = openDatabase(test.appUrl);
    const ingest = createIngestStore(planning(second, plans));
    const identity = createIdentityStore(planning(second, plans));
    const save = async (from: unknown, records: CanonicalRecord[], { beside = false } = {}) => {
      const given = page(records, { next: { at: records.length }, atEnd: true });
      await ingest.savePage(test.workspaceId, { connectionId, stream: "people", from, page: given });
      if (beside) {
        await owner.query("SELECT pg_advisory_lock_shared(hashtextextended('profiles ' || $1, 0))", [test.workspaceId]);
        let touched = 0;
        for (let turn = 0; turn < 3 && touched === 0; turn++)
          ({ touched } = await identity.resolveBatch(test.workspaceId, { limit: BATCH }));
        await owner.query("SELECT pg_advisory_unlock_all()");
        expect(touched).toBeGreaterThanOrEqual(BATCH);
      }
      for (let more = true; more;) ({ more } = await identity.resolveBatch(test.workspaceId, { limit: BATCH }));
    };
    await save(null, people(0, "Leeds"), { beside: true });
    await replaceFigures(planning(second, plans), ingest, connectionId);
    // Said again, with a later time and nothing else.
    await save(
      { at: BATCH },
      people(0, "Leeds").map((one) => ({ ...one, updatedAt: "2026-05-02T00:00:00Z" })),
    );
    // Changes, merges, a refusal, facts of known people, and an old id to follow.
    const orders = Array.from({ length: BATCH }, (_, index) => order(`o${index}`, String(index)));
    const refusals = Array.from({ length: BATCH }, (_, index) =>
      consent(`c${index}`, String(index), { state: "withdrawn", address: `shopper${index}@brightleaf.co.uk` }),
    );
    const called = refusals.map((refusal) => ({ ...refusal, channel: "call" as const, address: "07400 100020" }));
    await save({ at: BATCH }, [...people(0, "York"), ...people(BATCH, "Hull"), ...orders, ...refusals, ...called], {
      beside: true,
    });
    const ids = Array.from({ length: BATCH }, (_, index) => recordIdOf(connectionId, "people", String(index)));
    const consents = createConsentStore(planning(second, plans));
    const basis = await consents.basisFor(test.workspaceId, ids);
    expect(ids.filter((id) => basis.factsOf(id, new Date().toISOString()) !== undefined)).toHaveLength(BATCH);
    expect(await consents.stillHolds(test.workspaceId, basis)).toBe(true);
    expect(
      (await consents.refreshBatch(test.workspaceId, { limit: BATCH, at: new Date().toISOString() })).profiles,
    ).toBe(BATCH);
    // As a refresh does before it scores.
    await refreshStatistics(test.database);
    const scores = createScoreStore(planning(second, plans));
    expect((await scores.scoreBatch(test.workspaceId, { limit: BATCH, asOf: new Date().toISOString() })).profiles).toBe(
      BATCH,
    );
    await owner.query("UPDATE connection SET planned_seq = $1 WHERE connection_id = $2", [
      before[0]?.newest,
      connectionId,
    ]);
    const planned = createPlanStore(planning(second, plans));
    await carryOutPlan(connectionId, planned);
    await planAll(planned);
    await second.close();
    for (const part of [
      "AS home",
      "SET source_updated_at",
      "INSERT INTO metric",
      "DELETE FROM metric",
      "JOIN spend",
      "FROM membership WHERE workspace_id = $1 AND record_id = ANY (ARRAY(SELECT unnest($2::uuid[])))\n       FOR UPDATE SKIP LOCKED",
    ])
      expect([...plans.keys()].some((text) => text.includes(part))).toBe(true);
    expect(plans.size).toBeGreaterThan(20);
    expect([...plans].flatMap(([text, plan]) => faultsOf(text, plan))).toEqual([]);
  });
});

it("the planner is not asked to look again at what did not change", async () => {
  await refreshStatistics(test.database);
  expect(await refreshStatistics(test.database)).toBe(0);
});

it("the planner knows tables in partitions, which autovacuum leaves out", async () => {
  await lookAsAutovacuum();
  await refreshStatistics(test.database);
  const { rows } = await owner.query<{ name: string; rows: number }>(
    "SELECT relname AS name, reltuples AS rows FROM pg_class WHERE relkind = 'p' ORDER BY relname",
  );
  expect(rows.map(({ name }) => name)).toEqual([
    "blocking_key",
    "customer_order",
    "identifier",
    "linkage_record",
    "metric",
    "scored_edge",
    "source_content",
    "source_record",
    "spend",
    "touchpoint",
    "webhook_inbox",
  ]);
  for (const table of rows.filter(({ name }) => LARGE.test(name)))
    expect(table.rows, table.name).toBeGreaterThanOrEqual(KNOWN);
});
