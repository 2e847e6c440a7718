import { hash } from "node:crypto";
import * as fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConnectorError } from "#connectors/core/errors.ts";
import { openDatabase, type Database } from "#profile/store/database.ts";
import { createQuota } from "#profile/store/quota.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";

let test: TestDatabase;
let second: Database;
let owner: Client;
let keys = 0;
beforeAll(async () => {
  test = await createTestDatabase();
  owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  second = openDatabase(test.appUrl);
});
afterAll(async () => {
  await owner.end();
  await second.close();
  await test.drop();
});

const cited = { source: "https://vendor.brightleaf.co.uk/limits", readOn: "2026-11-20" };

it("lets two workers together spend no more than capacity and refill allow, and most of that", async () => {
  const limit = { calls: 200, windowMs: 1_000, ...cited };
  const [capacity, perSecond] = [20, 180];
  const startedAt = performance.now();
  const spentAt: number[] = [];
  const work = async (database: Database) => {
    const limiter = createQuota(database, { share: 1 }).limiterFor("vendor", "shared");
    const caller = async () => {
      while (performance.now() - startedAt < 1_000) {
        await limiter.acquire("calls", limit);
        spentAt.push(performance.now() - startedAt);
      }
    };
    await Promise.all(Array.from({ length: 20 }, caller));
  };
  await Promise.all([work(test.database), work(second)]);
  for (const [index, at] of spentAt.toSorted((x, y) => x - y).entries()) {
    // A timer may fire up to a millisecond early.
    expect(index + 1).toBeLessThanOrEqual(capacity + (perSecond * (at + 2)) / 1_000);
  }
  // And the budget is used, not wasted.
  expect(spentAt.length).toBeGreaterThan(0.7 * limit.calls);
});

/** The instants at which tokens may be used when so many are asked for after such pauses, in milliseconds. */
async function spending(limit: { calls: number; windowMs: number }, asks: { pauseMs: number; n: number }[]) {
  const key = `property ${(keys += 1)}`;
  const times: number[] = [];
  let atMs = 1_800_000_000_000;
  for (const { pauseMs, n } of asks) {
    atMs += pauseMs;
    const { rows } = await owner.query<{ wait_ms: number; per_second: number }>(
      "SELECT * FROM quota_reserve_at($1, $2, $2, $3, 1, $4, to_timestamp($5::float8 / 1000))",
      [key, limit.calls, limit.windowMs, n, atMs],
    );
    const { wait_ms: waitMs = 0, per_second: perSecond = 1 } = rows[0] ?? {};
    for (let left = n - 1; left >= 0; left -= 1) times.push(Math.max(atMs, atMs + waitMs - (left * 1_000) / perSecond));
  }
  return times.toSorted((x, y) => x - y);
}

