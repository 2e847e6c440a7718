/** What is read because of a webhook, beside pages of the same stream and further webhooks. */
import { beforeEach, expect, it } from "vitest";
import { createConnectionStore } from "#profile/store/connections.ts";
import { openDatabase } from "#profile/store/database.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createDueRecords, type DueRecords } from "#profile/store/webhooks/due.ts";
import { createWebhookInbox, type WebhookInbox } from "#profile/store/webhooks/inbox.ts";
import { migrate } from "#prisma/migrate.ts";
import { connectionId, ingest, owner, test, useConnection } from "#tests/support/connection.ts";
import { createPlace } from "#tests/support/installation.ts";
import { page, person } from "#tests/support/records.ts";

useConnection("hubspot");
const STREAM = "contacts";
let due: DueRecords;
let inbox: WebhookInbox;
let serial = 0;
beforeEach(async () => {
  due = createDueRecords(test.database);
  inbox = createWebhookInbox(test.database);
  const change = { externalAccount: connectionId };
  await createConnectionStore(test.database).updateConnection(test.workspaceId, connectionId, change, "t");
  await ingest.savePage(test.workspaceId, {
    ...{ connectionId, stream: STREAM, from: null },
    page: { ...page([person("1", { updatedAt: "2026-11-01T00:00:00Z" })]), next: "here", atEnd: true, fullScan: true },
  });
});

const happened = (id: string) =>
  inbox.receive([
    {
      ...{ connector: "hubspot", account: connectionId, id: `e${(serial += 1)}`, at: "2026-11-02T00:00:00Z" },
      ...{ effect: "changed", records: [{ stream: STREAM, id }] },
    },
  ]);
const listed = () => due.list(test.workspaceId, connectionId, 10);
const save = (from: unknown, records: ReturnType<typeof person>[], of: Awaited<ReturnType<typeof listed>>) =>
  due.save(test.workspaceId, {
    ...{ connectionId, stream: STREAM, from, due: of },
    found: { records, rejects: [], rawCount: records.length },
  });
const isDeleted = async () =>
  (await owner.query("SELECT deleted FROM source_record WHERE connection_id = $1", [connectionId])).rows;

it("does not count when a page was stored since it was asked for: a deletion is not undone", async () => {
  await happened("1");
  const of = await listed();
  // Asked for now, and answered as it stood; a page then tells that the record is gone, undated.
  const gone = { ...person("1", { deleted: true, emails: [] }), updatedAt: null };
  await ingest.savePage(test.workspaceId, {
    ...{ connectionId, stream: STREAM, from: "here" },
    page: { ...page([gone]), next: "there", atEnd: true },
  });
  expect(await save("here", [person("1", { updatedAt: "2026-11-01T00:00:00Z" })], of)).toEqual({
    outcome: "superseded",
  });
  expect([await isDeleted(), (await listed()).length]).toEqual([[{ deleted: true }], 1]);
  expect((await save("there", [gone], of)).outcome).toBe("saved");
  expect(await listed()).toEqual([]);
});

it("leaves a record due of which something new was said while it was read", async () => {
  await happened("1");
  const of = await listed();
  await happened("1");
  expect((await save("here", [person("1", { city: "Deal", updatedAt: "2026-11-02T00:00:00Z" })], of)).outcome).toBe(
    "saved",
  );
  expect((await listed()).map(({ vendorId }) => vendorId)).toEqual(["1"]);
});

it("is older than what a page has brought: then the page's stays", async () => {
  await ingest.savePage(test.workspaceId, {
    ...{ connectionId, stream: STREAM, from: "here" },
    page: { ...page([person("1", { city: "Ryde", updatedAt: "2026-11-05T00:00:00Z" })]), next: "here", atEnd: true },
  });
  await happened("1");
  const saved = await save("here", [person("1", { city: "Deal", updatedAt: "2026-11-02T00:00:00Z" })], await listed());
  expect(saved).toMatchObject({ outcome: "saved", counts: { changed: 0, stale: 1 } });
});

it("is left to the ordinary reading when it cannot be read five times over, and begins anew with the next event", async () => {
  await happened("1");
  const left: number[] = [];
  for (let attempt = 0; attempt < 5; attempt += 1)
    left.push(await due.postpone(test.workspaceId, connectionId, await listed()));
  expect([left, await listed()]).toEqual([[0, 0, 0, 0, 1], []]);
  await happened("1");
  expect(await listed()).toHaveLength(1);
});

it("works where the schema's owner is no superuser, and shows each workspace its own alone", async () => {
  const place = await createPlace();
  try {
    await migrate(place.ownerUrl, { appUrl: place.appUrl });
    const database = openDatabase(place.appUrl);
    const connections = createConnectionStore(database);
    const shop = { name: "a", defaultCountry: "GB", currency: "GBP", timeZone: "UTC" };
    const made = [];
    for (const slug of ["a", "b"]) {
      const { workspaceId } = await connections.createWorkspace({ ...shop, slug });
      const { connectionId: id } = await connections.upsertConnection(
        workspaceId,
        { connector: "hubspot", name: "main" },
        "t",
      );
      await connections.updateConnection(workspaceId, id, { externalAccount: slug }, "t");
      made.push({ workspaceId, id });
    }
    const [a, b] = made;
    if (a === undefined || b === undefined) throw new Error("Two were made.");
    const store = createWebhookInbox(database);
    const event = { at: "2026-11-02T00:00:00Z", effect: "changed" as const, records: [{ stream: STREAM, id: "1" }] };
    const received = await store.receive([
      { ...event, connector: "hubspot", account: "a", id: "e1" },
      { ...event, connector: "hubspot", account: "nobody", id: "e2" },
    ]);
    expect(received).toEqual({ workspaces: [a.workspaceId], unknown: [{ connector: "hubspot", events: 1 }] });
    const records = createDueRecords(database);
    expect(await records.list(a.workspaceId, a.id, 10)).toHaveLength(1);
    expect(await records.list(b.workspaceId, a.id, 10)).toEqual([]);
    await expect(database.pool.query("SELECT FROM webhook_refusal")).rejects.toThrow("permission denied");
    expect(createIngestStore(database)).toBeDefined();
    await database.close();
  } finally {
    await place.drop();
  }
});
