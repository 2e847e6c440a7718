import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createPlanStore, type PlanStore } from "#profile/store/plan/store.ts";
import { createScoreStore, type ScoreStore } from "#profile/store/scores/store.ts";
import { openShop, type Shop } from "#tests/scores/shop.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { applyBatch, carryOut, makePlan, type Site, type Vendor } from "./carry-out.ts";

const ASOF = "2026-09-05T12:00:00.000Z";
const LATER = "2026-09-06T12:00:00.000Z";
const STAGE = "tributary_lifecycle_stage";
const admin = { actor: "admin", at: ASOF };
let test: TestDatabase;
let plans: PlanStore;
let scores: ScoreStore;
let shop: Shop;
let vendor: Vendor;
let site: Site;
let shops = 0;

beforeAll(async () => {
  test = await createTestDatabase();
  plans = createPlanStore(test.database);
  scores = createScoreStore(test.database);
});
afterAll(() => test.drop());
beforeEach(async () => {
  await test.database.inWorkspace(test.workspaceId, async (transaction) => {
    const facts = [
      "profile_traits",
      "baseline",
      "consent_state",
      "membership",
      "profile",
      "identifier",
      "customer_order",
      "source_record",
    ];
    for (const table of ["delivery", "plan_change", "plan", "destination_field", ...facts, "connection"]) {
      await transaction.query(`DELETE FROM ${table}`);
    }
  });
  // A new connection each time: plan ids follow from it, and the audit log is never emptied.
  shop = await openShop(test.database, test.workspaceId, `crm ${(shops += 1)}`);
  vendor = { records: new Map(), refuses: new Set(), ignores: new Set(), writes: 0 };
  site = { store: plans, workspaceId: test.workspaceId, connectionId: shop.connectionId, vendor };
  await plans.defineFields(test.workspaceId, shop.connectionId);
});

const score = (asOf = ASOF) => scores.scoreBatch(test.workspaceId, { limit: 1_000, asOf });
const people = async (...ids: string[]) => {
  await shop.addPeople(ids);
  for (const id of ids) vendor.records.set(id, {});
  await score();
};
const approved = async (at = ASOF) => {
  const sealed = await makePlan(site, at);
  if (sealed?.digest === undefined || sealed.digest === null) throw new Error("a plan with changes");
  if (sealed.status === "waiting") {
    await plans.approve(test.workspaceId, sealed.planId, { ...admin, digest: sealed.digest });
  }
  return sealed.planId;
};
const show = async (planId: Parameters<PlanStore["show"]>[1]) => {
  const plan = await plans.show(test.workspaceId, planId, { sample: 10 });
  if (plan === null) throw new Error("no plan");
  return plan;
};
const stageAt = (id: string) => vendor.records.get(id)?.[STAGE];
const setAutoApply = (share: number) => shop.query("UPDATE connection SET auto_apply_share = $1", [share]);

