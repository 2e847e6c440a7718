import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approveAll, countsOf, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { addressOf, contactIdOf, customerIdOf, smallShop } from "#tests/support/people.ts";

const PEOPLE = 60;
let loop: TestLoop;

beforeAll(async () => {
  loop = await startTestLoop();
  const shop = smallShop({ people: PEOPLE, now: Date.now() });
  loop.hubspot.load(shop.hubspot);
  loop.stripe.load(shop.stripe);
});
afterAll(() => loop.stop());

const stageIn = (index: number) => loop.hubspot.value(contactIdOf(index), "tributary_lifecycle_stage") ?? null;
const actionIn = (index: number) => loop.hubspot.value(contactIdOf(index), "tributary_next_best_action") ?? null;
const writesTo = (twin: { requests: ReadonlyMap<string, number> }) =>
  [...twin.requests].reduce((sum, [operation, count]) => (isWrite(operation) ? sum + count : sum), 0);
const isWrite = (operation: string) =>
  operation.startsWith("PATCH") ||
  operation.includes("batch/update") ||
  operation.includes("batch/create") ||
  /^POST \/v1\/customers\/./.test(operation);

describe("the loop, from an empty database", () => {
  it("unifies the tools and writes nothing before a person has approved", async () => {
    const run = await loop.refresh();
    expect(run.outcome).toBe("ok");
    expect(countsOf(run, "identity")["created"]).toBe(PEOPLE);
    const waiting = (await loop.deps.plans.list(loop.workspaceId, 10)).filter(({ status }) => status === "waiting");
    expect(Object.fromEntries(waiting.map(({ connector, changes }) => [connector, changes]))).toEqual({
      hubspot: PEOPLE,
      stripe: PEOPLE / 2,
    });
    expect(writesTo(loop.hubspot)).toBe(0);
    expect(writesTo(loop.stripe)).toBe(0);
    expect(stageIn(0)).toBeNull();
  });

  it("refuses an approval of something else than what was looked at", async () => {
    const [plan] = await loop.deps.plans.list(loop.workspaceId, 10);
    if (plan === undefined) throw new Error("There must be a plan.");
    await expect(loop.engine.approve(plan.planId, "test", "0".repeat(64))).rejects.toThrow();
    expect((await loop.deps.plans.show(loop.workspaceId, plan.planId, { sample: 0 }))?.status).toBe("waiting");
  });

  it("puts every field into both tools once approved, and proves it by reading back", async () => {
    expect(await approveAll(loop)).toBe(2);
    for (const plan of await loop.deps.plans.list(loop.workspaceId, 10)) expect(plan.status).toBe("applied");
    for (let index = 0; index < PEOPLE; index++) expect(stageIn(index)).toMatch(/^[a-z_]+$/);
    expect(stageIn(0)).toMatch(/^customer_/);
    expect(stageIn(1)).toMatch(/^lead_/);
    expect(loop.stripe.customer(customerIdOf(0))?.metadata["tributary_lifecycle_stage"]).toBe(stageIn(0));
  });

  it("never proposes an e-mail to somebody who did not agree to marketing by e-mail", () => {
    const asked = Array.from({ length: PEOPLE }, (_, index) => index).filter((index) =>
      actionIn(index)?.endsWith("_email"),
    );
    expect(asked.filter((index) => index % 3 !== 0)).toEqual([]);
    expect(asked.length).toBeGreaterThan(0);
  });

  it("does nothing when nothing changed, also when its own writes come back as news", async () => {
    const before = writesTo(loop.hubspot) + writesTo(loop.stripe);
    const run = await loop.refresh();
    expect(countsOf(run, "sync hubspot contacts")["changed"] ?? 0).toBe(0);
    expect(countsOf(run, "identity")).toEqual({ touched: 0, records: 0, created: 0, merged: 0, split: 0, refusals: 0 });
    expect(countsOf(run, "scores")).toEqual({ profiles: 0, changed: 0, refused: 0 });
    expect(countsOf(run, "plan hubspot")).toEqual({});
    expect(writesTo(loop.hubspot) + writesTo(loop.stripe)).toBe(before);
  });

  it("works on one person when one person changed", async () => {
    loop.hubspot.change("contacts", contactIdOf(1), { phone: "+447911123456" });
    const run = await loop.refresh();
    expect(countsOf(run, "identity")["touched"]).toBe(1);
    expect(countsOf(run, "scores")["profiles"]).toBe(1);
  });

  it("takes e-mail out of the proposals when somebody withdraws, without being asked", async () => {
    const index = Array.from({ length: PEOPLE }, (_, i) => i).find((i) => actionIn(i)?.endsWith("_email"));
    if (index === undefined) throw new Error("Somebody must have an e-mail proposed.");
    loop.hubspot.setStatus(contactIdOf(index), {
      ...{ subscriptionId: "1", subscriptionName: "News", status: "UNSUBSCRIBED", source: "Preference page" },
      ...{ legalBasis: null, legalBasisExplanation: null, timestamp: new Date().toISOString() },
    });
    const run = await loop.refresh();
    expect(run.outcome).toBe("ok");
    expect(actionIn(index)).not.toMatch(/_email$/);
  });
});

describe("undo", () => {
  it("restores what was there, keeps what a person has edited since, and is not written over by the next run", async () => {
    loop.hubspot.change("contacts", contactIdOf(2), { tributary_lifecycle_reason: "A colleague wrote this." });
    const plans = await loop.deps.plans.list(loop.workspaceId, 50);
    const first = plans.filter(({ connector }) => connector === "hubspot").at(-1);
    if (first === undefined) throw new Error("There must be a plan.");
    const { undoPlanId } = await loop.engine.undo({
      ...{
        workspaceId: loop.workspaceId,
        planId: first.planId,
        connectionId: first.connectionId,
        connector: "hubspot",
        actor: "test",
      },
    });
    expect((await loop.deps.plans.show(loop.workspaceId, undoPlanId, { sample: 0 }))?.status).toBe("applied");
    expect(stageIn(0)).toBeNull();
    expect(loop.hubspot.value(contactIdOf(2), "tributary_lifecycle_reason")).toBe("A colleague wrote this.");
    await loop.refresh();
    expect(stageIn(0)).toBeNull();
  });
});

describe("the console's view", () => {
  it("finds a customer by e-mail and says which records are one person and why", async () => {
    const profileId = await loop.deps.identity.findProfile(loop.workspaceId, addressOf(0));
    if (profileId === undefined) throw new Error("The person must be found.");
    const { evidence } = await loop.deps.identity.explain(loop.workspaceId, profileId);
    expect(evidence).toHaveLength(1);
    expect(evidence[0]).toMatch(/e-mail/);
  });
});
