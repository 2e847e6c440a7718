/** From a change at a vendor to what is stored here, by webhooks alone; everything real, nobody polls unless the test says so. */
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { NEVER_SUBSCRIBED } from "#connectors/klaviyo/twin/seed.ts";
import { startKlaviyoTwin, type KlaviyoTwin } from "#connectors/klaviyo/twin/index.ts";
import type { ConnectionId } from "#profile/ids.ts";
import { approveAll, countsOf, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { contactIdOf, customerIdOf, smallShop } from "#tests/support/people.ts";
import { APP_SECRET, PLATFORM_SECRET, startWebhookConsole, type WebhookConsole } from "./place.ts";

const PEOPLE = 30;
const SOON = { timeout: 200_000, interval: 50 };

/** An account's own, kept with its credentials. */
const KLAVIYO_SECRET = "a-secret-of-our-own-for-klaviyo";
const READERS = 12;

let loop: TestLoop;
let klaviyo: KlaviyoTwin;
let readers: string[];
let site: WebhookConsole;
let owner: Client;
let deaf = false;
beforeAll(async () => {
  loop = await startTestLoop();
  const shop = smallShop({ people: PEOPLE, now: Date.now() });
  loop.hubspot.load(shop.hubspot);
  loop.stripe.load(shop.stripe);
  const { workspaceId, connectionIds, deps } = loop;
  for (const [tool, externalAccount] of [
    ["hubspot", "48151623"],
    ["stripe", "acct_1TwinTwinTwinTwin"],
  ] as const)
    await deps.connections.updateConnection(workspaceId, connectionIds[tool], { externalAccount }, "test");
  klaviyo = await startKlaviyoTwin({ requestsPerSecond: 10_000, now: deps.now });
  readers = Array.from({ length: READERS }, (_, n) => klaviyo.create({ email: `reader${n}@marlow.example` }));
  // Its first event tells what kinds there are; what was said before the first read is read with it.
  klaviyo.track({ metric: "Clicked Email", profile: readers[0] ?? "" });
  const klaviyoId = await connectKlaviyo();
  await loop.refresh();
  owner = new Client({ connectionString: loop.test.ownerUrl });
  await owner.connect();
  site = await startWebhookConsole(loop.test.appUrl, {
    masterKeys: loop.masterKeys,
    send: async (id) => (deaf ? Promise.reject(new Error("Temporal is away.")) : loop.engine.webhooksArrived(id)),
  });
  loop.hubspot.webhooks.subscribe({ url: `${site.url}/webhooks/hubspot`, secret: APP_SECRET });
  loop.stripe.webhooks.subscribe({ url: `${site.url}/webhooks/stripe`, secret: PLATFORM_SECRET });
  klaviyo.webhooks.subscribe({ url: `${site.url}/webhooks/klaviyo/${klaviyoId}`, secret: KLAVIYO_SECRET });
});

async function connectKlaviyo(): Promise<ConnectionId> {
  const { deps, workspaceId } = loop;
  const input = { connector: "klaviyo", name: "main", baseUrl: klaviyo.url, requestsPerSecond: 10_000 };
  const { connectionId } = await deps.connections.upsertConnection(workspaceId, input, "test");
  await deps.connections.updateConnection(workspaceId, connectionId, { externalAccount: "TrbTwn" }, "test");
  const credentials = { apiKey: klaviyo.apiKey, webhookSecrets: [KLAVIYO_SECRET] };
  await deps.credentials.put(workspaceId, connectionId, credentials);
  return connectionId;
}
afterAll(async () => {
  await site.close();
  await owner.end();
  await loop.stop();
  await klaviyo.close();
});
beforeEach(() => {
  deaf = false;
});
afterEach(() => {
  for (const { webhooks } of [loop.hubspot, loop.stripe, klaviyo])
    Object.assign(webhooks.faults, { deliveries: 1, shuffled: false, lateMs: 0, forged: 0, lost: 0 });
});

/** Everything that was sent has had its effect, and the workflow that followed has ended. */
async function allRead(): Promise<void> {
  await Promise.all([loop.hubspot, loop.stripe, klaviyo].map(({ webhooks }) => webhooks.settled()));
  await vi.waitFor(async () => {
    const { rows } = await owner.query("SELECT FROM webhook_due");
    expect(rows).toHaveLength(0);
    const { status } = await loop.engine.client.workflow
      .getHandle(loop.names.webhookRefresh(loop.workspaceId))
      .describe();
    expect(status.name).toBe("COMPLETED");
  }, SOON);
}

/** What an ordinary reading of everything still has to say. */
async function leftToPolling(): Promise<number> {
  const run = await loop.refresh();
  const steps = run.steps.filter(({ step }) => step.startsWith("sync "));
  expect(steps.length).toBeGreaterThan(5);
  return steps.reduce((sum, { step }) => {
    const { inserted = 0, changed = 0, vanished = 0 } = countsOf(run, step);
    return sum + inserted + changed + vanished;
  }, 0);
}

interface StoredPerson {
  deleted: boolean;
  email: string | null;
  city: string | null;
  mergedInto: string | null;
}

async function person(stream: string, vendorId: string): Promise<StoredPerson | undefined> {
  const { rows } = await owner.query<StoredPerson>(
    `SELECT deleted, email, data->>'city' AS city, data->>'mergedInto' AS "mergedInto"
     FROM source_record JOIN source_content USING (workspace_id, record_id, hash) WHERE stream = $1 AND vendor_id = $2`,
    [stream, vendorId],
  );
  return rows[0];
}

const runs = async () => (await loop.deps.runs.lastRuns(loop.workspaceId, 50)).length;

describe("a webhook", () => {
  it("brings a change to record and profile within seconds, and polling then finds nothing new", async () => {
    const id = contactIdOf(3);
    const before = await runs();
    loop.hubspot.change("contacts", id, { city: "Whitby" });
    await vi.waitFor(async () => expect((await person("contacts", id))?.city).toBe("Whitby"), SOON);
    await allRead();
    // The refresh that followed went through every step.
    expect(await runs()).toBe(before + 1);
    const [run] = await loop.deps.runs.lastRuns(loop.workspaceId, 1);
    expect([run?.outcome, countsOf(run ?? never(), "sync hubspot contacts")["changed"]]).toEqual(["ok", 1]);
    const { rows } = await owner.query("SELECT FROM unresolved");
    expect(rows).toHaveLength(0);
    expect(await leftToPolling()).toBe(0);
  });

  it("of each kind of record and change has the effect that polling has", async () => {
    const { hubspot, stripe } = loop;
    const made = hubspot.create("contacts", { email: "new.person@example.com", firstname: "New" });
    const company = hubspot.create("companies", { name: "Marlow Ltd" }, [contactIdOf(1)]);
    hubspot.archive("contacts", contactIdOf(4));
    hubspot.merge(contactIdOf(5), contactIdOf(6));
    hubspot.archive("contacts", contactIdOf(7));
    hubspot.restore("contacts", contactIdOf(7));
    const [charge] = (
      await owner.query<{ id: string }>("SELECT min(vendor_id) AS id FROM customer_order WHERE status = 'paid'")
    ).rows;
    stripe.changeCustomer(customerIdOf(2), { city: "Deal" });
    stripe.deleteCustomer(customerIdOf(8));
    stripe.refund(charge?.id ?? "", 100);
    await allRead();
    expect((await person("contacts", made))?.email).toBe("new.person@example.com");
    expect(await person("contacts", contactIdOf(4))).toMatchObject({ deleted: true, email: null });
    expect(await person("contacts", contactIdOf(6))).toMatchObject({ deleted: true, mergedInto: contactIdOf(5) });
    expect((await person("contacts", contactIdOf(7)))?.deleted).toBe(false);
    expect((await person("customers", customerIdOf(2)))?.city).toBe("Deal");
    expect((await person("customers", customerIdOf(8)))?.deleted).toBe(true);
    const orders = await owner.query("SELECT refunded_minor FROM customer_order WHERE vendor_id = $1", [charge?.id]);
    expect(orders.rows).toEqual([{ refunded_minor: 100 }]);
    hubspot.associate("companies", company, [contactIdOf(1), contactIdOf(2)]);
    await allRead();
    const people = await owner.query(
      "SELECT cardinality(person_record_ids) AS n FROM source_record WHERE vendor_id = $1",
      [company],
    );
    expect(people.rows).toEqual([{ n: 2 }]);
    expect(await leftToPolling()).toBe(0);
  });

  it("delivered twice, in any order, beside forged ones, has the same effect once", async () => {
    for (const { webhooks } of [loop.hubspot, loop.stripe])
      Object.assign(webhooks.faults, { deliveries: 2, shuffled: true, forged: 1 });
    for (let turn = 0; turn < 4; turn += 1)
      for (let n = 10; n < 20; n += 1) {
        loop.hubspot.change("contacts", contactIdOf(n), { city: `Town ${turn}` });
        if (n % 2 === 0) loop.stripe.changeCustomer(customerIdOf(n), { city: `Harbour ${turn}` });
      }
    await allRead();
    for (const { webhooks } of [loop.hubspot, loop.stripe]) {
      expect([...webhooks.answersToForged.keys()]).toEqual([401]);
      expect([...webhooks.answers.keys()]).toEqual([200]);
    }
    for (let n = 10; n < 20; n += 1) {
      expect((await person("contacts", contactIdOf(n)))?.city).toBe("Town 3");
      if (n % 2 === 0) expect((await person("customers", customerIdOf(n)))?.city).toBe("Harbour 3");
    }
    expect(await leftToPolling()).toBe(0);
  });

  it("of Klaviyo's, twice and out of order beside forged ones, brings the event and what the person says now", async () => {
    Object.assign(klaviyo.webhooks.faults, { deliveries: 2, shuffled: true, forged: 1 });
    const at = new Date(loop.deps.now() - 60_000).toISOString();
    const tracked = readers.map((profile, n) => {
      const isOver = n % 2 === 0;
      if (isOver) klaviyo.subscribe(profile, unsubscribedAt(at), false);
      const metric = isOver ? "Unsubscribed from Email Marketing" : "Clicked Email";
      return klaviyo.track({ metric, profile, datetime: at });
    });
    await allRead();
    expect([...klaviyo.webhooks.answersToForged.keys()]).toEqual([401]);
    expect([...klaviyo.webhooks.answers.keys()]).toEqual([200]);
    const events = await owner.query<{ id: string }>(
      "SELECT vendor_id AS id FROM touchpoint WHERE vendor_id = ANY($1)",
      [tracked],
    );
    expect(events.rows.map(({ id }) => id).toSorted()).toEqual(tracked.toSorted());
    const noes = await owner.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM consent_state k JOIN membership m USING (workspace_id, profile_id)
       JOIN source_record s USING (workspace_id, record_id)
       WHERE s.stream = 'profiles' AND k.channel = 'email' AND k.purpose = 'marketing' AND k.state = 'withdrawn'`,
    );
    expect(noes.rows).toEqual([{ n: READERS / 2 }]);
    expect(await leftToPolling()).toBe(0);
  });

  it("that comes after polling has read the same changes nothing, and begins no refresh", async () => {
    loop.stripe.webhooks.faults.lateMs = 3_000;
    loop.hubspot.webhooks.faults.lateMs = 3_000;
    loop.hubspot.change("contacts", contactIdOf(9), { city: "Ryde" });
    loop.stripe.changeCustomer(customerIdOf(16), { city: "Ryde" });
    expect(await leftToPolling()).toBe(2);
    const before = await runs();
    await allRead();
    expect(await runs()).toBe(before);
    expect((await person("contacts", contactIdOf(9)))?.city).toBe("Ryde");
  });

  it("that never comes costs time alone: polling finds what it would have told", async () => {
    loop.hubspot.webhooks.faults.lost = 1;
    loop.hubspot.change("contacts", contactIdOf(2), { city: "Lewes" });
    await loop.hubspot.webhooks.settled();
    expect(await leftToPolling()).toBe(1);
  });

  it("of our own write is none: nothing is read and no refresh begins", async () => {
    const before = (await owner.query("SELECT FROM webhook_inbox")).rows.length;
    expect(await approveAll(loop)).toBe(2);
    await Promise.all([loop.hubspot.webhooks.settled(), loop.stripe.webhooks.settled()]);
    expect(loop.hubspot.value(contactIdOf(1), "tributary_lifecycle_stage")).not.toBeNull();
    expect((await owner.query("SELECT FROM webhook_inbox")).rows.length).toBe(before);
  });

  it("of a privacy deletion removes the record and its address, without asking for it, and is remembered", async () => {
    const id = contactIdOf(12);
    const asked = () => loop.hubspot.requests.get("POST /crm/v3/objects/contacts/batch/read") ?? 0;
    const before = asked();
    loop.hubspot.forget(id);
    await allRead();
    expect(await person("contacts", id)).toMatchObject({ deleted: true, email: null, city: null });
    expect(asked()).toBe(before);
    const { rows } = await owner.query("SELECT stream FROM vendor_erasure WHERE vendor_id = $1", [id]);
    expect(rows).toEqual([{ stream: "contacts" }]);
  });

  it("that Temporal could not be told of is made up for by the next refresh on schedule", async () => {
    deaf = true;
    loop.hubspot.forget(contactIdOf(13));
    await loop.hubspot.webhooks.settled();
    const { workspaceId, engine, names, deps } = loop;
    const { installationId: installation } = await deps.installation.get();
    await engine.client.workflow.execute("refreshOnSchedule", {
      workflowId: names.scheduledRefresh(workspaceId),
      taskQueue: names.engineQueue,
      args: [{ workspaceId, installation }],
    });
    expect((await person("contacts", contactIdOf(13)))?.deleted).toBe(true);
    expect((await owner.query("SELECT FROM webhook_due")).rows).toEqual([]);
    expect(site.logged()).toContain("Temporal could not be told");
  });

  it("that we are disconnected is believed when a call says so too, and the connection says what to do", async () => {
    const state = async () => loop.deps.connections.get(loop.workspaceId, loop.connectionIds.stripe);
    loop.stripe.deauthorize();
    loop.stripe.faults.revoked = false;
    await allRead();
    expect((await state()).status).toBe("ready");
    loop.stripe.deauthorize();
    await vi.waitFor(async () => expect((await state()).status).toBe("needs_reconnect"), SOON);
    expect((await state()).statusReason).toContain("Stripe");
    expect((await owner.query("SELECT FROM webhook_due")).rows).toEqual([]);
  });
});

const unsubscribedAt = (at: string) => ({
  ...NEVER_SUBSCRIBED,
  email: {
    marketing: {
      ...{ ...NEVER_SUBSCRIBED.email.marketing, can_receive_email_marketing: false, consent: "UNSUBSCRIBED" },
      ...{ consent_timestamp: at, method: "PREFERENCE_PAGE", suppression: [{ reason: "UNSUBSCRIBE", timestamp: at }] },
    },
  },
});

function never(): never {
  throw new Error("There is no run.");
}
