/** The owner of the schema need not be a superuser, and is held to row-level security like everybody else. */
import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { migrate } from "#prisma/migrate.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { openDatabase, type Database } from "#profile/store/database.ts";
import { createQuota } from "#profile/store/quota.ts";
import { refreshStatistics } from "#profile/store/statistics.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";

const OWNER = `owner_${randomBytes(4).toString("hex")}`;
let test: TestDatabase;
let superuser: Client;
let owner: Client;
let database: Database;
beforeAll(async () => {
  test = await createTestDatabase();
  superuser = new Client({ connectionString: test.ownerUrl });
  await superuser.connect();
  await superuser.query(`CREATE ROLE ${OWNER} LOGIN PASSWORD 'fern' CREATEROLE`);
  await superuser.query(`GRANT tributary_app TO ${OWNER} WITH ADMIN OPTION`);
  await superuser.query(`CREATE DATABASE ${OWNER} OWNER ${OWNER} TEMPLATE template0`);
  const url = new URL(test.ownerUrl);
  Object.assign(url, { username: OWNER, password: "fern", pathname: `/${OWNER}` });
  // The role's password is the server's, which the template's migration has set.
  const appPassword = decodeURIComponent(new URL(test.appUrl).password);
  const { appUrl } = await migrate(url.href, { appPassword });
  database = openDatabase(appUrl);
  owner = new Client({ connectionString: url.href });
  await owner.connect();
  const workspace = { defaultCountry: "GB", currency: "GBP", timeZone: "UTC" };
  for (const slug of ["a", "b"]) {
    await createConnectionStore(database).createWorkspace({ ...workspace, slug, name: slug });
  }
});
afterAll(async () => {
  await database.close();
  await owner.end();
  await superuser.query(`DROP DATABASE ${OWNER} WITH (FORCE)`);
  await superuser.query(`DROP OWNED BY ${OWNER}`);
  await superuser.query(`DROP ROLE ${OWNER}`);
  await superuser.end();
  await test.drop();
});

it("lists all workspaces to the worker, and none to the owner's own session", async () => {
  const listed = await createConnectionStore(database).listWorkspaces();
  expect(listed.map(({ slug }) => slug)).toEqual(["a", "b"]);
  expect((await owner.query("SELECT slug FROM workspace")).rows).toEqual([]);
  const client = await database.pool.connect();
  try {
    // Whoever knows the word for it learns nothing: the policy is the owner's, inside the function.
    await client.query("SET tributary.listing = 'on'");
    expect((await client.query("SELECT slug FROM workspace")).rows).toEqual([]);
    await client.query("RESET tributary.listing");
  } finally {
    client.release();
  }
});

it("counts a shared account's quota and refreshes statistics", async () => {
  const quota = createQuota(database);
  expect(await quota.reserve("key", { burst: 1, perSecond: 1 }, 1)).toBe(0);
  expect(await quota.reserve("key", { burst: 1, perSecond: 1 }, 1)).toBeGreaterThan(900);
  expect(await refreshStatistics(database)).toBe(0);
});
