import { afterAll, beforeAll, expect, it } from "vitest";
import { workspaceIdOf } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createReader } from "#profile/store/views/read.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { order, page, person } from "#tests/support/records.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
  const connections = createConnectionStore(test.database);
  const { connectionId } = await connections.upsertConnection(
    test.workspaceId,
    { connector: "csv", name: "till" },
    "t",
  );
  await createIngestStore(test.database).savePage(test.workspaceId, {
    connectionId,
    stream: "people",
    from: null,
    page: page([person("1"), person("2", { deleted: true }), order("o", "1")]),
  });
  await test.database.inWorkspace(test.workspaceId, async (transaction) => {
    await transaction.query(
      `INSERT INTO profile (workspace_id, profile_id, anchor_record_id)
       SELECT workspace_id, record_id, record_id FROM source_record ORDER BY record_id LIMIT 1`,
    );
    await transaction.query(
      `INSERT INTO membership (workspace_id, record_id, profile_id)
       SELECT s.workspace_id, s.record_id, p.profile_id FROM source_record AS s, profile AS p`,
    );
    await transaction.query(
      `INSERT INTO profile_traits (workspace_id, profile_id, traits, hash)
       SELECT workspace_id, profile_id, '{"stage": {"status": "ok", "value": "loyal", "reasons": []},
         "churn": {"status": "ok", "value": 0.5, "reasons": []}}', '' FROM profile`,
    );
  });
});
afterAll(() => test.drop());

it("sums up a workspace", async () => {
  expect(await createReader(test.database).overview(test.workspaceId)).toEqual({
    personRecords: 1,
    profiles: 1,
    duplicates: 1,
    orders: 1,
    consents: [],
    traits: [{ name: "stage", value: "loyal", profiles: 1 }],
    deliveries: [],
    openRejects: 0,
    remarks: 0,
  });
});

it("lists streams with the connection they belong to", async () => {
  const reader = createReader(test.database);
  const [stream] = await reader.streams(test.workspaceId);
  expect(stream).toMatchObject({
    connector: "csv",
    connectionName: "till",
    stream: "people",
    complete: true,
    recordsRead: 3,
  });
});

it("shows nothing of another workspace", async () => {
  const reader = createReader(test.database);
  const other = workspaceIdOf("other");
  expect(await reader.overview(other)).toMatchObject({ personRecords: 0, profiles: 0, orders: 0, traits: [] });
  expect(await reader.streams(other)).toEqual([]);
});
