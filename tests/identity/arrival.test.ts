import { afterEach, expect, it } from "vitest";
import type { Database } from "#profile/store/database.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { person } from "#tests/support/records.ts";
import { messyPeople, randomOf } from "./people.ts";
import { dropShops, freshShop } from "./shop.ts";

afterEach(dropShops);

function shuffled<Item>(items: Item[], seed: number): Item[] {
  const random = randomOf(seed);
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

it("the same records in any order and any portions give the same profiles, ids, refusals and shared values", async () => {
  const people = messyPeople(2_000, 7);
  const atOnce = await freshShop();
  await atOnce.save(people);
  await atOnce.resolveAll(5_000);
  const expected = await atOnce.picture();
  expect(expected).toMatchObject({ shared: [{ kind: "email", value: "studio@brightleaf.co.uk" }] });

  for (const seed of [1, 2]) {
    const shop = await freshShop();
    const order = shuffled(people, seed);
    for (let start = 0; start < order.length; start += 400) {
      await shop.save(order.slice(start, start + 400));
      await shop.resolveAll(150 * seed);
    }
    expect(await shop.picture()).toEqual(expected);
  }
});

it("a batch that dies at any statement leaves no trace, and the next one completes the work", async () => {
  const people = messyPeople(300, 11);
  const undisturbed = await freshShop();
  await undisturbed.save(people.slice(0, 200));
  await undisturbed.resolveAll();
  await undisturbed.save(people.slice(200));
  await undisturbed.resolveAll();
  const expected = await undisturbed.picture();

  const shop = await freshShop();
  await shop.save(people.slice(0, 200));
  await shop.resolveAll();
  await shop.save(people.slice(200));
  const before = await shop.picture();
  let deaths = 0;
  for (let statement = 1; ; statement++) {
    const mortal = createIdentityStore(dyingAt(shop.database, statement));
    const outcome = await mortal.resolveBatch(shop.workspaceId, { limit: 5_000 }).catch((error: Error) => error);
    if (!(outcome instanceof Error)) break;
    expect(outcome.message).toBe("The connection is gone.");
    deaths += 1;
    expect(await shop.picture()).toEqual(before);
  }
  expect(deaths).toBeGreaterThan(10);
  await shop.resolveAll();
  expect(await shop.picture()).toEqual(expected);
});

/** A database whose connection breaks when the given statement of a transaction is sent. */
function dyingAt(database: Database, statement: number): Database {
  return {
    ...database,
    inWorkspace: (workspaceId, work) => {
      let sent = 0;
      return database.inWorkspace(workspaceId, (transaction) =>
        work({
          workspaceId,
          query: (text, values) => {
            sent += 1;
            if (sent === statement) return Promise.reject(new Error("The connection is gone."));
            return transaction.query(text, values);
          },
        }),
      );
    },
  };
}

it("400 changed records among 4,000 concern their own components, not the others", async () => {
  const shop = await freshShop();
  const people = Array.from({ length: 4_000 }, (_, index) =>
    person(String(index), { emails: [`person${index >> 1}@brightleaf.co.uk`], firstName: "Ada", lastName: "Marsh" }),
  );
  for (let start = 0; start < people.length; start += 2_000) await shop.save(people.slice(start, start + 2_000));
  expect(await shop.resolveAll(2_000)).toMatchObject({ touched: 4_000, created: 2_000 });

  await shop.save(
    people.slice(0, 400).map((record) => ({ ...record, city: "Leeds", updatedAt: "2026-06-01T00:00:00Z" })),
  );
  expect(await shop.resolveAll(2_000)).toMatchObject({
    touched: 400,
    records: 400,
    created: 0,
    merged: 0,
    split: 0,
  });
});
