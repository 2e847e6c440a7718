/** A click on an ad is somebody's only where their record holds its very id. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { CanonicalRecord, PersonRecord } from "#connectors/core/records.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { recordIdOf, type ConnectionId } from "#profile/ids.ts";
import { connectionId, connectionName, ingest, owner, test, useConnection } from "#tests/support/connection.ts";
import { page, person, touchpoint } from "#tests/support/records.ts";

useConnection("csv");

/** Another one in each test: the workspace is the same. */
let GCLID = "";
let serial = 0;
beforeEach(() => {
  GCLID = `Cj0KCQiA_aBc-XyZ${(serial += 1)}`;
});
const cursors = new Map<string, { n: number }>();

async function save(connection: ConnectionId, stream: string, records: CanonicalRecord[]): Promise<void> {
  const from = cursors.get(connection + stream) ?? null;
  const next = { n: (from?.n ?? 0) + 1 };
  cursors.set(connection + stream, next);
  const saved = await ingest.savePage(test.workspaceId, {
    ...{ connectionId: connection, stream, from, page: page(records, { next }) },
  });
  expect(saved.outcome).toBe("saved");
}
const ads = async () =>
  (
    await createConnectionStore(test.database).upsertConnection(
      test.workspaceId,
      { connector: "csv", name: `${connectionName} ads` },
      "test",
    )
  ).connectionId;
const click = (id = GCLID, campaign = "Brand") =>
  ({ ...touchpoint(id, ""), person: null, type: "ad_clicked", updatedAt: null, campaign }) satisfies CanonicalRecord;
const holder = (id: string, value: string | null, updatedAt = "2026-05-01T00:00:00Z"): PersonRecord =>
  person(id, {
    updatedAt,
    externalIds: value === null ? [] : [{ kind: "click_id", value, scope: "workspace" }],
  });
/** Of the click: whose it is, by the id of the person; null: nobody's. */
async function whose(connection: ConnectionId, id = GCLID): Promise<string | null> {
  const { rows } = await owner.query<{ person: string | null }>(
    "SELECT person_record_id AS person FROM touchpoint WHERE record_id = $1",
    [recordIdOf(connection, "clicks", id)],
  );
  const names = new Map(["a", "b"].map((name) => [recordIdOf(connectionId, "people", name) as string, name]));
  const person = rows[0]?.person ?? null;
  return person === null ? null : (names.get(person) ?? "somebody else");
}

describe("a click", () => {
  it("is nobody's where no record holds its id, or only one that differs in a letter's case", async () => {
    const place = await ads();
    await save(place, "clicks", [click()]);
    await save(connectionId, "people", [holder("a", GCLID.toLowerCase()), person("b")]);
    expect(await whose(place)).toBeNull();
  });

  it("is its holder's, whichever of the two is read first, and stays theirs when its campaign is renamed", async () => {
    const place = await ads();
    await save(place, "clicks", [click()]);
    await save(connectionId, "people", [holder("a", GCLID)]);
    expect(await whose(place)).toBe("a");
    await save(place, "clicks", [click(GCLID, "Renamed"), click("Cj0another")]);
    expect(await whose(place)).toBe("a");
    await save(connectionId, "people", [holder("b", "Cj0later")]);
    await save(place, "clicks", [click("Cj0later")]);
    expect(await whose(place, "Cj0later")).toBe("b");
  });

  it("is its holder's where both come at the same moment: such pages wait for one another", async () => {
    const place = await ads();
    const lock = [`clicks ${test.workspaceId}`];
    await owner.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", lock);
    const both = Promise.all([save(place, "clicks", [click()]), save(connectionId, "people", [holder("a", GCLID)])]);
    await vi.waitFor(
      async () => {
        const { rows } = await owner.query<{ waiting: number }>(
          `SELECT count(*)::int AS waiting FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event = 'advisory'`,
        );
        expect(rows).toEqual([{ waiting: 2 }]);
      },
      { timeout: 20_000, interval: 20 },
    );
    await owner.query("SELECT pg_advisory_unlock(hashtextextended($1, 0))", lock);
    await both;
    expect(await whose(place)).toBe("a");
  });

  it("that two people hold joins neither, and is one's again when the other lets go", async () => {
    const place = await ads();
    await save(place, "clicks", [click()]);
    await save(connectionId, "people", [holder("a", GCLID), holder("b", GCLID)]);
    expect(await whose(place)).toBeNull();
    await save(connectionId, "people", [holder("b", null, "2026-06-01T00:00:00Z")]);
    expect(await whose(place)).toBe("a");
    await save(connectionId, "people", [{ ...holder("a", GCLID, "2026-06-01T00:00:00Z"), deleted: true }]);
    expect(await whose(place)).toBeNull();
  });

  it("brings its person back into the queue, and nobody else", async () => {
    const place = await ads();
    await save(connectionId, "people", [holder("a", GCLID), person("b")]);
    await owner.query(
      `INSERT INTO profile (workspace_id, profile_id, anchor_record_id, touched_seq, scored_seq)
       SELECT workspace_id, record_id, record_id, 1, 1 FROM source_record
       WHERE connection_id = $1`,
      [connectionId],
    );
    await owner.query(
      `INSERT INTO membership (workspace_id, record_id, profile_id) SELECT workspace_id, record_id, record_id FROM source_record
       WHERE connection_id = $1`,
      [connectionId],
    );
    await save(place, "clicks", [click()]);
    const { rows } = await owner.query<{ person: string }>(
      "SELECT profile_id AS person FROM profile JOIN source_record ON record_id = profile_id WHERE connection_id = $1 AND touched_seq > 1",
      [connectionId],
    );
    expect(rows.map(({ person }) => person)).toEqual([recordIdOf(connectionId, "people", "a")]);
  });
});
