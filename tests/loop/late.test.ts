/** Nothing waits for the slowest: a tool that hangs costs its own part of a run, and no more. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fileOf } from "#connectors/csv/testing.ts";
import type { Patience } from "#config.ts";
import { connectFiles } from "#console/csv-files.ts";
import type { Run } from "#profile/store/runs.ts";
import { runCli } from "#tests/console/run-cli.ts";
import { approveAll, startTestLoop, UNHURRIED, type TestLoop } from "#tests/support/loop.ts";
import { contactIdOf, customerIdOf, smallShop } from "#tests/support/people.ts";
import { startRelay, type Relay } from "#tests/support/relay.ts";

const PEOPLE = 60;
const CUSTOMERS = PEOPLE / 2;
const STREAMS = ["companies", "contacts", "deals"];
const STAGE = "tributary_lifecycle_stage";

/** Of the loop's runs; a test takes it away once its tools are read. */
const patience: Patience = { ...UNHURRIED };
/** A busy machine may not read the tools that answer in this time: what they hold then comes with the next turn. */
const LITTLE: Patience = { streamMs: 3_000, firstReadMs: 3_000 };
let loop: TestLoop;
let owner: Client;
let relay: Relay;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tributary-late-"));
  Object.assign(patience, UNHURRIED);
  loop = await startTestLoop({ patience });
  const shop = smallShop({ people: PEOPLE, now: Date.now() });
  loop.hubspot.load(shop.hubspot);
  loop.stripe.load(shop.stripe);
  relay = await startRelay(loop.hubspot.url);
  owner = new Client({ connectionString: loop.test.ownerUrl });
  await owner.connect();
  await owner.query("UPDATE connection SET base_url = $1 WHERE connector = 'hubspot'", [relay.url]);
});
afterEach(async () => {
  relay.mend();
  await owner.end();
  await loop.stop();
  await relay.close();
  rmSync(folder, { recursive: true, force: true });
});

const rows = async <Row extends object>(sql: string, ...values: unknown[]): Promise<Row[]> =>
  (await owner.query<Row>(sql, values)).rows;

async function importPeople(name: string, lines: string[]): Promise<void> {
  const file = await fileOf(join(folder, name), `id,email\n${lines.join("\n")}\n`, { kind: "people" });
  await connectFiles(loop.deps.connections, loop.workspaceId, { name: "lists", files: [file], actor: "test" });
}

const lateSince = async (): Promise<[stream: string, since: Date][]> =>
  (await loop.deps.late.list(loop.workspaceId)).map((one) => [one.stream, one.lateSince]);

const onlyHubspotIsLate = async () => (await lateSince()).map(([stream]) => stream).join() === STREAMS.join();

/** Profiles of people with this address. */
const profilesOf = async (address: string): Promise<number> =>
  (
    await rows(
      "SELECT DISTINCT profile_id FROM identifier JOIN membership USING (workspace_id, record_id) WHERE value = $1",
      address,
    )
  ).length;

const temporalRuns = async (workflowId: string): Promise<number> => {
  let runs = 0;
  for await (const _ of loop.engine.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs += 1;
  return runs;
};

/** Turns of the loop, until this holds: what is late joins the run after it has come to its end. @returns the last */
async function refreshUntil(holds: (run: Run) => Promise<boolean>): Promise<Run> {
  for (;;) {
    const run = await loop.refresh();
    if (await holds(run)) return run;
  }
}

it("a tool that hangs once it is known: its plan waits for it alone, and is carried out when it is back", async () => {
  await loop.refresh();
  await approveAll(loop);
  relay.hang();
  Object.assign(patience, LITTLE);
  await importPeople("till.csv", ["1,third@brightleaf.co.uk"]);
  const newest = { id: "cus_late", email: "late@brightleaf.co.uk", name: null, phone: null };
  loop.stripe.addCustomer({
    ...{ ...newest, country: "GB", postcode: null, city: null, createdAt: new Date().toISOString() },
  });
  const decision = { actor: "test", at: new Date().toISOString() };
  await loop.deps.plans.offerAgain(loop.workspaceId, loop.connectionIds.hubspot, decision);
  const stageOfNewest = () => loop.stripe.customer("cus_late")?.metadata[STAGE] ?? "";
  const run = await refreshUntil(async () => stageOfNewest() !== "" && (await onlyHubspotIsLate()));
  expect(run.message).toMatch(/1 tool still being compared or written to/);
  expect(await profilesOf("third@brightleaf.co.uk")).toBe(1);
  expect(stageOfNewest()).toMatch(/^[a-z_]+$/);
  // The next run neither plans for it a second time nor waits for it.
  await loop.refresh();
  expect(await temporalRuns(loop.names.planning(loop.connectionIds.hubspot))).toBe(2);

  loop.hubspot.change("contacts", contactIdOf(0), { [STAGE]: null });
  relay.mend();
  await loop.engine.client.workflow.getHandle(loop.names.planning(loop.connectionIds.hubspot)).result();
  expect(loop.hubspot.value(contactIdOf(0), STAGE)).toMatch(/^[a-z_]+$/);
});

it("a tool that hangs from the first read on: all others are read, joined and written to, and it joins later", async () => {
  relay.hang();
  Object.assign(patience, LITTLE);
  await importPeople("till.csv", ["1,first@brightleaf.co.uk"]);
  const isPlanned = async () => (await loop.deps.plans.list(loop.workspaceId, 10)).length > 0;
  const run = await refreshUntil(async () => (await onlyHubspotIsLate()) && (await isPlanned()));
  expect(run).toMatchObject({ outcome: "ok", message: expect.stringMatching(/^3 streams still being read/) });
  expect(await profilesOf("first@brightleaf.co.uk")).toBe(1);
  expect(await rows("SELECT profile_id FROM profile")).toHaveLength(CUSTOMERS + 1);
  expect(await approveAll(loop)).toBe(1);
  expect(loop.stripe.customer(customerIdOf(0))?.metadata[STAGE]).toMatch(/^[a-z_]+$/);
  // HubSpot alone knows who said yes: not read, that is unknown, and unknown is not yes.
  expect(await rows("SELECT FROM consent_state WHERE state = 'granted'")).toEqual([]);

  const late = await lateSince();
  expect(late.map(([stream]) => stream)).toEqual(STREAMS);
  const { out } = await runCli({ ...loop.workerEnvironment, TRIBUTARY_DATA_DIR: folder }, ["status"]);
  for (const stream of STREAMS) expect(out).toMatch(new RegExp(`hubspot/main/${stream}: late since \\d`));

  await importPeople("more.csv", ["2,second@brightleaf.co.uk"]);
  await refreshUntil(async () => (await profilesOf("second@brightleaf.co.uk")) === 1 && (await onlyHubspotIsLate()));
  expect(await lateSince()).toEqual(late);
  for (const stream of STREAMS) expect(await temporalRuns(loop.names.sync(loop.connectionIds.hubspot, stream))).toBe(1);

  relay.mend();
  await refreshUntil(async () => (await lateSince()).length === 0);
  await loop.refresh();
  expect(await rows("SELECT profile_id FROM profile")).toHaveLength(PEOPLE + 2);
  expect((await rows("SELECT FROM consent_state WHERE state = 'granted'")).length).toBeGreaterThan(0);
  expect(await rows("SELECT FROM source_record WHERE deleted")).toEqual([]);
});
