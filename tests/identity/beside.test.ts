/** Batches of identity beside one another, whatever comes between any two of their statements: the outcome is the serial one. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { PersonRecord } from "#connectors/core/records.ts";
import type { Database } from "#profile/store/database.ts";
import { OVERFLOW_HOLDERS } from "#profile/identity/rules.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { person } from "#tests/support/records.ts";
import { beforeEachStatement } from "#tests/support/statements.ts";
import { randomOf } from "./people.ts";
import { dropShops, freshShop, type Shop } from "./shop.ts";

afterEach(dropShops);

const WORKERS = 4;
const FIRST = ["Anna", "Tom", "Maria", null];
const LAST = ["Hill", "Becker", "Okafor", null];

/** More rounds of other seeds: `SEEDS=40 npx vitest run tests/identity/beside.test.ts`. */
const SEEDS = Number(process.env["SEEDS"] ?? 5);

const LOCKING = /FROM unresolved WHERE workspace_id = \$1 AND record_id .*SKIP LOCKED/s;
const WRITING = nthOf(/DELETE FROM unresolved/, 1);

/**
 * A chain of links, each a few records that share a mailbox, with mobiles between one link and the next: in most places it
 * is broken. Some mobiles are held by people of other names, so that they join nobody. Whoever changes may join what was
 * apart, and the other way round.
 */
function chain(random: () => number, links: number): PersonRecord[] {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  return Array.from({ length: links * 3 }, (_, n) => {
    const link = Math.floor(n / 3);
    const likely = random() < 0.7;
    return person(String(n), {
      firstName: likely ? "Lena" : pick(FIRST),
      lastName: likely ? "Marsh" : pick(LAST),
      emails: random() < 0.7 ? [`box${link}${random() < 0.3 ? "+shop" : ""}@gmail.com`] : [],
      phones: [link, link + 1].filter(() => random() < 0.15).map((at) => `07400 ${100_000 + at}`),
      createdAt: new Date(Date.UTC(2025, 0, 1) + Math.floor(random() * 3e10)).toISOString(),
      mergedInto: random() < 0.03 ? String(n + 3) : null,
    });
  });
}

/** Statements of one transaction keep their order; between them there is time for everybody else, and now and then a death. */
function dawdling(database: Database, random: () => number, done: { beside: number; alone: number }): Database {
  return {
    ...database,
    inWorkspace: (workspaceId, work) =>
      database.inWorkspace(workspaceId, (transaction) => {
        let before: Promise<unknown> = Promise.resolve();
        let beside = false;
        return work({
          workspaceId,
          query: (text, values) => {
            if (LOCKING.test(text)) beside = true;
            if (text.includes("DELETE FROM unresolved")) done[beside ? "beside" : "alone"] += 1;
            const result = before.then(async () => {
              if (random() < 0.5) await sleep(random() * 6);
              if (random() < 0.004) await transaction.query("SELECT pg_terminate_backend(pg_backend_pid())");
              return transaction.query<never>(text, values);
            });
            before = result.catch(() => undefined);
            return result;
          },
        });
      }),
  };
}

/** Whoever lost the connection begins anew. */
function isDeath(error: unknown): { more: true } {
  if (!/terminat/.test(String(error))) throw error;
  return { more: true };
}

async function deadlocks(shop: Shop): Promise<unknown> {
  await shop.database.pool.query("SELECT pg_stat_force_next_flush()");
  const { rows } = await shop.database.pool.query(
    "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
  );
  return rows[0];
}

it.each(Array.from({ length: SEEDS }, (_, seed) => seed + 1))(
  "four workers on a chain of people who join and part again end where one ends (seed %i)",
  async (seed) => {
    const random = randomOf(seed);
    const [one, several] = [await freshShop(), await freshShop()];
    const done = { beside: 0, alone: 0 };
    const rounds = Array.from({ length: 3 }, (_, round) =>
      chain(random, 60)
        .filter(() => round === 0 || random() < 0.3)
        .map((record) => ({ ...record, updatedAt: new Date(Date.UTC(2026, 5, 1 + round)).toISOString() }))
        .toSorted(() => random() - 0.5),
    );
    for (const records of rounds) {
      await one.save(records);
      await one.resolveAll(1_000);
      const arrived = new AbortController();
      const worker = async () => {
        const identity = createIdentityStore(dawdling(several.database, random, done));
        for (let more = true; more || !arrived.signal.aborted;) {
          const limit = 1 + Math.floor(random() * 4);
          const batch = await identity.resolveBatch(several.workspaceId, { limit }).catch(isDeath);
          ({ more } = batch);
        }
      };
      const arrive = async () => {
        for (let start = 0; start < records.length; start += 40) await several.save(records.slice(start, start + 40));
      };
      await Promise.all([arrive().finally(() => arrived.abort()), ...Array.from({ length: WORKERS }, worker)]);
      expect(await several.rows("SELECT 1 FROM unresolved WHERE workspace_id = $1")).toEqual([]);
      expect(await several.picture()).toEqual(await one.picture());
    }
    expect(await deadlocks(several)).toEqual({ deadlocks: 0 });
    expect(done.beside).toBeGreaterThan(10);
  },
  60_000,
);

