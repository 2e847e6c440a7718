/** A step works with two batches side by side: what one that fails leaves of the other. */
import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readMasterKeys } from "#config.ts";
import { createLogger } from "#logger.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import { refreshActivities } from "#workflows/refresh/activities.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { countsOf } from "#tests/support/loop.ts";

/** More than one batch holds. */
const PROFILES = 2_100;

let test: TestDatabase;
let owner: Client;
beforeAll(async () => {
  test = await createTestDatabase();
  owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  await owner.query(
    `INSERT INTO profile (workspace_id, profile_id, anchor_record_id)
     SELECT $1, gen_random_uuid(), gen_random_uuid() FROM generate_series(1, ${PROFILES})`,
    [test.workspaceId],
  );
});
afterAll(async () => {
  await owner.end();
  await test.drop();
});

it("a step that fails has no batch under way any more, counts what the other one did, and its next attempt does the rest", async () => {
  const masterKeys = readMasterKeys({ TRIBUTARY_KEY: randomBytes(32).toString("base64") }, "");
  const log = createLogger({ name: "test", level: "fatal" });
  const { dependencies, close } = createDependencies({ databaseUrl: test.appUrl, masterKeys }, log);
  const { workspaceId } = test;
  const { beginRun, refreshConsents } = refreshActivities(dependencies);
  const { runId } = await beginRun({ workspaceId, key: "lanes" });
  const counted = async () => {
    const [run] = await dependencies.runs.lastRuns(workspaceId, 1);
    return run === undefined ? undefined : countsOf(run, "consent")["profiles"];
  };
  try {
    await failFirstAndDelayOthers();
    await expect(refreshConsents({ workspaceId, runId })).rejects.toThrow("the database stumbled");
    expect(await atWork()).toEqual([]);
    const done = await answered();
    expect(done).toBeGreaterThan(0);
    expect(await counted()).toBe(done);

    await refreshConsents({ workspaceId, runId });
    expect(await answered()).toBe(PROFILES);
    expect(await counted()).toBe(PROFILES);
  } finally {
    await close();
  }
});

/** The first batch to store its answers fails, as when a server goes away; every later one takes a second. */
async function failFirstAndDelayOthers(): Promise<void> {
  await owner.query(`
    CREATE SEQUENCE attempt;
    GRANT ALL ON SEQUENCE attempt TO PUBLIC;
    CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('attempt') = 1 THEN
        PERFORM pg_sleep(0.3);
        RAISE EXCEPTION 'the database stumbled';
      END IF;
      PERFORM pg_sleep(1);
      RETURN NULL;
    END $$;
    CREATE TRIGGER stumble BEFORE UPDATE ON profile FOR EACH STATEMENT EXECUTE FUNCTION stumble();
  `);
}

/** What the application's role has open in this database. */
async function atWork(): Promise<string[]> {
  const { rows } = await owner.query<{ query: string }>(
    `SELECT query FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle'`,
  );
  return rows.map(({ query }) => query);
}

async function answered(): Promise<number> {
  const { rows } = await owner.query<{ done: number }>(
    "SELECT count(*)::int AS done FROM profile WHERE consented_seq >= touched_seq",
  );
  return rows[0]?.done ?? 0;
}