describe("making a plan", () => {
  it("covers every record of the destination, waits for approval the first time, and costs nothing until there is news", async () => {
    await setAutoApply(1);
    await people("a", "b", "c", "d", "e");
    const sealed = await makePlan(site, ASOF);
    expect(sealed).toMatchObject({ status: "waiting", changes: 5, compared: 5, destinationRecords: 5 });
    expect(await plans.begin(test.workspaceId, shop.connectionId, LATER)).toMatchObject({
      outcome: "waiting",
      plan: { planId: sealed?.planId, status: "waiting" },
    });
    expect(vendor.writes).toBe(0);
  });

  it("has nothing to do once a plan was carried out and nothing changed", async () => {
    await people("a", "b", "c");
    expect(await carryOut(site, await approved(), ASOF)).toEqual({
      outcome: "applied",
      counts: { applied: 3, failed: 0, skipped: 0, gone: 0 },
    });
    expect(stageAt("a")).toBe("lead_cold");
    expect(await plans.begin(test.workspaceId, shop.connectionId, LATER)).toEqual({ outcome: "nothing" });
  });

  it("looks only at what changed since, and applies by itself within the admin's limit", async () => {
    await setAutoApply(0.4);
    await people("a", "b", "c");
    await carryOut(site, await approved(), ASOF);
    await shop.addOrders([["b", "2026-09-01"]]);
    await score(LATER);
    const small = await makePlan(site, LATER);
    expect(small).toMatchObject({ status: "approved", compared: 1, changes: 1 });
    if (small === null) return;
    await carryOut(site, small.planId, LATER);
    expect(stageAt("b")).toBe("customer_new");
    await shop.addOrders([
      ["a", "2026-09-01"],
      ["c", "2026-09-01"],
    ]);
    await score(LATER);
    expect(await makePlan(site, LATER)).toMatchObject({ status: "waiting", changes: 2 });
  });

  it("replaces a waiting plan when there is newer news, and covers all of it", async () => {
    await people("a", "b");
    const first = await makePlan(site, ASOF);
    await shop.addOrders([["b", "2026-09-01"]]);
    await score(LATER);
    const second = await makePlan(site, LATER);
    expect(second).toMatchObject({ status: "waiting", changes: 2 });
    if (first === null) throw new Error("a plan");
    expect((await show(first.planId)).status).toBe("superseded");
    expect(await plans.approve(test.workspaceId, first.planId, { ...admin, digest: first.digest ?? "" })).toEqual({
      outcome: "not_waiting",
      status: "superseded",
    });
  });

  it("starts a half-made plan again after a crash", async () => {
    await people("a", "b");
    const beginning = await plans.begin(test.workspaceId, shop.connectionId, ASOF);
    if (beginning.outcome !== "building") throw new Error(beginning.outcome);
    const page = await plans.candidates(test.workspaceId, beginning.planId, "contacts", { after: null, limit: 1 });
    const [first] = page.candidates;
    if (first === undefined) throw new Error("a candidate");
    const stale = { vendorId: first.vendorId, recordId: first.recordId, profileId: first.profileId };
    await plans.addChanges(test.workspaceId, beginning.planId, [
      { ...stale, before: { x: null }, after: { x: "stale" }, uses: [] },
    ]);
    const sealed = await makePlan(site, ASOF);
    expect(sealed).toMatchObject({ planId: beginning.planId, changes: 2 });
    expect((await show(beginning.planId)).fields).not.toHaveProperty("x");
  });

  it("is empty when every live value is right already, and that counts as planned", async () => {
    await people("a");
    await carryOut(site, await approved(), ASOF);
    await plans.offerAgain(test.workspaceId, shop.connectionId, admin);
    expect(await makePlan(site, LATER)).toMatchObject({ status: "empty", compared: 1, changes: 0 });
    expect(await plans.begin(test.workspaceId, shop.connectionId, LATER)).toEqual({ outcome: "nothing" });
  });

  it("pages past profiles without a record at the destination, and reaches every record of one with several", async () => {
    await people("a", "b", "c", "d", "e");
    await shop.query("UPDATE source_record SET stream = 'guests' WHERE vendor_id = ANY($1)", [["b", "c"]]);
    await shop.query("UPDATE membership SET profile_id = $1 WHERE profile_id = $2", [
      shop.profileOf("a"),
      shop.profileOf("e"),
    ]);
    await shop.touch(["a", "e"]);
    await score();
    const sealed = await makePlan(site, ASOF, 1);
    expect(sealed).toMatchObject({ changes: 3, compared: 3 });
  });

  it("leaves out records deleted at the vendor and those of other streams", async () => {
    await people("a", "b", "c");
    await shop.query("UPDATE source_record SET deleted = true WHERE vendor_id = 'a'");
    await shop.query("UPDATE source_record SET stream = 'guests' WHERE vendor_id = 'b'");
    expect(await makePlan(site, ASOF)).toMatchObject({ changes: 1, destinationRecords: 1 });
  });

  it("respects a person's edit of a field that is ours until edited", async () => {
    await shop.query("UPDATE destination_field SET ownership = 'until-edited' WHERE field = $1", [STAGE]);
    await people("a", "b");
    await carryOut(site, await approved(), ASOF);
    vendor.records.set("a", { ...vendor.records.get("a"), [STAGE]: "lead_qualified" });
    await shop.addOrders([
      ["a", "2026-09-01"],
      ["b", "2026-09-01"],
    ]);
    await score(LATER);
    await carryOut(site, await approved(LATER), LATER);
    expect([stageAt("a"), stageAt("b")]).toEqual(["lead_qualified", "customer_new"]);
    expect(vendor.records.get("a")?.["tributary_churn_risk"]).toBe("10");
  });

  it("clears what was written once the person objects to profiling", async () => {
    await people("a");
    await carryOut(site, await approved(), ASOF);
    await shop.setConsent("a", "personalisation", "any", "withdrawn");
    await score(LATER);
    await carryOut(site, await approved(LATER), LATER);
    expect(new Set(Object.values(vendor.records.get("a") ?? {}))).toEqual(new Set([null]));
  });

  it("gives out the changes of one pass once, whatever became of them", async () => {
    await people("a", "b", "c");
    const planId = await approved();
    await plans.startApplying(test.workspaceId, planId);
    const claim = async (after: string | null) =>
      (await plans.claim(test.workspaceId, planId, { limit: 2, after })).map(({ vendorId }) => vendorId);
    expect([await claim(null), await claim("b"), await claim("c")]).toEqual([["a", "b"], ["c"], []]);
  });
});