type Place = () => (statement: string) => boolean;

/** Where a statement like this is about to be sent for the nth time. */
function nthOf(statement: RegExp, n: number): Place {
  return () => {
    let seen = 0;
    return (text) => statement.test(text) && ++seen === n;
  };
}

/** A database that waits at one place until it may go on. */
function pausing(database: Database, place: Place): { database: Database; reached: Promise<void>; goOn: () => void } {
  const reached = Promise.withResolvers<void>();
  const free = Promise.withResolvers<void>();
  const isThere = place();
  return {
    reached: reached.promise,
    goOn: free.resolve,
    database: beforeEachStatement(database, async (_, text) => {
      if (!isThere(text)) return;
      reached.resolve();
      await free.promise;
    }),
  };
}

/** Somebody else is at work in the workspace all the while, so that nobody begins alone. */
async function besideSomebody(shop: Shop, work: () => Promise<void>): Promise<void> {
  const client = await shop.database.pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock_shared(hashtextextended('profiles ' || $1, 0))", [
      shop.workspaceId,
    ]);
    await work();
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
}

/** Stores people and finds their identifiers, and no more. */
async function arrive(shop: Shop, people: PersonRecord[]): Promise<void> {
  await shop.save(people);
  const identity = createIdentityStore(shop.database);
  for (const _ of people) expect((await identity.resolveBatch(shop.workspaceId, { limit: 1 })).touched).toBe(0);
}

const lena = { firstName: "Lena", lastName: "Marsh", emails: [], createdAt: "2026-01-02T00:00:00Z" };
const tom = { ...lena, firstName: "Tom", lastName: "Becker" };
const nameless = { ...lena, firstName: null, lastName: null };
const [MOBILE, EMAIL, OTHER] = ["07400 100001", "lena@brightleaf.co.uk", "marsh@brightleaf.co.uk"];

it("people who have nothing to do with one another are written while somebody else's batch is open", async () => {
  const shop = await freshShop();
  await arrive(shop, [person("a"), person("b")]);
  await besideSomebody(shop, async () => {
    const paused = pausing(shop.database, WRITING);
    const first = createIdentityStore(paused.database).resolveBatch(shop.workspaceId, { limit: 1 });
    await paused.reached;
    const second = await createIdentityStore(shop.database).resolveBatch(shop.workspaceId, { limit: 1 });
    expect(second).toMatchObject({ touched: 1, created: 1 });
    paused.goOn();
    expect(await first).toMatchObject({ touched: 1, created: 1 });
  });
});

describe("a number that comes to join nobody while somebody is joining people by it", () => {
  const known = [
    person("nameless", { ...nameless, emails: [EMAIL], phones: [MOBILE] }),
    person("lena", { ...lena, phones: [MOBILE] }),
    person("tom", { ...tom, phones: [MOBILE] }),
    person("maria", { ...lena, firstName: "Maria", lastName: "Okafor", phones: [MOBILE] }),
  ];
  // Says who the nameless one is, who then is one with the holder of her number.
  const named = person("named", { ...lena, emails: [EMAIL] });
  // One more and it is nobody's.
  const more = person("peter", { ...lena, firstName: "Peter", lastName: "Sato", phones: [MOBILE] });

  it.each([
    ["all the while", undefined],
    ["until those who hold it are to be locked", nthOf(LOCKING, 2)],
  ])("is not taken to have joined nobody (%s)", async (_, place) => {
    const [one, several] = [await freshShop(), await freshShop()];
    await one.save([...known, named, more]);
    await one.resolveAll();

    await several.save(known);
    await several.resolveAll();
    await arrive(several, [named]);
    let late: Promise<unknown> = Promise.resolve();
    await besideSomebody(several, async () => {
      const joining = pausing(several.database, WRITING);
      const joined = createIdentityStore(joining.database).resolveBatch(several.workspaceId, { limit: 1 });
      await joining.reached;
      await arrive(several, [more]);
      const looking = pausing(several.database, place ?? (() => () => false));
      late = createIdentityStore(looking.database).resolveBatch(several.workspaceId, { limit: 1 });
      await Promise.race([place === undefined ? late : looking.reached, sleep(500)]);
      joining.goOn();
      expect(await joined).toMatchObject({ touched: 1 });
      looking.goOn();
    });
    await late;
    await several.resolveAll();
    expect(await several.picture()).toEqual(await one.picture());
  });
});

