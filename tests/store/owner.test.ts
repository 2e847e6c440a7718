/** The owner of the schema need be no superuser: backups and backfills reach every workspace, the application reaches one. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { migrate } from "#prisma/migrate.ts";
import { apply } from "#prisma/migration-files.ts";
import { inMigration } from "#prisma/migration-lock.ts";
import { workspaceIdOf } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { openDatabase, type Database } from "#profile/store/database.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createQuota } from "#profile/store/quota.ts";
import { refreshStatistics } from "#profile/store/statistics.ts";
import { createPlace, type Place } from "#tests/support/installation.ts";
import { findPostgresProgram } from "#tests/support/postgres-programs.ts";
import { order, page, person } from "#tests/support/records.ts";

let place: Place;
let database: Database;
beforeAll(async () => {
  place = await createPlace();
  await migrate(place.ownerUrl, { appUrl: place.appUrl });
  database = openDatabase(place.appUrl);
  const connections = createConnectionStore(database);
  for (const slug of ["a", "b"]) {
    const { workspaceId } = await connections.createWorkspace({
      slug,
      name: slug,
      defaultCountry: "GB",
      currency: "GBP",
      timeZone: "UTC",
    });
    const { connectionId } = await connections.upsertConnection(workspaceId, { connector: "csv", name: "till" }, "t");
    await createIngestStore(database).savePage(workspaceId, {
      connectionId,
      stream: "people",
      from: null,
      page: page([person("1"), person("2"), order("o", "1")]),
    });
  }
});
afterAll(async () => {
  await database.close();
  await place.drop();
});

/** How many rows each table has, counted by whoever the client is. */
async function countRows(client: Client): Promise<Record<string, number>> {
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    counts[name] = (await client.query(`SELECT FROM ${name}`)).rowCount ?? 0;
  }
  return counts;
}

const backfill = (name: string) =>
  inMigration(place.owner, 5_000, () =>
    apply(place.owner, { name, sql: "UPDATE customer_order SET channel = 'till'", checksum: "-" }, place.appRole),
  );

it("is neither a superuser nor exempt from row-level security", async () => {
  const { rows } = await place.owner.query(
    "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user AND pg_get_userbyid((SELECT relowner FROM pg_class WHERE relname = 'workspace')) = current_user",
  );
  expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false }]);
});

it("reads every row, also where a filter by row-level security would be an error, as in a backup", async () => {
  await place.owner.query("SET row_security = off");
  const seen = await countRows(place.owner);
  await place.owner.query("RESET row_security");
  expect(seen).toEqual(await countRows(place.superuser));
  expect(seen).toMatchObject({ workspace: 2, source_record: 4, source_content: 4, customer_order: 2 });
});

it("makes a complete backup with pg_dump", async (context) => {
  const { rows } = await place.owner.query<{ major: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS major",
  );
  const program = findPostgresProgram("pg_dump", rows[0]?.major);
  if (program === null) {
    context.skip("There is no pg_dump as new as the server here.");
    return;
  }
  const { status, stdout, stderr } = spawnSync(program, ["--data-only", "--inserts", place.ownerUrl], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  for (const [table, rows] of Object.entries(await countRows(place.superuser))) {
    const dumped = [...stdout.matchAll(new RegExp(`^INSERT INTO public\\.${table}(?:_[0-7])? `, "gm"))].length;
    expect([table, dumped]).toEqual([table, rows]);
  }
});

it("reaches the rows of every workspace by a statement in a migration, while the application sees one workspace", async () => {
  await backfill("9001_backfill");
  const { rows } = await place.superuser.query("SELECT channel, count(*)::int AS n FROM customer_order GROUP BY 1");
  expect(rows).toEqual([{ channel: "till", n: 2 }]);
  expect((await database.pool.query("SELECT 1 FROM customer_order")).rows).toEqual([]);
  const a = workspaceIdOf("a");
  expect(await database.inWorkspace(a, ({ query }) => query("SELECT workspace_id FROM customer_order"))).toEqual([
    { workspace_id: a },
  ]);
});

it("fails a migration that row-level security would let reach a part of the rows, instead of finishing it", async () => {
  await place.owner.query("ALTER TABLE customer_order FORCE ROW LEVEL SECURITY");
  try {
    await expect(backfill("9002_backfill")).rejects.toThrow("row-level security");
  } finally {
    await place.owner.query("ALTER TABLE customer_order NO FORCE ROW LEVEL SECURITY");
  }
  expect(
    (await place.owner.query("SELECT 1 FROM _prisma_migrations WHERE migration_name = '9002_backfill'")).rows,
  ).toEqual([]);
});

it("is refused as the role of worker and console, which says what to use", () => {
  for (const program of ["workflows/worker.ts", "console/server/main.ts"]) {
    const { status, stderr } = spawnSync(
      process.execPath,
      [fileURLToPath(new URL(`../../${program}`, import.meta.url))],
      {
        env: {
          ...{ PATH: process.env["PATH"], DATABASE_URL: place.ownerUrl, TEMPORAL_ADDRESS: "127.0.0.1:1", PORT: "0" },
          TRIBUTARY_KEY: Buffer.alloc(32).toString("base64"),
        },
        encoding: "utf8",
      },
    );
    expect([program, status, stderr]).toEqual([
      program,
      1,
      `DATABASE_URL names the role ${place.database}, which could read every workspace: use ${place.appRole}; only migrations need the owner.\n`,
    ]);
  }
});

it("lists all workspaces to the worker", async () => {
  const listed = await createConnectionStore(database).listWorkspaces();
  expect(listed.map(({ slug }) => slug)).toEqual(["a", "b"]);
  expect((await database.pool.query("SELECT slug FROM workspace")).rows).toEqual([]);
});

it("counts a shared account's quota and refreshes statistics for the application", async () => {
  const quota = createQuota(database);
  const limit = { calls: 1, windowMs: 1_000 };
  expect((await quota.reserve("key", limit, 1)).waitMs).toBe(0);
  expect((await quota.reserve("key", limit, 1)).waitMs).toBeGreaterThan(900);
  await expect(database.pool.query("SELECT 1 FROM quota")).rejects.toThrow("permission denied");
  expect(await refreshStatistics(database)).toBe(0);
});
