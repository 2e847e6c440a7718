import type { PersonRecord } from "#connectors/core/records.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSetAsideStore } from "#profile/store/set-aside.ts";
import { person } from "#tests/support/records.ts";
import { openShop, type Shop } from "./shop.ts";

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop.drop());

const anna = { firstName: "Anna", lastName: "Hill", emails: ["anna@brightleaf.co.uk"] };

describe("resolving changed records", () => {
  it("makes profiles, joins what belongs together, and does nothing when nothing changed", async () => {
    await shop.save([
      person("1", anna),
      person("2", { ...anna, lastName: "Stone" }),
      person("3", { emails: [], firstName: null, lastName: null }),
    ]);
    expect(await shop.resolveAll()).toMatchObject({ touched: 3, created: 2, merged: 0 });
    expect(await shop.profileOf("1")).toBe(await shop.profileOf("2"));
    expect(await shop.profileOf("3")).not.toBe(await shop.profileOf("1"));
    expect(await shop.resolveAll()).toMatchObject({ touched: 0, records: 0 });
  });

  it("merges two profiles when a record comes that belongs to both; the old id resolves and the emptied profile is gone", async () => {
    const mobile = "07911 123456";
    await shop.save([
      person("1", { ...anna, createdAt: "2025-01-01T00:00:00Z" }),
      person("2", {
        firstName: "Anna",
        lastName: "Hill",
        emails: [],
        phones: [mobile],
        createdAt: "2025-02-01T00:00:00Z",
      }),
    ]);
    await shop.resolveAll();
    const [first, second] = [await shop.profileOf("1"), await shop.profileOf("2")];
    expect(first).not.toBe(second);

    await shop.save([person("3", { ...anna, phones: [mobile], createdAt: "2025-03-01T00:00:00Z" })]);
    expect(await shop.resolveAll()).toMatchObject({ touched: 1, records: 3, created: 0, merged: 1 });
    expect(await shop.profileOf("2")).toBe(first);
    expect(await shop.identity.findProfile(shop.workspaceId, second)).toBe(first);
    expect(await shop.rows("SELECT 1 FROM profile WHERE workspace_id = $1")).toHaveLength(1);
  });

  it("gives a profile the id of its oldest record, and old ids follow through every change", async () => {
    await shop.save([person("1", { ...anna, createdAt: "2025-03-01T00:00:00Z" })]);
    await shop.resolveAll();
    const oldest = await shop.profileOf("1");
    await shop.save([person("2", { ...anna, createdAt: "2025-02-01T00:00:00Z" })]);
    await shop.resolveAll();
    const middle = await shop.profileOf("1");
    await shop.save([person("3", { ...anna, createdAt: "2025-01-01T00:00:00Z" })]);
    await shop.resolveAll();
    const newest = await shop.profileOf("1");
    expect(new Set([oldest, middle, newest]).size).toBe(3);
    for (const id of [oldest, middle, newest])
      expect(await shop.identity.findProfile(shop.workspaceId, id)).toBe(newest);
  });

  it("a human's cut parts a profile, and the part gets back the id it once had", async () => {
    await shop.save([person("1", { ...anna, createdAt: "2025-01-01T00:00:00Z" })]);
    await shop.resolveAll();
    await shop.save([
      person("2", {
        emails: ["other@brightleaf.co.uk"],
        firstName: "Anna",
        lastName: "Hill",
        createdAt: "2025-02-01T00:00:00Z",
      }),
    ]);
    await shop.resolveAll();
    const second = await shop.profileOf("2");
    await shop.save([person("2", { ...anna, createdAt: "2025-02-01T00:00:00Z" })]);
    await shop.resolveAll();
    expect(await shop.profileOf("2")).toBe(await shop.profileOf("1"));

    const [a, b] = [shop.idOf("1"), shop.idOf("2")].toSorted();
    await shop.rows(
      "INSERT INTO link (workspace_id, a_record_id, b_record_id, verdict, actor) VALUES ($1, $2, $3, 'different', 'owner')",
      a,
      b,
    );
    await shop.rows("INSERT INTO unresolved (workspace_id, record_id) VALUES ($1, $2)", a);
    expect(await shop.resolveAll()).toMatchObject({ created: 1, split: 1 });
    expect(await shop.profileOf("2")).toBe(second);
    expect(await shop.rows("SELECT 1 FROM profile_alias WHERE workspace_id = $1")).toHaveLength(0);
  });

  it("remembers an address that a record gave up, and keeps a deleted record's membership", async () => {
    await shop.save([person("1", anna), person("2", anna)]);
    await shop.resolveAll();
    const together = await shop.profileOf("2");
    await shop.save([
      person("1", { ...anna, emails: ["anna.new@brightleaf.co.uk"] }),
      person("2", { ...anna, emails: [], deleted: true, updatedAt: "2026-06-01T00:00:00Z" }),
    ]);
    await shop.resolveAll();
    expect(await shop.profileOf("1")).toBe(together);
    expect(await shop.profileOf("2")).toBe(together);
    expect(await shop.identity.findProfile(shop.workspaceId, "ANNA@brightleaf.co.uk")).toBe(together);
  });

  it("marks profiles whose record changed for new consent and scores, and those with new members for new output", async () => {
    await shop.save([person("1", anna), person("2", { emails: ["tom@brightleaf.co.uk"], firstName: "Tom" })]);
    await shop.resolveAll();
    const marks = async (id: string) => {
      const [row] = await shop.rows<{ touched_seq: number; output_seq: number }>(
        "SELECT touched_seq, output_seq FROM profile WHERE workspace_id = $1 AND profile_id = $2",
        await shop.profileOf(id),
      );
      return row ?? { touched_seq: 0, output_seq: 0 };
    };
    const [annaBefore, tomBefore] = [await marks("1"), await marks("2")];
    await shop.save([
      person("2", { emails: ["tom@brightleaf.co.uk"], firstName: "Tom", city: "Leeds" }),
      person("3", anna),
    ]);
    await shop.resolveAll();
    const [annaAfter, tomAfter] = [await marks("1"), await marks("2")];
    expect(annaAfter.touched_seq).toBeGreaterThan(annaBefore.touched_seq);
    expect(annaAfter.output_seq).toBeGreaterThan(annaBefore.output_seq);
    expect(tomAfter.touched_seq).toBeGreaterThan(tomBefore.touched_seq);
    expect(tomAfter.output_seq).toBe(tomBefore.output_seq);
  });

  it("a value that too many differently named people come to hold loses its power, and what it had joined comes apart", async () => {
    const shared = ["studio@brightleaf.co.uk"];
    const many = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) =>
        person(`s${from + index}`, {
          emails: shared,
          firstName: "Anna",
          lastName: `Hill${"abcdefgh"[(from + index) % 8] ?? ""}`,
        }),
      );
    await shop.save(many(0, 30));
    await shop.resolveAll();
    expect(await shop.profileOf("s3")).toBe(await shop.profileOf("s11"));
    await shop.save(many(30, 60));
    await shop.resolveAll();
    expect(await shop.rows("SELECT holders FROM shared_value WHERE workspace_id = $1")).toEqual([{ holders: 60 }]);
    expect(await shop.profileOf("s3")).not.toBe(await shop.profileOf("s11"));
    expect(await shop.rows("SELECT 1 FROM profile WHERE workspace_id = $1")).toHaveLength(60);
  });

  it("sixty orders of one guest stay one person", async () => {
    await shop.save(Array.from({ length: 60 }, (_, index) => person(`g${index}`, anna)));
    await shop.resolveAll(25);
    expect(await shop.rows("SELECT 1 FROM profile WHERE workspace_id = $1")).toHaveLength(1);
  });
});

