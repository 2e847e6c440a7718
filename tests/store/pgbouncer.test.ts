/**
 * Through a pooler in transaction mode, where a session belongs to nobody for longer than a transaction. With pgbouncer
 * where the machine has it; one connection that all share shows the same of our own statements everywhere.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrate } from "#prisma/migrate.ts";
import { PRISMA_LOCK } from "#prisma/migration-lock.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { openDatabase, type Database } from "#profile/store/database.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createQuota } from "#profile/store/quota.ts";
import { createReader } from "#profile/store/views/read.ts";
import { connect, createPlace, type Place } from "#tests/support/installation.ts";
import { startPgbouncer, type Pooler } from "#tests/support/pgbouncer.ts";
import { order, page, person } from "#tests/support/records.ts";

const SERVER_SESSIONS = 2;
let place: Place;
let pooler: Pooler | null;
beforeAll(async () => {
  place = await createPlace();
  pooler = await startPgbouncer([place.ownerUrl, place.appUrl], { poolSize: SERVER_SESSIONS });
});
afterAll(async () => {
  await pooler?.stop();
  await place.drop();
});
/** The pooler's address of the URL; where there is no pooler, the server's own. */
const through = (url: string) => pooler?.through(url) ?? url;

it("migrates, makes the role and leaves no lock behind, again and again", async () => {
  const urls = [through(place.ownerUrl), { appUrl: through(place.appUrl) }] as const;
  const { applied } = await migrate(...urls);
  expect(applied).toContain("0001_first");
  // Of this database: other tests migrate theirs at the same time.
  const { rows } = await place.superuser.query(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [PRISMA_LOCK],
  );
  expect(rows).toEqual([]);
  expect((await Promise.all([migrate(...urls), migrate(...urls)])).map((result) => result.applied)).toEqual([[], []]);
});

describe("the application", () => {
  /** As many clients as could mix up what the few sessions behind the pooler remember. */
  let database: Database;
  const workspaces: WorkspaceId[] = [];
  beforeAll(async () => {
    database = openDatabase(through(place.appUrl), { max: pooler === null ? 1 : 12 });
    const connections = createConnectionStore(database);
    for (const slug of ["a", "b", "c"]) {
      const { workspaceId } = await connections.createWorkspace({
        slug,
        name: slug,
        defaultCountry: "GB",
        currency: "GBP",
        timeZone: "UTC",
      });
      workspaces.push(workspaceId);
    }
  });
  afterAll(() => database.close());

  it("keeps workspaces apart over many transactions that take turns on few sessions", async () => {
    const connections = createConnectionStore(database);
    const ingest = createIngestStore(database);
    await Promise.all(
      workspaces.map(async (workspaceId) => {
        const { connectionId } = await connections.upsertConnection(
          workspaceId,
          { connector: "csv", name: "till" },
          "t",
        );
        let from: unknown = null;
        for (let batch = 0; batch < 5; batch++) {
          const next = { batch };
          await ingest.savePage(workspaceId, {
            connectionId,
            stream: "people",
            from,
            page: page([person(`${batch}`), order(`o${batch}`, `${batch}`)], { next }),
          });
          from = next;
        }
      }),
    );
    const seen = await Promise.all(
      Array.from({ length: 300 }, async (_each, index) => {
        const workspaceId = workspaces[index % workspaces.length] ?? "";
        const rows = await database.inWorkspace(workspaceId as WorkspaceId, async ({ query }) => {
          const first = await query<{ id: string }>("SELECT DISTINCT workspace_id AS id FROM source_record");
          // A failed statement now and then, so that rollbacks take their turn too.
          if (index % 10 === 9) await query("SELECT 1 / 0").catch(() => undefined);
          return first;
        });
        return rows.length === 1 && rows[0]?.id === workspaceId;
      }),
    );
    expect(seen.filter((own) => !own)).toEqual([]);
    const summaries = await Promise.all(workspaces.map((workspaceId) => createReader(database).overview(workspaceId)));
    expect(summaries.map(({ personRecords, orders }) => [personRecords, orders])).toEqual(workspaces.map(() => [5, 5]));
  });

  it("leaves neither a workspace nor a prepared statement on a session, and spends quota outside a transaction", async () => {
    const quota = createQuota(database);
    await Promise.all(Array.from({ length: 20 }, () => quota.reserve("key", { calls: 100, windowMs: 100_000 }, 1)));
    const left = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const { rows } = await database.pool.query<{ workspace: string; statements: number; visible: number }>(
          `SELECT coalesce(current_setting('tributary.workspace_id', true), '') AS workspace,
             (SELECT count(*)::int FROM pg_prepared_statements) AS statements, (SELECT count(*)::int FROM workspace) AS visible`,
        );
        return rows[0];
      }),
    );
    expect(left).toEqual(left.map(() => ({ workspace: "", statements: 0, visible: 0 })));
    expect(await createConnectionStore(database).listWorkspaces()).toHaveLength(workspaces.length);
  });
});

it("has been through the few sessions of the pooler", async (context) => {
  if (pooler === null) {
    context.skip("There is no pgbouncer here: what is above went to Postgres directly.");
    return;
  }
  const here = await connect(through(place.appUrl));
  const { rows } = await place.superuser.query<{ sessions: number }>(
    "SELECT count(*)::int AS sessions FROM pg_stat_activity WHERE usename = $1",
    [place.appRole],
  );
  await here.end();
  expect(rows[0]?.sessions).toBeLessThanOrEqual(SERVER_SESSIONS);
});
