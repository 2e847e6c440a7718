/** A backup comes back whole, into another database and another server, and work goes on with it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { restore } from "#prisma/backup/restore.ts";
import { backUp } from "#prisma/backup/write.ts";
import { migrate } from "#prisma/migrate.ts";
import { readMigrations } from "#prisma/migration-files.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { openDatabase } from "#profile/store/database.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { startPostgres } from "#stack/postgres/server.ts";
import { connect, createPlace, type Place } from "#tests/support/installation.ts";
import { findPostgresProgram } from "#tests/support/postgres-programs.ts";
import { page, person } from "#tests/support/records.ts";
import { installRelease010 } from "#tests/support/release-0.1.0.ts";

const AT = "2026-06-01T12:00:00.000Z";
const folder = mkdtempSync(join(tmpdir(), "tributary-backup-"));
const file = join(folder, "shop.backup");
const old = join(folder, "release-0.1.0.backup");
let source: Place;
let empty: Place;
beforeAll(async () => {
  [source, empty] = await Promise.all([createPlace(), createPlace()]);
  await installRelease010(source.owner);
  await source.superuser.query(await readFile(new URL("../support/release-0.1.0-rows.sql", import.meta.url), "utf8"));
  // Words that would end a line, a column or the table, were they not written otherwise.
  await source.superuser.query(String.raw`UPDATE run SET message = E'\\.\n\\.\n\ttab "quoted" \u00e9\u4e16\n\\N'`);
});
afterAll(async () => {
  await source.drop();
  await empty.drop();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * How many rows each table has and a hash of them all, and where each sequence stands; but for the tables that say which
 * database it is and what its transactions did.
 */
async function contents(client: Client): Promise<Record<string, { rows: number; hash: string }>> {
  const { rows: names } = await client.query<{ name: string; kind: string }>(
    `SELECT relname AS name, relkind AS kind FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S')
       AND NOT relispartition AND relname NOT IN ('_prisma_migrations', 'deployment', 'consent_news') ORDER BY 1`,
  );
  const found: Record<string, { rows: number; hash: string }> = {};
  for (const { name, kind } of names) {
    const row = kind === "S" ? "last_value || ' ' || is_called" : "to_jsonb(t)::text";
    const { rows } = await client.query<{ rows: number; hash: string }>(
      `SELECT count(*)::int AS rows, coalesce(md5(string_agg(${row}, ' ' ORDER BY ${row})), '') AS hash FROM ${name} t`,
    );
    found[name] = rows[0] ?? { rows: -1, hash: "" };
  }
  return found;
}

const counted = (found: Record<string, { rows: number }>) =>
  Object.entries(found).map(([name, { rows }]) => [name, rows]);

