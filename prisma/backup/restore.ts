/** Back from a backup into an empty database, of this release or an earlier one. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { z } from "zod";
import { restoreWith, type MigrateOptions } from "../migrate.ts";
import { readLedger, readMigrations, type Migration } from "../migration-files.ts";
import { backupEnd, backupHead, tableHead, type BackupEnd, type BackupHead } from "./format.ts";
import { readBackup, type BackupReader } from "./read.ts";
import { copyTarget, listTables } from "./tables.ts";

export interface Restored {
  rows: number;
  workspaces: number;
  /** Of the database then, and when that was. */
  madeAt: string;
  /** Migrations that came after the backup. */
  upgraded: string[];
  role: string;
}

/**
 * Makes the schema as it was, loads every row in one transaction, then migrates to now. The application's role is made where
 * it is missing, and gets the password of `appUrl` as when migrating.
 *
 * @throws Error when the database holds a workspace or another schema, or the file is damaged, cut short, or of a newer release:
 *   then no row was loaded
 */
export async function restore(
  ownerUrl: string,
  path: string,
  options: MigrateOptions & { appUrl?: string } = {},
): Promise<Restored> {
  const reader = readBackup(path);
  try {
    const head = parse(backupHead, await reader.line());
    const migrations = await migrationsOf(head);
    const {
      result: end,
      applied,
      role,
    } = await restoreWith(ownerUrl, options, {
      migrations,
      check: refuseUsedDatabase,
      load: (owner) => load(owner, reader),
    });
    const rows = Object.values(end.rows).reduce((sum, count) => sum + count, 0);
    return { rows, workspaces: end.rows["workspace"] ?? 0, madeAt: head.madeAt, upgraded: applied, role };
  } finally {
    reader.close();
  }
}

/** @throws Error when a file is not the one that the backed up database had had */
async function migrationsOf({ migrations }: BackupHead): Promise<Migration[]> {
  const ours = new Map((await readMigrations()).map((migration) => [migration.name, migration]));
  return migrations
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, checksum }) => {
      const found = ours.get(name);
      if (found?.checksum === checksum) return found;
      throw new Error(
        `The backup was made with the migration ${name}, which this release ${found === undefined ? "does not know" : "knows in another form"}: ` +
          "restore it with the release that made it. Nothing was changed.",
      );
    });
}

async function refuseUsedDatabase(owner: Client, migrations: readonly Migration[]): Promise<void> {
  const ledger = await readLedger(owner);
  const wanted = new Set(migrations.map(({ name }) => name));
  const { rows } = await owner.query<{ tables: string[] }>(
    `SELECT ARRAY(SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
       AND NOT relispartition ORDER BY 1) AS tables`,
  );
  const tables = rows[0]?.tables ?? [];
  const used =
    tables.includes("workspace") && (await owner.query("SELECT FROM list_workspaces() LIMIT 1")).rowCount !== 0;
  if (used || (ledger.size === 0 && tables.length > 0) || [...ledger.keys()].some((name) => !wanted.has(name))) {
    throw new Error(
      "A backup is restored into an empty database, and this one is not: make a new one. Nothing was changed.",
    );
  }
}

async function load(owner: Client, reader: BackupReader): Promise<BackupEnd> {
  const tables = await listTables(owner);
  const known = new Map(tables.map((table) => [table.name, table]));
  // Release 0.1.0 held the owner to the policies of its tables, and COPY does not load under one. What came later does not.
  await owner.query(`DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relforcerowsecurity LOOP
      EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', t);
    END LOOP;
  END $$`);
  // Rows that a migration brings were in the backup as well.
  await owner.query(`TRUNCATE ${tables.map(({ name }) => owner.escapeIdentifier(name)).join(", ")}`);
  const loaded: Record<string, number> = {};
  for (;;) {
    const text = await reader.line();
    const end = backupEnd.safeParse(json(text));
    if (end.success) return await finish(owner, end.data, loaded);
    const { table: name, columns } = parse(tableHead, text);
    const table = known.get(name);
    if (table === undefined || columns.some((column) => !table.columns.includes(column))) {
      throw new Error(`The backup has a table ${name} that is not the one of its migrations: it is damaged.`);
    }
    const stream = owner.query(copyFrom(`COPY ${copyTarget(owner, { name, columns })} FROM STDIN`));
    await pipeline(Readable.from(reader.rows(), { objectMode: false }), stream);
    loaded[name] = stream.rowCount;
  }
}

async function finish(owner: Client, end: BackupEnd, loaded: Record<string, number>): Promise<BackupEnd> {
  for (const [table, rows] of Object.entries(end.rows)) {
    if (loaded[table] !== rows)
      throw new Error(`The backup should have ${rows} rows of ${table}, and has ${loaded[table] ?? 0}.`);
  }
  for (const { name, value, called } of end.sequences) {
    await owner.query("SELECT setval(to_regclass($1), $2, $3)", [name, value, called]);
  }
  return end;
}

function parse<T>(schema: z.ZodType<T>, text: string | null): T {
  const parsed = schema.safeParse(json(text));
  if (parsed.success) return parsed.data;
  throw new Error("This is no backup of Tributary, or a part of one.");
}

function json(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null; // Whoever parses it says what it should have been.
  }
}
