import { describe, expect, it } from "vitest";
import type { ClaimCursor } from "#profile/store/plan/apply.ts";
import type { FieldValues } from "#profile/plan/types.ts";
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

  it("asks first while a tool has been read in part only, and applies by itself again once that is complete", async () => {
    await setAutoApply(1);
    await people("a", "b");
    await carryOut(site, await approved(), ASOF);
    const began = "INSERT INTO stream_state (workspace_id, connection_id, stream, full_read_started_at)";
    await shop.query(`${began} SELECT workspace_id, connection_id, 'orders', now() FROM connection`);
    await shop.addOrders([["a", "2026-09-01"]]);
    await score(LATER);
    expect(await makePlan(site, LATER)).toMatchObject({ status: "waiting", changes: 1 });
    await shop.query("UPDATE stream_state SET full_read_at = now()");
    await shop.addOrders([["b", "2026-09-01"]]);
    await score(LATER);
    expect(await makePlan(site, LATER)).toMatchObject({ status: "approved", changes: 2 });
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

  it("goes on with a half-made plan: what was compared is not compared again, unless its profile changed", async () => {
    await people("a", "b", "c", "d", "e");
    expect(await makePlan(site, ASOF, { stopAfter: 4 })).toBeNull();
    expect(vendor.reads).toBe(4);
    const half = await plans.openPlan(test.workspaceId, shop.connectionId);
    if (half === null) throw new Error("a plan");
    const [done] = await shop.query<{ vendor_id: string }>("SELECT vendor_id FROM plan_change ORDER BY vendor_id");
    const changed = done?.vendor_id ?? "";
    await shop.addOrders([[changed, "2026-09-01"]]);
    await score();
    const sealed = await makePlan(site, ASOF);
    expect(sealed).toMatchObject({ planId: half.planId, changes: 5, compared: 5 });
    expect(vendor.reads).toBe(4 + 1 + 1);
    expect((await show(half.planId)).sample.find(({ vendorId }) => vendorId === changed)?.after[STAGE]).toBe(
      "customer_new",
    );
    expect(await shop.query("SELECT FROM plan_compared")).toEqual([]);
  });

  it("takes back what a half-made plan wanted to change of a record that is right by now", async () => {
    await people("a", "b", "c");
    await makePlan(site, ASOF, { stopAfter: 2 });
    const [done] = await shop.query<{ vendor_id: string; after: FieldValues }>(
      "SELECT vendor_id, after FROM plan_change ORDER BY vendor_id",
    );
    vendor.records.set(done?.vendor_id ?? "", done?.after ?? {});
    await shop.query("UPDATE profile SET output_seq = nextval('change_seq') WHERE profile_id = $1", [
      shop.profileOf(done?.vendor_id ?? ""),
    ]);
    expect(await makePlan(site, ASOF)).toMatchObject({ changes: 2, compared: 3 });
  });

  it.each([
    ["other fields", { builtFor: "other fields" }, ASOF],
    ["the values of days ago", {}, "2026-09-08T12:00:00.000Z"],
  ])("begins a half-made plan anew where it was compared for %s", async (_, options, at) => {
    await people("a", "b", "c");
    await makePlan(site, ASOF, { stopAfter: 2 });
    expect(await makePlan(site, at, options)).toMatchObject({ changes: 3 });
    expect(vendor.reads).toBe(2 + 3);
  });

  it("replaces what an attempt added that ended before it said what it had compared", async () => {
    await people("a", "b");
    const beginning = await plans.begin(test.workspaceId, shop.connectionId, ASOF);
    if (beginning.outcome !== "building") throw new Error(beginning.outcome);
    const page = await plans.news(test.workspaceId, beginning.planId, "contacts", { after: null, limit: 1 });
    const ids = page.records.map(({ recordId }) => recordId);
    const [first] = await plans.candidates(test.workspaceId, beginning.planId, ids);
    if (first === undefined) throw new Error("a candidate");
    const { vendorId, recordId, profileId, createdAt } = first;
    await plans.addChanges(test.workspaceId, beginning.planId, [
      { vendorId, recordId, profileId, createdAt, before: { x: null }, after: { x: "stale" }, uses: [] },
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
    const sealed = await makePlan(site, ASOF, { pageSize: 1 });
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
    const claim = async (after: ClaimCursor | null) => plans.claim(test.workspaceId, planId, { limit: 2, after });
    const first = await claim(null);
    const second = await claim(first.at(-1) ?? null);
    const third = await claim(second.at(-1) ?? null);
    const idsOf = (changes: { vendorId: string }[]) => changes.map(({ vendorId }) => vendorId);
    expect([idsOf(first), idsOf(second), idsOf(third)]).toEqual([["a", "b"], ["c"], []]);
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
