import { Client, type QueryResultRow } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { workspaceIdOf } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { consent, order, page, person } from "#tests/support/records.ts";

let test: TestDatabase;
let owner: Client;
const other = workspaceIdOf("other");
beforeAll(async () => {
  test = await createTestDatabase();
  owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  const connections = createConnectionStore(test.database);
  await connections.createWorkspace({
    slug: "other",
    name: "Other",
    defaultCountry: "DE",
    currency: "EUR",
    timeZone: "UTC",
  });
  for (const workspaceId of [test.workspaceId, other]) {
    const { connectionId } = await connections.upsertConnection(workspaceId, { connector: "csv", name: "till" }, "t");
    await createIngestStore(test.database).savePage(workspaceId, {
      connectionId,
      stream: "people",
      from: null,
      page: page([person("1"), order("o", "1"), consent("c", "1")]),
    });
  }
});
afterAll(async () => {
  await owner.end();
  await test.drop();
});

const inOther = <Row extends QueryResultRow>(sql: string) =>
  test.database.inWorkspace(other, (transaction) => transaction.query<Row>(sql));

it("puts every table that holds a workspace's rows under a policy, and lets its owner back up and migrate all of them", async () => {
  const { rows } = await owner.query(
    `SELECT c.relname FROM pg_class AS c
     JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT (
       c.relrowsecurity AND NOT c.relforcerowsecurity
       AND EXISTS (SELECT 1 FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polwithcheck IS NOT NULL)
     )`,
  );
  expect(rows).toEqual([]);
});

it("gives the application a role that cannot step over the policies", async () => {
  const { rows } = await test.database.pool.query(
    `SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
       (SELECT count(*) FROM pg_class WHERE relowner = pg_roles.oid) AS owned FROM pg_roles WHERE rolname = current_user`,
  );
  expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false, owned: 0 }]);
  await expect(test.database.pool.query("ALTER TABLE source_record DISABLE ROW LEVEL SECURITY")).rejects.toThrow(
    "must be owner",
  );
  await expect(test.database.pool.query("TRUNCATE consent_entry")).rejects.toThrow("permission denied");
  await expect(test.database.pool.query("SELECT 1 FROM _prisma_migrations")).rejects.toThrow("permission denied");
});

it("shows a workspace its own rows only", async () => {
  for (const table of ["workspace", "connection", "source_record", "customer_order", "consent_entry", "stream_state"]) {
    expect([table, await inOther(`SELECT DISTINCT workspace_id FROM ${table}`)]).toEqual([
      table,
      [{ workspace_id: other }],
    ]);
  }
});

it("shows nothing when no workspace was named", async () => {
  const { rows } = await test.database.pool.query("SELECT 1 FROM source_record UNION ALL SELECT 1 FROM workspace");
  expect(rows).toEqual([]);
  await expect(
    test.database.pool.query("INSERT INTO run (workspace_id, run_id) VALUES ($1, $1)", [other]),
  ).rejects.toThrow("row-level security");
});

it("forgets the workspace when the transaction ends, also on the same connection", async () => {
  const client = await test.database.pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT set_config('tributary.workspace_id', $1, true)", [other]);
    await client.query("COMMIT");
    expect((await client.query("SELECT 1 FROM source_record")).rows).toEqual([]);
  } finally {
    client.release();
  }
});

it("neither writes nor removes another workspace's rows", async () => {
  await expect(
    inOther(`INSERT INTO run (workspace_id, run_id) VALUES ('${test.workspaceId}', '${other}')`),
  ).rejects.toThrow("row-level security");
  expect(await inOther(`DELETE FROM customer_order WHERE workspace_id = '${test.workspaceId}' RETURNING 1`)).toEqual(
    [],
  );
  await expect(inOther(`UPDATE customer_order SET workspace_id = '${test.workspaceId}'`)).rejects.toThrow(
    "row-level security",
  );
});

it("cannot rewrite the consent ledger or the audit log", async () => {
  for (const sql of [
    "UPDATE consent_entry SET state = 'granted'",
    "DELETE FROM consent_entry",
    "DELETE FROM audit_log",
  ]) {
    await expect(inOther(sql)).rejects.toThrow("permission denied");
  }
});

it("leaves other workspaces connections, however many transactions one wants at a time", async () => {
  const release = Promise.withResolvers<void>();
  let open = 0;
  const held = Array.from({ length: 30 }, () =>
    test.database.inWorkspace(test.workspaceId, async () => {
      open += 1;
      await release.promise;
    }),
  );
  try {
    expect(await inOther("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(open).toBeLessThan(10);
  } finally {
    release.resolve();
  }
  await Promise.all(held);
  expect(open).toBe(30);
});
