/** Migrators that meet: one at a time, none waits for ever, and one that dies holds up nobody. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Client } from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { migrate } from "#prisma/migrate.ts";
import { readMigrations } from "#prisma/migration-files.ts";
import { LOCK_TIMEOUT_MS, PRISMA_LOCK } from "#prisma/migration-lock.ts";
import { connect, createPlace, type Place } from "#tests/support/installation.ts";
import { installRelease010 } from "#tests/support/release-0.1.0.ts";

let place: Place;
const others: Client[] = [];
beforeEach(async () => {
  place = await createPlace();
});
afterEach(async () => {
  await Promise.all(others.splice(0).map((client) => client.end()));
  await place.drop();
});

/** Another session of the owner, as `name`; closed after the test. */
async function session(name: string): Promise<Client> {
  const client = await connect(`${place.ownerUrl}?application_name=${name}`);
  others.push(client);
  return client;
}

const lockHolders = async () => {
  const { rows } = await place.superuser.query<{ pid: number }>(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = $1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [PRISMA_LOCK],
  );
  return rows.map(({ pid }) => pid);
};

async function waitsForTable(): Promise<boolean> {
  const { rowCount } = await place.superuser.query(
    "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND relation = 'workspace'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
  );
  return rowCount === 1;
}

async function until(condition: () => Promise<boolean>, patienceMs = 50_000): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("It did not come true.");
    await sleep(20);
  }
}

it("applies everything once when several begin at the same time on an empty database", async () => {
  const results = await Promise.all(Array.from({ length: 3 }, () => migrate(place.ownerUrl, { appUrl: place.appUrl })));
  const names = (await readMigrations()).map(({ name }) => name);
  expect(results.flatMap(({ applied }) => applied).toSorted()).toEqual(names);
  const { rows } = await place.owner.query("SELECT migration_name AS name FROM _prisma_migrations ORDER BY 1");
  expect(rows).toEqual(names.map((name) => ({ name })));
});

it("goes on at once after a migrator that was killed in the middle", async () => {
  await installRelease010(place.owner);
  const reader = await session("reader");
  await reader.query("BEGIN; SELECT count(*) FROM workspace");
  const program = fileURLToPath(new URL("../../stack/migrate.ts", import.meta.url));
  const killed = spawn(process.execPath, [program], {
    env: { ...process.env, DATABASE_OWNER_URL: place.ownerUrl, DATABASE_URL: place.appUrl },
    stdio: "ignore",
  });
  // In the middle of a statement: between two, the server notices by itself.
  await until(waitsForTable);
  const [holder] = await lockHolders();
  killed.kill("SIGKILL");
  // The reader still has the table, so the lock is free once the server has looked after its client. Else it would be when
  // the killed migrator's patience ends.
  await until(async () => (await lockHolders()).length === 0, LOCK_TIMEOUT_MS * 0.8);
  await reader.query("ROLLBACK");
  const { applied } = await migrate(place.ownerUrl, { appUrl: place.appUrl });
  expect(applied).toEqual((await readMigrations()).map(({ name }) => name).filter((name) => name !== "0001_first"));
  expect(await lockHolders()).not.toContain(holder);
});

it("says who holds the lock and what to do, instead of waiting for ever", async () => {
  const other = await session("somebody-else");
  await other.query("SELECT pg_advisory_lock($1)", [PRISMA_LOCK]);
  const [pid] = await lockHolders();
  const late = migrate(place.ownerUrl, { appUrl: place.appUrl, lockTimeoutMs: 100 });
  await expect(late).rejects.toThrow(
    new RegExp(
      `Migration 0001_first failed and was rolled back: Another migration has held the lock of this database for more than 0.1 seconds: ` +
        `somebody-else \\(process ${pid}, role ${place.database}, idle, since 20[^)]+\\). Run this again when it has ended; ` +
        `if no migration is running, the lock was left behind: free it with SELECT pg_terminate_backend\\(${pid}\\).`,
    ),
  );
  await other.query("SELECT pg_advisory_unlock($1)", [PRISMA_LOCK]);
  expect((await migrate(place.ownerUrl, { appUrl: place.appUrl })).applied).toContain("0001_first");
});

it("says who uses a table that a migration has to change, and leaves the database as it was", async () => {
  await installRelease010(place.owner);
  const worker = await session("tributary-worker");
  await worker.query("BEGIN; SELECT count(*) FROM workspace");
  await expect(migrate(place.ownerUrl, { appUrl: place.appUrl, lockTimeoutMs: 100 })).rejects.toThrow(
    /A table was in use for more than 0.1 seconds: tributary-worker \(process \d+, .*\)\. Stop the workers and the console, and run it again; what had not been finished was rolled back\./,
  );
  const { rows } = await place.owner.query("SELECT migration_name AS name FROM _prisma_migrations");
  expect(rows).toEqual([{ name: "0001_first" }]);
  await worker.query("ROLLBACK");
  expect((await migrate(place.ownerUrl, { appUrl: place.appUrl })).applied).not.toContain("0001_first");
});

it("needs no lock where nothing is to be done", async () => {
  await migrate(place.ownerUrl, { appUrl: place.appUrl });
  const other = await session("somebody-else");
  await other.query("SELECT pg_advisory_lock($1)", [PRISMA_LOCK]);
  expect((await migrate(place.ownerUrl, { appUrl: place.appUrl, lockTimeoutMs: 100 })).applied).toEqual([]);
});
