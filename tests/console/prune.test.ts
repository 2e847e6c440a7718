/** Retention as an operator meets it: set, shown, carried out by a refresh and by hand. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { approveAll, countsOf, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { smallShop } from "#tests/support/people.ts";
import { runCli } from "./run-cli.ts";

const DAY = 86_400_000;
let loop: TestLoop;
let folder: string;
beforeAll(async () => {
  loop = await startTestLoop();
  const shop = smallShop({ people: 20, now: Date.now() });
  loop.hubspot.load(shop.hubspot);
  loop.stripe.load(shop.stripe);
  folder = mkdtempSync(join(tmpdir(), "tributary-prune-"));
  await loop.refresh();
  await approveAll(loop);
});
afterAll(async () => {
  await loop.stop();
  rmSync(folder, { recursive: true, force: true });
});

const tributary = (...args: string[]) =>
  runCli({ ...loop.workerEnvironment, TRIBUTARY_DATA_DIR: folder, TZ: "UTC" }, args);
const writtenPlan = async () => {
  const plans = await loop.deps.plans.list(loop.workspaceId, 10);
  const plan = plans.find(({ connector, kind }) => connector === "hubspot" && kind === "write");
  if (plan === undefined) throw new Error("a plan for HubSpot");
  return plan;
};

it("a workspace says how long it keeps what, and takes another time or none", async () => {
  const listed = await tributary("workspace", "list");
  expect(listed.out).toMatch(
    /runs are kept +plans are kept +versions are kept +figures are kept +sensitive facts\n.* 90 days +90 days +30 days +1096 days/,
  );
  const wrong = await tributary("workspace", "set", "test", "--keep-plans", "soon");
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('"soon" is not a time to keep plans for')]);
  const set = await tributary("workspace", "set", "test", "--keep-plans", "45d", "--keep-runs", "forever");
  expect(set.out).toMatch(/ for ever +45 days +30 days +1096 days/);
});

it("a plan says until when it can be undone", async () => {
  const { planId, finishedAt } = await writtenPlan();
  const until = new Date((finishedAt?.getTime() ?? 0) + 45 * DAY);
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  expect((await tributary("plan", "list")).out).toContain(`until ${day.format(until)}`);
  expect((await tributary("plan", "show", planId)).out).toContain(`It can be undone until ${day.format(until)}`);
});

it("doctor says what takes how much room, what grew, and since when things are kept", async () => {
  // Postgres hands on what its sessions counted some seconds later.
  const { out } = await vi.waitFor(
    async () => {
      const answer = await tributary("doctor");
      expect(answer.out).toMatch(/Most rows came in what tools said: [\d,]+ more than went/);
      return answer;
    },
    { timeout: 200_000, interval: 2_000 },
  );
  expect(out).toMatch(
    /ok +room .*in all: .*what tools said [\d.]+ [KM]B \(about [\d,]+ rows\).*plans and deliveries [\d.]+ [KM]B/,
  );
  expect(out).toMatch(
    /ok +kept of test +runs since now, plans since \d+ \w+ \d{4}.*, versions since .*; last pruned never/,
  );
});

it("doctor asks for a pruning that has not come for days", async () => {
  const { workspaceId, test } = loop;
  const shift = (days: number) =>
    test.database.inWorkspace(workspaceId, async (transaction) => {
      await transaction.query("UPDATE plan SET finished_at = finished_at + $1 * interval '1 day'", [days]);
    });
  await shift(-50);
  const { out } = await tributary("doctor");
  await shift(50);
  expect(out).toMatch(/FAIL +kept of test .*past their time and still there: plans\n.*`tributary prune` removes it/);
});

it("nothing is past its time yet, and a preview says what would be", async () => {
  expect((await tributary("prune")).out).toBe("Nothing is past its time.\n");
  const ahead = await loop.deps.retention.preview(loop.workspaceId, Date.now() + 46 * DAY);
  expect(ahead.plans.rows).toMatchObject({ plans: 2 });
  expect(ahead.runs).toEqual({ rows: {}, bytes: 0 });
});

it("a refresh removes what is past its time once a day; our own writes coming back are still nothing new", async () => {
  loop.advance(46 * DAY);
  // What was written comes back from the tools in the very run whose end removes the plans.
  const run = await loop.refresh();
  expect(countsOf(run, "prune")).toMatchObject({ "plans past their time": 2 });
  const again = await loop.refresh();
  expect(countsOf(again, "prune")).toEqual({});
  const read = [...run.steps, ...again.steps].filter(({ counts }) => (counts["read"] ?? 0) > 0);
  expect(read.length).toBeGreaterThan(1);
  expect(read.map(({ step, counts }) => [step, counts["changed"] ?? 0])).toEqual(read.map(({ step }) => [step, 0]));
});

it("undoing a plan whose changes are gone is refused in a sentence", async () => {
  const plans = await loop.deps.plans.list(loop.workspaceId, 10);
  const plan = plans.find(({ connector, prunedAt }) => connector === "hubspot" && prunedAt !== null);
  if (plan === undefined) throw new Error("a pruned plan");
  const undone = await tributary("plan", "undo", plan.planId);
  expect(undone.code).toBe(1);
  expect(undone.err).toMatch(/can no longer be undone: what was there before .* was removed on \d{4}-\d\d-\d\d\./);
  expect((await tributary("plan", "list")).out).toMatch(/ no longer\n/);
  expect((await tributary("plan", "show", plan.planId)).out).toContain("it can no longer be undone.");
});
