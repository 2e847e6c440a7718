/** What `tributary doctor` says of a database that is not the one, or not for the role, that was migrated. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { statisticsFinding } from "#console/cli/doctor/room.ts";
import { databaseFindings } from "#console/cli/doctor/servers.ts";
import { migrate } from "#prisma/migrate.ts";
import { openDatabase } from "#profile/store/database.ts";
import { createPlace, withParts, type Place } from "#tests/support/installation.ts";

let place: Place;
beforeAll(async () => {
  place = await createPlace();
  await migrate(place.ownerUrl, { appUrl: place.appUrl });
});
afterAll(() => place.drop());

async function failing(url: string) {
  const database = openDatabase(url, { max: 1 });
  try {
    return (await databaseFindings(database, url)).filter(({ state }) => state === "fail");
  } finally {
    await database.close();
  }
}

it("finds nothing where database and role are those that were migrated", async () => {
  expect(await failing(place.appUrl)).toEqual([]);
});

it("names the role whose the rights are, to another one", async () => {
  const other = `${place.appRole}_2`;
  await place.owner.query(`CREATE ROLE ${other} LOGIN PASSWORD 'moss'`);
  expect(await failing(withParts(place.appUrl, { username: other }))).toEqual([
    {
      check: "application role",
      state: "fail",
      says: `the rights in ${place.database} were given to the role ${place.appRole}, and DATABASE_URL names ${other}`,
      todo: `put ${place.appRole} into DATABASE_URL, or run \`npm run migrate\` with both URLs to move the rights`,
    },
  ]);
  await place.owner.query(`DROP ROLE ${other}`);
});

it("names the owner's role and the one to use instead", async () => {
  expect(await failing(place.ownerUrl)).toEqual([
    {
      check: "row-level security",
      state: "fail",
      says: `the role ${place.database} could read every workspace`,
      todo: `use the role ${place.appRole} in DATABASE_URL; only migrations need the owner`,
    },
  ]);
});

it("tells of statistics of workspaces that an owner could not have forgotten, until they are gone", async () => {
  const database = openDatabase(place.appUrl, { max: 1 });
  try {
    expect(await statisticsFinding(database)).toMatchObject({ state: "ok" });
    await place.owner.query(
      `INSERT INTO workspace (workspace_id, slug, name, default_country, currency, time_zone)
       VALUES (gen_random_uuid(), 'old', 'Old', 'GB', 'GBP', 'UTC')`,
    );
    await place.owner.query("ALTER TABLE workspace ALTER COLUMN workspace_id SET STATISTICS 100");
    await place.owner.query("ANALYZE workspace");
    await place.owner.query("ALTER TABLE workspace ALTER COLUMN workspace_id SET STATISTICS 0");
    // Looking again leaves what is there.
    await place.owner.query("ANALYZE workspace");
    expect(await statisticsFinding(database)).toMatchObject({
      state: "fail",
      says: expect.stringMatching(/^1 table of before the upgrade still has some/) as string,
    });
    await place.owner.query("SELECT pg_clear_attribute_stats('public', 'workspace', 'workspace_id', false)");
    expect(await statisticsFinding(database)).toMatchObject({ state: "ok" });
  } finally {
    await database.close();
  }
});

it("tells a copy under another name, until it is migrated as what it is now", async () => {
  const copy = `${place.database}_copy`;
  const elsewhere = { pathname: `/${copy}` };
  await place.copyTo(copy);
  expect(await failing(withParts(place.appUrl, elsewhere))).toEqual([
    {
      check: "database name",
      state: "fail",
      says: `${copy} was last migrated as ${place.database}: it was renamed, restored or copied`,
      todo: `where it replaces ${place.database}, run \`npm run migrate\`; a copy beside it must not do the same work a second time`,
    },
  ]);
  await migrate(withParts(place.ownerUrl, elsewhere), { appUrl: withParts(place.appUrl, elsewhere) });
  expect(await failing(withParts(place.appUrl, elsewhere))).toEqual([]);
});
