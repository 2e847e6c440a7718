/** A shop with one tool to write to, fresh for each test, and what its admin does. */
import { afterAll, beforeAll, beforeEach } from "vitest";
import { createPlanStore, type PlanStore } from "#profile/store/plan/store.ts";
import { createScoreStore, type ScoreStore } from "#profile/store/scores/store.ts";
import { openShop, type Shop } from "#tests/scores/shop.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { makePlan, type Site, type Vendor } from "./carry-out.ts";

export const ASOF = "2026-09-05T12:00:00.000Z";
export const LATER = "2026-09-06T12:00:00.000Z";
export const STAGE = "tributary_lifecycle_stage";
export const admin = { actor: "admin", at: ASOF };
export let test: TestDatabase;
export let plans: PlanStore;
export let scores: ScoreStore;
export let shop: Shop;
export let vendor: Vendor;
export let site: Site;
let shops = 0;

/** Registers the hooks; the exported variables are set before each test. */
export function usePlanShop(): void {
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
      const ofConnections = ["delivery", "last_written", "plan_change", "plan", "destination_field", "stream_state"];
      for (const table of [...ofConnections, ...facts, "connection"]) {
        await transaction.query(`DELETE FROM ${table}`);
      }
    });
    // A new connection each time: plan ids follow from it, and the audit log is never emptied.
    shop = await openShop(test.database, test.workspaceId, `crm ${(shops += 1)}`);
    vendor = { records: new Map(), refuses: new Set(), ignores: new Set(), writes: 0, reads: 0 };
    site = { store: plans, workspaceId: test.workspaceId, connectionId: shop.connectionId, vendor };
    await plans.defineFields(test.workspaceId, shop.connectionId);
  });
}

export const score = (asOf = ASOF) => scores.scoreBatch(test.workspaceId, { limit: 1_000, asOf });
export const people = async (...ids: string[]) => {
  await shop.addPeople(ids);
  for (const id of ids) vendor.records.set(id, {});
  await score();
};
export const approved = async (at = ASOF) => {
  const sealed = await makePlan(site, at);
  if (sealed?.digest === undefined || sealed.digest === null) throw new Error("a plan with changes");
  if (sealed.status === "waiting") {
    await plans.approve(test.workspaceId, sealed.planId, { ...admin, digest: sealed.digest });
  }
  return sealed.planId;
};
export const show = async (planId: Parameters<PlanStore["show"]>[1]) => {
  const plan = await plans.show(test.workspaceId, planId, { sample: 10 });
  if (plan === null) throw new Error("no plan");
  return plan;
};
export const stageAt = (id: string) => vendor.records.get(id)?.[STAGE];
export const setAutoApply = (share: number) => shop.query("UPDATE connection SET auto_apply_share = $1", [share]);
