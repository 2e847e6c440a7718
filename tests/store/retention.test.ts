import { beforeEach, describe, expect, it } from "vitest";
import type { RunId } from "#profile/ids.ts";
import { recordIdOf } from "#profile/ids.ts";
import { createRetentionStore, type RetentionStore } from "#profile/store/retention/store.ts";
import { createRunStore } from "#profile/store/runs.ts";
import { connectionId, ingest, owner, test, useConnection } from "#tests/support/connection.ts";
import { page, person } from "#tests/support/records.ts";

const DAY = 86_400_000;
const stream = "people";
useConnection("csv");

let retention: RetentionStore;
beforeEach(async () => {
  retention = createRetentionStore(test.database);
  await retention.keep(test.workspaceId, { runs: 90, plans: 90, versions: 30 });
});
const prune = async (days: number, batch = 1_000) =>
  (await retention.prune(test.workspaceId, Date.now() + days * DAY, { batch })).pruned;

describe("versions of what a tool said", () => {
  let at: unknown = null;
  const save = async (...cities: [id: string, city: string][]) => {
    const next = { n: Math.random() };
    const records = cities.map(([id, city]) => person(id, { city, updatedAt: null }));
    await ingest.savePage(test.workspaceId, {
      connectionId,
      stream,
      from: at,
      page: page(records, { next, atEnd: true }),
    });
    at = next;
  };
  beforeEach(async () => {
    at = null;
    await owner.query("DELETE FROM superseded_content");
  });
  const cities = async (id: string) => {
    const { rows } = await owner.query<{ city: string; current: boolean }>(
      `SELECT said.data ->> 'city' AS city, said.hash = record.hash AS current
       FROM source_content said JOIN source_record record USING (workspace_id, record_id)
       WHERE record_id = $1 ORDER BY said.recorded_at`,
      [recordIdOf(connectionId, stream, id)],
    );
    return rows.map(({ city, current }) => (current ? `${city}!` : city));
  };

  it("go when others took their place long enough ago; the current one never does", async () => {
    await save(["1", "York"], ["2", "Bath"]);
    await save(["1", "Leeds"]);
    await save(["1", "Hull"]);
    expect(await prune(29)).toMatchObject({ versions: { rows: { versions: 0 } } });
    expect(await cities("1")).toEqual(["York", "Leeds", "Hull!"]);
    expect((await retention.preview(test.workspaceId, Date.now() + 31 * DAY)).versions.rows).toEqual({ versions: 2 });
    expect(await prune(31, 1)).toMatchObject({ versions: { rows: { versions: 2 } } });
    expect([await cities("1"), await cities("2")]).toEqual([["Hull!"], ["Bath!"]]);
    expect(await prune(1_000)).toMatchObject({ versions: { rows: { versions: 0 }, bytes: 0 } });
  });

  it("stay when a record says again what it said before, and count anew when that is superseded again", async () => {
    await save(["1", "York"]);
    await save(["1", "Leeds"]);
    await save(["1", "York"]);
    await owner.query("UPDATE superseded_content SET since = since - interval '31 days'");
    expect(await prune(0)).toMatchObject({ versions: { rows: { versions: 1 } } });
    expect(await cities("1")).toEqual(["York!"]);
    await save(["1", "Hull"]);
    expect(await prune(29)).toMatchObject({ versions: { rows: { versions: 0 } } });
    expect(await cities("1")).toEqual(["York", "Hull!"]);
  });

  it("are safe from pruning while the record is being written back to one of them", async () => {
    await save(["1", "York"]);
    await save(["1", "Leeds"]);
    await owner.query("UPDATE superseded_content SET since = since - interval '31 days'");
    // Ingest has written the record and not committed: it relies on the version that is there.
    await owner.query("BEGIN");
    await owner.query(
      `UPDATE source_record SET hash = (SELECT hash FROM superseded_content s WHERE s.record_id = source_record.record_id)
       WHERE record_id = $1`,
      [recordIdOf(connectionId, stream, "1")],
    );
    const pruning = prune(0);
    await untilSomebodyWaits();
    await owner.query("COMMIT");
    expect(await pruning).toMatchObject({ versions: { rows: { versions: 0 } } });
    expect(await cities("1")).toEqual(["York!", "Leeds"]);
  });
});

/** Another session waits for what ours holds. */
async function untilSomebodyWaits(): Promise<void> {
  for (;;) {
    const { rows } = await owner.query<{ waiting: boolean }>(
      "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))) AS waiting",
    );
    if (rows[0]?.waiting === true) return;
  }
}

describe("runs", () => {
  const runs = () => createRunStore(test.database);
  const past = (id: RunId) =>
    owner.query("UPDATE run SET started_at = started_at - interval '91 days' WHERE run_id = $1", [id]);

  it("go with their steps; the newest stays however old it is, and adding to one that is gone is no error", async () => {
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()] as [RunId, RunId];
    for (const id of [first, second]) {
      await runs().startRun(test.workspaceId, id);
      await runs().addCounts(test.workspaceId, id, "identity", { touched: 1 });
      await past(id);
    }
    expect(await prune(0)).toMatchObject({ runs: { rows: { runs: 1, steps: 1 } } });
    expect((await runs().lastRuns(test.workspaceId, 5)).map(({ runId }) => runId)).toEqual([second]);
    // As when a plan of that run is approved months later.
    await runs().addCounts(test.workspaceId, first, "write hubspot", { applied: 1 });
    expect(await runs().lastRuns(test.workspaceId, 5)).toHaveLength(1);
    await runs().addCounts(test.workspaceId, second, "write hubspot", { applied: 1 });
    expect((await runs().lastRuns(test.workspaceId, 5))[0]?.steps).toHaveLength(2);
  });
});

it("is due a day after it last came to its end, not before the workspace is a day old", async () => {
  const now = Date.now();
  expect(await retention.isDue(test.workspaceId, now)).toBe(false);
  expect(await retention.isDue(test.workspaceId, now + 1.1 * DAY)).toBe(true);
  await retention.prune(test.workspaceId, now + 2 * DAY, { goOn: () => false });
  expect(await retention.isDue(test.workspaceId, now + 2 * DAY)).toBe(true);
  await retention.prune(test.workspaceId, now + 2 * DAY);
  expect(await retention.isDue(test.workspaceId, now + 2.9 * DAY)).toBe(false);
  expect(await retention.isDue(test.workspaceId, now + 3.1 * DAY)).toBe(true);
});
