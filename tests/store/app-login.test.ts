/** Whose password the application's role has, and who may set it. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { migrate, migrateSchema } from "#prisma/migrate.ts";
import { connect, createPlace, withParts, type Place } from "#tests/support/installation.ts";
import { installRelease010 } from "#tests/support/release-0.1.0.ts";

let place: Place;
beforeEach(async () => {
  place = await createPlace();
});
afterEach(() => place.drop());

/** `npm run migrate` with these variables alone. */
function runMigrate(environment: Record<string, string>) {
  const program = fileURLToPath(new URL("../../stack/migrate.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    env: { PATH: process.env["PATH"], ...environment },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** Whether the role may log in, and its password as the server keeps it. */
async function loginOf(role: string) {
  const { rows } = await place.superuser.query<{ login: boolean; password: string | null }>(
    "SELECT rolcanlogin AS login, rolpassword AS password FROM pg_authid WHERE rolname = $1",
    [role],
  );
  return rows[0];
}

const logsIn = async (url: string) => {
  const client = await connect(url).catch(() => null);
  await client?.end();
  return client !== null;
};

it("makes a missing role without login and password where only the owner's URL is given, and says what to do next", async () => {
  // As a database of this release whose role does not exist on this server, for example a restored one.
  await migrate(place.ownerUrl, { appUrl: place.appUrl });
  await place.superuser.query(`DROP OWNED BY ${place.appRole}`);
  await place.superuser.query(`DROP ROLE ${place.appRole}`);
  const run = runMigrate({ DATABASE_OWNER_URL: place.ownerUrl });
  expect(run).toEqual({
    status: 0,
    stderr: "",
    stdout:
      "The database is up to date.\n" +
      `The role ${place.appRole} cannot log in yet: set DATABASE_URL to its URL with the password it shall have and run this again, ` +
      `or have an administrator run ALTER ROLE ${place.appRole} LOGIN PASSWORD '...'.\n`,
  });
  expect(await loginOf(place.appRole)).toEqual({ login: false, password: null });
});

it("sets the password that DATABASE_URL holds, and leaves it alone when the owner's URL is given by itself", async () => {
  const first = runMigrate({ DATABASE_OWNER_URL: place.ownerUrl, DATABASE_URL: place.appUrl });
  expect(first).toMatchObject({ status: 0, stderr: "" });
  expect(first.stdout).toMatch(/^Applied 0001_first/);
  expect(await logsIn(place.appUrl)).toBe(true);
  const before = await loginOf(place.appRole);
  expect(runMigrate({ DATABASE_OWNER_URL: place.ownerUrl })).toEqual({
    status: 0,
    stderr: "",
    stdout: `The database is up to date.\nThe password of the role ${place.appRole} was left alone.\n`,
  });
  expect(await loginOf(place.appRole)).toEqual(before);
});

it("sets nothing where the password works, and another one where DATABASE_URL says so", async () => {
  await migrate(place.ownerUrl, { appUrl: place.appUrl });
  const before = await loginOf(place.appRole);
  await migrate(place.ownerUrl, { appUrl: place.appUrl });
  expect(await loginOf(place.appRole)).toEqual(before);
  const rotated = withParts(place.appUrl, { password: "lichen" });
  await migrate(place.ownerUrl, { appUrl: rotated });
  expect([await logsIn(rotated), await logsIn(place.appUrl)]).toEqual([true, false]);
});

it("does not touch a password in release 0.1.0's database either, and upgrades it", async () => {
  await installRelease010(place.owner);
  const before = await loginOf("tributary_app");
  const { role, applied } = await migrateSchema(place.ownerUrl);
  expect(role).toBe("tributary_app");
  expect(applied).not.toEqual([]);
  expect(await loginOf("tributary_app")).toEqual(before);
});

it("refuses a DATABASE_URL without a password where the role cannot log in, and one that names the owner", async () => {
  await expect(migrate(place.ownerUrl, { appUrl: withParts(place.appUrl, { password: "" }) })).rejects.toThrow(
    `The role ${place.appRole} cannot log in, and DATABASE_URL holds no password to give it.`,
  );
  const owner = await loginOf(place.database);
  await expect(migrate(place.ownerUrl, { appUrl: place.ownerUrl })).rejects.toThrow(
    `The application needs a role of its own: ${place.database} is the owner or may read every workspace.`,
  );
  const strange = withParts(place.appUrl, { username: encodeURIComponent("it's%s") });
  await expect(migrate(place.ownerUrl, { appUrl: strange })).rejects.toThrow("cannot be used as a role's name");
  expect(await loginOf(place.database)).toEqual(owner);
});

it("leaves alone a password that it did not derive, when started with the owner's URL", async () => {
  await migrate(place.ownerUrl, { appUrl: place.appUrl });
  const before = await loginOf(place.appRole);
  await expect(migrate(place.ownerUrl)).rejects.toThrow(
    `The role ${place.appRole} has a password that was not derived from the owner's, and it was left alone: set DATABASE_URL`,
  );
  expect(await loginOf(place.appRole)).toEqual(before);
  await place.superuser.query(`ALTER ROLE ${place.appRole} NOLOGIN`);
  const { appUrl } = await migrate(place.ownerUrl);
  expect(await logsIn(appUrl)).toBe(true);
});

it("takes the role that an administrator made, for an owner who may make none", async () => {
  await place.superuser.query(`ALTER ROLE ${place.database} NOCREATEROLE`);
  await expect(migrate(place.ownerUrl, { appUrl: place.appUrl })).rejects.toThrow(
    `The owner may not create the role ${place.appRole}: have an administrator run CREATE ROLE "${place.appRole}" LOGIN PASSWORD '...', then run this again. Nothing was changed.`,
  );
  await place.superuser.query(`CREATE ROLE ${place.appRole} LOGIN PASSWORD 'gorse'`);
  await expect(migrate(place.ownerUrl, { appUrl: place.appUrl })).rejects.toThrow(
    `The owner may not set the password of the role ${place.appRole}: have an administrator run ALTER ROLE`,
  );
  await place.superuser.query(`ALTER ROLE ${place.appRole} PASSWORD 'moss'`);
  expect(await migrate(place.ownerUrl, { appUrl: place.appUrl })).toEqual({ applied: [], appUrl: place.appUrl });
});

it("tells a server that cannot be reached from a password that is wrong", async () => {
  const away = Object.assign(new URL(place.appUrl), { port: "1" }).href;
  await expect(migrate(place.ownerUrl, { appUrl: away })).rejects.toThrow(
    new RegExp(`The role ${place.appRole} could not be tried at 127.0.0.1:1: .*ECONNREFUSED`),
  );
  expect(await loginOf(place.appRole)).toEqual({ login: false, password: null });
});
