/** What a person sees of webhooks on the command line, and how a connection gets a secret of its own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { reconnect } from "#console/connections.ts";
import { startStripeTwin, type StripeTwin } from "#connectors/stripe/twin/index.ts";
import { createRetentionStore } from "#profile/store/retention/store.ts";
import { secretsIn } from "#connectors/core/webhooks.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { runCli } from "#tests/console/run-cli.ts";
import { notice, startWebhookConsole, stripeEvent, type WebhookConsole } from "./place.ts";

let test: TestDatabase;
let site: WebhookConsole;
let stripe: StripeTwin;
let folder: string;
beforeAll(async () => {
  test = await createTestDatabase();
  site = await startWebhookConsole(test.appUrl);
  stripe = await startStripeTwin({});
  folder = mkdtempSync(join(tmpdir(), "tributary-webhooks-"));
});
afterAll(async () => {
  await Promise.all([site.close(), stripe.close()]);
  await test.drop();
  rmSync(folder, { recursive: true, force: true });
});

const tributary = (...args: string[]) =>
  runCli(
    {
      ...{ DATABASE_URL: test.appUrl, TEMPORAL_ADDRESS: "127.0.0.1:1", TRIBUTARY_DATA_DIR: folder },
      ...{
        TRIBUTARY_KEY: Buffer.alloc(32, 7).toString("base64"),
        TRIBUTARY_PUBLIC_URL: "https://tributary.example.com",
      },
    },
    args,
  );

it("keeps a connection's secrets, takes what they sign, and shows what arrived and what was refused", async () => {
  const { workspaceId, connectionId } = await site.connect({
    ...{
      connector: "stripe",
      account: "acct_1TwinTwinTwinTwin",
      baseUrl: stripe.url,
      webhookSecrets: ["whsec_first_secret"],
    },
  });
  const address = `https://tributary.example.com/webhooks/stripe/${connectionId}`;
  const before = await tributary("webhooks");
  expect(before.out).toContain(`its own address    ${address} (1 secret)`);
  expect(before.out).toContain("none has ever arrived");
  expect(before.out).toContain("STRIPE_WEBHOOK_SECRET");

  const file = join(folder, "secret");
  writeFileSync(file, "whsec_second_secret\n");
  const kept = await tributary("webhooks", "secret", "stripe", "--token-file", file);
  expect([kept.code, kept.err]).toEqual([0, ""]);
  expect(kept.out).toContain("2 signing secrets");
  for (const { out, err } of [before, kept]) expect(out + err).not.toMatch(/whsec_(?:first|second)/);

  // Another key is no other endpoint.
  const connection = await site.deps.connections.get(workspaceId, connectionId);
  await reconnect(site.deps, workspaceId, connection, { apiKey: stripe.apiKey }, "test");
  expect(secretsIn(await site.deps.credentials.get(workspaceId, connectionId))).toEqual([
    ...["whsec_second_secret", "whsec_first_secret"],
  ]);

  const second = await startWebhookConsole(test.appUrl);
  const path = `/webhooks/stripe/${connectionId}`;
  const event = stripeEvent("customer.updated", { id: "cus_1" }, { account: undefined });
  for (const secret of ["whsec_first_secret", "whsec_second_secret", "whsec_second_secret"])
    expect((await second.stripe(event, { path, secret })).status).toBe(200);
  expect((await second.stripe(event, { path, secret: "whsec_of_nobody" })).status).toBe(401);
  await second.close();
  const after = await tributary("webhooks");
  expect(after.out).toMatch(
    /stripe\/main: 1 event since .*, 2 repetitions; 1 record to read since .*; refused: 1 wrong signature/,
  );
  expect((await tributary("status")).out).toMatch(/Webhooks\n─+\nstripe\/main: 1 event since/);

  await tributary("webhooks", "secret", "stripe", "--token-file", file, "--only");
  expect(secretsIn(await site.deps.credentials.get(workspaceId, connectionId))).toEqual(["whsec_second_secret"]);
});

it("says what is wrong with a secret, and when a tool sends nothing", async () => {
  const file = join(folder, "short");
  writeFileSync(file, "short");
  const short = await tributary("webhooks", "secret", "stripe", "--token-file", file);
  expect([short.code, short.err]).toEqual([2, "A signing secret has 8 to 512 characters: copy it anew and whole.\n"]);
  const missing = await tributary("webhooks", "secret", "hubspot", "--token-file", file);
  expect(missing.code).toBe(3);
});

it("forgets events four days after they came, when no vendor repeats them any more", async () => {
  const { workspaceId } = await site.connect({ connector: "hubspot", account: "4815" });
  await site.hubspot([notice(1), notice(2), notice(3)]);
  const owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  await owner.query("DELETE FROM webhook_inbox WHERE event_id NOT LIKE '11.%'");
  await owner.query(
    "UPDATE webhook_inbox SET received_at = now() - interval '5 days' WHERE event_id NOT LIKE '11.3.%'",
  );
  const retention = createRetentionStore(test.database);
  expect((await retention.prune(workspaceId, Date.now(), { batch: 1 })).done).toBe(true);
  const { rows } = await owner.query<{ event_id: string }>("SELECT event_id FROM webhook_inbox");
  expect(rows.map(({ event_id }) => event_id.split(".")[1])).toEqual(["3"]);
  await owner.end();
});
