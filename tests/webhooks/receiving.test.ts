/** Requests over HTTP: whom we believe, what is stored of them, and what is not. */
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { workspaceIdOf } from "#profile/ids.ts";
import { createWebhookInbox } from "#profile/store/webhooks/inbox.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import {
  APP_SECRET,
  hubspotHeaders,
  notice,
  startWebhookConsole,
  stripeEvent,
  stripeHeaders,
  type WebhookConsole,
} from "./place.ts";

const MINUTE = 60_000;

let test: TestDatabase;
let owner: Client;
let site: WebhookConsole;
beforeAll(async () => {
  test = await createTestDatabase();
  owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  site = await startWebhookConsole(test.appUrl);
});
afterAll(async () => {
  await site.close();
  await owner.end();
  await test.drop();
});
beforeEach(async () => {
  await owner.query("TRUNCATE webhook_inbox, webhook_due, webhook_arrival, vendor_erasure, webhook_refusal");
  await owner.query("DELETE FROM credential; DELETE FROM connection");
  site.told.length = 0;
});

const inbox = async () => (await owner.query("SELECT * FROM webhook_inbox ORDER BY event_id")).rows;
const due = async () =>
  (
    await owner.query<{ connection_id: string; stream: string; vendor_id: string; erased: boolean }>(
      "SELECT connection_id, stream, vendor_id, erased FROM webhook_due ORDER BY connection_id, stream, vendor_id",
    )
  ).rows;
const nothingStored = async () => expect([await inbox(), await due()]).toEqual([[], []]);

describe("a request that is not the vendor's", () => {
  const cases: [string, () => Promise<{ status: number }>][] = [
    ["forged", () => site.hubspot([notice(1)], { secret: "another-secret" })],
    [
      "forged, of the other vendor",
      () => site.stripe(stripeEvent("customer.updated", { id: "cus_1" }), { secret: "whsec_x" }),
    ],
    ["ten minutes old", () => site.hubspot([notice(1)], { at: Date.now() - 10 * MINUTE })],
    ["from the future", () => site.hubspot([notice(1)], { at: Date.now() + 10 * MINUTE })],
    ["not signed", () => site.post("/webhooks/hubspot", JSON.stringify([notice(1)]), {})],
    [
      "altered by one byte",
      () => {
        const body = JSON.stringify([notice(1)]);
        const headers = hubspotHeaders(body, `${site.url}/webhooks/hubspot`, APP_SECRET, Date.now());
        return site.post("/webhooks/hubspot", body.replace("4815", "4816"), headers);
      },
    ],
    [
      "signed for another address",
      () => {
        const body = JSON.stringify([notice(1)]);
        const headers = hubspotHeaders(body, "https://other.example.com/webhooks/hubspot", APP_SECRET, Date.now());
        return site.post("/webhooks/hubspot", body, headers);
      },
    ],
    [
      "with a signature cut short",
      () => {
        const body = JSON.stringify([notice(1)]);
        const headers = hubspotHeaders(body, `${site.url}/webhooks/hubspot`, APP_SECRET, Date.now());
        headers["x-hubspot-signature-v3"] = headers["x-hubspot-signature-v3"].slice(0, 40);
        return site.post("/webhooks/hubspot", body, headers);
      },
    ],
  ];
  it.each(cases)("is refused with 401 and leaves nothing: %s", async (_, send) => {
    await site.connect({ connector: "hubspot", account: "4815" });
    await site.connect({ connector: "stripe", account: "acct_9" });
    expect((await send()).status).toBe(401);
    await nothingStored();
  });

  it("is counted, by connector and reason, without anything of what it says", async () => {
    const own = await createTestDatabase();
    const second = await startWebhookConsole(own.appUrl);
    await second.hubspot([notice(1)], { secret: "another-secret" });
    await second.hubspot([notice(1)], { secret: "another-secret" });
    await second.post("/webhooks/hubspot", "{}", {});
    await second.hubspot([notice(5, { portalId: 999 }), notice(6, { portalId: 999 })]);
    await second.close();
    expect(await createWebhookInbox(own.database).refused()).toMatchObject([
      { connector: "hubspot", connectionId: null, reason: "unknown account", requests: 2 },
      { connector: "hubspot", connectionId: null, reason: "unsigned", requests: 1 },
      { connector: "hubspot", connectionId: null, reason: "wrong signature", requests: 2 },
    ]);
    for (const secret of ["another-secret", APP_SECRET, "999"]) expect(second.logged()).not.toContain(secret);
    await own.drop();
  });

  it("finds no address where there is none, and none by another method", async () => {
    expect((await site.post("/webhooks/nobody", "[]", {})).status).toBe(404);
    expect((await site.post("/webhooks/csv", "[]", {})).status).toBe(404);
    expect((await site.post("/webhooks/hubspot/..%2f..", "[]", {})).status).toBe(404);
    expect((await fetch(new URL("/webhooks/hubspot", site.url))).status).toBe(404);
    expect((await fetch(new URL("/webhooks/hubspot", site.url), { method: "PUT" })).status).toBe(405);
    expect((await fetch(new URL("/plans", site.url), { method: "POST" })).status).toBe(405);
  });

  it("of more than a megabyte is not read", async () => {
    const body = `["${"x".repeat(1_000_001)}"]`;
    const headers = hubspotHeaders(body, `${site.url}/webhooks/hubspot`, APP_SECRET, Date.now());
    expect((await site.post("/webhooks/hubspot", body, headers)).status).toBe(413);
    await nothingStored();
  });
});

