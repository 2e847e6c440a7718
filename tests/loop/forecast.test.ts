/** What is foretold before a read and a write, and what it then takes. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { inventedContacts } from "#connectors/hubspot/fixtures.ts";
import { inventedCustomers } from "#connectors/stripe/fixtures.ts";
import type { Forecast, Foretold } from "#connectors/core/forecast.ts";
import { callsIn } from "#profile/store/runs.ts";
import type { Run } from "#profile/store/runs.ts";
import { forecastOfPlan, forecastsOf } from "#console/forecasts.ts";
import { runCli } from "#tests/console/run-cli.ts";
import { approveAll, startTestLoop, type TestLoop } from "#tests/support/loop.ts";

let loop: TestLoop;
/** A Free account allows 100 calls in ten seconds, where 190 are published. */
const ALLOWED = 1_000;
beforeAll(async () => {
  loop = await startTestLoop({ hubspot: { callsPerTenSeconds: ALLOWED } });
  loop.hubspot.load(inventedContacts(250));
  loop.stripe.load(inventedCustomers(120, Date.now()));
});
afterAll(() => loop.stop());

const known = (foretold: Foretold | undefined): Forecast => {
  if (foretold === undefined || "unknown" in foretold) throw new Error(`Not known: ${foretold?.unknown ?? "at all"}`);
  return foretold;
};
const ahead = () => forecastsOf(loop.deps, loop.workspaceId, () => true);

function stepOf(run: Run | undefined, name: string) {
  const step = run?.steps.find((each) => each.step === name);
  if (step === undefined) throw new Error(`There is no step ${name}.`);
  return { calls: callsIn(step.counts), foretold: Object.values(step.forecasts)[0] };
}

function expectBetween(calls: number, foretold: Foretold | undefined): void {
  const { least, most } = known(foretold).calls;
  expect(calls, `${calls} calls, and ${least} to ${most} were told`).toBeGreaterThanOrEqual(least);
  expect(calls, `${calls} calls, and ${least} to ${most} were told`).toBeLessThanOrEqual(most);
}

const tributary = (...args: string[]) => runCli(loop.workerEnvironment, args);

it("tells the calls of a first read, and abstains where the vendor tells of no count", async () => {
  const [hubspot, stripe] = await ahead();
  const before = hubspot?.reads.find(({ stream }) => stream === "contacts");
  expect(before?.isFirst).toBe(true);
  expect(stripe?.reads.map(({ foretold }) => foretold)).toEqual(
    stripe?.reads.map(() => ({ unknown: "Stripe does not tell how many there are before they are read." })),
  );
  const said = await tributary("forecast");
  expect(said.err).toBe("");
  expect(said.out).toMatch(/hubspot +main +read all contacts +\d+ to \d+ calls, .*at most 1 % of a day's quota/);
  expect(said.out).toContain("Not known: Stripe does not tell how many there are before they are read.");
  expect(said.out).toMatch(/hubspot +main +general +\d/);
  const run = await loop.refresh();
  const { calls, foretold } = stepOf(run, "sync hubspot contacts");
  expectBetween(calls, before?.foretold);
  expectBetween(calls, foretold);
  const status = await tributary("status");
  expect(status.out).toMatch(new RegExp(`sync hubspot contacts +\\d+ to \\d+ calls, .* ${calls} calls, `));
  expect(status.out).toContain("Forecast and reality of the last run");
});

it("tells the calls of a plan before it is approved, without asking the tool", async () => {
  const waiting = (await loop.deps.plans.list(loop.workspaceId, 10)).filter(({ status }) => status === "waiting");
  expect(waiting.map(({ connector }) => connector).toSorted()).toEqual(["hubspot", "stripe"]);
  const requests = [...loop.hubspot.requests.values()].reduce((sum, count) => sum + count, 0);
  for (const plan of waiting) {
    const foretold = known(await forecastOfPlan(loop.deps, loop.workspaceId, plan));
    const shown = await tributary("plan", "show", plan.planId);
    expect(shown.out).toMatch(/Writing it: [\d,]+( to [\d,]+)? calls?, /);
    // The account's answers have said so.
    if (plan.connector === "hubspot") expect(shown.out).toMatch(/[\d,]+ of [\d,]+ calls are left today/);
    expect(foretold.calls.most).toBeGreaterThan(2);
  }
  expect([...loop.hubspot.requests.values()].reduce((sum, count) => sum + count, 0)).toBe(requests);
  await approveAll(loop);
  const [run] = await loop.deps.runs.lastRuns(loop.workspaceId, 1);
  for (const tool of ["hubspot", "stripe"]) {
    const { calls, foretold } = stepOf(run, `write ${tool}`);
    expectBetween(calls, foretold);
  }
});

it("goes by what the account turned out to allow", async () => {
  const [connection] = await loop.deps.connections.listConnections(loop.workspaceId);
  const { limiterFor } = loop.deps;
  const account = connection?.externalAccount ?? connection?.connectionId ?? "";
  const limit = { calls: 190, windowMs: 10_000, mostCalls: 10_000, source: "", readOn: "" };
  // 0.9 of it, less the tenth that can come at once.
  const { perSecond } = await limiterFor("hubspot", account).outlook("general", limit);
  expect(perSecond).toBeCloseTo(0.9 * 0.9 * (ALLOWED / 10), 6);
});

it("tells what a later read takes once runs have shown how much changes, and says so before", async () => {
  const contacts = async () => (await ahead())[0]?.reads.find(({ stream }) => stream === "contacts");
  expect(await contacts()).toMatchObject({
    isFirst: false,
    foretold: { unknown: expect.stringContaining("three runs") },
  });
  for (let run = 0; run < 3; run += 1) {
    loop.advance(3_600_000);
    await loop.refresh();
  }
  const later = await contacts();
  const run = await loop.refresh();
  const { calls, foretold } = stepOf(run, "sync hubspot contacts");
  expectBetween(calls, later?.foretold);
  expectBetween(calls, foretold);
});
