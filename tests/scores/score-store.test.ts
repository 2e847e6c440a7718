import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createScoreStore, type ScoreStore } from "#profile/store/scores/store.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { TRAITS } from "#profile/traits.ts";
import { openShop, type Shop } from "./shop.ts";

const ASOF = "2026-09-05T12:00:00.000Z";
let test: TestDatabase;
let store: ScoreStore;
let shop: Shop;

beforeAll(async () => {
  test = await createTestDatabase();
  store = createScoreStore(test.database);
});
afterAll(() => test.drop());
beforeEach(async () => {
  await test.database.inWorkspace(test.workspaceId, async (transaction) => {
    const tables = [
      "profile_traits",
      "baseline",
      "consent_state",
      "membership",
      "profile",
      "identifier",
      "customer_order",
    ];
    for (const table of [...tables, "touchpoint", "subscription", "source_record", "connection"]) {
      await transaction.query(`DELETE FROM ${table}`);
    }
  });
  shop = await openShop(test.database, test.workspaceId);
});

const score = (asOf = ASOF, limit = 1_000) => store.scoreBatch(test.workspaceId, { limit, asOf });
const traitsOf = (vendorId: string) =>
  shop.query<{ name: string; status: string; value: unknown; reasons: string[]; method: string }>(
    "SELECT name, status, value, reasons, method FROM trait WHERE profile_id = $1 ORDER BY name",
    [shop.profileOf(vendorId)],
  );
const valuesOf = async (vendorId: string) =>
  Object.fromEntries((await traitsOf(vendorId)).map((one) => [one.name, one.value]));
const marks = async (vendorId: string) =>
  (
    await shop.query<{ output_seq: number; score_due_at: Date | null }>(
      "SELECT output_seq, score_due_at FROM profile WHERE profile_id = $1",
      [shop.profileOf(vendorId)],
    )
  )[0];
/** Sixty people buying every 35 days: enough for the shop's own rhythm. */
const regulars = async () => {
  const ids = Array.from({ length: 60 }, (_, index) => `r${index}`);
  await shop.addPeople(ids);
  await shop.addOrders(
    ids.flatMap((id): [string, string][] => [
      [id, "2026-05-01"],
      [id, "2026-06-05"],
      [id, "2026-07-10"],
    ]),
  );
};

