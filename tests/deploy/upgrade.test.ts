/** From release 0.1.0, its own code at work and in the middle of a write, to this one: as docs/operating.md says. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { z } from "zod";
import { inventedContacts } from "#connectors/hubspot/fixtures.ts";
import { startHubspotTwin, type HubspotTwin } from "#connectors/hubspot/twin/index.ts";
import { inventedCustomers } from "#connectors/stripe/fixtures.ts";
import { startStripeTwin, type StripeTwin } from "#connectors/stripe/twin/index.ts";
import { startPostgres, type RunningPostgres } from "#stack/postgres/server.ts";
import type { RunningTemporal } from "#stack/temporal/server.ts";
import { connect, withParts } from "#tests/support/installation.ts";
import { startOwnTemporal } from "#tests/support/temporal.ts";
import { checkOutRelease010 } from "./release.ts";
import { openTerminal, type Background, type Terminal } from "./terminal.ts";

const PEOPLE = 50;
/** An answer of Stripe's takes so long while the plan is written: nine times that in all, with six calls at a time. */
const SLOW_MS = 1_000;
const AT_A_TIME = 6;
const WRITE = "POST /v1/customers/:id";
const CLI = "node console/cli/main.ts";
const release = checkOutRelease010();
const root = fileURLToPath(new URL("../../", import.meta.url));

let postgres: RunningPostgres;
let temporal: RunningTemporal;
let hubspot: HubspotTwin;
let stripe: StripeTwin;
/** The operator's, in the folder of release 0.1.0 and in that of this one. */
let before: Terminal;
let now: Terminal;

beforeAll(async () => {
  if (release === null) return;
  [postgres, temporal, hubspot, stripe] = await Promise.all([
    startPostgres({ ephemeral: "in memory" }),
    startOwnTemporal(),
    startHubspotTwin({ requestsPerSecond: 10_000 }),
    startStripeTwin({ requestsPerSecond: 10_000 }),
  ]);
  hubspot.load(inventedContacts(PEOPLE));
  stripe.load(inventedCustomers(PEOPLE, stripe.now()));
  const server = await connect(postgres.ownerUrl);
  await server.query("CREATE ROLE shop LOGIN CREATEROLE PASSWORD 'fern'");
  await server.query("CREATE DATABASE shop OWNER shop TEMPLATE template0");
  await server.end();
  const environment = {
    DATABASE_OWNER_URL: withParts(postgres.ownerUrl, { username: "shop", password: "fern", pathname: "/shop" }),
    DATABASE_URL: withParts(postgres.ownerUrl, { username: "tributary_app", password: "moss", pathname: "/shop" }),
    TEMPORAL_ADDRESS: temporal.address,
    TRIBUTARY_KEY: randomBytes(32).toString("base64"),
    HUBSPOT_ACCESS_TOKEN: hubspot.accessToken,
    STRIPE_API_KEY: stripe.apiKey,
    PORT: "0",
  };
  before = openTerminal(release.folder, environment);
  now = openTerminal(root, environment);
});
afterAll(async () => {
  if (release === null) return;
  await Promise.all([before.close(), now.close()]);
  await Promise.all([hubspot.close(), stripe.close(), temporal.stop(), postgres.stop()]);
  release.remove();
});

const startWorker = (terminal: Terminal) => terminal.begin("node workflows/worker.ts", '"worker ready"');
const startConsole = (terminal: Terminal) => terminal.begin("node console/server/main.ts", '"ready":true');

/** What the command shows, which has to succeed. */
async function shown<T>(terminal: Terminal, command: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(JSON.parse(await terminal.done(`${CLI} ${command} --json`)));
}

const plan = z.object({ planId: z.string(), connector: z.string(), status: z.string() });

async function planFor(terminal: Terminal, connector: string): Promise<z.infer<typeof plan>> {
  const all = (await shown(terminal, "plan list", z.array(plan))).filter((known) => known.connector === connector);
  expect(all).toHaveLength(1);
  return plan.parse(all[0]);
}

