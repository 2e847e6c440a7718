/** The whole loop by sign-ins: keys change and tokens end while it runs, and no token is anywhere it should not be. */
import { randomBytes } from "node:crypto";
import { JSONToPayload } from "@temporalio/common/lib/proto-utils.js";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signInsOf } from "#connectors/core/auth.ts";
import { connectorOf } from "#connectors/registry.ts";
import { createServer } from "#console/server/server.ts";
import { serverStores } from "#console/server/stores.ts";
import { beginSignIn } from "#console/sign-in.ts";
import { createLogger } from "#logger.ts";
import type { Run } from "#profile/store/runs.ts";
import { encryptionCodec } from "#workflows/codec.ts";
import { runCli } from "#tests/console/run-cli.ts";
import { Browser } from "#stack/demo-shop/browser.ts";
import { exportHistories, payloadsOf } from "#tests/support/histories.ts";
import { approveAll, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { smallShop } from "#tests/support/people.ts";
import { startWorkerProcess } from "#tests/support/worker-process.ts";

const [OLD, NEW] = [randomBytes(32).toString("base64"), randomBytes(32).toString("base64")];

let loop: TestLoop;
let owner: Client;
let runs: Run[];
let logs: string;
let rotated: unknown;
let alone: string;
let secrets: string[];

/** Signs in again at a tool that was connected with a key. */
async function signIn(tool: "hubspot" | "stripe", id: string): Promise<void> {
  const { deps, workspaceId, test, connectionIds } = loop;
  const log = createLogger({ name: "console", level: "trace", destination: { write: (line) => void (logs += line) } });
  const server = createServer({ ...serverStores(deps, test.database), log, hosts: [] });
  const { port } = new URL(await server.listen({ host: "127.0.0.1", port: 0 }));
  const origin = `http://localhost:${port}`;
  const connector = connectorOf(tool);
  const way = signInsOf(connector.auth).find((each) => each.id === id);
  if (way === undefined) throw new Error("The tool has no such way to sign in.");
  const of = await deps.connections.get(workspaceId, connectionIds[tool]);
  const { ticket } = await beginSignIn(deps, workspaceId, { connector, way, of, origin }, "test");
  const browser = new Browser();
  const page = await browser.decide(await browser.open(`${origin}/connect/${ticket}`));
  expect(page.text).toContain("is signed in again");
  await server.close();
}

const tokensEnd = () => owner.query("UPDATE credential SET expires_at = '2020-01-01', refreshed_at = '2020-01-01'");

beforeAll(async () => {
  logs = "";
  loop = await startTestLoop({ workers: false, key: `${OLD},${NEW}` });
  owner = new Client({ connectionString: loop.test.ownerUrl });
  await owner.connect();
  const shop = smallShop({ people: 60, now: Date.now() });
  loop.hubspot.load(shop.hubspot);
  loop.stripe.load(shop.stripe);
  await signIn("hubspot", "app");
  await signIn("stripe", "app");
  const environment = { ...loop.workerEnvironment, LOG_LEVEL: "debug" };
  const before = [await startWorkerProcess(environment), await startWorkerProcess(environment)];
  runs = [await loop.refresh()];
  await approveAll(loop);

  // As docs/operating.md has it: every process can read both keys, one after the other is started with the new one in front.
  const newFirst = { ...environment, TRIBUTARY_KEY: `${NEW},${OLD}` };
  const going = new AbortController();
  const goingOn = (async () => {
    for (let n = 0; !going.signal.aborted; n += 1) {
      loop.hubspot.create("contacts", { email: `late-${n}@thistlemarch.example`, firstname: "Quillonette" });
      await tokensEnd();
      runs.push(await loop.refresh());
    }
  })();
  const after = [];
  for (const worker of before) {
    after.push(await startWorkerProcess(newFirst));
    await worker.stop();
  }
  rotated = JSON.parse((await runCli(newFirst, ["keys", "rotate", "--data", "--json"])).out);
  runs.push(await loop.refresh());
  going.abort();
  await goingOn;
  alone = (await runCli({ ...newFirst, TRIBUTARY_KEY: NEW }, ["keys", "status", "--json"])).out;
  // What ended at the vendor is among what must not show.
  loop.hubspot.signIn.endAll();
  await tokensEnd();
  await loop.refresh();
  await approveAll(loop);
  for (const worker of after) await worker.stop();
  logs += [...before, ...after].map((worker) => worker.output()).join("\n");
  secrets = [...loop.hubspot.signIn.everything(), ...loop.stripe.signIns.app.everything()];
}, 300_000);
afterAll(async () => {
  await owner.end();
  await loop.stop();
});

const found = (text: string) => secrets.filter((secret) => text.includes(secret));

describe("changing the master key and every workspace's key while streams are read", () => {
  it("stops nothing: every run reads everything, and tokens were refreshed meanwhile", () => {
    expect(runs.length).toBeGreaterThan(2);
    expect(runs.map(({ outcome, message }) => [outcome, message])).toEqual(runs.map(() => ["ok", null]));
    expect(loop.hubspot.requests.get("POST /oauth/2026-03/token") ?? 0).toBeGreaterThan(2);
    expect(loop.hubspot.answers.get("POST /oauth/2026-03/token 400")).toBe(1);
  });

  it("leaves nothing that needs the old one", () => {
    expect(rotated).toMatchObject({ workspaces: 1, rewrapped: 1, resealed: 2, dropped: 1, stillNeeded: [] });
    expect(JSON.parse(alone)).toMatchObject({ configured: [{ current: true, needed: true }], missing: [] });
  });

  it("ends with the connection whose sign-in was ended, and with no other", async () => {
    const all = await loop.deps.connections.listConnections(loop.workspaceId);
    expect(all.map(({ connector, status }) => [connector, status])).toEqual([
      ["hubspot", "needs_reconnect"],
      ["stripe", "ready"],
    ]);
  });
});

describe("tokens", () => {
  it("are none in the database, read as text, as bytes and as hexadecimal", async () => {
    expect(secrets.length).toBeGreaterThan(8);
    const { rows: tables } = await owner.query<{ name: string }>(
      "SELECT c.oid::regclass::text AS name FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    );
    expect(tables.map(({ name }) => name)).toContain("credential");
    const { rows: kept } = await owner.query("SELECT count(*)::int AS n FROM credential WHERE kind = 'sign_in'");
    expect(kept).toEqual([{ n: 2 }]);
    for (const { name } of tables) {
      const { rows } = await owner.query<{ line: string }>(`SELECT t::text AS line FROM ${name} t`);
      const dump = rows.map(({ line }) => line).join("\n");
      const bytes = [...dump.matchAll(/\\x([0-9a-f]+)/g)].map(([, hex = ""]) =>
        Buffer.from(hex, "hex").toString("latin1"),
      );
      expect([name, found(dump), found(bytes.join("\n"))]).toEqual([name, [], []]);
    }
  });

  it("are none in the logs of workers and console at their most talkative", () => {
    expect(logs).toContain('"level":20');
    expect(found(logs)).toEqual([]);
  });

  it("are none in Temporal's histories, encrypted or decrypted", async () => {
    const codec = encryptionCodec(loop.masterKeys);
    const histories = await exportHistories(loop.engine.client, loop.names.engineQueue);
    let payloads = 0;
    for (const { json, workflowId, listed } of histories) {
      expect(found(`${json} ${workflowId} ${listed}`)).toEqual([]);
      for (const payload of payloadsOf(JSON.parse(json))) {
        const [plain] = await codec.decode([JSONToPayload(payload)]);
        expect(found(Buffer.from(plain?.data ?? []).toString("utf8"))).toEqual([]);
        payloads += 1;
      }
    }
    expect(payloads).toBeGreaterThan(50);
  });
});