describe("scoring", () => {
  it("stores a trait with reasons for everybody, and abstains where nothing was bought", async () => {
    await shop.addPeople(["buyer", "lead"]);
    await shop.addOrders([["buyer", "2026-08-20"]]);
    expect(await score()).toEqual({ profiles: 2, changed: 2, refused: 1, more: false });
    expect(await valuesOf("buyer")).toMatchObject({
      lifecycle_stage: "customer_new",
      churn_risk: 10,
      churn_risk_band: "low",
    });
    expect(await valuesOf("lead")).toMatchObject({
      lifecycle_stage: "lead_cold",
      churn_risk: null,
      churn_risk_band: null,
    });
  });

  it("does nothing when nothing changed, and only the changed when one did", async () => {
    await shop.addPeople(["a", "b", "c"]);
    await score();
    expect(await score()).toEqual({ profiles: 0, changed: 0, refused: 0, more: false });
    await shop.addOrders([["b", "2026-09-01"]]);
    expect(await score()).toMatchObject({ profiles: 1, changed: 1 });
  });

  it("leaves a profile's mark alone when it was looked at and its answers stayed", async () => {
    await shop.addPeople(["a"]);
    await score();
    const before = await marks("a");
    await shop.touch(["a"]);
    expect(await score()).toMatchObject({ profiles: 1, changed: 0 });
    expect(await marks("a")).toEqual(before);
  });

  it("an answer that stays as it was keeps its time beside one that changes", async () => {
    await shop.addPeople(["a"]);
    await shop.addOrders([["a", "2026-08-20"]]);
    await score();
    await shop.setConsent("a", "marketing", "email", "granted");
    expect(await score("2026-09-06T12:00:00.000Z")).toMatchObject({ changed: 1 });
    const times = await shop.query<{ name: string; at: Date }>("SELECT name, computed_at AS at FROM trait");
    expect(Object.fromEntries(times.map(({ name, at }) => [name, at.toISOString()]))).toEqual({
      ...Object.fromEntries(TRAITS.map(({ name }) => [name, ASOF])),
      next_best_action: "2026-09-06T12:00:00.000Z",
    });
  });

  it("scores again at the instant at which time changes the answer, not before", async () => {
    await regulars();
    await store.refreshBaseline(test.workspaceId, "2026-07-11T12:00:00.000Z");
    await score("2026-07-11T12:00:00.000Z");
    const due = (await marks("r1"))?.score_due_at?.toISOString() ?? "";
    expect(due).toBe("2026-08-13T23:00:00.000Z");
    expect(await score("2026-08-13T22:59:59.999Z")).toMatchObject({ profiles: 0 });
    expect(await score(due)).toMatchObject({ profiles: 60, changed: 60 });
    expect(await score(due)).toMatchObject({ profiles: 0 });
  });

  it("works through batches until nothing is left", async () => {
    await shop.addPeople(["a", "b", "c", "d", "e"]);
    const seen = [];
    for (let more = true; more;) {
      const batch = await score(ASOF, 2);
      seen.push(batch.profiles);
      more = batch.more;
    }
    expect(seen).toEqual([2, 2, 1]);
  });

  it("counts what was refunded in full, deleted or not paid as no purchase, and one day once", async () => {
    await shop.addPeople(["a"]);
    await shop.addOrders([
      ["a", "2026-08-01"],
      ["a", "2026-08-01"],
      ["a", "2026-08-02"],
      ["a", "2026-08-03"],
      ["a", "2026-08-04"],
    ]);
    const change = (what: string, vendorId: string) =>
      shop.query(`UPDATE customer_order SET ${what} WHERE vendor_id = $1`, [vendorId]);
    await change("refunded_minor = amount_minor, status = 'refunded'", "o3");
    await change("deleted = true", "o4");
    await change("status = 'failed'", "o5");
    await score();
    const traits = await traitsOf("a");
    expect(traits.find(({ name }) => name === "churn_risk")?.reasons[0]).toBe("Bought on one day so far, 1 Aug 2026.");
  });

  it("counts an order under its day in the shop's time zone", async () => {
    await shop.addPeople(["a"]);
    await shop.addOrders([["a", "2026-08-01"]]);
    await shop.query("UPDATE customer_order SET placed_at = '2026-07-31T23:30:00Z'");
    await score();
    const traits = await traitsOf("a");
    expect(traits.find(({ name }) => name === "churn_risk")?.reasons[0]).toBe("Bought on one day so far, 1 Aug 2026.");
  });

  it("looks again when an order dated in the future comes due", async () => {
    await shop.addPeople(["a"]);
    await shop.addOrders([["a", "2026-09-06"]]);
    await score();
    expect(await valuesOf("a")).toMatchObject({ churn_risk: null });
    await score("2026-09-06T12:00:00.000Z");
    expect(await valuesOf("a")).toMatchObject({ churn_risk: 10 });
  });

  it("counts an open deal of the person", async () => {
    await shop.addPeople(["a"]);
    await shop.query(
      `INSERT INTO source_record (workspace_id, record_id, connection_id, stream, vendor_id, kind, deal_status, hash, person_record_ids)
       SELECT workspace_id, gen_random_uuid(), connection_id, 'deals', 'd1', 'deal', 'open', '', ARRAY[record_id]
       FROM source_record WHERE vendor_id = 'a'`,
    );
    await score();
    expect(await valuesOf("a")).toMatchObject({
      lifecycle_stage: "lead_qualified",
      next_best_action: "follow_up_deal",
    });
  });

  it("counts a person's open deal among thousands of others'", async () => {
    await shop.addPeople(["a", "b"]);
    await shop.query(
      `INSERT INTO source_record (workspace_id, record_id, connection_id, stream, vendor_id, kind, deal_status, hash, person_record_ids)
       SELECT workspace_id, gen_random_uuid(), connection_id, 'deals', 'd' || n, 'deal', 'open', '',
         CASE WHEN n = 1500 THEN ARRAY[record_id] ELSE ARRAY[gen_random_uuid()] END
       FROM source_record CROSS JOIN generate_series(1, 2000) AS n WHERE vendor_id = 'a'`,
    );
    await score();
    expect(await valuesOf("a")).toMatchObject({ next_best_action: "follow_up_deal" });
    expect(await valuesOf("b")).not.toMatchObject({ next_best_action: "follow_up_deal" });
  });

  it("counts messages sent against the cap, and only what the person did as activity", async () => {
    await shop.addPeople(["a"]);
    await shop.setConsent("a", "marketing", "email", "granted");
    const touch = (type: string, at: string) =>
      shop.query(
        `INSERT INTO touchpoint (workspace_id, record_id, connection_id, stream, vendor_id, person_record_id, type, at, hash)
         SELECT workspace_id, gen_random_uuid(), connection_id, 'events', $1 || $2, record_id, $1, $2::timestamptz, ''
         FROM source_record WHERE vendor_id = 'a'`,
        [type, at],
      );
    await touch("visit", "2026-08-30T10:00:00Z");
    await touch("email_sent", "2026-09-01T10:00:00Z");
    await score();
    expect(await valuesOf("a")).toMatchObject({ lifecycle_stage: "lead_engaged", next_best_action: "nurture_email" });
    await touch("email_sent", "2026-09-04T10:00:00Z");
    await shop.touch(["a"]);
    await score();
    expect(await valuesOf("a")).toMatchObject({ lifecycle_stage: "lead_engaged", next_best_action: "none" });
    expect((await marks("a"))?.score_due_at?.toISOString()).toBe("2026-09-08T10:00:00.000Z");
  });

  it("refuses every trait of somebody who objected to profiling, and marks the change for write-back", async () => {
    await shop.addPeople(["a"]);
    await shop.addOrders([["a", "2026-08-20"]]);
    await score();
    const before = await marks("a");
    await shop.setConsent("a", "personalisation", "any", "withdrawn");
    expect(await score()).toMatchObject({ changed: 1, refused: 1 });
    const traits = await traitsOf("a");
    expect(traits.map(({ status, value }) => [status, value])).toEqual(TRAITS.map(() => ["refused", null]));
    expect((await marks("a"))?.output_seq).toBeGreaterThan(before?.output_seq ?? 0);
  });

  it("forgets the traits of a profile whose records moved away", async () => {
    await shop.addPeople(["a", "b"]);
    await score();
    await shop.query("UPDATE membership SET profile_id = $1", [shop.profileOf("a")]);
    await shop.touch(["a", "b"]);
    await score();
    expect(await traitsOf("b")).toEqual([]);
  });
});