it("never lets more through than the limit in any stretch of the window's length, wherever it begins", async () => {
  const limit = fc.record({ calls: fc.integer({ min: 1, max: 40 }), windowMs: fc.constantFrom(100, 1_000, 10_000) });
  // Bursts, idle times and crowds: pauses in windows.
  const ask = fc.record({
    pause: fc.constantFrom(0, 0, 0.01, 0.1, 0.5, 0.99, 1, 3),
    n: fc.integer({ min: 1, max: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(limit, fc.array(ask, { minLength: 5, maxLength: 40 }), async (allowed, asks) => {
      const times = await spending(
        allowed,
        asks.map(({ pause, n }) => ({ pauseMs: pause * allowed.windowMs, n })),
      );
      for (const [index, at] of times.entries()) {
        const before = times[index - allowed.calls];
        // Instants are stored to the microsecond.
        if (before !== undefined) expect(at - before).toBeGreaterThan(allowed.windowMs - 0.01);
      }
    }),
    { numRuns: 60 },
  );
});

it("queues reservations in the order they come", async () => {
  const { reserve } = createQuota(test.database);
  // So slow that the time between the calls does not count, on a busy machine either: one in ten seconds is our share.
  const limit = { calls: 1, windowMs: 8_100 };
  const waits = [];
  for (let call = 0; call < 4; call += 1) waits.push((await reserve("queue", limit, 1)).waitMs);
  expect(waits.map((wait) => Math.round(wait / 10_000))).toEqual([0, 1, 2, 3]);
});

it("throws the wait instead of sleeping it when it is long, and takes nothing for it", async () => {
  const quota = createQuota(test.database, { maxWaitMs: 500 });
  const limiter = quota.limiterFor("slow", "1");
  const limit = { calls: 1, windowMs: 1_000, ...cited };
  await limiter.acquire("calls", limit);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const refused = await limiter.acquire("calls", limit).catch((error: unknown) => error);
    if (!(refused instanceof ConnectorError)) throw new Error("It should have been refused.");
    expect(refused.kind).toBe("rate_limited");
    // Four fifths of a token a second is our share.
    expect(refused.details.retryAfterMs).toBeGreaterThan(500);
    expect(refused.details.retryAfterMs).toBeLessThan(1_300);
  }
});

it("spends the share that a connection leaves it, and nine tenths where none is set", async () => {
  const limiter = createQuota(test.database).limiterFor("shares", "1");
  const limit = { calls: 100, windowMs: 10_000, ...cited };
  // A tenth of a share can come at once.
  expect((await limiter.outlook("usual", limit)).perSecond).toBeCloseTo(0.9 * 0.9 * 10);
  expect((await limiter.outlook("half", { ...limit, share: 0.5 })).perSecond).toBeCloseTo(0.5 * 0.9 * 10);
});

it("gives a token to who is most urgent when it may be used, and to the others in the order they came", async () => {
  const limiter = createQuota(test.database).limiterFor("urgent", "1");
  const limit = { calls: 20, windowMs: 1_000, ...cited };
  const served: string[] = [];
  const calls = [4, 4, 3, 4, 1, 2].map(async (urgency, n) => {
    await limiter.acquire("calls", limit, undefined, urgency);
    served.push(`${urgency} ${n}`);
  });
  await Promise.all(calls);
  // The fourth goes to who has waited longest.
  expect(served).toEqual(["1 4", "2 5", "3 2", "4 0", "4 1", "4 3"]);
});

describe("of two processes that wait for one budget", () => {
  const limit = { calls: 20, windowMs: 1_000, ...cited };
  /** Both keep their calls coming; counted while both have some left. */
  async function compete(account: string, here: number, there: number) {
    const served: number[] = [];
    const [one, other] = [test.database, second].map((each) => createQuota(each).limiterFor("processes", account));
    const calls = (limiter: typeof one, urgency: number) =>
      Array.from({ length: 12 }, async () => {
        await limiter?.acquire("calls", limit, undefined, urgency);
        served.push(urgency);
      });
    const first = calls(one, here);
    // The first process is in the middle of waiting when the second comes.
    await first[0];
    await Promise.all([...first, ...calls(other, there)]);
    return served;
  }

  it("the one with the more urgent calls is served first, but for one token in four", async () => {
    const served = await compete("urgent", 4, 1);
    const last = served.lastIndexOf(1);
    const before = served.slice(0, last).filter((urgency) => urgency === 4).length;
    // Served in turns, the urgent twelve would have eleven or twelve of the others before them.
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(8);
  });

  it("equally urgent ones share it", async () => {
    const limiters = [test.database, second].map((each) => createQuota(each).limiterFor("processes", "equal"));
    const served: number[] = [];
    const calls = limiters.map((limiter, process) =>
      Array.from({ length: 8 }, async () => {
        await limiter.acquire("calls", limit, undefined, 3);
        served.push(process);
      }),
    );
    await Promise.all(calls.flat());
    const half = served.slice(0, 8).filter((process) => process === 0).length;
    expect(half).toBeGreaterThanOrEqual(2);
    expect(half).toBeLessThanOrEqual(6);
  });

  it("nobody waits for one that has gone", async () => {
    const key = "gone";
    const take = async (who: string, urgency: number, at: number) => {
      const { rows } = await owner.query<{ taken: boolean; again_ms: number }>(
        "SELECT * FROM quota_take_at($1, 10, 10, 10000, 1, 1, $2, $3, NULL, 30000, to_timestamp($4))",
        [key, who, urgency, 1_800_000_000 + at],
      );
      return rows[0];
    };
    expect(await take("low", 4, 0)).toMatchObject({ taken: true });
    const low = await take("low", 4, 0.01);
    expect(low).toMatchObject({ taken: false });
    const urgent = await take("urgent", 1, 0.02);
    expect(urgent).toMatchObject({ taken: false });
    // The token comes: the urgent one is expected, and gets it although it asks last.
    const due = 0.02 + (urgent?.again_ms ?? 0) / 1_000;
    expect(await take("low", 4, due)).toMatchObject({ taken: false });
    // It does not ask: a moment later the token is anybody's.
    expect(await take("low", 4, due + 0.3)).toMatchObject({ taken: true });
  });
});

it("asks the database once for each lot of tokens while nobody else waits", async () => {
  const statements: string[] = [];
  const counted = Object.assign(Object.create(test.database) as Database, {
    pool: Object.assign(Object.create(test.database.pool) as Database["pool"], {
      query: (text: string, values: unknown[]) => {
        statements.push(text);
        return test.database.pool.query(text, values);
      },
    }),
  });
  const limiter = createQuota(counted).limiterFor("statements", "1");
  const limit = { calls: 20, windowMs: 1_000, ...cited };
  await Promise.all(Array.from({ length: 10 }, () => limiter.acquire("calls", limit)));
  // A token more than were used may be on its way.
  expect(statements.length).toBeLessThanOrEqual(11);
});

it("keeps everybody waiting until the vendor's time, on every worker, and one by one after it", async () => {
  const sleep = async () => undefined;
  const here = createQuota(test.database, { share: 1, sleep }).limiterFor("blocked", "1");
  const limit = { calls: 100, windowMs: 10_000, ...cited };
  await here.acquire("calls", limit);
  await here.block("calls", Date.now() + 60_000);
  const there = createQuota(second, { share: 1, sleep }).limiterFor("blocked", "1");
  for (const limiter of [here, there]) {
    const refused = await limiter.acquire("calls", limit).catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: "rate_limited" });
  }
  await expect(there.acquire("other bucket", limit)).resolves.toBeUndefined();
});

