import { describe, expect, it } from "vitest";
import { createConsentStore } from "#profile/store/consent/store.ts";
import type { DestinationField, FieldChange } from "#profile/store/plan/fields.ts";
import type { OpenConnection } from "#connectors/core/contract.ts";
import { carryOut as carryOutAtVendor } from "#workflows/write-back/carry-out.ts";
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

const OTHER = "crm_stage";
const change = (to: Partial<FieldChange>) =>
  plans.changeFields(
    test.workspaceId,
    shop.connectionId,
    {
      ...{ field: STAGE, source: STAGE, label: null, existing: false, ownership: "ours", enabled: true, clear: false },
      ...to,
    },
    admin,
  );
const listed = async (): Promise<DestinationField[]> => plans.fields(test.workspaceId, shop.connectionId);
const applied = async (at = ASOF) => {
  const planId = await approved(at);
  await carryOut(site, planId, at);
  return planId;
};
const made = async (at: string) => {
  const plan = await makePlan(site, at);
  if (plan === null) throw new Error("There must be a plan to make.");
  return plan;
};

describe("a field in another property", () => {
  it("is written there by its own type, and what its former property holds stays", async () => {
    await people("a");
    await applied();
    const stage = stageAt("a");
    await change({ field: "computed_on", source: "tributary_last_computed" });
    await change({ field: OTHER });
    await applied();
    expect(vendor.records.get("a")).toMatchObject({ [OTHER]: stage, [STAGE]: stage });
    const computed = vendor.records.get("a")?.["computed_on"] ?? "";
    // As the vendor spells the same instant; a later one alone is no news either.
    vendor.records.set("a", { ...vendor.records.get("a"), computed_on: String(Date.parse(computed)) });
    await plans.offerAgain(test.workspaceId, shop.connectionId, admin);
    expect(await makePlan(site, ASOF)).toMatchObject({ status: "empty" });
  });

  it("leaves its former property empty where that was asked for and nobody edited it", async () => {
    await people("a", "b");
    await applied();
    vendor.records.set("b", { ...vendor.records.get("b"), [STAGE]: "by hand" });
    await change({ field: OTHER, clear: true });
    await applied();
    expect([stageAt("a"), stageAt("b")]).toEqual([null, "by hand"]);
    expect(vendor.records.get("a")?.[OTHER]).not.toBeNull();
    expect((await listed()).find(({ field }) => field === STAGE)).toMatchObject({ retired: true, enabled: false });
  });

  it("is asked back to its own property, and is not made a second time by connecting again", async () => {
    await people("a");
    await change({ field: OTHER });
    await plans.defineFields(test.workspaceId, shop.connectionId);
    expect((await listed()).filter(({ source }) => source === STAGE).map(({ field }) => field)).toEqual([OTHER]);
    await change({});
    expect((await listed()).filter(({ source }) => source === STAGE).map(({ field }) => field)).toEqual([STAGE]);
  });

  it("until edited: fills what is empty, follows its own value, and leaves what was there and what somebody edits", async () => {
    await people("a", "b", "c");
    vendor.records.set("b", { [OTHER]: "theirs before us" });
    await change({ field: OTHER, existing: true, ownership: "until-edited" });
    await applied();
    const written = vendor.records.get("a")?.[OTHER];
    expect(written).toEqual(expect.any(String));
    expect(vendor.records.get("b")?.[OTHER]).toBe("theirs before us");
    vendor.records.set("c", { ...vendor.records.get("c"), [OTHER]: "by hand" });
    await shop.addOrders([
      ["a", "2026-09-01"],
      ["c", "2026-09-01"],
    ]);
    await score(LATER);
    await applied(LATER);
    expect(vendor.records.get("a")?.[OTHER]).not.toBe(written);
    expect(vendor.records.get("c")?.[OTHER]).toBe("by hand");
  });

  it("takes one field only", async () => {
    await change({ field: OTHER });
    await expect(change({ field: OTHER, source: "tributary_churn_risk" })).rejects.toThrow("holds another field");
  });
});

