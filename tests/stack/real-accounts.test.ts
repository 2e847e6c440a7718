import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { readMasterKeys } from "#config.ts";
import { startStripeTwin, type StripeTwin } from "#connectors/stripe/twin/index.ts";
import { connect } from "#console/connections.ts";
import { createLogger } from "#logger.ts";
import { connectNamedAccounts, namedAccounts } from "#stack/real-accounts.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";

let test: TestDatabase;
let stripe: StripeTwin;
let deps: Dependencies;
let close: () => Promise<void>;
beforeAll(async () => {
  test = await createTestDatabase();
  stripe = await startStripeTwin({ apiKey: "sk_test_twin" });
  const masterKeys = readMasterKeys({ TRIBUTARY_KEY: randomBytes(32).toString("base64") }, "");
  const log = createLogger({ name: "test", level: "fatal" });
  ({ dependencies: deps, close } = createDependencies({ databaseUrl: test.appUrl, masterKeys }, log));
});
afterAll(async () => {
  await close();
  await stripe.close();
  await test.drop();
});

const named = namedAccounts({ STRIPE_API_KEY: "sk_live_0badcafe0badcafe" });
let lines: string[];
beforeEach(() => (lines = []));
const start = () => connectNamedAccounts(deps, named, (line) => lines.push(line));

it("connects what the environment names nowhere but in the workspace for it, and says so while there is none", async () => {
  await start();
  expect(lines).toEqual([
    'Credentials for Stripe are set, but there is no workspace "main" to connect them in: create it, then start again',
  ]);
  expect(await deps.connections.listConnections(test.workspaceId)).toEqual([]);
});

it("sends a key for the tool itself to no stand-in, and leaves alone what a person has paused", async () => {
  const words = { name: "Main", defaultCountry: "GB", currency: "GBP", timeZone: "Europe/London" };
  const { workspaceId } = await deps.connections.createWorkspace({ slug: "main", ...words });
  const input = { connector: "stripe", credentials: { apiKey: "sk_test_twin" }, baseUrl: stripe.url };
  const { connection } = await connect(deps, workspaceId, input, "test");
  const asked = [...stripe.requests.values()].reduce((sum, count) => sum + count, 0);
  await start();
  expect(lines.at(-1)).toContain("the environment's credentials are not used");
  await deps.connections.setStatus(workspaceId, connection.connectionId, "paused", null, "test");
  await start();
  expect(lines.at(-1)).toBe("Stripe: paused by hand, and stays that way");
  expect([...stripe.requests.values()].reduce((sum, count) => sum + count, 0)).toBe(asked);
  expect(await deps.credentials.get(workspaceId, connection.connectionId)).toEqual({ apiKey: "sk_test_twin" });
  expect(lines.join("\n")).not.toContain("0badcafe");
});
