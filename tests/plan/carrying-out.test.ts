import { describe, expect, it } from "vitest";
import { applyBatch, carryOut, makePlan } from "./carry-out.ts";
import {
  ASOF,
  LATER,
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
  vendor,
  usePlanShop,
} from "./plan-shop.ts";

usePlanShop();

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

  it("does not mind in which order a change names its fields", async () => {
    await people("a");
    const sealed = await makePlan(site, ASOF);
    if (sealed === null) throw new Error("a plan");
    await shop.query(
      `UPDATE plan_change SET after = (SELECT concat('{', string_agg(concat(to_json(key), ':', value), ',' ORDER BY key DESC),
         '}')::jsonb FROM jsonb_each(after))`,
    );
    const decision = { ...admin, digest: sealed.digest ?? "" };
    expect(await plans.approve(test.workspaceId, sealed.planId, decision)).toEqual({ outcome: "approved" });
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
      `SELECT coalesce(d.before, c.before) AS before, coalesce(d.read_back, d.after, c.after) AS read_back
       FROM delivery d JOIN plan_change c USING (workspace_id, plan_id, vendor_id)`,
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
    const rows = await shop.query<{ before: object }>(
      `SELECT coalesce(d.before, c.before) AS before
       FROM delivery d JOIN plan_change c USING (workspace_id, plan_id, vendor_id)`,
    );
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

  it("keeps the vendor's job with a change until its end was seen, and a new try after a failure begins without one", async () => {
    await people("a", "b");
    const planId = await approved();
    await plans.startApplying(test.workspaceId, planId);
    const jobs = async () =>
      (await plans.claim(test.workspaceId, planId, { limit: 5, after: null })).map(({ vendorId, job }) => [
        vendorId,
        job,
      ]);
    await plans.markSent(test.workspaceId, planId, ["a", "b"]);
    await plans.markJob(test.workspaceId, planId, "job-1", ["a"]);
    expect(await jobs(), "after a crash").toEqual([
      ["a", "job-1"],
      ["b", null],
    ]);
    const slow = { outcome: "retry", reason: "Still at it." } as const;
    await plans.recordResults(test.workspaceId, planId, [{ vendorId: "a", ...slow }], ASOF);
    expect((await jobs())[0], "after a pass that did not see its end").toEqual(["a", "job-1"]);
    await plans.markSent(test.workspaceId, planId, ["a"]);
    await plans.markJob(test.workspaceId, planId, "job-2", ["a"]);
    expect((await jobs())[0], "ordered anew").toEqual(["a", "job-2"]);
    const failed = { outcome: "failed", reason: "Refused." } as const;
    const results = [
      { vendorId: "a", ...failed },
      { vendorId: "b", ...failed },
    ];
    await plans.recordResults(test.workspaceId, planId, results, ASOF);
    await plans.finish(test.workspaceId, planId, ASOF);
    expect(await plans.retryFailed(test.workspaceId, planId, admin)).toMatchObject({ outcome: "approved" });
    await plans.startApplying(test.workspaceId, planId);
    expect(await jobs(), "tried again").toEqual([
      ["a", null],
      ["b", null],
    ]);
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
