/** People who share no identifier, in the database: compared when they change, joined with their components, and apart again. */
import { afterEach, beforeAll, expect, it } from "vitest";
import type { PersonRecord } from "#connectors/core/records.ts";
import { learn } from "#profile/identity/linkage/learn.ts";
import type { LinkageModel } from "#profile/identity/linkage/model.ts";
import { RecordTable } from "#profile/identity/linkage/record-table.ts";
import { townOf } from "#profile/identity/linkage/testing.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { person } from "#tests/support/records.ts";
import { dropShops, freshShop, type Shop } from "./shop.ts";

let model: LinkageModel;
beforeAll(async () => {
  model = await learn(new RecordTable(townOf(1_000).map(({ facts }) => facts)), { randomPairs: 60_000 });
});
afterEach(dropShops);

/** A shop that has learned already, and has no reason to do it again. */
async function learnedShop(): Promise<Shop> {
  const shop = await freshShop();
  await shop.rows(
    "INSERT INTO linkage_model (workspace_id, version, model, state, records) VALUES ($1, 1, $2, 'active', 1000000)",
    JSON.stringify(model),
  );
  return shop;
}

const home = { street: "12 Mill Lane", postcode: "LS1 4AP", city: "Leeds" };
const petra = (id: string, fields: Partial<PersonRecord> = {}) =>
  person(id, { firstName: "Petra", lastName: "Kowalik", ...home, emails: [`${id}@brightleaf.co.uk`], ...fields });
const town = (): PersonRecord[] =>
  townOf(150, 5).map(({ facts }, at) =>
    person(String(at), {
      firstName: facts.name.first,
      lastName: facts.name.last,
      street: facts.street === null ? `${facts.streetNumber} ` : `${facts.streetNumber} ${facts.street}`,
      postcode: facts.postcode,
      city: facts.city,
      emails: [],
      createdAt: `2026-01-01T00:${String(Math.floor(at / 60)).padStart(2, "0")}:${String(at % 60).padStart(2, "0")}Z`,
    }),
  );
const edges = (shop: Shop) =>
  shop.rows(
    `SELECT a_record_id AS a, b_record_id AS b, round(weight::numeric, 6) AS weight, joins, clues FROM scored_edge
     WHERE workspace_id = $1 ORDER BY 1, 2`,
  );

it("joins records that resemble each other, in their own words, and takes them apart when one turns out otherwise", async () => {
  const shop = await learnedShop();
  await shop.save([petra("a"), petra("b", { lastName: "Kowalk" })]);
  await shop.resolveAll();
  const joined = await shop.profileOf("a");
  expect(await shop.profileOf("b")).toBe(joined);
  expect((await shop.identity.explain(shop.workspaceId, joined)).evidence).toEqual([
    expect.stringMatching(/joined by the same name and address; a coincidence is about 1 in [\d,]+\./),
  ]);

  await shop.save([petra("b", { firstName: "Ines", lastName: "Okafor", updatedAt: "2026-06-01T00:00:00Z" })]);
  await shop.resolveAll();
  expect(await shop.profileOf("a")).toBe(joined);
  expect(await shop.profileOf("b")).not.toBe(joined);
  expect(await edges(shop)).toEqual([]);
});

it("leaves what is likely but doubtful to people, and joins nobody by it", async () => {
  const shop = await learnedShop();
  await shop.save([petra("a", { firstName: "Nora" }), petra("b", { firstName: "Lisa" })]);
  await shop.resolveAll();
  expect(await shop.profileOf("a")).not.toBe(await shop.profileOf("b"));
  for (const edge of await edges(shop)) expect(edge).toMatchObject({ joins: "never" });
});

it("asks people about what is likely, tells why, and lets their word outrank every score", async () => {
  const shop = await learnedShop();
  const { identity, workspaceId } = shop;
  await shop.save([petra("a", { firstName: "Paul" }), petra("b", { firstName: "Paula" })]);
  await shop.resolveAll();
  const [pair, ...rest] = await identity.review(workspaceId, 10);
  expect(rest).toEqual([]);
  expect(pair?.names.toSorted()).toEqual(["csv people/a", "csv people/b"]);
  const why = await identity.explainPair(workspaceId, "a@brightleaf.co.uk", "b@brightleaf.co.uk");
  expect(why).toMatchObject({ a: pair?.a, b: pair?.b, verdict: null });
  expect(why?.sentences).toContainEqual(
    expect.stringMatching(/^The postcode is the same: [\d,]+ times as likely that it is one person\.$/),
  );
  expect(why?.sentences.at(-1)).toMatch(/^All in all: one person with a probability of .+ %\./);

  const [one, other] = [shop.idOf("a"), shop.idOf("b")];
  const word = { one, other, actor: "owner", reason: null };
  expect(await identity.decide(workspaceId, { ...word, other: "nobody@brightleaf.co.uk", verdict: "same" })).toBe(
    false,
  );
  expect(await identity.decide(workspaceId, { ...word, verdict: "same" })).toBe(true);
  await shop.resolveAll();
  expect(await shop.profileOf("a")).toBe(await shop.profileOf("b"));
  expect(await identity.decide(workspaceId, { ...word, verdict: "different" })).toBe(true);
  await shop.resolveAll();
  expect(await shop.profileOf("a")).not.toBe(await shop.profileOf("b"));
  expect(await identity.review(workspaceId, 10)).toEqual([]);
  expect((await identity.explainPair(workspaceId, one, other))?.verdict).toBe("different");
});