describe("the shop's rhythm", () => {
  it("is learned from repeat buyers, and people scored before are scored again", async () => {
    await shop.addPeople(["early"]);
    await shop.addOrders([["early", "2026-07-01"]]);
    await store.refreshBaseline(test.workspaceId, ASOF);
    await score();
    expect(await valuesOf("early")).toMatchObject({ lifecycle_stage: "customer_at_risk" });
    await regulars();
    expect(await store.refreshBaseline(test.workspaceId, ASOF)).toEqual({
      changed: true,
      baseline: { repeatBuyers: 60, medianGapDays: 35, topSpendMinor: null },
    });
    expect(await score()).toMatchObject({ profiles: 61 });
    const traits = await traitsOf("early");
    expect(traits.find(({ name }) => name === "lifecycle_stage")?.method).toContain("the shop's own purchase rhythm");
  });

  it("is left alone while few orders changed, and looked at once a day", async () => {
    await regulars();
    await store.refreshBaseline(test.workspaceId, ASOF);
    await score();
    await shop.addOrders([["r1", "2026-08-01"]]);
    expect(await store.refreshBaseline(test.workspaceId, ASOF)).toMatchObject({ changed: false });
    const inputs = async () => (await shop.query<{ inputs: number }>("SELECT inputs FROM baseline"))[0]?.inputs;
    expect(await inputs()).toBe(180);
    await store.refreshBaseline(test.workspaceId, "2026-09-06T12:00:01.000Z");
    expect(await inputs()).toBe(181);
  });
});
