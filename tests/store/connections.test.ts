import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectionIdOf } from "#profile/ids.ts";
import { createConnectionStore, type ConnectionStore } from "#profile/store/connections.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";

let test: TestDatabase;
let owner: Client;
let store: ConnectionStore;
beforeAll(async () => {
  test = await createTestDatabase();
  owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  store = createConnectionStore(test.database);
});
afterAll(async () => {
  await owner.end();
  await test.drop();
});

const audit = async () => (await owner.query("SELECT actor, action, details FROM audit_log ORDER BY entry_id")).rows;

it("makes a workspace once, updates it, and lists all of them for the worker", async () => {
  const input = { slug: "shop", name: "Shop", defaultCountry: "NL", currency: "EUR", timeZone: "Europe/Amsterdam" };
  const made = await store.createWorkspace({ ...input, refreshMinutes: 5 });
  expect(await store.createWorkspace({ ...input, name: "Shop two" })).toEqual({
    ...made,
    name: "Shop two",
    refreshMinutes: 5,
  });
  expect(await store.getWorkspace(made.workspaceId)).toMatchObject({ name: "Shop two", timeZone: "Europe/Amsterdam" });
  expect((await store.listWorkspaces()).map(({ slug, refreshMinutes }) => [slug, refreshMinutes])).toEqual([
    ["shop", 5],
    ["test", 15],
  ]);
});

it("keeps status, account and unnamed settings when a connection is set up again, and logs changes only", async () => {
  const input = { connector: "hubspot", name: "main", settings: { portal: "1" }, writeBack: true };
  const made = await store.upsertConnection(test.workspaceId, input, "setup");
  expect(made).toMatchObject({ ...input, status: "ready", baseUrl: null, autoApplyShare: null, externalAccount: null });
  const { connectionId } = made;
  await store.updateConnection(test.workspaceId, connectionId, { externalAccount: "77", autoApplyShare: 0.2 }, "admin");
  await store.setStatus(test.workspaceId, connectionId, "needs_reconnect", "The token was revoked.", "worker");
  await store.setStatus(test.workspaceId, connectionId, "needs_reconnect", "The token was revoked.", "worker");
  const again = await store.upsertConnection(test.workspaceId, { connector: "hubspot", name: "main" }, "setup");
  expect(again).toEqual({
    ...made,
    externalAccount: "77",
    autoApplyShare: 0.2,
    status: "needs_reconnect",
    statusReason: "The token was revoked.",
  });
  expect(await store.get(test.workspaceId, connectionId)).toEqual(again);
  expect(await store.listConnections(test.workspaceId)).toEqual([again]);
  expect(await audit()).toEqual([
    { actor: "setup", action: "connection.created", details: {} },
    { actor: "admin", action: "connection.changed", details: { fields: ["externalAccount", "autoApplyShare"] } },
    {
      actor: "worker",
      action: "connection.status",
      details: { status: "needs_reconnect", reason: "The token was revoked." },
    },
  ]);
});

it("says so when there is no such connection", async () => {
  const unknown = connectionIdOf(test.workspaceId, "hubspot", "unknown");
  await expect(store.get(test.workspaceId, unknown)).rejects.toThrow("There is no connection");
});