it("sets a record aside that is stored in a form nobody can read, and resolves the others", async () => {
  await shop.save([person("1", anna), person("2", anna), person("3", anna)]);
  await shop.rows(
    `WITH broken AS (UPDATE source_record SET hash = '\\x00' WHERE workspace_id = $1 AND record_id = $2 RETURNING *)
     INSERT INTO source_content (workspace_id, record_id, hash, data)
     SELECT workspace_id, record_id, hash, '{"emails": 7}' FROM broken`,
    shop.idOf("2"),
  );
  expect(await shop.resolveAll()).toMatchObject({ touched: 2, created: 1 });
  const setAside = createSetAsideStore(shop.database);
  expect(await setAside.list(shop.workspaceId)).toMatchObject([{ step: "identity", subjectId: shop.idOf("2") }]);
  await shop.save([person("2", { ...anna, city: "Leeds" })]);
  expect(await shop.resolveAll()).toMatchObject({ touched: 1, created: 0 });
  expect(await setAside.list(shop.workspaceId)).toEqual([]);
});

describe("finding and explaining", () => {
  it("finds a profile by id, address, phone, customer and loyalty number, and the tool's own id", async () => {
    const externalIds: PersonRecord["externalIds"] = [
      { kind: "account_id", value: "17850", scope: "connection" },
      { kind: "loyalty_id", value: "FK-0042", scope: "workspace" },
    ];
    await shop.save([person("c-77", { ...anna, phones: ["07911 123456"], externalIds })]);
    await shop.resolveAll();
    const profile = await shop.profileOf("c-77");
    for (const query of [
      profile,
      "Anna@Brightleaf.co.uk",
      "+44 7911 123456",
      "07911123456",
      "17850",
      "FK-0042",
      "c-77",
      shop.idOf("c-77"),
    ]) {
      const found = await shop.identity.findProfile(shop.workspaceId, query);
      expect({ query, found }).toEqual({ query, found: profile });
    }
    expect(await shop.identity.findProfile(shop.workspaceId, "nobody@brightleaf.co.uk")).toBeUndefined();
  });

  it("says in words why records are one person and why others are not", async () => {
    const phones = ["07911 123456"];
    await shop.save([
      person("1", { ...anna, emails: [...anna.emails, "info@brightleaf.co.uk"], phones }),
      person("2", anna),
      person("3", { emails: [], firstName: "Tom", lastName: "Hill", phones }),
    ]);
    await shop.resolveAll();
    const why = await shop.identity.explain(shop.workspaceId, await shop.profileOf("2"));
    expect(why.evidence).toEqual([
      expect.stringMatching(/csv people\/\d and csv people\/\d: joined by the same e-mail address\./),
    ]);
    expect(why.refusals).toEqual([
      expect.stringMatching(
        /mobile phone number is the same, but the names are clearly different\. Concerns csv people\/3\./,
      ),
      "One e-mail address does not count. It is a shared role inbox.",
    ]);
    expect(why.display).toMatchObject({ name: "Anna Hill", email: "anna@brightleaf.co.uk" });
  });
});
