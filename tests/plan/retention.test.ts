/** After plans were pruned: what was written is still known as ours, and undoing says what it can no longer do. */
import { beforeEach, describe, expect, it } from "vitest";
import type { PlanId } from "#profile/ids.ts";
import { createRetentionStore, type RetentionStore } from "#profile/store/retention/store.ts";
import { carryOut, makePlan } from "./carry-out.ts";
import {
  ASOF,
  STAGE,
  admin,
  approved,
  people,
  plans,
  score,
  shop,
  show,
  site,
  stageAt,
  test,
  usePlanShop,
  vendor,
} from "./plan-shop.ts";

usePlanShop();

const DAY = 86_400_000;
const after = (days: number) => new Date(Date.parse(ASOF) + days * DAY);
const on = (days: number) => after(days).toISOString();
let retention: RetentionStore;
beforeEach(async () => {
  retention = createRetentionStore(test.database);
  await retention.keep(test.workspaceId, { plans: 90, runs: 90, versions: 30 });
});

const prune = async (days: number) => (await retention.prune(test.workspaceId, after(days).getTime())).pruned.plans;
const written = async (at = ASOF) => {
  const planId = await approved(at);
  await carryOut(site, planId, at);
  return planId;
};
const undo = (planId: PlanId, at: string) => plans.beginUndo(test.workspaceId, planId, { actor: "admin", at });
const own = (ownership: string) => shop.query("UPDATE destination_field SET ownership = $1", [ownership]);
const rowsOf = async (table: "plan_change" | "delivery") =>
  (await shop.query<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`))[0]?.rows;

describe("a plan past its time", () => {
  it("is gone with its changes and deliveries, in batches; its line stays and says so", async () => {
    await people("a", "b", "c", "d", "e");
    const planId = await written();
    expect(await prune(89)).toMatchObject({ rows: { plans: 0 } });
    expect(await rowsOf("plan_change")).toBe(5);
    const seen: number[] = [];
    const { pruned, done } = await retention.prune(test.workspaceId, after(91).getTime(), {
      batch: 2,
      onBatch: ({ plans: soFar }) => seen.push(soFar.rows["changes"] ?? 0),
    });
    expect(done).toBe(true);
    expect(seen).toEqual(expect.arrayContaining([2, 4, 5]));
    expect(pruned.plans).toMatchObject({ rows: { plans: 1, changes: 5 }, bytes: expect.any(Number) });
    expect([await rowsOf("plan_change"), await rowsOf("delivery")]).toEqual([0, 0]);
    expect(await show(planId)).toMatchObject({ status: "applied", changes: 5, prunedAt: expect.any(Date), counts: {} });
  });

  it("is said to be past undoing, also where only part of it is gone", async () => {
    await people("a", "b", "c");
    const planId = await written();
    const { done } = await retention.prune(test.workspaceId, after(91).getTime(), { batch: 1, goOn: () => false });
    expect(done).toBe(false);
    // Runs come before plans: their batch was the first.
    await retention.prune(test.workspaceId, after(91).getTime(), { batch: 1, goOn: onlyOnce() });
    expect(await rowsOf("plan_change")).toBe(2);
    expect(await undo(planId, on(91))).toMatchObject({ outcome: "pruned", prunedAt: expect.any(Date) });
    expect(await plans.retryFailed(test.workspaceId, planId, admin)).toMatchObject({ outcome: "pruned" });
    await prune(91);
    expect(await rowsOf("plan_change")).toBe(0);
    expect(await undo(planId, on(91))).toMatchObject({ outcome: "pruned" });
  });

  it("stays when it is not over: waiting, approved, being carried out", async () => {
    await people("a", "b");
    const sealed = await makePlan(site, ASOF);
    if (sealed?.digest === undefined || sealed.digest === null) throw new Error("a plan with changes");
    await prune(1_000);
    await plans.approve(test.workspaceId, sealed.planId, { ...admin, digest: sealed.digest });
    await prune(1_000);
    await plans.startApplying(test.workspaceId, sealed.planId);
    await prune(1_000);
    expect(await rowsOf("plan_change")).toBe(2);
    expect(await carryOut(site, sealed.planId, ASOF)).toMatchObject({ outcome: "applied", counts: { applied: 2 } });
  });

  it("is kept for ever where the admin says so, and one that is kept can be undone", async () => {
    await people("a");
    await retention.keep(test.workspaceId, { plans: null });
    const planId = await written();
    await prune(3_650);
    const begun = await undo(planId, on(3_650));
    if (begun.outcome !== "approved") throw new Error(begun.outcome);
    await carryOut(site, begun.plan.planId, on(3_650));
    expect(stageAt("a")).toBeNull();
  });

  it("leaves its number to no other plan", async () => {
    await people("a");
    const first = await written();
    // Compared and found equal: empty plans, whose lines go.
    for (const day of [1, 2]) {
      await plans.offerAgain(test.workspaceId, shop.connectionId, admin);
      expect(await makePlan(site, on(day))).toMatchObject({ status: "empty" });
    }
    const known = new Set((await plans.list(test.workspaceId, 10)).map(({ planId }) => planId));
    expect(await prune(200)).toMatchObject({ rows: { plans: 3 } });
    expect((await plans.list(test.workspaceId, 10)).map(({ planId }) => planId)).toEqual([first]);
    await shop.addOrders([["a", "2026-09-01"]]);
    await score(on(201));
    const next = await makePlan(site, on(201));
    expect(known).not.toContain(next?.planId);
    expect(next).toMatchObject({ changes: 1 });
  });

  it("does not make the next plan of its tool the first one again: what goes by itself still does", async () => {
    await people("a", "b");
    await written();
    await prune(91);
    await shop.query("UPDATE connection SET auto_apply_share = 1");
    await shop.addOrders([["a", "2026-09-01"]]);
    await score(on(92));
    expect(await makePlan(site, on(92))).toMatchObject({ status: "approved" });
  });
});

describe("what was written by a plan that is gone", () => {
  it("is still ours to change, unless a person edited it since", async () => {
    await own("until-edited");
    await people("a", "b");
    await written();
    await prune(91);
    vendor.records.set("b", { ...vendor.records.get("b"), [STAGE]: "edited by hand" });
    await shop.addOrders([
      ["a", "2026-11-20"],
      ["b", "2026-11-20"],
    ]);
    await score(on(92));
    await written(on(92));
    expect([stageAt("a"), stageAt("b")]).toEqual(["customer_new", "edited by hand"]);
  });

  it("is told from an empty field of a person's: one we filled and somebody emptied stays empty", async () => {
    await own("until-edited");
    await people("a");
    await written();
    await prune(91);
    vendor.records.set("a", { ...vendor.records.get("a"), [STAGE]: null });
    await shop.addOrders([["a", "2026-11-20"]]);
    await score(on(92));
    await written(on(92));
    expect(stageAt("a")).toBeNull();
  });
});

describe("a plan within its time, when an earlier one is gone", () => {
  it("is undone to what was there before it", async () => {
    await people("a");
    await written();
    await shop.addOrders([["a", "2026-11-01"]]);
    await score(on(60));
    const second = await written(on(60));
    expect(stageAt("a")).toBe("customer_new");
    expect(await prune(100)).toMatchObject({ rows: { plans: 1 } });
    const begun = await undo(second, on(100));
    if (begun.outcome !== "approved") throw new Error(begun.outcome);
    expect(await carryOut(site, begun.plan.planId, on(100))).toMatchObject({ counts: { applied: 1 } });
    expect(stageAt("a")).toBe("lead_cold");
  });
});

/** Runs have one batch; then one of plans. */
function onlyOnce(): () => boolean {
  let asked = 0;
  return () => (asked += 1) < 2;
}

it("a preview counts what pruning then removes, and changes nothing", async () => {
  await people("a", "b");
  await written();
  const preview = await retention.preview(test.workspaceId, after(91).getTime());
  expect(await rowsOf("plan_change")).toBe(2);
  expect(preview.plans.bytes).toBeGreaterThan(500);
  const pruned = await prune(91);
  expect(pruned.rows).toEqual(preview.plans.rows);
  expect(pruned.bytes / preview.plans.bytes).toBeCloseTo(1, 1);
});
