import { afterEach, describe, expect, it } from "vitest";
import type { HubspotTwin } from "#connectors/hubspot/twin/index.ts";
import { FIELDS } from "#profile/plan/fields.ts";
import type { PlanView } from "#profile/store/plan/store.ts";
import { approveAll, countsOf, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { contactIdOf, smallShop } from "#tests/support/people.ts";
import { consent } from "#tests/support/records.ts";
import { startWorkerProcess } from "#tests/support/worker-process.ts";

const TEXT = { type: "string", fieldType: "text" };
const NUMBER = { type: "number", fieldType: "number" };
const PEOPLE = 240;
const CUSTOMERS = PEOPLE / 2;
let loop: TestLoop;

async function begin(options: { workers?: boolean } = {}): Promise<TestLoop> {
  loop = await startTestLoop(options);
  const shop = smallShop({ people: PEOPLE, now: Date.now() });
  loop.hubspot.load(shop.hubspot);
  loop.stripe.load(shop.stripe);
  return loop;
}
afterEach(() => loop.stop());

/** Does something once, after the first page of contacts was answered. */
function afterFirstPage(hubspot: HubspotTwin, act: () => void): void {
  hubspot.faults.afterAnswer = () => {
    hubspot.faults.afterAnswer = null;
    act();
  };
}

async function planOf(connector: string): Promise<PlanView> {
  const plan = (await loop.deps.plans.list(loop.workspaceId, 10)).find((known) => known.connector === connector);
  const view = plan === undefined ? null : await loop.deps.plans.show(loop.workspaceId, plan.planId, { sample: 500 });
  if (view === null) throw new Error(`There must be a plan for ${connector}.`);
  return view;
}

/** A withdrawal of marketing by e-mail, read from HubSpot and taken into the profile's permissions. */
async function withdraw(contactId: string): Promise<void> {
  const { deps, workspaceId, connectionIds } = loop;
  const at = new Date().toISOString();
  const { cursor } = await deps.ingest.streamState(workspaceId, connectionIds.hubspot, "contacts");
  const statement = consent(`${contactId}-withdrawal`, contactId, {
    ...{ person: { stream: "contacts", id: contactId }, state: "withdrawn", effectiveAt: at, updatedAt: at },
  });
  const page = { records: [statement], rejects: [], rawCount: 1, next: cursor, atEnd: true, fullScan: false };
  const place = { connectionId: connectionIds.hubspot, stream: "contacts" };
  await deps.ingest.savePage(workspaceId, { ...place, from: cursor, page });
  await deps.consent.refreshBatch(workspaceId, { limit: 10, at });
}

const stageIn = (index: number) => loop.hubspot.value(contactIdOf(index), "tributary_lifecycle_stage");
const batchWrites = () => sumOf(loop.hubspot.requests, (operation) => operation.endsWith("/batch/update"));
const customerWrites = () => sumOf(loop.stripe.requests, (operation) => operation.startsWith("POST /v1/customers/"));
const sumOf = (requests: ReadonlyMap<string, number>, wanted: (operation: string) => boolean) =>
  [...requests].reduce((sum, [operation, count]) => (wanted(operation) ? sum + count : sum), 0);

describe("a vendor that asks us to slow down in the middle of a sync", () => {
  it("is given its time, and everything is read", async () => {
    const { hubspot, stripe } = await begin();
    afterFirstPage(hubspot, () => {
      hubspot.faults.throttle = { count: 2, retryAfterSeconds: 1 };
      stripe.faults.throttle = { count: 2, retryAfterSeconds: 1 };
    });
    const run = await loop.refresh();
    expect(run.outcome).toBe("ok");
    expect(hubspot.faults.throttle.count).toBe(0);
    expect(stripe.faults.throttle.count).toBe(0);
    expect(countsOf(run, "sync hubspot contacts")["inserted"]).toBeGreaterThanOrEqual(PEOPLE);
    expect(countsOf(run, "sync stripe customers")["inserted"]).toBe(CUSTOMERS);
    expect(countsOf(run, "sync stripe charges")["inserted"]).toBe(CUSTOMERS * 3);
    expect(countsOf(run, "identity")["created"]).toBe(PEOPLE);
  });
});

describe("a vendor that answers later than a dead worker would be given up", () => {
  it("is waited for, and not asked by a second attempt meanwhile", async () => {
    const { hubspot, engine, connectionIds } = await begin();
    afterFirstPage(hubspot, () => {
      hubspot.faults.delayMs = 12_000;
      setTimeout(() => {
        hubspot.faults.delayMs = 0;
      }, 1_000);
    });
    const run = await loop.refresh();
    expect(run.outcome).toBe("ok");
    const reading = engine.client.workflow.getHandle(loop.names.sync(connectionIds.hubspot, "contacts"));
    const { events } = await reading.fetchHistory();
    const attempts = (events ?? []).flatMap((event) => event.activityTaskStartedEventAttributes?.attempt ?? []);
    expect(attempts).toEqual([1]);
  });
});

describe("a token that is revoked in the middle of a sync", () => {
  it("fails the run saying what to do, holds up no other tool, and is forgotten once reconnected", async () => {
    const { hubspot, deps, workspaceId, connectionIds } = await begin();
    afterFirstPage(hubspot, () => (hubspot.faults.revoked = true));
    const run = await loop.refresh();
    expect(run.outcome).toBe("failed");
    expect(run.message).toMatch(/tributary status/);
    const connection = await deps.connections.get(workspaceId, connectionIds.hubspot);
    expect(connection.status).toBe("needs_reconnect");
    expect(connection.statusReason).toMatch(/Connect the account again/);
    for (const stream of ["customers", "charges"]) {
      expect((await deps.ingest.streamState(workspaceId, connectionIds.stripe, stream)).complete).toBe(true);
    }
    expect((await planOf("stripe")).status).toBe("waiting");

    const cutOff = await loop.refresh();
    expect(cutOff).toMatchObject({
      outcome: "failed",
      message: expect.stringMatching(/^not read until reconnected: /),
    });

    hubspot.faults.revoked = false;
    await deps.connections.setStatus(workspaceId, connectionIds.hubspot, "ready", null, "test");
    const second = await loop.refresh();
    expect(second.outcome).toBe("ok");
    expect((await planOf("hubspot")).changes).toBe(PEOPLE);
  });
});

describe("a batch of which the vendor takes a part", () => {
  it("counts only the refused records as failed, and a retry sends only them", async () => {
    const { hubspot, deps, engine, workspaceId } = await begin();
    const refused = [3, 150].map(contactIdOf);
    for (const id of refused) hubspot.faults.entryError.add(id);
    await loop.refresh();
    await approveAll(loop);
    const first = await planOf("hubspot");
    expect(first.status).toBe("applied_with_failures");
    expect(first.counts).toEqual({ applied: PEOPLE - 2, failed: 2 });
    const failed = first.sample.filter(({ status }) => status === "failed");
    expect(failed.map(({ vendorId }) => vendorId).toSorted()).toEqual(refused.toSorted());
    expect(failed.every(({ reason }) => reason !== null && reason.length > 0)).toBe(true);

    hubspot.faults.entryError.clear();
    const modifiedBefore = hubspot.value(contactIdOf(0), "lastmodifieddate");
    const writesBefore = batchWrites();
    const { planId, connectionId, connector } = first;
    const decision = { actor: "test", at: new Date().toISOString() };
    expect(await deps.plans.retryFailed(workspaceId, planId, decision)).toEqual({ outcome: "approved", changes: 2 });
    await engine.carryOut({ workspaceId, planId, connectionId, connector, runId: null });
    expect((await planOf("hubspot")).status).toBe("applied");
    expect(batchWrites() - writesBefore).toBe(1);
    expect(stageIn(3)).toMatch(/^[a-z_]+$/);
    expect(hubspot.value(contactIdOf(0), "lastmodifieddate")).toBe(modifiedBefore);
  });
});

describe("a vendor that says done and does nothing", () => {
  it("is found out by reading back: the record counts as failed, with the reason", async () => {
    const { hubspot } = await begin();
    hubspot.faults.silentNoOp.add(contactIdOf(5));
    await loop.refresh();
    await approveAll(loop);
    const plan = await planOf("hubspot");
    expect(plan.counts).toEqual({ applied: PEOPLE - 1, failed: 1 });
    expect(plan.sample[0]).toMatchObject({ vendorId: contactIdOf(5), status: "failed" });
    expect(plan.sample[0]?.reason).toMatch(/no-op/);
  });
});

describe("a withdrawal that arrives after the approval and before the sending", () => {
  it("keeps that record from being sent, and that record only", async () => {
    const { hubspot, deps, engine, workspaceId } = await begin();
    await loop.refresh();
    const { planId, digest, sample } = await planOf("hubspot");
    const asked = sample.find(({ after }) => after["tributary_next_best_action"]?.endsWith("_email") === true);
    if (asked === undefined || digest === null) throw new Error("Somebody must have an e-mail proposed.");
    // The vendor makes the writing wait; meanwhile the withdrawal arrives.
    hubspot.faults.throttle = { count: 1, retryAfterSeconds: 3 };
    await engine.approve(planId, "test", digest);
    await withdraw(asked.vendorId);
    await engine.finished(planId);
    const after = await deps.plans.show(workspaceId, planId, { sample: 500 });
    expect(after?.status).toBe("applied");
    expect(after?.counts).toEqual({ applied: PEOPLE - 1, skipped: 1 });
    expect(after?.sample.find(({ status }) => status === "skipped")?.vendorId).toBe(asked.vendorId);
    expect(hubspot.value(asked.vendorId, "tributary_next_best_action")).toBeNull();
    // The next plan has a proposal that needs no message.
    await loop.refresh();
    expect(hubspot.value(asked.vendorId, "tributary_lifecycle_stage")).toMatch(/^[a-z_]+$/);
    expect(hubspot.value(asked.vendorId, "tributary_next_best_action") ?? "").not.toMatch(/_email$/);
  });
});

describe("two worker processes on the same queues", () => {
  it("share the work: nothing is lost and nothing is written twice", async () => {
    await begin({ workers: false });
    const workers = await Promise.all([1, 2].map(() => startWorkerProcess(loop.workerEnvironment)));
    const run = await loop.refresh();
    expect(countsOf(run, "sync hubspot contacts")["inserted"]).toBeGreaterThanOrEqual(PEOPLE);
    expect(countsOf(run, "identity")["created"]).toBe(PEOPLE);
    await approveAll(loop);
    expect((await planOf("hubspot")).counts).toEqual({ applied: PEOPLE });
    expect((await planOf("stripe")).counts).toEqual({ applied: CUSTOMERS });
    expect(batchWrites()).toBe(Math.ceil(PEOPLE / 100));
    expect(customerWrites()).toBe(CUSTOMERS);
    await Promise.all(workers.map((worker) => worker.stop()));
  });
});

describe("a scope that is missing and then granted", () => {
  it("stops that stream and the writing, names the scope, and lets both go on by itself", async () => {
    const { hubspot, deps, workspaceId, connectionIds } = await begin();
    hubspot.faults.denied.add("crm.objects.deals.read");
    expect((await loop.refresh()).outcome).toBe("failed");
    const refused = await deps.connections.get(workspaceId, connectionIds.hubspot);
    expect(refused.status).toBe("needs_permission");
    expect(refused.statusReason).toContain("crm.objects.deals.read");
    hubspot.faults.denied.clear();
    expect((await loop.refresh()).outcome).toBe("ok");
    expect((await deps.connections.get(workspaceId, connectionIds.hubspot)).status).toBe("ready");
    await loop.refresh();
    expect((await planOf("hubspot")).status).toBe("waiting");
  });
});

describe("properties of other people under our names", () => {
  it("are left alone, and nothing that was not written is called applied", async () => {
    const { hubspot } = await begin();
    for (const { definition } of FIELDS) {
      const other = {
        ...(definition.type === "number" ? TEXT : NUMBER),
        name: definition.name,
        label: definition.name,
      };
      const made = await fetch(`${hubspot.url}/crm/v3/properties/contacts`, {
        method: "POST",
        headers: { authorization: `Bearer ${hubspot.accessToken}`, "content-type": "application/json" },
        body: JSON.stringify({ ...other, groupName: "contactinformation" }),
      });
      expect(made.status).toBe(201);
    }
    await loop.refresh();
    await approveAll(loop);
    const plan = await planOf("hubspot");
    expect(plan.status).toBe("applied_with_failures");
    expect(plan.counts).toEqual({ failed: PEOPLE });
    expect(plan.sample[0]?.reason).toContain("Nothing may be written into these fields");
    expect(batchWrites()).toBe(0);
  });
});
