import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { migrate, refuseOldServer } from "#prisma/migrate.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";

let test: TestDatabase;
let owner: Client;
beforeAll(async () => {
  test = await createTestDatabase();
  owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await test.drop();
});

it("applies nothing to a database that is up to date and returns the same application URL", async () => {
  expect(await migrate(test.ownerUrl)).toEqual({ applied: [], appUrl: test.appUrl });
});

it("lets two processes migrate at once", async () => {
  const results = await Promise.all([migrate(test.ownerUrl), migrate(test.ownerUrl)]);
  expect(results.map((result) => result.applied)).toEqual([[], []]);
});

it("names the migration that was edited after it had been applied", async () => {
  await owner.query("UPDATE _prisma_migrations SET checksum = 'other' WHERE migration_name = '0001_first'");
  await expect(migrate(test.ownerUrl)).rejects.toThrow("Migration 0001_first was edited after it had been applied");
});

it("does not touch a database of a newer release, naming what it does not know", async () => {
  await owner.query(
    "UPDATE _prisma_migrations SET checksum = checksum, migration_name = '9000_later' WHERE migration_name = '0001_first'",
  );
  await expect(migrate(test.ownerUrl)).rejects.toThrow(
    "This database has had 9000_later, which this release does not know: it belongs to a newer one.",
  );
});

it("refuses a server older than what is documented, naming its version, before anything is changed", async () => {
  const serverOf = (version: string, number: string) => ({ query: async () => ({ rows: [{ version, number }] }) });
  await expect(refuseOldServer(serverOf("16.9 (Debian)", "160009"))).rejects.toThrow(
    "This server is Postgres 16.9 (Debian), and Tributary needs 17 or newer: nothing was changed.",
  );
  await expect(refuseOldServer(serverOf("9.6.24", "90624"))).rejects.toThrow("9.6.24");
  await refuseOldServer(serverOf("17.0", "170000"));
  await refuseOldServer(serverOf("18.4", "180004"));
});
