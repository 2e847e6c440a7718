/** What a plan costs at a vendor that has no reading by many ids: with each record one write, and a hundredth of a look. */
import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openForContract } from "#connectors/core/contract-suite/index.ts";
import type { OpenConnection } from "#connectors/core/contract.ts";
import { customerSeed, instant, seedOf } from "#connectors/stripe/fixtures.ts";
import { stripe } from "#connectors/stripe/index.ts";
import { startStripeTwin, type StripeTwin } from "#connectors/stripe/twin/index.ts";
import type { ConnectionId, PlanId } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createPlanStore, type PlanStore } from "#profile/store/plan/store.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { buildChanges } from "#workflows/write-back/build.ts";
import { carryOut } from "#workflows/write-back/carry-out.ts";

const NOW = Date.parse("2026-09-05T12:00:00.000Z");
const now = () => NOW;
const at = new Date(NOW).toISOString();

let test: TestDatabase;
let twin: StripeTwin;
let connection: OpenConnection;
let connectionId: ConnectionId;
let plans: PlanStore;
beforeEach(async () => {
  test = await createTestDatabase();
  plans = createPlanStore(test.database);
  twin = await startStripeTwin({ requestsPerSecond: 100_000, now });
  const access = { settings: {}, credentials: { apiKey: twin.apiKey }, baseUrl: twin.url, now };
  connection = openForContract(stripe, access);
  ({ connectionId } = await createConnectionStore(test.database).upsertConnection(
    test.workspaceId,
    { connector: "stripe", name: "Stripe", writeBack: true },
    "test",
  ));
  await plans.defineFields(test.workspaceId, connectionId);
});
afterEach(async () => {
  await twin.close();
  await test.drop();
});

/** Ids as vendors give them: their order says nothing of the order in which records were made. */
const idOf = (n: number): string => `cus_${createHash("sha256").update(String(n)).digest("hex").slice(0, 14)}`;

/** So many customers at the vendor, made one a minute; read, resolved and scored as a refresh does. */
async function fill(count: number): Promise<void> {
  const customers = Array.from({ length: count }, (_, n) => customerSeed(n, { id: idOf(n), createdAt: instant(n) }));
  twin.load(seedOf({ customers }));
  const ingest = createIngestStore(test.database);
  for (let from: unknown = null, more = true; more;) {
    for await (const page of connection.read("customers", from)) {
      await ingest.savePage(test.workspaceId, { connectionId, stream: "customers", from, page });
      from = page.next;
      more = !page.atEnd;
      if (page.atEnd) break;
    }
  }
  const identity = createIdentityStore(test.database);
  for (let more = true; more;) ({ more } = await identity.resolveBatch(test.workspaceId, { limit: 1_000 }));
  const scores = createScoreStore(test.database);
  for (let more = true; more;) ({ more } = await scores.scoreBatch(test.workspaceId, { limit: 1_000, asOf: at }));
}

async function built(): Promise<PlanId> {
  const begun = await plans.begin(test.workspaceId, connectionId, at);
  if (begun.outcome !== "building") throw new Error(begun.outcome);
  const { planId } = begun;
  const [destination] = await plans.destinations(test.workspaceId);
  await buildChanges({
    ...{ plans, workspaceId: test.workspaceId, planId, connector: stripe, connection },
    ...{ fields: destination?.fields ?? [], onPortion: async () => undefined },
  });
  const { digest } = await plans.seal(test.workspaceId, planId, "customers", at);
  await plans.approve(test.workspaceId, planId, { actor: "admin", digest: digest ?? "", at });
  return planId;
}

async function applied(planId: PlanId): Promise<void> {
  const { kind } = await plans.startApplying(test.workspaceId, planId);
  await carryOut({
    ...{ plans, consent: createConsentStore(test.database), workspaceId: test.workspaceId, planId, kind, without: [] },
    mapping: await plans.mapping(test.workspaceId, planId),
    ...{ batchSize: 100, readSize: 1_000, now, connection, reader: connection, beforeSending: () => undefined },
    // As after a while: every record is looked at once more before it is written.
    isFresh: () => false,
    onSettled: (results) => plans.recordResults(test.workspaceId, planId, results, at),
  });
}

/** Pages of the list, customers asked for alone, writes: of this piece of work. */
async function callsOf(work: () => Promise<unknown>): Promise<[listed: number, single: number, written: number]> {
  const counted = (operation: string) => twin.requests.get(operation) ?? 0;
  const counts = () => [
    counted("GET /v1/customers"),
    counted("GET /v1/customers/:id"),
    counted("POST /v1/customers/:id"),
  ];
  const before = counts();
  await work();
  const [listed = 0, single = 0, written = 0] = counts().map((count, n) => count - (before[n] ?? 0));
  return [listed, single, written];
}

it("grows with the records alone: making it, looking again and reading back take a call for a hundred", async () => {
  // More than are compared, or looked at, in one go.
  const count = 1_100;
  await fill(count);
  let planId = "" as PlanId;
  expect(await callsOf(async () => (planId = await built()))).toEqual([count / 100, 0, 0]);
  // Looked at again before, read back afterwards.
  expect(await callsOf(() => applied(planId))).toEqual([(2 * count) / 100, 0, count]);
  expect(await plans.finish(test.workspaceId, planId, at)).toMatchObject({ counts: { applied: count, failed: 0 } });
});

it("is the same for an undo", async () => {
  await fill(300);
  const planId = await built();
  await applied(planId);
  await plans.finish(test.workspaceId, planId, at);
  const begun = await plans.beginUndo(test.workspaceId, planId, { actor: "admin", at });
  if (begun.outcome !== "approved") throw new Error(begun.outcome);
  expect(await callsOf(() => applied(begun.plan.planId))).toEqual([6, 0, 300]);
});

it("costs nothing for those between where few of many changed", async () => {
  await fill(1_500);
  const first = await built();
  await applied(first);
  await plans.finish(test.workspaceId, first, at);
  const changed = Array.from({ length: 14 }, (_, n) => idOf(n * 105));
  for (const id of changed) twin.changeCustomer(id, { metadata: { tributary_lifecycle_stage: "customer_vip" } });
  await test.database.inWorkspace(test.workspaceId, (transaction) =>
    transaction.query(
      `UPDATE profile p SET output_seq = nextval('change_seq') FROM membership m JOIN source_record s
         ON s.workspace_id = m.workspace_id AND s.record_id = m.record_id
       WHERE p.workspace_id = $1 AND m.workspace_id = $1 AND m.profile_id = p.profile_id AND s.vendor_id = ANY($2)`,
      [test.workspaceId, changed],
    ),
  );
  const [listed, single, written] = await callsOf(async () => applied(await built()));
  expect(written).toBe(14);
  // Compared, looked at again, read back.
  expect(listed + single).toBeLessThanOrEqual(3 * 14);
});
