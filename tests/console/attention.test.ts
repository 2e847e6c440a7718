/** What somebody on call sees from the command line, on real servers: what is stuck, what fails, and how tools answer. */
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { approveAll, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { smallShop } from "#tests/support/people.ts";
import { runCli } from "./run-cli.ts";

const finding = z.object({ check: z.string(), state: z.string(), says: z.string(), todo: z.string().nullable() });
const condition = z.object({ kind: z.string(), subject: z.string(), says: z.string(), todo: z.string() });
const status = z.looseObject({
  attention: z.array(condition),
  calls: z.array(
    z.object({
      ...{ connector: z.string(), calls: z.number(), failed: z.number(), p50Ms: z.number(), p95Ms: z.number() },
    }),
  ),
});

let loop: TestLoop;
let owner: Client;
beforeAll(async () => {
  loop = await startTestLoop();
  owner = new Client({ connectionString: loop.test.ownerUrl });
  await owner.connect();
  const shop = smallShop({ people: 20, now: Date.now() });
  loop.hubspot.load(shop.hubspot);
  loop.stripe.load(shop.stripe);
  loop.hubspot.faults.delayMs = 30;
  await loop.refresh();
  await approveAll(loop);
  loop.hubspot.faults.delayMs = 0;
});
afterAll(async () => {
  await owner.end();
  await loop.stop();
});

const doctor = async () => {
  const { out, code } = await runCli(loop.workerEnvironment, ["doctor", "--json"]);
  return { code, findings: z.array(finding).parse(JSON.parse(out)) };
};
const statusNow = async () =>
  status.parse(JSON.parse((await runCli(loop.workerEnvironment, ["status", "--json"])).out));

describe("with all well", () => {
  it("doctor says so, and status shows how many calls each tool got and how long they took", async () => {
    const { findings } = await doctor();
    expect(findings.find(({ check }) => check === "work of test")).toMatchObject({ state: "ok" });
    const { attention, calls } = await statusNow();
    expect(attention).toEqual([]);
    expect(calls.map(({ connector }) => connector)).toEqual(["hubspot", "stripe"]);
    const [hubspot] = calls;
    expect(hubspot?.calls).toBeGreaterThan(5);
    expect(hubspot?.failed).toBe(0);
    // Each of its answers took 30 ms at least, to a tenth.
    expect(hubspot?.p50Ms).toBeGreaterThanOrEqual(27);
    expect(hubspot?.p95Ms).toBeGreaterThanOrEqual(hubspot?.p50Ms ?? 0);
    const { out } = await runCli(loop.workerEnvironment, ["status"]);
    expect(out).toContain("Calls to tools in the last 24 hours");
    expect(out).not.toContain("Needs attention");
  });
});

describe("a plan that nobody carries out", () => {
  it("is named by doctor and status, with the command", async () => {
    await owner.query(
      `UPDATE plan SET status = 'applying', approved_at = now() - interval '1 hour', finished_at = NULL
       WHERE plan_id = (SELECT plan_id FROM plan ORDER BY created_at LIMIT 1)`,
    );
    const { code, findings } = await doctor();
    expect(code).toBe(1);
    // Once, with what is done of it.
    const [left, ...more] = findings.filter(({ check, state }) => check.includes("plan") && state === "fail");
    expect(more).toEqual([]);
    expect(left?.check).toMatch(/^plan [0-9a-f]{8} for (HubSpot|Stripe)$/);
    expect(left?.says).toMatch(/^\d+ of \d+ records are done and /);
    expect(left?.todo).toMatch(/tributary plan retry [0-9a-f]{8}/);
    expect((await statusNow()).attention.map(({ kind }) => kind)).toEqual(["plan_stranded"]);
    await owner.query("UPDATE plan SET status = 'applied', finished_at = now() WHERE status = 'applying'");
  });
});

describe("a run that hangs on a tool", () => {
  it("is named with the step that fails, its attempts and the last failure", async () => {
    loop.hubspot.faults.dropReply = 1_000_000;
    const refreshing = loop.refresh();
    refreshing.catch(() => undefined);
    let failing;
    while (failing === undefined) {
      await sleep(1_000);
      failing = (await statusNow()).attention.find(
        ({ kind, subject }) => kind === "step_failing" && subject.includes("/contacts/"),
      );
    }
    expect(failing.says).toMatch(/The step pullPages of \S+\/contacts is at attempt \d+.*last failure: HubSpot/);
    // Two hours have passed, as far as anybody can see.
    await owner.query(
      "UPDATE run SET started_at = started_at - interval '2 hours', finished_at = finished_at - interval '2 hours'",
    );
    await owner.query(
      "UPDATE run_step SET started_at = started_at - interval '2 hours', updated_at = updated_at - interval '1 hour'",
    );
    const { findings } = await doctor();
    const stuck = findings.find(({ check }) => check === "run stuck, test");
    expect(stuck?.says).toMatch(/has been under way for 2 hours and silent for/);
    expect(stuck?.says).toContain("pullPages");
    loop.hubspot.faults.dropReply = 0;
    await refreshing;
  });
});
