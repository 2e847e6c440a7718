/** What was read for a portion of a plan is trusted for each of its calls only while nothing it rests on was written. */
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RecordId } from "#profile/ids.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import { createRetentionStore } from "#profile/store/retention/store.ts";
import { openShop, type Shop } from "#tests/identity/shop.ts";
import { consent, person } from "#tests/support/records.ts";
import { beforeEachStatement } from "#tests/support/statements.ts";

const NOW = "2027-01-01T00:00:00Z";

let shop: Shop;
let owner: Client;
let record: RecordId;
beforeEach(async () => {
  shop = await openShop();
  owner = new Client({ connectionString: shop.ownerUrl });
  await owner.connect();
  await shop.save([person("1", { emails: ["anna@brightleaf.co.uk"] }), consent("yes", "1")]);
  await shop.resolveAll();
  record = shop.idOf("1");
});
afterEach(async () => {
  await owner.end();
  await shop.drop();
});

const read = () => shop.consent.basisFor(shop.workspaceId, [record]);

const withdrawal = () => [consent("no", "1", { state: "withdrawn", effectiveAt: "2026-05-01T00:00:00Z" })];

it("holds as long as nobody writes, and whatever is written elsewhere", async () => {
  const basis = await read();
  expect(await shop.consent.stillHolds(shop.workspaceId, basis)).toBe(true);
  await shop.rows("UPDATE connection SET name = 'Till' WHERE workspace_id = $1");
  expect(await shop.consent.stillHolds(shop.workspaceId, basis)).toBe(true);
  await shop.save(withdrawal());
  expect(await shop.consent.stillHolds(shop.workspaceId, basis)).toBe(false);
  expect(await shop.consent.stillHolds(shop.workspaceId, await read())).toBe(true);
});

it("no longer holds once a transaction commits that was open while it was read", async () => {
  await owner.query("BEGIN");
  await owner.query("UPDATE consent_entry SET state = 'withdrawn'");
  // Later transactions begin and end meanwhile.
  await shop.save([person("2", { emails: ["bea@brightleaf.co.uk"] })]);
  const basis = await read();
  expect(await shop.consent.stillHolds(shop.workspaceId, basis)).toBe(true);
  await owner.query("COMMIT");
  expect(await shop.consent.stillHolds(shop.workspaceId, basis)).toBe(false);
  expect((await read()).factsOf(record, NOW)?.answers[0]?.state).toBe("withdrawn");
});

it("goes on holding when what was begun is rolled back", async () => {
  const basis = await read();
  await owner.query("BEGIN; UPDATE consent_entry SET state = 'withdrawn'; ROLLBACK");
  expect(await shop.consent.stillHolds(shop.workspaceId, basis)).toBe(true);
});

describe("is void after a change", () => {
  // Of every table that the reading touches.
  it.each([
    "UPDATE consent_entry SET state = 'withdrawn'",
    "DELETE FROM consent_entry",
    "UPDATE membership SET since = now()",
    "UPDATE identifier SET current = false",
    "UPDATE source_record SET email = 'other@brightleaf.co.uk'",
    "UPDATE source_record SET last_name = 'Hill'",
    "INSERT INTO shared_value (workspace_id, kind, value, value_id, holders) SELECT workspace_id, kind, value, value_id, 9 FROM identifier LIMIT 1",
    "INSERT INTO merge_refusal (workspace_id, refusal_id, rule, kind, value, record_ids, explanation) SELECT workspace_id, value_id, 'shared_value', kind, value, '{}', '' FROM identifier LIMIT 1",
    "UPDATE workspace SET default_country = 'DE'",
    "UPDATE workspace SET time_zone = 'Asia/Tokyo'",
    "TRUNCATE consent_entry",
  ])("%s", async (statement) => {
    const basis = await read();
    await owner.query(statement);
    expect(await shop.consent.stillHolds(shop.workspaceId, basis)).toBe(false);
  });
});

it("reads no table that leaves no news", async () => {
  await shop.save([
    person("2", { firstName: "Bea", lastName: "Hill", postcode: "LS1 4AP", emails: ["anna@brightleaf.co.uk"] }),
    person("3", { firstName: "B", lastName: "Hill", postcode: "LS1 4AP", emails: ["bea@brightleaf.co.uk"] }),
    consent("no", "3", { state: "withdrawn", address: "bea@brightleaf.co.uk" }),
  ]);
  await shop.resolveAll();
  const texts: string[] = [];
  const listening = beforeEachStatement(shop.database, (_, text) => void texts.push(text));
  await createConsentStore(listening).basisFor(shop.workspaceId, ["1", "2", "3"].map(shop.idOf));
  const named = new Set(
    texts.flatMap((text) => [...text.matchAll(/(?:FROM|JOIN)\s+([a-z_]+)/g)].map(([, table]) => table)),
  );
  const { rows: tables } = await owner.query<{ name: string; watched: boolean }>(
    `SELECT relname AS name, EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'consent_news') AS watched
     FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
  );
  const read = tables.filter(({ name }) => named.has(name));
  expect(read.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["membership", "source_record", "consent_entry"]),
  );
  expect(read.filter(({ watched }) => !watched)).toEqual([]);
});

it("leaves numbers that are forgotten when nobody can ask for them any more", async () => {
  const numbers = () =>
    shop.rows<{ count: number }>("SELECT count(*)::int AS count FROM consent_news WHERE workspace_id = $1");
  await owner.query("UPDATE consent_news SET at = now() - interval '2 hours'");
  await shop.save(withdrawal());
  expect((await numbers())[0]?.count).toBeGreaterThan(1);
  await createRetentionStore(shop.database).prune(shop.workspaceId, Date.now());
  expect((await numbers())[0]?.count).toBe(1);
});