it("lets nobody through who was already waiting for a token when the vendor said to wait", async () => {
  const limiter = createQuota(test.database, { maxWaitMs: 5_000 }).limiterFor("waiting", "1");
  const limit = { calls: 1, windowMs: 1_000, ...cited };
  await limiter.acquire("calls", limit);
  const waiting = limiter.acquire("calls", limit).catch((error: unknown) => error);
  await limiter.block("calls", Date.now() + 60_000);
  expect(await waiting).toMatchObject({ kind: "rate_limited" });
});

it("ends a wait when what it is for is cancelled", async () => {
  const limiter = createQuota(test.database).limiterFor("cancelled", "1");
  const limit = { calls: 1, windowMs: 20_000, ...cited };
  await limiter.acquire("calls", limit);
  await expect(limiter.acquire("calls", limit, AbortSignal.timeout(50))).rejects.toThrow(/abort/i);
});

it("does not let a shorter block end a longer one", async () => {
  const quota = createQuota(test.database);
  await quota.blockUntil("k", Date.now() + 60_000);
  await quota.blockUntil("k", Date.now() + 1_000);
  const limit = { calls: 1, windowMs: 1_000 };
  const [first, next] = [await quota.reserve("k", limit, 1), await quota.reserve("k", limit, 1)];
  expect(first.waitMs).toBeGreaterThan(59_000);
  expect(next.waitMs - first.waitMs).toBeGreaterThan(900);
});