/** `npm run backup` or `npm run restore`. */
function run(program: "backup" | "restore", environment: Record<string, string>, path: string) {
  const entry = fileURLToPath(new URL(`../../stack/${program}.ts`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, path], {
    env: { PATH: process.env["PATH"], ...environment },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

it("refuses to back up a part: release 0.1.0 hid rows from an owner who is no superuser", async () => {
  await expect(backUp(source.ownerUrl, old, AT)).rejects.toThrow(
    "The owner may not see every row, and a part is no backup.",
  );
  expect(() => statSync(old)).toThrow("ENOENT");
  const asSuperuser = Object.assign(new URL(source.ownerUrl), superuserOf(source));
  await backUp(asSuperuser.href, old, AT);
  expect(statSync(old).mode & 0o077).toBe(0);
});

function superuserOf({ superuser }: Place): { username: string; password: string } {
  return { username: superuser.user ?? "", password: encodeURIComponent(superuser.password ?? "") };
}

it("backs up every workspace as a plain owner, and restores it for another owner and role", async () => {
  await migrate(source.ownerUrl, { appUrl: source.appUrl });
  const made = run("backup", { DATABASE_OWNER_URL: source.ownerUrl }, file);
  expect(made.stderr).toBe("");
  expect(made.stdout).toMatch(
    /^Backed up \d+ rows of 2 workspaces to .*shop\.backup \(\d+\.\d MB\)\.\nIt holds customers/,
  );
  expect(run("backup", { DATABASE_OWNER_URL: source.ownerUrl }, file).stderr).toContain("already: name another file");

  const restored = run("restore", { DATABASE_OWNER_URL: empty.ownerUrl, DATABASE_URL: empty.appUrl }, file);
  expect(restored.stderr).toBe("");
  expect(restored.stdout).toMatch(
    /^Restored \d+ rows of 2 workspaces as of 20.*\. The application's role is place_.*_app\.\n$/,
  );
  expect(await contents(empty.superuser)).toEqual(await contents(source.superuser));
  expect((await empty.owner.query("SELECT database_name, app_role FROM deployment")).rows).toEqual([
    { database_name: empty.database, app_role: empty.appRole },
  ]);
});

it("goes on working in the restored database", async () => {
  const database = openDatabase(empty.appUrl);
  try {
    const connections = createConnectionStore(database);
    const [first] = await connections.listWorkspaces();
    const workspaceId = first?.workspaceId as WorkspaceId;
    const [hubspot] = await connections.listConnections(workspaceId);
    const saved = await createIngestStore(database).savePage(workspaceId, {
      connectionId: hubspot?.connectionId as ConnectionId,
      stream: "contacts",
      from: { after: "60" },
      page: page([person("new")]),
    });
    expect(saved).toMatchObject({ outcome: "saved", counts: { inserted: 1 } });
    // Numbers go on above those that are taken.
    await connections.setStatus(workspaceId, hubspot?.connectionId as ConnectionId, "paused", null, "ada");
    const { rows } = await empty.superuser.query(
      "SELECT max(touched_seq) < (SELECT max(touched_seq) FROM unresolved) AS above FROM profile",
    );
    expect(rows).toEqual([{ above: true }]);
  } finally {
    await database.close();
  }
});

it("restores a backup of release 0.1.0 and upgrades it", async () => {
  const place = await createPlace();
  try {
    const { upgraded, workspaces, madeAt } = await restore(place.ownerUrl, old, { appUrl: place.appUrl });
    expect([workspaces, madeAt]).toEqual([2, AT]);
    expect(upgraded).toEqual((await readMigrations()).map(({ name }) => name).filter((name) => name !== "0001_first"));
    // When something was noted by the upgrade differs; that the old rows are whole is upgrade.test.ts'.
    expect(counted(await contents(place.superuser))).toEqual(counted(await contents(source.superuser)));
  } finally {
    await place.drop();
  }
});

it("restores into a new data directory of npm start", async () => {
  const dataDir = join(folder, "data");
  const restored = run("restore", { TRIBUTARY_DATA_DIR: dataDir }, file);
  expect(restored.stderr).toBe("");
  expect(restored.stdout).toContain("The application's role is tributary_app.");
  expect(run("restore", { TRIBUTARY_DATA_DIR: dataDir }, file).stderr).toContain("There is a database in");
  const server = await startPostgres({ dataDir });
  try {
    const { applied, appUrl } = await migrate(server.ownerUrl);
    expect(applied).toEqual([]);
    const [owner, app] = await Promise.all([connect(server.ownerUrl), connect(appUrl)]);
    const { rows } = await app.query("SELECT slug FROM list_workspaces()");
    expect(rows).toEqual([{ slug: "fern" }, { slug: "moss" }]);
    expect(await contents(owner)).toEqual(await contents(source.superuser));
    await Promise.all([owner.end(), app.end()]);
  } finally {
    await server.stop();
  }
});

it("loads nothing of a file that was cut short or changed, and nothing over what is there", async () => {
  const place = await createPlace();
  try {
    const whole = gunzipSync(readFileSync(file));
    const lines = whole.toString("latin1").split("\n");
    const broken = {
      // The gzip stream itself ends early.
      cut: readFileSync(file).subarray(0, -2_000),
      // Whole as gzip, but without its end.
      unfinished: gzipSync(Buffer.from(lines.slice(0, -2).join("\n"), "latin1")),
      // One row of a table is missing.
      shorter: gzipSync(Buffer.from(lines.filter((line) => !line.includes("\tc17\tperson")).join("\n"), "latin1")),
      other: Buffer.from("name,email\n"),
    };
    for (const [name, bytes] of Object.entries(broken)) {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      await expect(restore(place.ownerUrl, path, { appUrl: place.appUrl }), name).rejects.toThrow(
        /unexpected end of file|a part of one|in the middle of a table|should have \d+ rows|incorrect header check/,
      );
    }
    expect((await place.owner.query("SELECT slug FROM workspace")).rows).toEqual([]);
    await restore(place.ownerUrl, file, { appUrl: place.appUrl });
    await expect(restore(place.ownerUrl, file, { appUrl: place.appUrl })).rejects.toThrow(
      "A backup is restored into an empty database, and this one is not: make a new one. Nothing was changed.",
    );
  } finally {
    await place.drop();
  }
});

it("comes back with pg_dump and pg_restore as well, for an owner and a role of the same names", async (context) => {
  const [dump, load] = [findPostgresProgram("pg_dump", 18), findPostgresProgram("pg_restore", 18)];
  if (dump === null || load === null) {
    context.skip("There is no pg_dump and pg_restore 18 here.");
    return;
  }
  const archive = join(folder, "shop.dump");
  const again = `${source.database}_again`;
  await source.createDatabase(again);
  const target = Object.assign(new URL(source.ownerUrl), { pathname: `/${again}` }).href;
  const steps = [
    spawnSync(dump, ["--format=custom", `--file=${archive}`, source.ownerUrl], { encoding: "utf8" }),
    spawnSync(load, ["--exit-on-error", "--no-owner", "--single-transaction", `--dbname=${target}`, archive], {
      encoding: "utf8",
    }),
  ];
  expect(steps.map(({ status, stderr }) => [status, stderr])).toEqual([
    [0, ""],
    [0, ""],
  ]);
  const appUrl = Object.assign(new URL(source.appUrl), { pathname: `/${again}` }).href;
  expect((await migrate(target, { appUrl })).applied).toEqual([]);
  const copy = await connect(Object.assign(new URL(target), superuserOf(source)).href);
  expect(await contents(copy)).toEqual(await contents(source.superuser));
  await copy.end();
});