describe("a field that is off", () => {
  it("is written no more and keeps what it holds", async () => {
    await people("a");
    await applied();
    const stage = stageAt("a");
    await change({ enabled: false });
    await shop.addOrders([["a", "2026-09-01"]]);
    await score(LATER);
    await applied(LATER);
    expect(stageAt("a")).toBe(stage);
  });

  it("is emptied on request, the time as well, once; on again it is filled", async () => {
    await people("a");
    await applied();
    await change({ enabled: false, clear: true });
    await change({ field: "tributary_last_computed", source: "tributary_last_computed", enabled: false, clear: true });
    await applied();
    expect(vendor.records.get("a")).toMatchObject({ [STAGE]: null, tributary_last_computed: null });
    vendor.records.set("a", { ...vendor.records.get("a"), [STAGE]: "by hand" });
    await plans.offerAgain(test.workspaceId, shop.connectionId, admin);
    expect(await makePlan(site, ASOF)).toMatchObject({ status: "empty" });
    await change({});
    await applied();
    expect(stageAt("a")).not.toBe("by hand");
  });
});

describe("a change of the fields", () => {
  it("makes the next plan wait, also where plans apply by themselves, and is in the audit log", async () => {
    await setAutoApply(1);
    await people("a");
    await applied();
    await shop.addOrders([["a", "2026-09-01"]]);
    await score(LATER);
    const usual = await made(LATER);
    expect(usual.status).toBe("approved");
    await carryOut(site, usual.planId, LATER);
    await change({ field: OTHER });
    const next = await makePlan(site, LATER);
    expect(next).toMatchObject({ status: "waiting", reason: expect.stringContaining("were changed"), changes: 1 });
    const [entry] = await shop.query<{ details: unknown }>(
      "SELECT details FROM audit_log WHERE action = 'fields.changed' ORDER BY at DESC, entry_id DESC LIMIT 1",
    );
    expect(entry?.details).toMatchObject({ field: OTHER, source: STAGE, left: [STAGE] });
  });

  it("makes a plan that waits anew, though nobody has news", async () => {
    await people("a");
    const waiting = await made(ASOF);
    await change({ field: OTHER });
    const next = await made(ASOF);
    expect(next.planId).not.toBe(waiting.planId);
    expect((await show(next.planId)).fields).toMatchObject({ [OTHER]: 1 });
    expect((await show(waiting.planId)).status).toBe("superseded");
  });

  it("holds back what was approved before it: not one value leaves, and the next plan compares again", async () => {
    await people("a", "b", "c");
    const planId = await approved();
    await plans.startApplying(test.workspaceId, planId);
    const sent: string[][] = [];
    const connection: Pick<OpenConnection, "readLive" | "write"> = {
      readLive: async (records) =>
        records.map(({ id }) => ({ id, state: "live", values: vendor.records.get(id) ?? {} })),
      write: async (writes) => {
        sent.push(writes.map(({ id }) => id));
        for (const { id, values } of writes) vendor.records.set(id, values);
        // Somebody tightens the list while the first call is on its way.
        if (sent.length === 1) await change({ enabled: false });
        return writes.map(({ id }) => ({ id, outcome: "written" }));
      },
    };
    let clock = Date.parse(ASOF);
    await carryOutAtVendor({
      ...{ plans, consent: createConsentStore(test.database), workspaceId: test.workspaceId, planId, kind: "write" },
      ...{ mapping: await plans.mapping(test.workspaceId, planId), without: [], batchSize: 1, readSize: 10 },
      // Each look at the clock is a second later: what was asked before is asked again before a call leaves.
      now: () => (clock += 1_000),
      ...{ connection: connection as OpenConnection, reader: connection, beforeSending: () => undefined },
      isFresh: () => true,
      onSettled: (results) => plans.recordResults(test.workspaceId, planId, results, ASOF),
    });
    expect(sent).toEqual([["a"]]);
    const ending = await plans.finish(test.workspaceId, planId, ASOF);
    expect(ending).toMatchObject({ outcome: "applied", counts: { applied: 1, skipped: 2 } });
    expect((await show(planId)).sample.at(-1)?.reason).toContain("were changed after the plan was made");
    expect(await makePlan(site, ASOF)).toMatchObject({ status: "waiting", changes: 2 });
  });

  it("keeps an earlier plan undoable: what it wrote is put back where it was written", async () => {
    await people("a");
    vendor.records.set("a", { [OTHER]: "theirs before us" });
    await change({ field: OTHER, existing: true, ownership: "ours" });
    const planId = await applied();
    expect(vendor.records.get("a")?.[OTHER]).not.toBe("theirs before us");
    await change({});
    const begun = await plans.beginUndo(test.workspaceId, planId, { actor: "admin", at: LATER });
    if (begun.outcome !== "approved") throw new Error(begun.outcome);
    expect(await plans.isForCurrentFields(test.workspaceId, begun.plan.planId)).toBe(true);
    await carryOut(site, begun.plan.planId, LATER);
    expect(vendor.records.get("a")?.[OTHER]).toBe("theirs before us");
  });
});