describe("approving", () => {
  it("takes the digest that was looked at, and the stored changes must still match it", async () => {
    await people("a");
    const sealed = await makePlan(site, ASOF);
    if (sealed === null) throw new Error("a plan");
    const { planId, digest } = sealed;
    expect(await plans.approve(test.workspaceId, planId, { ...admin, digest: "00" })).toEqual({
      outcome: "digest_mismatch",
    });
    await shop.query(`UPDATE plan_change SET after = after || '{"${STAGE}": "customer_loyal"}'`);
    expect(await plans.approve(test.workspaceId, planId, { ...admin, digest: digest ?? "" })).toEqual({
      outcome: "digest_mismatch",
    });
    expect((await show(planId)).status).toBe("waiting");
  });

  it("is written to the audit log, and so is a refusal; a refused plan does not come back by itself", async () => {
    await people("a");
    const sealed = await makePlan(site, ASOF);
    if (sealed === null) throw new Error("a plan");
    expect(await plans.reject(test.workspaceId, sealed.planId, admin)).toEqual({ outcome: "rejected" });
    expect(await plans.begin(test.workspaceId, shop.connectionId, LATER)).toEqual({ outcome: "nothing" });
    await plans.offerAgain(test.workspaceId, shop.connectionId, admin);
    const again = await approved();
    const log = await shop.query<{ action: string; subject: string }>(
      "SELECT action, subject FROM audit_log ORDER BY entry_id DESC LIMIT 3",
    );
    expect(log).toEqual([
      { action: "plan.approve", subject: again },
      { action: "plan.offer_again", subject: shop.connectionId },
      { action: "plan.reject", subject: sealed.planId },
    ]);
  });

  it("does not carry out changes that were altered after approval", async () => {
    await people("a");
    const planId = await approved();
    await shop.query(`UPDATE plan_change SET after = after || '{"${STAGE}": "customer_loyal"}'`);
    await expect(plans.startApplying(test.workspaceId, planId)).rejects.toThrow("does not match its seal");
  });

  it("is needed: a waiting plan gives out no changes", async () => {
    await people("a");
    const sealed = await makePlan(site, ASOF);
    if (sealed === null) throw new Error("a plan");
    await expect(plans.startApplying(test.workspaceId, sealed.planId)).rejects.toThrow("not approved");
    expect(await plans.claim(test.workspaceId, sealed.planId, { limit: 10, after: null })).toEqual([]);
  });
});

