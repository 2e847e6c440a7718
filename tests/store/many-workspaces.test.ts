/** What a batch reads in a workspace that is new beside others which the planner knows. */
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CanonicalRecord } from "#connectors/core/records.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import { openDatabase, type Database, type Transaction } from "#profile/store/database.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { refreshStatistics } from "#profile/store/statistics.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { consent, order, page, person, subscription, touchpoint } from "#tests/support/records.ts";

const KNOWN = 16;
const NEW = 4;
const PEOPLE = 200;
/** Rows read for each row of a batch, by the statement that reads most. A workspace walked for each would be hundreds. */
const READ_AT_MOST = 25;
const LARGE = /^(source_|identifier|customer_order|touchpoint|subscription|profile|membership|consent_|unresolved)/;
const AT = "2026-11-01T00:00:00.000Z";

interface Node {
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Join Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  Plans?: Node[];
}

let test: TestDatabase;
let owner: Client;
beforeAll(async () => {
  test = await createTestDatabase();
  owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  for (let number = 1; number <= KNOWN; number++) await fill(test.database, await openWorkspace(number), ["Leeds"]);
  await owner.query("ANALYZE");
});
afterAll(async () => {
  await owner.end();
  await test.drop();
});

async function openWorkspace(number: number): Promise<WorkspaceId> {
  const { workspaceId } = await createConnectionStore(test.database).createWorkspace({
    slug: `shop-${number}`,
    name: `Shop ${number}`,
    defaultCountry: "GB",
    currency: "GBP",
    timeZone: "Europe/London",
  });
  return workspaceId;
}

/** Everything the loop does in the store, once for each town that everybody moves to. */
async function fill(database: Database, workspaceId: WorkspaceId, towns: string[]): Promise<void> {
  const connection = { connector: "csv", name: "till" };
  const { connectionId } = await createConnectionStore(test.database).upsertConnection(workspaceId, connection, "t");
  const ingest = createIngestStore(database);
  const identity = createIdentityStore(database);
  const consents = createConsentStore(database);
  const scores = createScoreStore(database);
  for (const [from, city] of towns.entries()) {
    const given = page(recordsOf(city), { next: { at: from + 1 } });
    const at = from === 0 ? null : { at: from };
    await ingest.savePage(workspaceId, { connectionId, stream: "people", from: at, page: given });
    await drain(() => identity.resolveBatch(workspaceId, { limit: PEOPLE * 2 }));
    await drain(() => consents.refreshBatch(workspaceId, { limit: PEOPLE * 2, at: AT }));
    await scores.refreshBaseline(workspaceId, AT);
    await drain(() => scores.scoreBatch(workspaceId, { limit: PEOPLE * 2, asOf: AT }));
  }
}

async function drain(batch: () => Promise<{ more: boolean }>): Promise<void> {
  for (let more = true; more;) ({ more } = await batch());
}

const recordsOf = (city: string): CanonicalRecord[] =>
  Array.from({ length: PEOPLE }, (_, n) => String(n)).flatMap((id, n) => [
    // Pairs share a number, every fifth person a household with the next.
    person(id, {
      city,
      phones: [`07400 ${100_000 + (n >> 1)}`],
      firstName: n % 2 === 0 ? "Anna" : "Grace",
      lastName: `Hill ${Math.floor(n / 5)}`,
      postcode: `LS${Math.floor(n / 5)} 1AA`,
      // What is said in York is no longer said in Leeds.
      emails: [`shopper${n}@${city.toLowerCase()}.co.uk`],
    }),
    order(`order ${id}`, id, { updatedAt: null, amountMinor: city.length * 100 }),
    subscription(`plan ${id}`, id),
    touchpoint(`visit ${id}`, id),
    consent(`word ${id}`, id, {
      address: `shopper${n}@${city.toLowerCase()}.co.uk`,
      state: n % 5 === 0 ? "withdrawn" : "granted",
    }),
  ]);

/** A database that runs each statement once more before it counts, and notes how many rows it had to look at. */
function counting(database: Database, reads: Map<string, number>): Database {
  const counted = (transaction: Transaction): Transaction => {
    let before: Promise<unknown> = Promise.resolve();
    return {
      workspaceId: transaction.workspaceId,
      query: (text, values) => {
        const result = before.then(async () => {
          await transaction.query("SAVEPOINT tried");
          const [row] = await transaction.query<{ "QUERY PLAN": [{ Plan: Node }] }>(
            `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`,
            values,
          );
          await transaction.query("ROLLBACK TO tried");
          if (row !== undefined) reads.set(text, Math.max(reads.get(text) ?? 0, rowsReadBy(row["QUERY PLAN"][0].Plan)));
          return transaction.query<never>(text, values);
        });
        before = result.catch(() => undefined);
        return result;
      },
    };
  };
  return {
    ...database,
    inWorkspace: (workspaceId, work) => database.inWorkspace(workspaceId, (transaction) => work(counted(transaction))),
  };
}

function rowsReadBy(node: Node): number {
  const each =
    node["Actual Rows"] +
    (node["Rows Removed by Filter"] ?? 0) +
    (node["Rows Removed by Join Filter"] ?? 0) +
    (node["Rows Removed by Index Recheck"] ?? 0);
  return each * node["Actual Loops"] + (node.Plans ?? []).reduce((sum, inner) => sum + rowsReadBy(inner), 0);
}

it("a batch in a new workspace reads in proportion to the batch", async () => {
  const second = openDatabase(test.appUrl);
  const reads = new Map<string, number>();
  for (let number = KNOWN + 1; number <= KNOWN + NEW; number++)
    await fill(counting(second, reads), await openWorkspace(number), ["Leeds", "York"]);
  await second.close();
  const most = [...reads].filter(([, rows]) => rows > READ_AT_MOST * PEOPLE);
  expect(reads.size).toBeGreaterThan(30);
  expect(most.map(([text, rows]) => `${rows} rows: ${text.replaceAll(/\s+/g, " ").slice(0, 200)}`)).toEqual([]);
});

it("the planner keeps no statistics of workspaces, however it looks", async () => {
  await refreshStatistics(test.database);
  const { rows } = await owner.query<{ name: string; column: string }>(
    "SELECT DISTINCT tablename AS name, attname AS column FROM pg_stats WHERE schemaname = 'public'",
  );
  expect(rows).toContainEqual({ name: "membership", column: "record_id" });
  expect(rows.filter(({ name, column }) => LARGE.test(name) && column === "workspace_id")).toEqual([]);
});
