import { afterAll, beforeAll, expect, it } from "vitest";
import { ConnectorError } from "#connectors/core/errors.ts";
import { openDatabase, type Database } from "#profile/store/database.ts";
import { createQuota } from "#profile/store/quota.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";

let test: TestDatabase;
let second: Database;
beforeAll(async () => {
  test = await createTestDatabase();
  second = openDatabase(test.appUrl);
});
afterAll(async () => {
  await second.close();
  await test.drop();
});

const cited = { source: "https://vendor.brightleaf.co.uk/limits", readOn: "2026-11-20" };

it.each([
  { burst: 10, perSecond: 40, callers: 20 },
  { burst: 50, perSecond: 400, callers: 40 },
])(
  "lets two workers together spend no more than burst and rate allow: $burst, $perSecond/s",
  async ({ callers, ...rate }) => {
    const startedAt = performance.now();
    const spentAt: number[] = [];
    const work = async (database: Database) => {
      const limiter = createQuota(database, { share: 1 }).limiterFor("vendor", `account ${rate.perSecond}`);
      const caller = async () => {
        while (performance.now() - startedAt < 1_000) {
          await limiter.acquire("calls", { ...rate, ...cited });
          spentAt.push(performance.now() - startedAt);
        }
      };
      await Promise.all(Array.from({ length: callers }, caller));
    };
    await Promise.all([work(test.database), work(second)]);
    for (const [index, at] of spentAt.toSorted((x, y) => x - y).entries()) {
      // A timer may fire up to a millisecond early.
      expect(index + 1).toBeLessThanOrEqual(rate.burst + (rate.perSecond * (at + 2)) / 1_000);
    }
    // And the budget is used, not wasted.
    expect(spentAt.length).toBeGreaterThan(0.7 * (rate.burst + rate.perSecond));
  },
);

it("queues reservations in the order they come", async () => {
  const { reserve } = createQuota(test.database);
  // So slow that the time between the calls does not count, on a busy machine either.
  const rate = { burst: 2, perSecond: 0.1 };
  const waits = [];
  for (let call = 0; call < 4; call += 1) waits.push(await reserve("queue", rate, 1));
  expect(waits.map((wait) => Math.round(wait / 10_000))).toEqual([0, 0, 1, 2]);
});

it("throws the wait instead of sleeping it when it is long, and takes nothing for it", async () => {
  const slept: number[] = [];
  const quota = createQuota(test.database, { maxWaitMs: 1_500, sleep: async (ms) => void slept.push(ms) });
  const limiter = quota.limiterFor("slow", "1");
  const limit = { burst: 1, perSecond: 1, ...cited };
  await limiter.acquire("calls", limit);
  await limiter.acquire("calls", limit);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const refused = await limiter.acquire("calls", limit).catch((error: unknown) => error);
    if (!(refused instanceof ConnectorError)) throw new Error("It should have been refused.");
    expect(refused.kind).toBe("rate_limited");
    // 0.9 tokens a second is our share; the second is already promised.
    expect(refused.details.retryAfterMs).toBeGreaterThan(1_500);
    expect(refused.details.retryAfterMs).toBeLessThan(2_300);
  }
  expect(slept).toHaveLength(1);
});

it("keeps everybody waiting until the vendor's time, on every worker, and one by one after it", async () => {
  const sleep = async () => undefined;
  const here = createQuota(test.database, { share: 1, sleep }).limiterFor("blocked", "1");
  const limit = { burst: 100, perSecond: 10, ...cited };
  await here.acquire("calls", limit);
  await here.block("calls", Date.now() + 60_000);
  const there = createQuota(second, { share: 1, sleep }).limiterFor("blocked", "1");
  for (const limiter of [here, there]) {
    const refused = await limiter.acquire("calls", limit).catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: "rate_limited" });
  }
  await expect(there.acquire("other bucket", limit)).resolves.toBeUndefined();
});

it("does not let a shorter block end a longer one", async () => {
  const quota = createQuota(test.database);
  await quota.blockUntil("k", Date.now() + 60_000);
  await quota.blockUntil("k", Date.now() + 1_000);
  const rate = { burst: 5, perSecond: 1 };
  const [first, next] = [await quota.reserve("k", rate, 1), await quota.reserve("k", rate, 1)];
  expect(first).toBeGreaterThan(59_000);
  expect(next - first).toBeGreaterThan(900);
});

it("is closed to a session that does not know the key, whatever the workspace", async () => {
  await expect(test.database.pool.query("SELECT * FROM quota")).rejects.toThrow("permission denied");
  await expect(test.database.pool.query("UPDATE quota SET tokens = 1000000")).rejects.toThrow("permission denied");
});
