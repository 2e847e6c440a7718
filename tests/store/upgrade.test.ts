/** From release 0.1.0 with rows in every table to now: nothing is lost, and the application goes on with it. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { migrate } from "#prisma/migrate.ts";
import type { ConnectionId, PlanId, ProfileId, WorkspaceId } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { openDatabase, type Database } from "#profile/store/database.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createPlanStore } from "#profile/store/plan/store.ts";
import { createRetentionStore } from "#profile/store/retention/store.ts";
import { createRunStore } from "#profile/store/runs.ts";
import { createSetAsideStore } from "#profile/store/set-aside.ts";
import { createProfileViews } from "#profile/store/views/profile.ts";
import { createReader } from "#profile/store/views/read.ts";
import { createPlace, type Place } from "#tests/support/installation.ts";
import { metric, page, person, replaced, spend } from "#tests/support/records.ts";
import { installRelease010 } from "#tests/support/release-0.1.0.ts";

let place: Place;
let database: Database;
/** Rows of each table of the release, as they were before: JSON by column. */
let before: Map<string, Record<string, unknown>[]>;
beforeAll(async () => {
  place = await createPlace();
  await installRelease010(place.owner);
  await place.superuser.query(await readFile(new URL("../support/release-0.1.0-rows.sql", import.meta.url), "utf8"));
  before = await readTables(await tableNames());
  await migrate(place.ownerUrl, { appUrl: place.appUrl });
  database = openDatabase(place.appUrl);
});
afterAll(async () => {
  await database.close();
  await place.drop();
});

