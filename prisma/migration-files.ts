/** The files of `prisma/migrations`, and the ledger of those that a database has had. */
import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { Client } from "pg";
import { DEFAULT_APP_ROLE, quoteRole } from "./app-role.ts";

/** Its functions are made over a table whose policies bind even its owner, so it cannot be held to seeing every row. */
const FIRST = "0001_first";

/** Prisma's ledger, column for column. */
export const LEDGER = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY NOT NULL,
  checksum varchar(64) NOT NULL,
  finished_at timestamptz,
  migration_name varchar(255) NOT NULL,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(),
  applied_steps_count integer NOT NULL DEFAULT 0
)`;

export interface Migration {
  name: string;
  sql: string;
  /** sha256 of the file, as Prisma computes it. */
  checksum: string;
}

type Ledger = ReadonlyMap<string, { checksum: string; finished: boolean }>;

/** In the order in which they are applied. */
export async function readMigrations(): Promise<Migration[]> {
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

/** Empty for an empty database. */
export async function readLedger(owner: Client): Promise<Ledger> {
  const { rows: found } = await owner.query<{ ledger: string | null }>(
    "SELECT to_regclass('_prisma_migrations') AS ledger",
  );
  if (found[0]?.ledger === null) return new Map();
  const { rows } = await owner.query<{ name: string; checksum: string; finished: boolean }>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
     FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  return new Map(rows.map(({ name, ...record }) => [name, record]));
}

/** @throws Error when the file is not what the database has had, or was not applied to its end */
export function isApplied(ledger: Ledger, { name, checksum }: Migration): boolean {
  const record = ledger.get(name);
  if (record === undefined) return false;
  if (!record.finished) {
    throw new Error(
      `Migration ${name} was begun by another tool and did not finish; ` +
        "repair the database, then mark it with `prisma migrate resolve`.",
    );
  }
  if (record.checksum !== checksum) {
    throw new Error(
      `Migration ${name} was edited after it had been applied to this database. ` +
        "Restore the file and put the change into a new migration.",
    );
  }
  return true;
}

/** An older release on a newer schema is what nobody has tested. */
export function refuseNewerSchema(ledger: Ledger, migrations: readonly Migration[]): void {
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = [...ledger.keys()].filter((name) => !known.has(name)).toSorted();
  if (unknown.length === 0) return;
  throw new Error(
    `This database has had ${unknown.join(", ")}, which this release does not know: it belongs to a newer one. ` +
      "Start that release, or restore a backup made before the upgrade. Nothing was changed.",
  );
}

/** Inside the migration's transaction; the application's role exists. */
export async function apply(owner: Client, migration: Migration, role: string): Promise<void> {
  const startedAt = new Date();
  // A statement that row-level security would show a part of the rows fails instead: a backfill that reaches no row, in
  // silence, would be found out much later.
  if (migration.name !== FIRST) await owner.query("SET LOCAL row_security = off");
  await owner.query(statementsFor(migration, role));
  await owner.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
    [randomUUID(), migration.checksum, migration.name, startedAt],
  );
}

/** The files say `tributary_app`; an installation may have its own name for that role, and an owner who cannot make it. */
function statementsFor({ sql }: Migration, role: string): string {
  return sql
    .replaceAll(new RegExp(`CREATE ROLE ${DEFAULT_APP_ROLE}\\b[^;]*;`, "g"), "NULL;")
    .replaceAll(new RegExp(`\\b${DEFAULT_APP_ROLE}\\b`, "g"), role === DEFAULT_APP_ROLE ? role : quoteRole(role));
}
