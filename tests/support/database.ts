/** A database of one's own for one test file. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { workspaceIdOf, type WorkspaceId } from "#profile/ids.ts";
import { openDatabase, type Database } from "#profile/store/database.ts";
import { migrate } from "#prisma/migrate.ts";
import { startPostgres } from "#stack/postgres/server.ts";

export interface TestDatabase {
  /** Superuser: sees every workspace. For arranging and looking, never handed to the code under test. */
  ownerUrl: string;
  /** The application's role, held to one workspace by row-level security. */
  appUrl: string;
  database: Database;
  /** The workspace `test`, already there. */
  workspaceId: WorkspaceId;
  /** Stops and starts the server, its files kept: only where it is the test's own. */
  restart?(): Promise<void>;
  drop(): Promise<void>;
}

/** Clones the migrated template (about 50 ms: its files are in memory). Call in `beforeAll`, `drop()` in `afterAll`. */
export async function createTestDatabase(options: { max?: number } = {}): Promise<TestDatabase> {
  const template = await givenTemplate();
  const name = `tributary_test_${process.pid}_${randomBytes(4).toString("hex")}`;
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${new URL(template.ownerUrl).pathname.slice(1)} STRATEGY FILE_COPY`);
  const ownerUrl = withDatabase(template.ownerUrl, name);
  // A clone is an installation of its own, not a copy of another's.
  await onServer(
    "UPDATE deployment SET database_name = current_database(); UPDATE installation SET installation_id = gen_random_uuid()",
    name,
  );
  const appUrl = withDatabase(template.appUrl, name);
  const workspace = await openTestWorkspace(ownerUrl, appUrl, options);
  return {
    ...workspace,
    drop: async () => {
      await workspace.database.close();
      await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/** A server of one's own, its files safe on disk: to be restarted without disturbing other tests. `drop` ends it. */
export async function createTestServer(options: { max?: number } = {}): Promise<TestDatabase> {
  const dataDir = mkdtempSync(join(tmpdir(), "tributary-own-postgres-"));
  const server = await startPostgres({ dataDir });
  const { appUrl } = await migrate(server.ownerUrl);
  const workspace = await openTestWorkspace(server.ownerUrl, appUrl, options);
  return {
    ...workspace,
    restart: () => server.restart(),
    drop: async () => {
      await workspace.database.close();
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function openTestWorkspace(
  ownerUrl: string,
  appUrl: string,
  options: { max?: number },
): Promise<Omit<TestDatabase, "drop">> {
  const database = openDatabase(appUrl, options);
  const workspaceId = workspaceIdOf("test");
  await database.inWorkspace(workspaceId, (transaction) =>
    transaction.query(
      `INSERT INTO workspace (workspace_id, slug, name, default_country, currency, time_zone)
       VALUES ($1, 'test', 'Test shop', 'GB', 'GBP', 'Europe/London')`,
      [workspaceId],
    ),
  );
  return { ownerUrl, appUrl, database, workspaceId };
}

/** Vitest is loaded late: outside a test run, as when histories are recorded, it refuses to be. */
async function givenTemplate() {
  const { inject } = await import("vitest");
  return inject("template");
}

/** Runs as superuser, usually on the server's own database; cloning needs a template nobody is connected to. */
async function onServer(sql: string, database = "postgres"): Promise<void> {
  const client = new Client({ connectionString: withDatabase((await givenTemplate()).ownerUrl, database) });
  await client.connect();
  try {
    // CREATE DATABASE takes the template for itself, so parallel test files queue here instead of failing.
    await client.query("SELECT pg_advisory_lock(7001)");
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function withDatabase(href: string, name: string): string {
  const url = new URL(href);
  url.pathname = `/${name}`;
  return url.href;
}