async function tableNames(): Promise<string[]> {
  const { rows } = await place.superuser.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
       AND NOT relispartition AND relname <> '_prisma_migrations'`,
  );
  return rows.map(({ name }) => name);
}

async function readTables(names: Iterable<string>): Promise<Map<string, Record<string, unknown>[]>> {
  const tables = new Map<string, Record<string, unknown>[]>();
  for (const name of names) {
    const { rows } = await place.superuser.query<{ row: Record<string, unknown> }>(
      `SELECT to_jsonb(t) AS row FROM ${name} t ORDER BY to_jsonb(t)::text`,
    );
    tables.set(
      name,
      rows.map(({ row }) => row),
    );
  }
  return tables;
}

/** Columns that a later migration replaced; what they said is asked for below, where the application now finds it. */
const REPLACED: Record<string, string[]> = {
  plan_change: ["status", "attempts", "reason"],
  delivery: ["connection_id"],
};

const id = async (what: string): Promise<string> => {
  const { rows } = await place.superuser.query<{ id: string }>("SELECT md5($1)::uuid AS id", [what]);
  return rows[0]?.id ?? "";
};

it("begins with rows in every table of the release, of two workspaces", () => {
  expect([...before].filter(([, rows]) => rows.length < 2).map(([name]) => name)).toEqual([]);
  expect(before.size).toBe(32);
});

it("keeps every row and every value", async () => {
  const after = await readTables(before.keys());
  for (const [name, rows] of before) {
    const replaced = new Set(REPLACED[name]);
    const kept = Object.keys(rows[0] ?? {}).filter((column) => !replaced.has(column));
    const shown = (row: Record<string, unknown>) => JSON.stringify(kept.map((column) => [column, row[column]]));
    const now = new Set(after.get(name)?.map(shown));
    expect([name, rows.map(shown).filter((row) => !now.has(row))]).toEqual([name, []]);
    // What was tried and did not end in a delivery is one of its rows now.
    if (name !== "delivery") expect([name, after.get(name)?.length]).toEqual([name, rows.length]);
  }
});

it("has no constraint or index that does not hold for the rows that were there", async () => {
  const { rows } = await place.superuser.query(
    `SELECT conname AS name FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND NOT convalidated
     UNION ALL SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid`,
  );
  expect(rows).toEqual([]);
  const missing = await id("nobody");
  await expect(
    place.superuser.query(
      "INSERT INTO plan_change (workspace_id, plan_id, vendor_id, record_id, before, after) VALUES ($1, $1, '', $1, '{}', '{}')",
      [missing],
    ),
  ).rejects.toThrow("violates foreign key constraint");
  await expect(place.superuser.query("UPDATE workspace SET refresh_minutes = 0")).rejects.toThrow(
    "violates check constraint",
  );
});

it("lets the application read each workspace's own", async () => {
  const listed = await createConnectionStore(database).listWorkspaces();
  expect(listed.map(({ slug, refreshMinutes }) => [slug, refreshMinutes])).toEqual([
    ["fern", 30],
    ["moss", 30],
  ]);
  for (const { workspaceId, slug } of listed) {
    const overview = await createReader(database).overview(workspaceId);
    expect(overview).toMatchObject({
      personRecords: 57,
      profiles: 40,
      duplicates: 20,
      orders: 180,
      openRejects: 3,
      remarks: 3,
    });
    expect(overview.traits).toEqual([{ name: "lifecycle_stage", value: "loyal", profiles: 40 }]);
    const connections = await createConnectionStore(database).listConnections(workspaceId);
    expect(connections.map(({ connector, status, autoApplyShare }) => [connector, status, autoApplyShare])).toEqual([
      ["hubspot", "ready", 0.2],
      ["stripe", "needs_permission", null],
    ]);
    const streams = await createReader(database).streams(workspaceId);
    expect(streams.map(({ stream, complete, recordsRead }) => [stream, complete, recordsRead])).toEqual([
      ["contacts", true, 60],
      ["deals", false, 0],
    ]);
    expect(await createRunStore(database).lastRuns(workspaceId, 10)).toHaveLength(6);
    expect(await createSetAsideStore(database).list(workspaceId)).toHaveLength(2);
    const profileId = (await id(`${slug} profile 1`)) as ProfileId;
    const found = await createProfileViews(database).profile(workspaceId, profileId);
    expect(found?.records.map(({ vendorId }) => vendorId).toSorted()).toEqual(["c1", "c41"]);
    expect(found?.aliases).toEqual([await id(`${slug} alias 41`)]);
    expect(found?.consents).toMatchObject([{ channel: "email", purpose: "marketing", state: "granted" }]);
  }
});

it("shows each change of a plan as it ended", async () => {
  for (const slug of ["fern", "moss"]) {
    const workspaceId = (await id(slug)) as WorkspaceId;
    const planId = (await id(`${slug} plan applied_with_failures`)) as PlanId;
    const plan = await createPlanStore(database).show(workspaceId, planId, { sample: 10 });
    const shown = plan?.sample.map(({ vendorId, status, reason }) => [vendorId, status, reason]).toSorted();
    expect(shown).toEqual([
      ["c1", "pending", null],
      ["c2", "sent", null],
      ["c3", "applied", null],
      ["c4", "failed", "reason 4"],
      ["c5", "skipped", "reason 5"],
      ["c6", "gone", "reason 6"],
    ]);
    const waiting = await createPlanStore(database).show(workspaceId, (await id(`${slug} plan waiting`)) as PlanId, {
      sample: 10,
    });
    expect(waiting?.counts).toEqual({ pending: 6 });
  }
});

it("goes on reading from the position it had, and knows what it has", async () => {
  const workspaceId = (await id("fern")) as WorkspaceId;
  const connectionId = (await id("fern hubspot")) as ConnectionId;
  const saved = await createIngestStore(database).savePage(workspaceId, {
    connectionId,
    stream: "contacts",
    from: { after: "60" },
    page: page([person("new")]),
  });
  expect(saved).toMatchObject({ outcome: "saved", counts: { inserted: 1 } });
  const rows = await database.inWorkspace(workspaceId, ({ query }) =>
    query<{ n: number }>("SELECT count(*)::int AS n FROM source_record WHERE stream = 'contacts'"),
  );
  expect(rows).toEqual([{ n: 61 }]);
});

it("takes figures by day, which the release had no tables for, and keeps them for a time of their own", async () => {
  const workspaceId = (await id("moss")) as WorkspaceId;
  const connectionId = (await id("moss hubspot")) as ConnectionId;
  const saved = await createIngestStore(database).savePage(workspaceId, {
    ...{ connectionId, stream: "channels", from: null },
    page: page([metric("a"), spend("b")], { days: replaced(["2026-11-01"]) }),
  });
  expect(saved).toMatchObject({ outcome: "saved", counts: { inserted: 2 } });
  const retention = createRetentionStore(database);
  expect(await retention.keep(workspaceId, { figures: 400 })).toMatchObject({ figures: 400 });
});