describe("an event", () => {
  it("is stored as ids and times, its record is to be read, and the workspace is told of", async () => {
    const { workspaceId, connectionId } = await site.connect({ connector: "hubspot", account: "4815" });
    const sent = notice(101, { propertyValue: "ada@marlow.example", occurredAt: Date.parse("2026-11-27T10:00:00Z") });
    expect((await site.hubspot([sent])).status).toBe(200);
    const [row, ...others] = await inbox();
    expect(others).toEqual([]);
    expect(row).toMatchObject({ workspace_id: workspaceId, connection_id: connectionId, effect: "changed" });
    expect(row.occurred_at).toEqual(new Date("2026-11-27T10:00:00Z"));
    expect(await due()).toEqual([{ connection_id: connectionId, stream: "contacts", vendor_id: "101", erased: false }]);
    await vi.waitFor(() => expect(site.told).toEqual([workspaceId]));
    expect(JSON.stringify(row)).not.toContain("marlow");
    expect(site.logged()).not.toContain("marlow");
  });

  it("is stored once, however often it is delivered, and tells nobody a second time", async () => {
    const { workspaceId } = await site.connect({ connector: "hubspot", account: "4815" });
    const sent = notice(101);
    await site.hubspot([sent, { ...sent, attemptNumber: 1 }]);
    await owner.query("DELETE FROM webhook_due");
    await vi.waitFor(() => expect(site.told).toEqual([workspaceId]));
    for (let time = 0; time < 3; time += 1)
      expect((await site.hubspot([{ ...sent, attemptNumber: time }])).status).toBe(200);
    expect([(await inbox()).length, await due(), site.told.length]).toEqual([1, [], 1]);
    expect(await site.deps.inbox.arrivals(workspaceId)).toMatchObject([{ events: 1, repeated: 4 }]);
  });

  it("reaches every connection of its account, in whichever workspace, and no other", async () => {
    const one = await site.connect({ connector: "hubspot", account: "4815" });
    const two = await site.connect({ connector: "hubspot", account: "4815", slug: "second-shop" });
    await site.connect({ connector: "hubspot", account: "1516", slug: "third-shop" });
    await site.connect({ connector: "stripe", account: "4815", slug: "third-shop" });
    expect((await site.hubspot([notice(101)])).status).toBe(200);
    expect((await due()).map(({ connection_id }) => connection_id)).toEqual(
      [one.connectionId, two.connectionId].toSorted(),
    );
    await vi.waitFor(() => expect(new Set(site.told)).toEqual(new Set([one.workspaceId, two.workspaceId])));
    // Each sees its own alone.
    expect(await site.deps.inbox.arrivals(one.workspaceId)).toHaveLength(1);
    expect(await site.deps.inbox.arrivals(workspaceIdOf("third-shop"))).toEqual([]);
  });

  it("of one id is another event for another account", async () => {
    const one = await site.connect({ connector: "hubspot", account: "4815" });
    const two = await site.connect({ connector: "hubspot", account: "1516", name: "other" });
    const sent = notice(101);
    await site.hubspot([sent, { ...sent, portalId: 1516 }]);
    expect(new Set((await inbox()).map(({ connection_id }) => connection_id))).toEqual(
      new Set([one.connectionId, two.connectionId]),
    );
  });

  it("of an account that nobody has connected, or no longer, is answered 200 and not stored", async () => {
    const { workspaceId, connectionId } = await site.connect({ connector: "hubspot", account: "1516" });
    expect((await site.hubspot([notice(101)])).status).toBe(200);
    await site.deps.connections.setStatus(workspaceId, connectionId, "disconnected", null, "test");
    expect((await site.hubspot([notice(101, { portalId: 1516 })])).status).toBe(200);
    await nothingStored();
  });

  it("comes with five hundred others in one body, in any order, and each record is to be read once", async () => {
    await site.connect({ connector: "hubspot", account: "4815" });
    const events = Array.from({ length: 500 }, (_, n) => notice(1_000 + (n % 200)));
    expect((await site.hubspot(events.toReversed())).status).toBe(200);
    expect([(await inbox()).length, (await due()).length]).toEqual([500, 200]);
  });

  it("in a form that we do not know does not cost the others", async () => {
    await site.connect({ connector: "hubspot", account: "4815" });
    expect((await site.hubspot([{ ...notice(1), portalId: "x" }, notice(2)])).status).toBe(200);
    expect((await due()).map(({ vendor_id }) => vendor_id)).toEqual(["2"]);
    const body = "[{";
    const headers = hubspotHeaders(body, `${site.url}/webhooks/hubspot`, APP_SECRET, Date.now());
    expect((await site.post("/webhooks/hubspot", body, headers)).status).toBe(400);
  });

  it("of a merge has both records read, of a privacy deletion is marked as such", async () => {
    await site.connect({ connector: "hubspot", account: "4815" });
    await site.hubspot([
      notice(5, { subscriptionType: "contact.merge", primaryObjectId: 5, mergedObjectIds: [6] }),
      notice(7, { subscriptionType: "contact.privacyDeletion" }),
      // Something else about it does not take that back.
      notice(7),
    ]);
    expect((await due()).map(({ vendor_id, erased }) => [vendor_id, erased])).toEqual([
      ["5", false],
      ["6", false],
      ["7", true],
    ]);
    expect((await owner.query("SELECT stream, vendor_id FROM vendor_erasure")).rows).toEqual([
      { stream: "contacts", vendor_id: "7" },
    ]);
  });

  it("of a test account is not for a live connection, and the other way round", async () => {
    const live = await site.connect({ connector: "stripe", account: "acct_9", mode: "live" });
    const sandbox = await site.connect({ connector: "stripe", account: "acct_9", mode: "test", slug: "second-shop" });
    await site.stripe(stripeEvent("customer.updated", { id: "cus_test" }, { livemode: false }));
    await site.stripe(stripeEvent("customer.updated", { id: "cus_live" }, { livemode: true }));
    expect(new Map((await due()).map(({ connection_id, vendor_id }) => [connection_id, vendor_id]))).toEqual(
      new Map([
        [live.connectionId, "cus_live"],
        [sandbox.connectionId, "cus_test"],
      ]),
    );
  });
});

