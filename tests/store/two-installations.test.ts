/** Two installations on one server: each has its role, and neither reads or locks out the other. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { migrate } from "#prisma/migrate.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { openDatabase } from "#profile/store/database.ts";
import { createQuota } from "#profile/store/quota.ts";
import { refreshStatistics } from "#profile/store/statistics.ts";
import { readDatabaseHealth } from "#profile/store/views/health.ts";
import { connect, createPlace, withParts, type Place } from "#tests/support/installation.ts";
import { installRelease010 } from "#tests/support/release-0.1.0.ts";

let first: Place;
let second: Place;
beforeEach(async () => {
  [first, second] = await Promise.all([createPlace(), createPlace()]);
});
afterEach(async () => {
  await first.drop();
  await second.drop();
});

const SHOP = { defaultCountry: "GB", currency: "GBP", timeZone: "UTC" };

/** Everything the application does with a right of its own: tables, sequences, functions. */
async function work(appUrl: string, slug: string): Promise<string[]> {
  const database = openDatabase(appUrl, { max: 2 });
  try {
    const connections = createConnectionStore(database);
    const { workspaceId } = await connections.createWorkspace({ slug, name: slug, ...SHOP });
    await connections.upsertConnection(workspaceId, { connector: "csv", name: "till" }, "t");
    await database.inWorkspace(workspaceId, ({ query }) =>
      query("INSERT INTO unresolved (workspace_id, record_id) VALUES ($1, $1) ON CONFLICT DO NOTHING", [workspaceId]),
    );
    await createQuota(database).reserve("key", { calls: 1, windowMs: 1_000 }, 1);
    await refreshStatistics(database);
    return (await connections.listWorkspaces()).map((workspace) => workspace.slug);
  } finally {
    await database.close();
  }
}

/** What the role may do with anything in the place's database, but to ask whose it is, as everybody may. */
async function rightsOf(place: Place, role: string): Promise<unknown[]> {
  const { rows } = await place.superuser.query(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
       AND CASE relkind WHEN 'S' THEN has_sequence_privilege($1, oid, 'USAGE')
         ELSE has_table_privilege($1, oid, 'SELECT, INSERT, UPDATE, DELETE') END
     UNION ALL
     SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname <> 'deployed_as' AND has_function_privilege($1, oid, 'EXECUTE')
     UNION ALL
     SELECT 'default ' || defaclobjtype::text FROM pg_default_acl, aclexplode(defaclacl) WHERE grantee = $1::regrole`,
    [role],
  );
  return rows;
}

it("gives each its own role, which reaches nothing of the other", async () => {
  await Promise.all([first, second].map(({ ownerUrl, appUrl }) => migrate(ownerUrl, { appUrl })));
  expect(await work(first.appUrl, "one")).toEqual(["one"]);
  expect(await work(second.appUrl, "two")).toEqual(["two"]);
  expect(await rightsOf(second, first.appRole)).toEqual([]);
  expect(await rightsOf(first, second.appRole)).toEqual([]);
  // Nor is the usual role left with rights in either, should somebody else on the server use it.
  expect(await rightsOf(first, "tributary_app")).toEqual([]);
  const stranger = await connect(withParts(first.appUrl, { pathname: new URL(second.appUrl).pathname }));
  await expect(stranger.query("SELECT * FROM list_workspaces()")).rejects.toThrow("permission denied");
  await expect(stranger.query("SELECT 1 FROM source_record")).rejects.toThrow("permission denied");
  await stranger.end();
});

it("does not take over the other's role: its password stays, and the message says what to do", async () => {
  await migrate(first.ownerUrl, { appUrl: first.appUrl });
  // An administrator lets both owners change it, or the server itself would refuse.
  await second.superuser.query(
    `GRANT ${first.appRole} TO ${second.database} WITH ADMIN OPTION, INHERIT FALSE, SET FALSE`,
  );
  const taken = withParts(second.appUrl, { username: first.appRole, password: "lichen" });
  await expect(migrate(second.ownerUrl, { appUrl: taken })).rejects.toThrow(
    `The role ${first.appRole} and its password belong to the Tributary in database ${first.database} of this server and were left alone: ` +
      "put another user into DATABASE_URL, and that role is made for this database.",
  );
  expect(await work(first.appUrl, "one")).toEqual(["one"]);
  await migrate(second.ownerUrl, { appUrl: second.appUrl });
  expect(await work(second.appUrl, "two")).toEqual(["two"]);
  expect(await rightsOf(second, first.appRole)).toEqual([]);
});

it("moves every right from the usual role to the installation's own, in a database of release 0.1.0", async () => {
  await installRelease010(first.owner);
  expect(await rightsOf(first, "tributary_app")).not.toEqual([]);
  await migrate(first.ownerUrl, { appUrl: first.appUrl });
  expect(await rightsOf(first, "tributary_app")).toEqual([]);
  expect(await work(first.appUrl, "one")).toEqual(["one"]);
  // What the usual role could not do, the new one cannot either.
  const app = await connect(first.appUrl);
  await expect(app.query("DELETE FROM consent_entry")).rejects.toThrow("permission denied");
  await expect(app.query("SELECT 1 FROM quota")).rejects.toThrow("permission denied");
  await expect(app.query("UPDATE deployment SET app_role = ''")).rejects.toThrow("permission denied");
  await app.end();
  // A table of a later migration is for it as well.
  await first.owner.query("CREATE TABLE later (n integer)");
  expect(await rightsOf(first, first.appRole)).toContainEqual({ name: "later" });
});

it("follows to another role, policies that name the role included", async () => {
  await migrate(first.ownerUrl, { appUrl: first.appUrl });
  await first.owner.query(
    `CREATE TABLE later (n integer); CREATE POLICY of_role ON later TO ${first.appRole} USING (true)`,
  );
  const renamed = withParts(first.appUrl, { username: second.appRole });
  await migrate(first.ownerUrl, { appUrl: renamed });
  expect(await work(renamed, "one")).toEqual(["one"]);
  expect(await rightsOf(first, first.appRole)).toEqual([]);
  const { rows } = await first.owner.query(
    "SELECT polroles = ARRAY[$1::regrole::oid] AS moved FROM pg_policy WHERE polname = 'of_role'",
    [second.appRole],
  );
  expect(rows).toEqual([{ moved: true }]);
});

it("notes its database and role, so that a copy under another name is told from the installation", async () => {
  await migrate(first.ownerUrl, { appUrl: first.appUrl });
  const database = openDatabase(first.appUrl, { max: 1 });
  expect((await readDatabaseHealth(database)).deployment).toEqual({ database: first.database, role: first.appRole });
  await database.close();
});