describe("what an account really allows", () => {
  const published = { calls: 190, windowMs: 10_000, ...cited };
  const keyOf = (account: string) => hash("sha256", `learning|${account}|calls`, "hex");
  /** Calls a second at another worker, some seconds from now. */
  const rate = async (account: string, limit = published, inSeconds = 0) => {
    const { calls, windowMs, mostCalls = 2 * calls }: typeof limit & { mostCalls?: number } = limit;
    const { rows } = await owner.query<{ per_second: number }>(
      "SELECT per_second FROM quota_reserve_at($1, $2, $3, $4, 1, 1, clock_timestamp() + make_interval(secs => $5))",
      [keyOf(account), calls, mostCalls, windowMs, inSeconds],
    );
    return rows[0]?.per_second ?? 0;
  };

  it("is learned from an answer, for all workers, and kept", async () => {
    const limiter = createQuota(test.database).limiterFor("learning", "free");
    await limiter.acquire("calls", published);
    expect(await rate("free")).toBeCloseTo(17.1);
    await limiter.learned("calls", { calls: 100, windowMs: 10_000 });
    expect(await rate("free")).toBeCloseTo(9);
    const there = createQuota(second).limiterFor("learning", "free");
    await there.learned("calls", { calls: 250, windowMs: 10_000 });
    expect(await rate("free")).toBeCloseTo(22.5);
  });

  it("for a whole day is known to all workers for an hour, with what was left", async () => {
    const [here, there] = [test.database, second].map((one) => createQuota(one).limiterFor("learning", "day"));
    expect(await there?.day()).toBeNull();
    await here?.learnedDay({ calls: 625_000, left: 1_000 });
    expect(await there?.day()).toEqual({ calls: 625_000, left: 1_000 });
    // Each answer names it: it is not written each time, but at once when nothing is left.
    await here?.learnedDay({ calls: 625_000, left: 999 });
    expect(await there?.day()).toEqual({ calls: 625_000, left: 1_000 });
    await here?.learnedDay({ calls: 625_000, left: 0 });
    expect(await there?.day()).toEqual({ calls: 625_000, left: 0 });
    await owner.query("UPDATE quota SET day_seen_at = day_seen_at - interval '61 minutes'");
    expect(await there?.day()).toBeNull();
  });

  it("is no more than twice what is published, and what an operator has said is not raised at all", async () => {
    await createQuota(test.database)
      .limiterFor("learning", "odd")
      .learned("calls", { calls: 90_000, windowMs: 10_000 });
    expect(await rate("odd")).toBeCloseTo(2 * 17.1);
    expect(await rate("odd", { ...published, calls: 50, mostCalls: 50 } as typeof published)).toBeCloseTo(4.5);
  });

  it("is less after a refusal, once for all that were under way, and grows back within minutes", async () => {
    const [here, there] = [test.database, second].map((one) => createQuota(one).limiterFor("learning", "busy"));
    await here?.acquire("calls", published);
    await Promise.all([here?.refused("calls", Date.now()), there?.refused("calls", Date.now())]);
    expect(await rate("busy")).toBeCloseTo(0.7 * 17.1, 1);
    expect(await rate("busy", published, 180)).toBeCloseTo(0.8 * 17.1, 1);
    expect(await rate("busy", published, 3_600)).toBeCloseTo(17.1, 1);
  });
});

it("is closed to a session that does not know the key, whatever the workspace", async () => {
  await expect(test.database.pool.query("SELECT * FROM quota")).rejects.toThrow("permission denied");
  await expect(test.database.pool.query("UPDATE quota SET tokens = 1000000")).rejects.toThrow("permission denied");
  await expect(test.database.pool.query("SELECT quota_reserve_at('k', 1, 1, 1, 1, 1, now())")).rejects.toThrow(
    "permission denied",
  );
});