describe("a connection's own address", () => {
  const own = { connector: "stripe", account: "acct_9" };
  const event = () => stripeEvent("customer.updated", { id: "cus_1" }, { account: undefined });

  it("takes what is signed with the connection's secrets, and nothing signed with others", async () => {
    const webhookSecrets = ["whsec_the_old_one", "whsec_the_new_one"];
    const { connectionId } = await site.connect({ ...own, webhookSecrets });
    const path = `/webhooks/stripe/${connectionId}`;
    for (const secret of webhookSecrets) expect((await site.stripe(event(), { path, secret })).status).toBe(200);
    expect((await inbox()).length).toBe(2);
    expect((await site.stripe(event(), { path, secret: "whsec_of_another_endpoint" })).status).toBe(401);
    expect((await inbox()).length).toBe(2);
    // One secret for the endpoints that an operator makes at many accounts.
    expect((await site.stripe(event(), { path })).status).toBe(200);
  });

  it("is for its account alone, whatever an event says", async () => {
    const { connectionId } = await site.connect({ ...own, name: "one", webhookSecrets: ["whsec_of_one"] });
    await site.connect({ ...own, account: "acct_10", slug: "second-shop" });
    const path = `/webhooks/stripe/${connectionId}`;
    const foreign = stripeEvent("customer.updated", { id: "cus_1" }, { account: "acct_10" });
    expect((await site.stripe(foreign, { path, secret: "whsec_of_one" })).status).toBe(200);
    await nothingStored();
  });

  it("of an app serves no event that names no account: whose it is is not guessed", async () => {
    await site.connect(own);
    expect((await site.stripe(event())).status).toBe(200);
    await nothingStored();
  });

  it("has to be one of the connector's, and says when no secret is known yet, so that the vendor tries again", async () => {
    const { connectionId } = await site.connect({ ...own, name: "without" });
    const signed = { secret: "whsec_anything" };
    const without = await startWebhookConsole(test.appUrl, { environment: {} });
    for (const path of [`/webhooks/stripe/${connectionId}`, "/webhooks/stripe"])
      expect((await without.stripe(event(), { ...signed, path })).status).toBe(503);
    await without.close();
    const nobody = "00000000-0000-4000-8000-000000000000";
    expect((await site.stripe(event(), { ...signed, path: `/webhooks/stripe/${nobody}` })).status).toBe(404);
    const hubspot = await site.connect({ connector: "hubspot", account: "4815", webhookSecrets: ["whsec_anything"] });
    const path = `/webhooks/stripe/${hubspot.connectionId}`;
    expect((await site.stripe(event(), { ...signed, path })).status).toBe(404);
  });
});

