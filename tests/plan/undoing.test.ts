import { describe, expect, it } from "vitest";
import type { PlanStore } from "#profile/store/plan/store.ts";
import { carryOut, makePlan } from "./carry-out.ts";
import {
  ASOF,
  LATER,
  STAGE,
  admin,
  approved,
  people,
  plans,
  score,
  setAutoApply,
  shop,
  show,
  site,
  stageAt,
  test,
  vendor,
  usePlanShop,
} from "./plan-shop.ts";

usePlanShop();

describe("undoing", () => {
  const undo = (planId: Parameters<PlanStore["beginUndo"]>[1]) =>
    plans.beginUndo(test.workspaceId, planId, { actor: "admin", at: LATER });

  it("restores what was there, keeps what somebody edited since, and is not overwritten by the next refresh", async () => {
    await people("a", "b");
    vendor.records.set("b", { [STAGE]: "customer_new" });
    const planId = await approved();
    await carryOut(site, planId, ASOF);
    vendor.records.set("a", { ...vendor.records.get("a"), [STAGE]: "lead_qualified" });
    const begun = await undo(planId);
    if (begun.outcome !== "approved") throw new Error(begun.outcome);
    expect(begun.plan).toMatchObject({ kind: "undo", undoOf: planId, changes: 2, approvedBy: "admin" });
    expect(await carryOut(site, begun.plan.planId, LATER)).toMatchObject({
      outcome: "applied",
      counts: { applied: 2 },
    });
    expect([stageAt("a"), stageAt("b")]).toEqual(["lead_qualified", "customer_new"]);
    expect(vendor.records.get("a")?.["tributary_next_best_action"]).toBeNull();
    await score(LATER);
    expect(await plans.begin(test.workspaceId, shop.connectionId, LATER)).toEqual({ outcome: "nothing" });
    expect(await undo(planId)).toMatchObject({ outcome: "already_undone" });
  });

  it("writes again only when the person's traits change", async () => {
    await people("a", "b");
    const planId = await approved();
    await carryOut(site, planId, ASOF);
    const begun = await undo(planId);
    if (begun.outcome !== "approved") throw new Error(begun.outcome);
    await carryOut(site, begun.plan.planId, LATER);
    await shop.addOrders([["a", "2026-09-01"]]);
    await score(LATER);
    await carryOut(site, await approved(LATER), LATER);
    expect([stageAt("a"), stageAt("b")]).toEqual(["customer_new", null]);
  });

  it("ends the standing approval: the next plan waits for a person, and what that one allows goes by itself again", async () => {
    await setAutoApply(1);
    await people("a", "b");
    const planId = await approved();
    await carryOut(site, planId, ASOF);
    const begun = await undo(planId);
    if (begun.outcome !== "approved") throw new Error(begun.outcome);
    await carryOut(site, begun.plan.planId, LATER);
    await shop.addOrders([["a", "2026-09-01"]]);
    await score(LATER);
    const next = await makePlan(site, LATER);
    expect(next).toMatchObject({ status: "waiting", reason: expect.stringContaining("was undone") });
    if (next?.digest === undefined || next.digest === null) throw new Error("a plan with changes");
    const after = (days: number) => new Date(Date.parse(LATER) + days * 86_400_000).toISOString();
    await plans.approve(test.workspaceId, next.planId, { actor: "admin", at: after(1), digest: next.digest });
    await carryOut(site, next.planId, after(1));
    await shop.addOrders([["b", "2026-09-01"]]);
    await score(after(2));
    expect(await makePlan(site, after(2))).toMatchObject({ status: "approved" });
  });

  it("is said of the plan itself, also where some records could not be put back, until they are", async () => {
    await people("a", "b");
    const planId = await approved();
    await carryOut(site, planId, ASOF);
    vendor.refuses.add("a");
    const begun = await undo(planId);
    if (begun.outcome !== "approved") throw new Error(begun.outcome);
    await carryOut(site, begun.plan.planId, LATER);
    expect((await show(planId)).status).toBe("partly_undone");
    vendor.refuses.clear();
    await plans.retryFailed(test.workspaceId, begun.plan.planId, admin);
    await carryOut(site, begun.plan.planId, LATER);
    expect((await show(planId)).status).toBe("undone");
    expect(await undo(planId)).toMatchObject({ outcome: "already_undone" });
    expect(await plans.retryFailed(test.workspaceId, planId, admin)).toEqual({ outcome: "nothing_to_retry" });
  });

  it("lets unchanged values be offered again when asked, and they wait", async () => {
    await setAutoApply(1);
    await people("a", "b");
    const planId = await approved();
    await carryOut(site, planId, ASOF);
    const begun = await undo(planId);
    if (begun.outcome !== "approved") throw new Error(begun.outcome);
    await carryOut(site, begun.plan.planId, LATER);
    expect(await makePlan(site, LATER)).toBeNull();
    await plans.offerAgain(test.workspaceId, shop.connectionId, admin);
    expect(await makePlan(site, LATER)).toMatchObject({ status: "waiting", changes: 2 });
  });

  it("is asked for once and for plans that wrote something", async () => {
    await people("a");
    const planId = await approved();
    expect(await undo(planId)).toMatchObject({ outcome: "not_undoable", status: "approved" });
    vendor.refuses.add("a");
    await carryOut(site, planId, ASOF);
    expect(await undo(planId)).toEqual({ outcome: "nothing_to_undo" });
    vendor.refuses.clear();
    await plans.retryFailed(test.workspaceId, planId, admin);
    await carryOut(site, planId, ASOF);
    const first = await undo(planId);
    const second = await undo(planId);
    if (first.outcome !== "approved" || second.outcome !== "approved") throw new Error("approved twice");
    expect(second.plan.planId).toBe(first.plan.planId);
  });
});
