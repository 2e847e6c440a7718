/** The question a full read asks when too much is missing, from the vendor's list to the answer at the command line. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { customerSeed, customers, seedOf } from "#connectors/stripe/fixtures.ts";
import { startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { runCli } from "./run-cli.ts";

let loop: TestLoop;
let folder: string;
beforeAll(async () => {
  loop = await startTestLoop();
  loop.stripe.load(seedOf({ customers: customers(250) }));
  folder = mkdtempSync(join(tmpdir(), "tributary-held-"));
});
afterAll(async () => {
  await loop.stop();
  rmSync(folder, { recursive: true, force: true });
});

const tributary = (...args: string[]) => runCli({ ...loop.workerEnvironment, TRIBUTARY_DATA_DIR: folder }, args);

async function livePeople(): Promise<number> {
  const { out } = await tributary("status", "--json");
  return (JSON.parse(out) as { overview: { personRecords: number } }).overview.personRecords;
}

it("is asked once, shown everywhere, and answered by hand", async () => {
  expect(await tributary("sync")).toMatchObject({ code: 0 });
  expect(await livePeople()).toBe(250);

  for (let index = 0; index < 150; index += 1) loop.stripe.deleteCustomer(customerSeed(index).id);
  await loop.deps.ingest.resetCursor(loop.workspaceId, loop.connectionIds.stripe, "customers");
  const missing = await tributary("sync");
  expect(missing.code).toBe(1);
  expect(missing.out).toContain("stripe/main/customers: 150 of 250 known records are missing from the full list.");
  expect(await livePeople()).toBe(250);
  const lists = loop.stripe.requests.get("GET /v1/customers") ?? 0;

  // A scheduled turn leaves the stream alone.
  expect((await loop.refresh()).outcome).toBe("failed");
  expect(loop.stripe.requests.get("GET /v1/customers")).toBe(lists);

  const status = await tributary("status");
  const doctor = await tributary("doctor");
  const elsewhere = await tributary("sync", "--accept-deletions", "stripe/main/charges");
  expect(status.out).toContain("paused: waiting for you");
  expect(status.out).toContain("150 of 250 known records are missing");
  expect(doctor.code).toBe(1);
  expect(doctor.out).toContain("tributary sync --accept-deletions");
  expect(elsewhere).toMatchObject({ code: 3, out: "" });
  expect(elsewhere.err).toContain("stripe/main/customers (150 missing)");

  // By hand the list is read again, and misses the same.
  expect(await tributary("sync")).toMatchObject({ code: 1 });
  expect(loop.stripe.requests.get("GET /v1/customers")).toBeGreaterThan(lists);

  const accepted = await tributary("sync", "--accept-deletions", "stripe");
  expect([accepted.code, accepted.err]).toEqual([0, expect.anything()]);
  expect(accepted.out).toContain("150 records of stripe/main/customers marked as deleted.");
  expect(await livePeople()).toBe(100);
  const again = await tributary("sync", "--accept-deletions");
  expect(again).toMatchObject({ code: 3, err: "No deletions are waiting to be accepted.\n" });
});

it("does not arise from another account's credentials: a full read finds out first and reads nothing", async () => {
  const { deps, workspaceId, connectionIds } = loop;
  const lists = loop.stripe.requests.get("GET /v1/customers");
  await deps.connections.updateConnection(workspaceId, connectionIds.stripe, { externalAccount: "acct_other" }, "test");
  await deps.ingest.resetCursor(workspaceId, connectionIds.stripe, "customers");
  expect((await loop.refresh()).outcome).toBe("failed");
  expect(loop.stripe.requests.get("GET /v1/customers")).toBe(lists);
  const connection = await deps.connections.get(workspaceId, connectionIds.stripe);
  expect(connection).toMatchObject({
    status: "needs_reconnect",
    statusReason: expect.stringContaining("another account"),
  });
  expect(await livePeople()).toBe(100);
});
