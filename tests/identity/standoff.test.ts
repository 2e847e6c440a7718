/** Values that join nobody: followed nowhere, and yet everybody gets the same profiles in any order. */
import * as fc from "fast-check";
import type { PersonRecord } from "#connectors/core/records.ts";
import { afterEach, describe, expect, it } from "vitest";
import { person } from "#tests/support/records.ts";
import { dropShops, freshShop, openShop, type Shop } from "./shop.ts";

afterEach(dropShops);

const NAMES: [string, string][] = [
  ["Anna", "Hill"],
  ["Tom", "Becker"],
  ["Maria", "Okafor"],
  ["Peter", "Sato"],
  ["Grace", "Novak"],
];
const mobile = (n: number) => `07400 ${String(100_000 + n)}`;
const named = (n: number) => {
  const [firstName, lastName] = NAMES[n % NAMES.length] ?? NAMES[0] ?? ["", ""];
  return { firstName, lastName };
};

describe("a chain of shared mobiles", () => {
  /** Each shares one mobile with the one before and one with the one after; every merge is refused. */
  const chain = (length: number): PersonRecord[] =>
    Array.from({ length }, (_, n) =>
      person(String(n), { ...named(n), emails: [`guest${n}@brightleaf.co.uk`], phones: [mobile(n), mobile(n + 1)] }),
    );

  it("of 1,200 people concerns three when one changes", async () => {
    const shop = await freshShop();
    await shop.save(chain(1_200));
    expect(await shop.resolveAll(1_000)).toMatchObject({
      touched: 1_200,
      records: 1_200,
      created: 1_200,
    });
    await shop.save([{ ...person("600"), ...chain(1_200)[600], city: "Leeds" }]);
    expect(await shop.resolveAll()).toMatchObject({ touched: 1, records: 1, created: 0, merged: 0 });
  });

  it("keeps the words of the refusal for both sides", async () => {
    const shop = await freshShop();
    await shop.save(chain(3));
    await shop.resolveAll(1);
    const why = await shop.identity.explain(shop.workspaceId, await shop.profileOf("1"));
    expect(why.refusals).toEqual([
      expect.stringMatching(/names are clearly different\. Concerns csv people\/[02]\./),
      expect.stringMatching(/names are clearly different\. Concerns csv people\/[02]\./),
    ]);
  });
});

describe("a value that turns", () => {
  const holder = (id: string, name: number, fields: Partial<PersonRecord> = {}) =>
    person(id, { ...named(name), emails: [`${id}@brightleaf.co.uk`], phones: [mobile(1)], ...fields });
  const profiles = async (shop: Shop, ...ids: string[]) =>
    new Set(await Promise.all(ids.map((id) => shop.profileOf(id)))).size;

  it("takes apart what it had joined when too many people come to hold it", async () => {
    const shop = await freshShop();
    await shop.save([holder("a1", 0), holder("a2", 0)]);
    await shop.resolveAll();
    expect(await profiles(shop, "a1", "a2")).toBe(1);
    for (const name of [1, 2, 3]) {
      await shop.save([holder(`x${name}`, name)]);
      await shop.resolveAll();
    }
    expect(await profiles(shop, "a1", "a2", "x1", "x2", "x3")).toBe(5);
  });

  it("keeps one reason when more people come to hold it, one by one", async () => {
    const [shop, atOnce] = [await freshShop(), await freshShop()];
    const people = [0, 1, 2, 3, 4].map((name) => holder(`p${name}`, name));
    for (const one of people) {
      await shop.save([one]);
      await shop.resolveAll();
    }
    await atOnce.save(people);
    await atOnce.resolveAll();
    expect(await shop.picture()).toMatchObject({ refusals: [{ rule: "shared_value" }] });
    expect(await shop.picture()).toEqual(await atOnce.picture());
  });

  it("joins two who held it in vain once one of them takes the other's name, and separates them again", async () => {
    const shop = await freshShop();
    await shop.save([holder("a", 0), holder("b", 1)]);
    await shop.resolveAll();
    expect(await profiles(shop, "a", "b")).toBe(2);
    await shop.save([holder("b", 0, { updatedAt: "2026-07-01T00:00:00Z" })]);
    expect(await shop.resolveAll()).toMatchObject({ merged: 1 });
    await shop.save([holder("b", 1, { updatedAt: "2026-07-02T00:00:00Z" })]);
    await shop.resolveAll();
    expect(await profiles(shop, "a", "b")).toBe(2);
  });
});

it("any order and any portions of people with shared mobiles, mailboxes and names give the same profiles and refusals", async () => {
  const someone = fc.record({
    name: fc.nat(NAMES.length),
    mobiles: fc.uniqueArray(fc.nat(6), { maxLength: 2 }),
    mailbox: fc.option(fc.nat(5), { nil: null }),
    tag: fc.boolean(),
    born: fc.nat(20),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(someone, { minLength: 2, maxLength: 14 }).chain((people) =>
        fc.record({
          people: fc.constant(people),
          order: fc.shuffledSubarray([...people.keys()], { minLength: people.length }),
          portion: fc.integer({ min: 1, max: 4 }),
        }),
      ),
      async ({ people, order, portion }) => {
        const records = people.map(({ name, mobiles, mailbox, tag, born }, index) =>
          person(String(index), {
            ...(name === NAMES.length ? { firstName: null, lastName: null } : named(name)),
            phones: mobiles.map(mobile),
            emails: mailbox === null ? [] : [`box${mailbox}${tag ? "+shop" : ""}@gmail.com`],
            createdAt: new Date(Date.UTC(2025, 0, 1 + born)).toISOString(),
          }),
        );
        const [atOnce, bit] = [await openShop(), await openShop()];
        try {
          await atOnce.save(records);
          await atOnce.resolveAll(100);
          for (let start = 0; start < order.length; start += portion) {
            await bit.save(order.slice(start, start + portion).flatMap((index) => records[index] ?? []));
            await bit.resolveAll(2);
          }
          expect(await bit.picture()).toEqual(await atOnce.picture());
        } finally {
          await atOnce.drop();
          await bit.drop();
        }
      },
    ),
    { numRuns: 12 },
  );
});
