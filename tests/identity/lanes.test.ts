/** Batches of identity side by side: whoever takes what when, the outcome is that of one after the other. */
import { afterEach, expect, it } from "vitest";
import type { PersonRecord } from "#connectors/core/records.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { person } from "#tests/support/records.ts";
import { messyPeople } from "./people.ts";
import { dropShops, freshShop, type Shop } from "./shop.ts";

afterEach(dropShops);

/** Each as a worker of its own. */
const inLanes = (shop: Shop, lanes: number, limit: number) =>
  Promise.all(Array.from({ length: lanes }, () => shop.resolveAll(limit, createIdentityStore(shop.database))));

/** Who holds one mailbox, by the numbers of holders and of names: 51 holders and four names are one too many. */
function mailbox(name: string, holders: number, names: number): PersonRecord[] {
  return Array.from({ length: holders }, (_, n) =>
    person(`${name}-${n}`, {
      emails: [`${name}@brightleaf.co.uk`],
      firstName: "Ida",
      lastName: `Sato${"abcdef"[n % names] ?? ""}`,
    }),
  );
}

/** One component, link by link: every record shares an address with the one before and a mobile with the one after. */
function chain(name: string, length: number): PersonRecord[] {
  return Array.from({ length }, (_, n) =>
    person(`${name}-${n}`, {
      firstName: "Lena",
      lastName: "Marsh",
      emails: [`${name}${n >> 1}@brightleaf.co.uk`],
      phones: [`07400 ${String(100_000 + ((n + 1) >> 1) + name.length * 1_000)}`],
      mergedInto: n > 0 && n % 5 === 0 ? `${name}-${n - 1}` : null,
    }),
  );
}

/** Far apart what belongs together, so that it comes to be worked on by different lanes at once. */
function scattered(people: PersonRecord[]): PersonRecord[] {
  const apart = 7;
  return Array.from({ length: apart }, (_, rest) => people.filter((_, at) => at % apart === rest)).flat();
}

const messy = [...messyPeople(700, 3), ...chain("long", 40), ...chain("longer", 60)];
/** Joins what was apart, and gives up addresses. */
const messyLater = [
  ...chain("bridge", 8).map((record, n) => ({
    ...record,
    emails: [`long${n}@brightleaf.co.uk`, `longer${n}@brightleaf.co.uk`],
  })),
  ...messyPeople(150, 3).map((record) => ({ ...record, emails: [], updatedAt: "2026-08-01T00:00:00Z" })),
];
const crowds = [...mailbox("edge", 51, 4), ...mailbox("below", 50, 4), ...mailbox("alike", 60, 3)];
/** Each crosses the edge: the first back, the others over it. */
const crowdsLater = [...mailbox("edge", 51, 3), ...mailbox("below", 53, 6), ...mailbox("alike", 66, 5).slice(55)];

it.each([
  { lanes: 2, limit: 40 },
  { lanes: 4, limit: 10 },
  { lanes: 3, limit: 130 },
])("$lanes lanes of $limit records give what one gives", async ({ lanes, limit }) => {
  const [one, several] = [await freshShop(), await freshShop()];
  const shared = [];
  for (const records of [scattered([...messy, ...crowds]), scattered([...messyLater, ...crowdsLater])]) {
    await one.save(records);
    await one.resolveAll();
    await several.save(records);
    await inLanes(several, lanes, limit);
    expect(await several.picture()).toEqual(await one.picture());
    shared.push(await one.rows("SELECT value FROM shared_value WHERE workspace_id = $1 ORDER BY value"));
  }
  expect(shared).toMatchObject([
    [{ value: "edge@brightleaf.co.uk" }],
    [{ value: "alike@brightleaf.co.uk" }, { value: "below@brightleaf.co.uk" }],
  ]);
});

it("lanes that work while records still come in end with the same", async () => {
  const [one, several] = [await freshShop(), await freshShop()];
  for (const records of [scattered(messy), scattered(messyLater)]) {
    await one.save(records);
    await one.resolveAll();
    const ended = new AbortController();
    const lane = async () => {
      const identity = createIdentityStore(several.database);
      while (!ended.signal.aborted) await several.resolveAll(30, identity);
    };
    const arrive = async () => {
      for (let start = 0; start < records.length; start += 60) await several.save(records.slice(start, start + 60));
    };
    await Promise.all([lane(), lane(), lane(), arrive().finally(() => ended.abort())]);
    await several.resolveAll();
    expect(await several.rows("SELECT 1 FROM unresolved WHERE workspace_id = $1")).toEqual([]);
    expect(await several.picture()).toEqual(await one.picture());
  }
});

it("more holders of one mailbox than are fetched at once change nothing for anybody else", async () => {
  const [whole, parts] = [await freshShop(), await freshShop()];
  for (const shop of [whole, parts]) await shop.save([...mailbox("till", 5_300, 6), ...chain("beside", 30)]);
  await whole.resolveAll(6_000);
  await parts.resolveAll(200);
  expect(await parts.picture()).toEqual(await whole.picture());
  expect(await parts.rows("SELECT value FROM shared_value WHERE workspace_id = $1")).toEqual([
    { value: "till@brightleaf.co.uk" },
  ]);
});