it("puts a proposed model to use only when somebody says so, and then compares everybody by it", async () => {
  const shop = await learnedShop();
  const { identity, workspaceId } = shop;
  await shop.save([petra("a"), petra("b", { lastName: "Kowalk" })]);
  await shop.resolveAll();
  expect(await shop.profileOf("a")).toBe(await shop.profileOf("b"));
  await shop.rows(
    "INSERT INTO linkage_model (workspace_id, version, model, state, records, parts) VALUES ($1, 2, $2, 'proposed', 1000000, 1)",
    JSON.stringify({ ...model, automatic: 1_000, together: 1_000 }),
  );
  await shop.resolveAll();
  expect(await shop.profileOf("a")).toBe(await shop.profileOf("b"));
  expect(await identity.approveModel(workspaceId, 3, "owner")).toBe(false);
  expect(await identity.approveModel(workspaceId, 2, "owner")).toBe(true);
  await shop.resolveAll();
  expect(await shop.profileOf("a")).not.toBe(await shop.profileOf("b"));
  expect(await identity.models(workspaceId)).toMatchObject([
    { version: 2, state: "active" },
    { version: 1, state: "retired" },
  ]);
});

it("keeps no facts of a record that says too little, nor of one that ceases to say enough", async () => {
  const shop = await learnedShop();
  const facts = () => shop.rows("SELECT record_id FROM linkage_record WHERE workspace_id = $1");
  const keys = () => shop.rows("SELECT record_id FROM blocking_key WHERE workspace_id = $1");
  await shop.save([petra("a"), person("b", { phones: ["07911 123456"], postcode: "LS1 4AP" })]);
  await shop.resolveAll();
  expect(await facts()).toEqual([{ record_id: shop.idOf("a") }]);
  const { street: _street, ...left } = petra("a", { updatedAt: "2026-06-01T00:00:00Z" });
  await shop.save([left]);
  await shop.resolveAll();
  expect([await facts(), await keys()]).toEqual([[], []]);
});

it("compares nobody by a key that a thousand others hold", async () => {
  const shop = await learnedShop();
  await shop.save([petra("a", { createdAt: "2026-01-01T00:00:00Z" }), petra("b")]);
  await shop.resolveAll();
  expect(await shop.profileOf("a")).toBe(await shop.profileOf("b"));
  await shop.rows(
    `INSERT INTO blocking_key (workspace_id, key_id, record_id)
     SELECT $1, key_id, gen_random_uuid() FROM (SELECT DISTINCT key_id FROM blocking_key WHERE workspace_id = $1) AS known,
       generate_series(1, 999)`,
  );
  await shop.save([petra("c")]);
  await shop.resolveAll();
  expect(await shop.profileOf("c")).not.toBe(await shop.profileOf("a"));
  // What was found before is asked again by itself.
  await shop.save([petra("b", { city: "Bradford", updatedAt: "2026-06-01T00:00:00Z" })]);
  await shop.resolveAll();
  expect(await shop.profileOf("a")).toBe(await shop.profileOf("b"));
});

it("comes to the same in any order, in any portions, and by several workers at once", async () => {
  const records = town();
  const atOnce = await learnedShop();
  await atOnce.save(records);
  await atOnce.resolveAll();
  const [expected, expectedEdges] = [await atOnce.picture(), await edges(atOnce)];
  expect(expectedEdges.length).toBeGreaterThan(100);

  const piecemeal = await learnedShop();
  const backwards = records.toReversed();
  for (let start = 0; start < backwards.length; start += 60) {
    await piecemeal.save(backwards.slice(start, start + 60));
    await piecemeal.resolveAll(25);
  }
  expect(await edges(piecemeal)).toEqual(expectedEdges);
  expect(await piecemeal.picture()).toEqual(expected);

  const shared = await learnedShop();
  await shared.save(records);
  const workers = Array.from({ length: 3 }, () => createIdentityStore(shared.database));
  await Promise.all(workers.map((worker) => shared.resolveAll(20, worker)));
  await shared.resolveAll();
  expect(await edges(shared)).toEqual(expectedEdges);
  expect(await shared.picture()).toEqual(expected);
});

it("looks at no more than the component of a record that changed", async () => {
  const shop = await learnedShop();
  await shop.save([...town(), petra("a"), petra("b")]);
  await shop.resolveAll();
  await shop.save([petra("b", { company: "Brightleaf", updatedAt: "2026-06-01T00:00:00Z" })]);
  expect(await shop.resolveAll()).toMatchObject({ touched: 1, records: 2, merged: 0, created: 0 });
});

it("learns from what a first load brought before it compares any of it, and again when there is twice as much", async () => {
  const shop = await freshShop();
  const models = () =>
    shop.rows("SELECT version, state, records FROM linkage_model WHERE workspace_id = $1 ORDER BY version");
  const records = town();
  await shop.save(records.slice(0, 100));
  await shop.resolveAll(40);
  expect(await models()).toEqual([{ version: 1, state: "active", records: 100 }]);
  await shop.save(records.slice(100, 150));
  await shop.resolveAll(40);
  expect(await models()).toHaveLength(1);
  await shop.save(records.slice(150));
  await shop.resolveAll(40);
  expect(await models()).toHaveLength(2);
});
