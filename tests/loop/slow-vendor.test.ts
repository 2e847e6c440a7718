/** A tool that allows few calls: what a plan costs there, and what a refusal in the middle of it costs. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { approveAll, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { smallShop } from "#tests/support/people.ts";

const PEOPLE = 1_300;
const BATCH = 100;
/** Calls to look at all of them, or to write all of them. */
const ONCE = Math.ceil(PEOPLE / BATCH);
const READ = "POST /crm/v3/objects/contacts/batch/read";
const WRITE = "POST /crm/v3/objects/contacts/batch/update";

let loop: TestLoop;
beforeAll(async () => {
  // As a Free account has it, and nobody told us.
  loop = await startTestLoop({ hubspot: { callsPerTenSeconds: 100 } });
  loop.hubspot.load(smallShop({ people: PEOPLE, now: Date.now() }).hubspot);
});
afterAll(() => loop.stop());

/** Calls of either kind so far. */
const calls = () => {
  const of = (operation: string) => loop.hubspot.requests.get(operation) ?? 0;
  return { reads: of(READ), writes: of(WRITE) };
};
const newestPlan = async () =>
  (await loop.deps.plans.list(loop.workspaceId, 10)).find(({ connector }) => connector === "hubspot");
const refusals = () =>
  [...loop.hubspot.answers].reduce((sum, [answer, count]) => (answer.endsWith(" 429") ? sum + count : sum), 0);

it("a first plan is built, written and read back with hardly a call more than that takes", async () => {
  expect((await loop.refresh()).outcome).toBe("ok");
  expect(calls()).toEqual({ reads: ONCE, writes: 0 });
  expect(await approveAll(loop)).toBe(1);
  expect(await newestPlan()).toMatchObject({ status: "applied", changes: PEOPLE, compared: PEOPLE });
  // On a slow day the plan is older than a minute when it is written: then every record is looked at once more.
  expect(calls().reads).toBeLessThanOrEqual(3 * ONCE);
  expect(calls().writes).toBeLessThanOrEqual(ONCE + 1);
  expect(refusals()).toBeLessThanOrEqual(3);
});

it("calls that are refused and answers that fail cost themselves, and not the plan", async () => {
  const { hubspot, deps, workspaceId, connectionIds } = loop;
  const decision = { actor: "test", at: new Date().toISOString() };
  await deps.plans.offerAgain(workspaceId, connectionIds.hubspot, decision);
  const before = calls();
  let answered = 0;
  hubspot.faults.afterAnswer = (operation) => {
    if (operation !== READ) return;
    answered += 1;
    if (answered === 4) hubspot.faults.throttle = { count: 2, retryAfterSeconds: 1 };
    // The first portion is complete, the second one has begun.
    if (answered === 12) hubspot.faults.breakServer = { count: 1 };
  };
  await loop.refresh();
  hubspot.faults.afterAnswer = null;
  expect(await newestPlan()).toMatchObject({ status: "empty", compared: PEOPLE });
  // Two refused, one failed, two of the second portion again.
  expect(calls().reads - before.reads).toBe(ONCE + 2 + 1 + 2);
  expect(calls().writes).toBe(before.writes);
});