const values = z.record(z.string(), z.string().nullable());
const change = z.object({ vendorId: z.string(), after: values });

/** Every record of the plan with what it shall hold, as a person sees it who approves. */
async function promised(terminal: Terminal, planId: string): Promise<z.infer<typeof change>[]> {
  const { sample } = await shown(terminal, `plan show ${planId} --sample 1000`, z.object({ sample: z.array(change) }));
  return sample;
}

/** As it stands in the tool. */
function expectHeld(promises: z.infer<typeof change>[], held: (id: string) => Readonly<Record<string, unknown>>): void {
  expect(promises).toHaveLength(PEOPLE);
  for (const { vendorId, after } of promises)
    expect([vendorId, held(vendorId)]).toMatchObject([
      vendorId,
      Object.fromEntries(Object.entries(after).filter(([, value]) => value !== null)),
    ]);
}

/** A quarter of an hour comes round. */
async function scheduleFires(): Promise<void> {
  const connection = await Connection.connect({ address: temporal.address });
  const { schedule } = new Client({ connection });
  const ids: string[] = [];
  for await (const { scheduleId } of schedule.list()) ids.push(scheduleId);
  expect(ids).toHaveLength(1);
  for (const id of ids) await schedule.getHandle(id).trigger();
  await connection.close();
}

async function beginWithRelease010(): Promise<[Background, Background]> {
  await before.done("node stack/bin/generate-cli.mjs");
  await before.done("npm run migrate");
  await before.done(`${CLI} workspace create main --country GB --currency GBP --time-zone Europe/London`);
  const [worker, console] = await Promise.all([
    startWorker(before),
    startConsole(before),
    before.done(`${CLI} connect hubspot --base-url ${hubspot.url}`),
    before.done(`${CLI} connect stripe --base-url ${stripe.url}`),
  ]);
  await before.done(`${CLI} sync`);
  return [worker, console];
}

it("a plan that release 0.1.0 was writing when it was stopped is written to its end, nothing twice, and all else goes on", async (context) => {
  if (release === null) {
    context.skip("The commit of release 0.1.0 is not in this copy of the history.");
    return;
  }
  const old = await beginWithRelease010();
  const { planId } = await planFor(before, "stripe");
  const toStripe = await promised(before, planId);
  const { planId: waiting } = await planFor(before, "hubspot");
  const toHubspot = await promised(before, waiting);

  stripe.faults.delayMs = SLOW_MS;
  // Tells of its progress until the database it knows is gone.
  void before.run(`${CLI} plan approve ${planId}`);
  const writes = () => stripe.requests.get(WRITE) ?? 0;
  while (writes() <= AT_A_TIME) await sleep(20);
  // As the machine that is switched off: what is under way is not told to anybody.
  await Promise.all(old.map((one) => one.end("SIGKILL")));
  expect(writes()).toBeLessThan(PEOPLE);
  stripe.faults.delayMs = 0;
  await scheduleFires();

  expect(await now.done("npm run migrate")).toMatch(/Applied 0002/);
  await Promise.all([startWorker(now), startWorker(now), startConsole(now)]);
  await vi.waitFor(async () => expect((await planFor(now, "stripe")).status).toBe("applied"), {
    timeout: 120_000,
    interval: 500,
  });
  expectHeld(toStripe, (id) => stripe.customer(id)?.metadata ?? {});
  expect(writes()).toBe(PEOPLE);

  // Its refresh that nobody worked on holds up neither itself nor those of today.
  await now.done(`${CLI} sync`);
  expect(await planFor(now, "hubspot")).toEqual({ planId: waiting, connector: "hubspot", status: "waiting" });
  await now.done(`${CLI} plan approve ${waiting}`);
  expectHeld(toHubspot, (id) => hubspot.properties(id) ?? {});
  await now.done(`${CLI} sync`);
  expect(writes()).toBe(PEOPLE);
  expect(await now.done(`${CLI} doctor`)).toContain("nothing is stuck, late or failing");
}, 400_000);