describe("carrying out", () => {
  it("records each applied change with what was there before and after", async () => {
    await people("a");
    vendor.records.set("a", { [STAGE]: "customer_new", company: "kept" });
    const planId = await approved();
    await carryOut(site, planId, ASOF);
    const [delivery] = await shop.query<{ before: object; read_back: object }>(
      "SELECT before, read_back FROM delivery",
    );
    expect(delivery).toMatchObject({ before: { [STAGE]: "customer_new" }, read_back: { [STAGE]: "lead_cold" } });
    expect(vendor.records.get("a")?.["company"]).toBe("kept");
    expect(await show(planId)).toMatchObject({ status: "applied", counts: { applied: 1 } });
  });

  it("killed between the vendor's answer and our note, ends like an undisturbed run without writing twice", async () => {
    await people("a", "b", "c");
    const planId = await approved();
    await plans.startApplying(test.workspaceId, planId);
    await applyBatch(site, planId, ASOF, true);
    expect(vendor.writes).toBe(2);
    expect(
      (await plans.claim(test.workspaceId, planId, { limit: 5, after: null })).map(({ status, attempts }) => [
        status,
        attempts,
      ]),
    ).toEqual([
      ["sent", 1],
      ["sent", 1],
      ["pending", 0],
    ]);
    expect(await carryOut(site, planId, ASOF)).toMatchObject({ outcome: "applied", counts: { applied: 3 } });
    expect(vendor.writes).toBe(3);
    const rows = await shop.query<{ before: object }>("SELECT before FROM delivery");
    expect(rows.map((row) => row.before)).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ [STAGE]: null })),
    );
  });

  it("keeps one idempotency key for an unknown outcome and takes a new one after a failure", async () => {
    await people("a");
    const planId = await approved();
    await plans.startApplying(test.workspaceId, planId);
    const key = async () => (await plans.claim(test.workspaceId, planId, { limit: 1, after: null }))[0]?.idempotencyKey;
    const first = await key();
    await plans.markSent(test.workspaceId, planId, ["a"]);
    expect(await key()).toBe(first);
    await plans.recordResults(test.workspaceId, planId, [{ vendorId: "a", outcome: "retry", reason: "Busy." }], ASOF);
    expect(await key()).not.toBe(first);
  });

  it("gives up on a change that is never done after five tries", async () => {
    await people("a");
    const planId = await approved();
    await plans.startApplying(test.workspaceId, planId);
    let tries = 0;
    while ((await plans.claim(test.workspaceId, planId, { limit: 1, after: null })).length > 0) {
      tries += 1;
      await plans.markSent(test.workspaceId, planId, ["a"]);
      await plans.recordResults(test.workspaceId, planId, [{ vendorId: "a", outcome: "retry", reason: "Busy." }], ASOF);
    }
    expect(tries).toBe(5);
    expect(await plans.finish(test.workspaceId, planId, ASOF)).toMatchObject({ outcome: "applied_with_failures" });
  });

  it("tries failed records alone again, when asked", async () => {
    await people("a", "b", "c");
    vendor.refuses.add("b");
    vendor.ignores.add("c");
    const planId = await approved();
    expect(await carryOut(site, planId, ASOF)).toMatchObject({
      outcome: "applied_with_failures",
      counts: { applied: 1, failed: 2 },
    });
    expect((await show(planId)).sample.map(({ vendorId, reason }) => [vendorId, reason])).toEqual([
      ["b", "A validation rule refused the value."],
      ["c", "Silent no-op: the vendor reported success and changed nothing."],
      ["a", null],
    ]);
    expect(await plans.begin(test.workspaceId, shop.connectionId, LATER)).toEqual({ outcome: "nothing" });
    vendor.refuses.clear();
    vendor.ignores.clear();
    expect(await plans.retryFailed(test.workspaceId, planId, admin)).toEqual({ outcome: "approved", changes: 2 });
    vendor.writes = 0;
    expect(await carryOut(site, planId, LATER)).toMatchObject({ outcome: "applied", counts: { applied: 3 } });
    expect(vendor.writes).toBe(2);
    expect(await plans.retryFailed(test.workspaceId, planId, admin)).toEqual({ outcome: "nothing_to_retry" });
  });

  it("leaves failed records with newer values to the next plan", async () => {
    await people("a");
    vendor.refuses.add("a");
    const planId = await approved();
    await carryOut(site, planId, ASOF);
    await shop.addOrders([["a", "2026-09-01"]]);
    await score(LATER);
    expect(await plans.retryFailed(test.workspaceId, planId, admin)).toEqual({ outcome: "nothing_to_retry" });
  });

  it("leaves a record that somebody changed meanwhile to the next plan, once", async () => {
    await people("a", "b");
    const planId = await approved();
    vendor.records.set("a", { [STAGE]: "lead_qualified" });
    expect(await carryOut(site, planId, ASOF)).toMatchObject({ counts: { applied: 1, skipped: 1 } });
    expect(stageAt("a")).toBe("lead_qualified");
    await carryOut(site, await approved(LATER), LATER);
    expect(stageAt("a")).toBe("lead_cold");
    expect(await plans.begin(test.workspaceId, shop.connectionId, LATER)).toEqual({ outcome: "nothing" });
  });

  it("does not look again at a record skipped for want of consent", async () => {
    await people("a");
    const planId = await approved();
    await plans.startApplying(test.workspaceId, planId);
    const result = { vendorId: "a", outcome: "skipped", cause: "consent", reason: "Consent was withdrawn." } as const;
    await plans.recordResults(test.workspaceId, planId, [result], ASOF);
    await plans.finish(test.workspaceId, planId, ASOF);
    expect(await plans.begin(test.workspaceId, shop.connectionId, LATER)).toEqual({ outcome: "nothing" });
  });

  it("is not finished while a change has no result, and a new plan waits for it", async () => {
    await people("a", "b", "c");
    const planId = await approved();
    await plans.startApplying(test.workspaceId, planId);
    await applyBatch(site, planId, ASOF);
    expect(await plans.finish(test.workspaceId, planId, ASOF)).toEqual({ outcome: "unfinished", remaining: 1 });
    await shop.addOrders([["a", "2026-09-01"]]);
    await score(LATER);
    expect(await plans.begin(test.workspaceId, shop.connectionId, LATER)).toMatchObject({ outcome: "unfinished" });
  });

  it("knows records that are gone", async () => {
    await people("a", "b");
    const planId = await approved();
    vendor.records.delete("a");
    expect(await carryOut(site, planId, ASOF)).toMatchObject({ outcome: "applied", counts: { applied: 1, gone: 1 } });
  });
});

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

describe("looking at plans", () => {
  it("lists them newest first and shows counts per status and field", async () => {
    await people("a", "b");
    const planId = await approved();
    await carryOut(site, planId, ASOF);
    await shop.addOrders([["a", "2026-09-01"]]);
    await score(LATER);
    await makePlan(site, LATER);
    const list = await plans.list(test.workspaceId, 10);
    expect(list.map(({ status }) => status)).toEqual(["waiting", "applied"]);
    expect(await plans.openPlan(test.workspaceId, shop.connectionId)).toEqual(list[0]);
    expect(await show(planId)).toMatchObject({ fields: { [STAGE]: 2 }, counts: { applied: 2 } });
    expect((await show(planId)).sample).toHaveLength(2);
  });
});