it("a number that comes to be held by too many is written down as shared, by somebody who is alone", async () => {
  const shop = await freshShop();
  const holders = Array.from({ length: OVERFLOW_HOLDERS + 10 }, (_, nth) =>
    person(`holder-${nth}`, { ...lena, firstName: `Lena${nth}`, lastName: `Marsh${nth}`, phones: [MOBILE] }),
  );
  await shop.save(holders.slice(0, OVERFLOW_HOLDERS));
  await shop.resolveAll();
  await arrive(shop, holders.slice(OVERFLOW_HOLDERS));
  const shared = () => shop.rows("SELECT kind FROM shared_value WHERE workspace_id = $1");
  let late: Promise<unknown> = Promise.resolve();
  await besideSomebody(shop, async () => {
    late = createIdentityStore(shop.database).resolveBatch(shop.workspaceId, { limit: 5 });
    await Promise.race([late, sleep(500)]);
    expect(await shared()).toEqual([]);
  });
  await late;
  expect(await shared()).toEqual([{ kind: "phone" }]);
});

it("somebody who comes in the middle of a look around is looked at again", async () => {
  const known = [
    person("first", { ...tom, phones: [MOBILE], createdAt: "2026-01-01T00:00:00Z" }),
    person("both", { ...nameless, emails: [EMAIL, OTHER] }),
  ];
  const start = person("start", { ...lena, emails: [EMAIL], phones: [MOBILE] });
  // Met by the address; by then it has been asked who has the number.
  const between = person("between", { ...tom, emails: [OTHER], phones: [MOBILE] });
  const [one, several] = [await freshShop(), await freshShop()];
  await one.save([...known, start, between]);
  await one.resolveAll();

  await several.save(known);
  await several.resolveAll();
  await arrive(several, [start]);
  await besideSomebody(several, async () => {
    const paused = pausing(several.database, nthOf(/FROM identifier\s+WHERE workspace_id = \$1 AND record_id/, 2));
    const looking = createIdentityStore(paused.database).resolveBatch(several.workspaceId, { limit: 1 });
    await paused.reached;
    await arrive(several, [between]);
    paused.goOn();
    await Promise.race([looking, sleep(500)]);
  });
  await several.resolveAll();
  expect(await several.picture()).toEqual(await one.picture());
});

it("what changes about somebody while others resolve whom it belongs to is not taken for done", async () => {
  const known = [person("old", { ...lena, emails: [EMAIL] }), person("apart", { ...lena, emails: [OTHER] })];
  const start = person("start", { ...lena, emails: [EMAIL] });
  const now = person("old", { ...lena, emails: [EMAIL, OTHER], updatedAt: "2026-06-01T00:00:00Z" });
  const [one, several] = [await freshShop(), await freshShop()];
  for (const people of [known, [start, now]]) {
    await one.save(people);
    await one.resolveAll();
  }

  await several.save(known);
  await several.resolveAll();
  await arrive(several, [start]);
  await several.save([now]);
  await besideSomebody(several, async () => {
    const paused = pausing(several.database, nthOf(/UPDATE unresolved SET identified/, 1));
    const identifying = createIdentityStore(paused.database).resolveBatch(several.workspaceId, { limit: 1 });
    await paused.reached;
    const writing = pausing(several.database, WRITING);
    const resolving = createIdentityStore(writing.database).resolveBatch(several.workspaceId, { limit: 1 });
    await writing.reached;
    paused.goOn();
    expect(await identifying).toMatchObject({ touched: 0, more: true });
    writing.goOn();
    expect(await resolving).toMatchObject({ touched: 1 });
  });
  await several.resolveAll();
  expect(await several.picture()).toEqual(await one.picture());
});
