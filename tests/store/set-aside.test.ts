import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createConsentStore } from "#profile/store/consent/store.ts";
import { createScoreStore, type ScoreStore } from "#profile/store/scores/store.ts";
import { createSetAsideStore, type SetAsideStore } from "#profile/store/set-aside.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { openShop, type Shop } from "#tests/scores/shop.ts";

const ASOF = "2026-09-05T12:00:00.000Z";
let test: TestDatabase;
let shop: Shop;
let scores: ScoreStore;
let setAside: SetAsideStore;

beforeAll(async () => {
  test = await createTestDatabase();
  scores = createScoreStore(test.database);
  setAside = createSetAsideStore(test.database);
  shop = await openShop(test.database, test.workspaceId);
  await shop.addPeople(Array.from({ length: 40 }, (_, index) => `p${index}`));
});
afterAll(() => test.drop());

async function scoreAll(): Promise<number> {
  let profiles = 0;
  for (let more = true; more;) {
    const batch = await scores.scoreBatch(test.workspaceId, { limit: 16, asOf: ASOF });
    profiles += batch.profiles;
    ({ more } = batch);
  }
  return profiles;
}

const subscriptionStarting = (vendorId: string, startedAt: string) =>
  shop.query(
    `INSERT INTO subscription (workspace_id, record_id, connection_id, stream, vendor_id, person_record_id, status, started_at,
       amount_minor, currency, "interval", hash)
     SELECT workspace_id, gen_random_uuid(), connection_id, 'subscriptions', $1, record_id, 'active', $2::timestamptz, 500,
       'GBP', 'month', '' FROM source_record WHERE vendor_id = $1
     RETURNING 1 AS one`,
    [vendorId, startedAt],
  );

describe("a row that breaks scoring", () => {
  it("is set aside with a reason that shows no value, and everybody else is scored", async () => {
    // No instant of ours, but one that Postgres holds.
    await subscriptionStarting("p17", "infinity");
    expect(await scoreAll()).toBe(39);
    const [only, ...others] = await setAside.list(test.workspaceId);
    expect(others).toEqual([]);
    expect(only).toMatchObject({ step: "scores", subjectId: shop.profileOf("p17") });
    expect(only?.reason).toMatch(/^Computing it failed \(TypeError at [\w-]+\.ts:\d+\)\.$/);
    expect(await scoreAll()).toBe(0);
  });

  it("is tried again when somebody asks, and no longer listed once it passes", async () => {
    await shop.query("UPDATE subscription SET started_at = '2026-08-01T00:00:00Z'");
    expect(await setAside.retry(test.workspaceId)).toBe(1);
    expect(await scoreAll()).toBe(1);
    expect(await setAside.list(test.workspaceId)).toEqual([]);
  });
});

describe("a row that breaks consent", () => {
  it("leaves no earlier yes standing", async () => {
    const consent = createConsentStore(test.database);
    const refresh = async () => {
      for (let more = true; more;) {
        ({ more } = await consent.refreshBatch(test.workspaceId, { limit: 16, at: ASOF }));
      }
    };
    await refresh();
    await shop.setConsent("p3", "marketing", "email", "granted");
    await shop.query(
      `INSERT INTO consent_entry (workspace_id, entry_id, record_id, connection_id, channel, purpose, state, basis, explicit,
         effective_at, proof)
       SELECT workspace_id, gen_random_uuid(), record_id, connection_id, 'email', 'marketing', 'granted', 'opt_in', true,
         '-infinity', 'form' FROM source_record WHERE vendor_id = 'p3' RETURNING 1 AS one`,
    );
    await refresh();
    expect(await setAside.list(test.workspaceId)).toMatchObject([{ step: "consent", subjectId: shop.profileOf("p3") }]);
    expect(await shop.query("SELECT state FROM consent_state WHERE profile_id = $1", [shop.profileOf("p3")])).toEqual(
      [],
    );
  });
});

describe("a step that breaks for everybody", () => {
  it("fails instead of setting everybody aside", async () => {
    await shop.addPeople(Array.from({ length: 120 }, (_, index) => `q${index}`));
    for (let index = 0; index < 120; index++) await subscriptionStarting(`q${index}`, "infinity");
    await expect(scoreAll()).rejects.toThrow(TypeError);
    expect(await setAside.list(test.workspaceId)).toHaveLength(101);
  });
});
