import { afterAll, beforeAll, expect, it } from "vitest";
import type { Reject } from "#connectors/core/contract.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { createSetAsideStore } from "#profile/store/set-aside.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { hostileRecord, randomOf } from "#tests/support/hostile.ts";
import { page } from "#tests/support/records.ts";

const ROWS = 2_000;
const PER_PAGE = 100;
const ASOF = "2026-09-05T12:00:00.000Z";
let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

async function drained(batch: () => Promise<{ more: boolean }>): Promise<void> {
  for (let more = true; more;) ({ more } = await batch());
}

it("takes 2,000 hostile rows: every one is stored, a repeat or rejected with a reason, and every step comes to its end", async () => {
  const { workspaceId, database } = test;
  const connections = createConnectionStore(database);
  const { connectionId } = await connections.upsertConnection(workspaceId, { connector: "csv", name: "hostile" }, "t");
  const ingest = createIngestStore(database);
  const random = randomOf(20_261_128);
  const strange: Reject[] = [
    { ref: "a".repeat(20_000), reason: "b".repeat(20_000), raw: { big: 10n ** 30n } },
    { ref: "\u0000\ud800", reason: "why\u0000", raw: "\u0000\udfff".repeat(200_000) },
    {
      ref: "itself",
      reason: "A row that holds itself.",
      raw: (() => {
        const row: Record<string, unknown> = {};
        row["row"] = row;
        return row;
      })(),
    },
  ];
  const total = { given: 0, settled: 0 };
  for (let from: number | null = null, at = 0; at < ROWS; at += PER_PAGE) {
    const records = Array.from({ length: PER_PAGE }, (_, offset) => hostileRecord(random, at + offset));
    const next = at / PER_PAGE + 1;
    const given = { ...page(records), rejects: at === 0 ? strange : [], next, atEnd: false, fullScan: false };
    const saved = await ingest.savePage(workspaceId, { connectionId, stream: "people", from, page: given });
    if (saved.outcome !== "saved") throw new Error(saved.outcome);
    const { records: valid, inserted, changed, unchanged, stale } = saved.counts;
    expect(inserted + changed + unchanged + stale).toBe(valid);
    total.given += records.length;
    total.settled += valid;
    from = next;
  }
  expect(total.given).toBe(ROWS);
  // Most rows carry at least one value that no record may hold; what is left must be enough to mean something.
  expect(total.settled).toBeGreaterThan(ROWS / 10);

  const [rejected] = await database.inWorkspace(workspaceId, (transaction) =>
    transaction.query<{ rows: number; silent: number }>(
      "SELECT count(*) AS rows, count(*) FILTER (WHERE reason = '') AS silent FROM rejected_record",
    ),
  );
  expect(rejected?.rows).toBeGreaterThan(ROWS / 10);
  expect(rejected?.silent).toBe(0);

  const identity = createIdentityStore(database);
  const consent = createConsentStore(database);
  const scores = createScoreStore(database);
  await drained(() => identity.resolveBatch(workspaceId, { limit: 200 }));
  await drained(() => consent.refreshBatch(workspaceId, { limit: 200, at: ASOF }));
  await drained(() => scores.scoreBatch(workspaceId, { limit: 200, asOf: ASOF }));
  expect(await createSetAsideStore(database).list(workspaceId)).toEqual([]);
});
