/**
 * Applies `prisma/migrations/*` the way `prisma migrate deploy` does, without the native schema engine that the Prisma
 * CLI downloads: same files, same `_prisma_migrations` ledger, so either tool can carry on where the other stopped.
 * `npm run migrate` is the program around it.
 */
import { createHash, createHmac, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { Client } from "pg";

/** What the migrations are written and tested for: below it some of their statements do not exist. */
export const OLDEST_POSTGRES = 17;

const APP_ROLE = "tributary_app";

/** Prisma's own lock key, so that the two tools also exclude each other. Read 2026-11:
 *  https://www.prisma.io/docs/orm/prisma-migrate/workflows/development-and-production */
const PRISMA_LOCK = 72_707_369;

/** Prisma's ledger, column for column. */
const LEDGER = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY NOT NULL,
  checksum varchar(64) NOT NULL,
  finished_at timestamptz,
  migration_name varchar(255) NOT NULL,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(),
  applied_steps_count integer NOT NULL DEFAULT 0
)`;

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

/**
 * Brings the database up to date; safe to run from many processes at once and again and again.
 *
 * @param ownerUrl a role that owns the schema and may create roles
 * @param options.appPassword the application role's password; derived from the owner's password when absent
 * @returns names applied now, and the URL of the application's role, which row-level security binds
 * @throws Error when the server is too old, when an applied file was edited since, or when a file fails (that file is rolled back, earlier ones stay)
 */
export async function migrate(
  ownerUrl: string,
  options: { appPassword?: string } = {},
): Promise<{ applied: string[]; appUrl: string }> {
  const migrations = await readMigrations();
  const appUrl = appUrlOf(ownerUrl, options.appPassword);
  const client = new Client({ connectionString: ownerUrl, application_name: "tributary-migrate" });
  await client.connect();
  try {
    await refuseOldServer(client);
    await client.query("SELECT pg_advisory_lock($1)", [PRISMA_LOCK]);
    await client.query(LEDGER);
    const applied = await applyPending(client, migrations);
    await letAppLogIn(client, appUrl);
    return { applied, appUrl };
  } finally {
    // Ending the session frees the lock.
    await client.end();
  }
}

interface VersionSource {
  query(sql: string): Promise<{ rows: { version: string; number: string }[] }>;
}

/** In a sentence, and before anything is changed: a statement the server does not know would say less. */
export async function refuseOldServer(client: VersionSource): Promise<void> {
  const { rows } = await client.query(
    "SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number",
  );
  const [server] = rows;
  if (server !== undefined && Number(server.number) >= OLDEST_POSTGRES * 10_000) return;
  throw new Error(
    `This server is Postgres ${server?.version ?? "of an unknown version"}, and Tributary needs ${OLDEST_POSTGRES} or newer: nothing was changed.`,
  );
}

async function readMigrations(): Promise<Migration[]> {
  const folder = new URL("./migrations/", import.meta.url);
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const sql = await readFile(new URL(`${name}/migration.sql`, folder), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

async function applyPending(client: Client, migrations: Migration[]): Promise<string[]> {
  const { rows } = await client.query<{ migration_name: string; checksum: string; finished: boolean }>(
    `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
     FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  const known = new Map(rows.map((row) => [row.migration_name, row]));
  const applied: string[] = [];
  for (const migration of migrations) {
    const record = known.get(migration.name);
    if (record === undefined) {
      await apply(client, migration);
      applied.push(migration.name);
    } else if (!record.finished) {
      throw new Error(
        `Migration ${migration.name} was begun by another tool and did not finish; ` +
          "repair the database, then mark it with `prisma migrate resolve`.",
      );
    } else if (record.checksum !== migration.checksum) {
      throw new Error(
        `Migration ${migration.name} was edited after it had been applied to this database. ` +
          "Restore the file and put the change into a new migration.",
      );
    }
  }
  return applied;
}

async function apply(client: Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query("BEGIN");
  try {
    const startedAt = new Date();
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
      [randomUUID(), checksum, name, startedAt],
    );
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw new Error(
      `Migration ${name} failed and was rolled back: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** The same server and database, as the application's role. */
function appUrlOf(ownerUrl: string, appPassword: string | undefined): string {
  const url = new URL(ownerUrl);
  // Derived, so that every process finds the same password without storing a second secret.
  const derived = createHmac("sha256", decodeURIComponent(url.password)).update(APP_ROLE).digest("base64url");
  url.username = APP_ROLE;
  url.password = encodeURIComponent(appPassword ?? derived);
  return url.href;
}

/**
 * Sets the role's password only when it does not work yet: roles belong to the whole server, and two databases migrated
 * at once would otherwise collide on the same catalogue row.
 */
async function letAppLogIn(client: Client, appUrl: string): Promise<void> {
  if (await canLogIn(appUrl)) return;
  const password = decodeURIComponent(new URL(appUrl).password);
  await client.query(`ALTER ROLE ${APP_ROLE} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
  if (!(await canLogIn(appUrl))) {
    throw new Error(`The role ${APP_ROLE} cannot log in; check the server's pg_hba.conf.`);
  }
}

async function canLogIn(url: string): Promise<boolean> {
  const probe = new Client({ connectionString: url });
  try {
    await probe.connect();
    return true;
  } catch {
    // Whatever the reason, the answer is no; the caller says what to do.
    return false;
  } finally {
    await probe.end().catch(() => undefined);
  }
}
