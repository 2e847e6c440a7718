/** A backup of every workspace at one instant, while everything goes on. */
import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { codeOf } from "../app-role.ts";
import { asOwner } from "../migrate.ts";
import { readLedger } from "../migration-files.ts";
import { END_OF_ROWS, type BackupEnd, type BackupHead } from "./format.ts";
import { listTables } from "./tables.ts";

export interface Backup {
  /** In all tables. */
  rows: number;
  workspaces: number;
  bytes: number;
}

/**
 * Writes the file whole or not at all, readable by its owner only: it holds customers, and credentials under the master key.
 *
 * @throws Error when the file exists, the database is empty, or its owner may not see every row
 */
export async function backUp(ownerUrl: string, path: string, madeAt: string): Promise<Backup> {
  if ((await stat(path).catch(() => null)) !== null) throw new Error(`There is a ${path} already: name another file.`);
  const unfinished = `${path}.unfinished`;
  try {
    const end = await asOwner(ownerUrl, (owner) => writeAll(owner, unfinished, madeAt));
    const { size } = await stat(unfinished);
    await rename(unfinished, path);
    const rows = Object.values(end.rows).reduce((sum, count) => sum + count, 0);
    return { rows, workspaces: end.rows["workspace"] ?? 0, bytes: size };
  } catch (error) {
    await rm(unfinished, { force: true });
    if (codeOf(error) === "42501") {
      throw new Error(
        "The owner may not see every row, and a part is no backup. In a database of release 0.1.0 only a superuser can make one; " +
          "as any other owner, run `npm run migrate` first.",
        { cause: error },
      );
    }
    throw error;
  }
}

async function writeAll(owner: Client, path: string, madeAt: string): Promise<BackupEnd> {
  // A row that row-level security would leave out is an error.
  await owner.query(
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off; SET LOCAL statement_timeout = 0",
  );
  const ledger = await readLedger(owner);
  if (ledger.size === 0) throw new Error("This database has not been migrated: there is nothing to back up.");
  const { rows } = await owner.query<{ database: string }>("SELECT current_database() AS database");
  const head: BackupHead = {
    tributaryBackup: 1,
    madeAt,
    database: rows[0]?.database ?? "",
    migrations: [...ledger].map(([name, { checksum }]) => ({ name, checksum })),
  };
  const end: BackupEnd = { complete: true, rows: {}, sequences: [] };
  await pipeline(
    Readable.from(parts(owner, head, end), { objectMode: false }),
    createGzip({ level: 6 }),
    createWriteStream(path, { mode: 0o600, flush: true }),
  );
  await owner.query("COMMIT");
  return end;
}

async function* parts(owner: Client, head: BackupHead, end: BackupEnd): AsyncGenerator<string | Buffer> {
  yield line(head);
  for (const table of await listTables(owner)) {
    yield line({ table: table.name, columns: table.columns });
    // A partitioned table has no rows to COPY by itself; a query reads its partitions, and any other table as well.
    const stream = owner.query(
      copyTo(
        `COPY (SELECT ${table.columns.map((column) => owner.escapeIdentifier(column)).join(", ")} FROM ${owner.escapeIdentifier(table.name)}) TO STDOUT`,
      ),
    );
    for await (const chunk of stream) yield chunk as Buffer;
    end.rows[table.name] = stream.rowCount ?? 0;
    yield END_OF_ROWS;
  }
  // Read last: numbers given out meanwhile are used up, those of the rows above are among them.
  const { rows } = await owner.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace ORDER BY 1`,
  );
  for (const { name } of rows) {
    const state = await owner.query<{ value: string; called: boolean }>(
      `SELECT last_value::text AS value, is_called AS called FROM ${name}`,
    );
    for (const { value, called } of state.rows) end.sequences.push({ name, value, called });
  }
  yield line(end);
}

const line = (value: unknown) => `${JSON.stringify(value)}\n`;