describe("behind a proxy", () => {
  it("the address that is signed is the public one, whatever name the request comes by", async () => {
    const publicUrl = "https://tributary.example.com/base/";
    const proxied = await startWebhookConsole(test.appUrl, { publicUrl });
    try {
      await proxied.connect({ connector: "hubspot", account: "4815" });
      const body = JSON.stringify([notice(1)]);
      const called = (url: string) =>
        proxied.post("/webhooks/hubspot", body, hubspotHeaders(body, url, APP_SECRET, Date.now()));
      expect((await called("https://tributary.example.com/base/webhooks/hubspot")).status).toBe(200);
      expect((await called(`${proxied.url}/webhooks/hubspot`)).status).toBe(401);
    } finally {
      await proxied.close();
    }
  });
});

it("gives each of many requests at the same time its own answer", async () => {
  await site.connect({ connector: "stripe", account: "acct_9" });
  const body = (n: number) => JSON.stringify(stripeEvent("customer.updated", { id: `cus_${n}` }));
  const replies = await Promise.all(
    Array.from({ length: 300 }, (_, n) => {
      const text = body(n);
      const secret = n % 3 === 0 ? "whsec_forged_by_somebody" : "whsec_of_the_platform_endpoint";
      return site.post("/webhooks/stripe", text, stripeHeaders(text, secret, Date.now()));
    }),
  );
  expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 300 }, (_, n) => (n % 3 === 0 ? 401 : 200)));
  expect((await due()).length).toBe(200);
});
