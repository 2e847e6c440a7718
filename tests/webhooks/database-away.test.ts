/** The database is away while webhooks arrive: vendors are told to come again, and nothing is half stored. */
import { Client } from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { startRelay, type Relay } from "#tests/support/relay.ts";
import { notice, startWebhookConsole, type WebhookConsole } from "./place.ts";

let test: TestDatabase;
let relay: Relay;
let site: WebhookConsole;
beforeEach(async () => {
  test = await createTestDatabase();
  relay = await startRelay(test.appUrl);
  const through = new URL(test.appUrl);
  through.port = new URL(relay.url).port;
  through.hostname = "127.0.0.1";
  site = await startWebhookConsole(through.href);
  await site.connect({ connector: "hubspot", account: "4815" });
});
afterEach(async () => {
  relay.mend();
  await site.close();
  await relay.close();
  await test.drop();
});

async function stored(): Promise<number> {
  const owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  const { rows } = await owner.query<{ n: number }>("SELECT count(*) AS n FROM webhook_inbox");
  await owner.end();
  return Number(rows[0]?.n);
}

it("cut off: 503, nothing stored, and the repetition is taken when it is back", async () => {
  await relay.close();
  const events = [notice(1), notice(2)];
  const refused = await site.hubspot(events);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "30"]);
  expect(await stored()).toBe(0);
  relay = await startRelay(test.appUrl);
  // The pool looks for the database where it was.
  const again = await startWebhookConsole(test.appUrl);
  expect((await again.hubspot(events)).status).toBe(200);
  await again.close();
  expect(await stored()).toBe(2);
});

it("silent: nobody waits for it longer than a vendor would", async () => {
  relay.hang();
  const began = performance.now();
  expect((await site.hubspot([notice(1)])).status).toBe(503);
  expect(performance.now() - began).toBeLessThan(10_000);
  relay.mend();
  const events = [notice(2)];
  await expect.poll(async () => (await site.hubspot(events)).status, { timeout: 200_000 }).toBe(200);
});

it("a transaction that fails half way leaves nothing of its events", async () => {
  const owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  await owner.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''full''; END'`);
  await owner.query("CREATE TRIGGER fail BEFORE INSERT ON webhook_arrival FOR EACH ROW EXECUTE FUNCTION fail()");
  expect((await site.hubspot([notice(1), notice(2)])).status).toBe(503);
  const { rows } = await owner.query(
    "SELECT (SELECT count(*) FROM webhook_inbox) + (SELECT count(*) FROM webhook_due) AS n",
  );
  expect(Number(rows[0]?.n)).toBe(0);
  expect(site.told).toEqual([]);
  await owner.end();
});
