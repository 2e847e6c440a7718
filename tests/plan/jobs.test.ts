/** A plan at a vendor that takes a batch and works on it later: what a crash or a slow vendor leaves behind is found again. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { openForContract } from "#connectors/core/contract-suite/index.ts";
import type { OpenConnection } from "#connectors/core/contract.ts";
import { inventedProfiles } from "#connectors/klaviyo/fixtures.ts";
import { klaviyo } from "#connectors/klaviyo/index.ts";
import { startKlaviyoTwin, type KlaviyoTwin } from "#connectors/klaviyo/twin/index.ts";
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
const PEOPLE = 250;
const IMPORT = "POST /api/profile-bulk-import-jobs";

let test: TestDatabase;
let twin: KlaviyoTwin;
let connection: OpenConnection;
let connectionId: ConnectionId;
let plans: PlanStore;
beforeEach(async () => {
  test = await createTestDatabase();
  plans = createPlanStore(test.database);
  twin = await startKlaviyoTwin({ requestsPerSecond: 100_000, now });
  twin.load(inventedProfiles(PEOPLE));
  connection = openForContract(klaviyo, { settings: {}, credentials: { apiKey: twin.apiKey }, baseUrl: twin.url, now });
  ({ connectionId } = await createConnectionStore(test.database).upsertConnection(
    test.workspaceId,
    { connector: "klaviyo", name: "Klaviyo", writeBack: true },
    "test",
  ));
  await plans.defineFields(test.workspaceId, connectionId);
});
afterEach(async () => {
  await twin.close();
  await test.drop();
});

/** Read, resolved, scored, compared and approved, as a refresh and a person do. */
async function approved(): Promise<PlanId> {
  const ingest = createIngestStore(test.database);
  let from: unknown = null;
  for await (const page of connection.read("profiles", null)) {
    await ingest.savePage(test.workspaceId, { connectionId, stream: "profiles", from, page });
    from = page.next;
  }
  const identity = createIdentityStore(test.database);
  for (let more = true; more;) ({ more } = await identity.resolveBatch(test.workspaceId, { limit: 1_000 }));
  const scores = createScoreStore(test.database);
  for (let more = true; more;) ({ more } = await scores.scoreBatch(test.workspaceId, { limit: 1_000, asOf: at }));
  const begun = await plans.begin(test.workspaceId, connectionId, at);
  if (begun.outcome !== "building") throw new Error(begun.outcome);
  const { planId } = begun;
  const [destination] = await plans.destinations(test.workspaceId);
  await buildChanges({
    ...{ plans, workspaceId: test.workspaceId, planId, connector: klaviyo, connection },
    ...{ fields: destination?.fields ?? [], onPortion: async () => undefined },
  });
  const { digest } = await plans.seal(test.workspaceId, planId, "profiles", at);
  await plans.approve(test.workspaceId, planId, { actor: "admin", digest: digest ?? "", at });
  return planId;
}

/** One pass; another worker's, where it follows a crash. */
async function pass(planId: PlanId): Promise<Record<string, number>> {
  const { kind } = await plans.startApplying(test.workspaceId, planId);
  const counts: Record<string, number> = {};
  await carryOut({
    ...{ plans, consent: createConsentStore(test.database), workspaceId: test.workspaceId, planId, kind, without: [] },
    mapping: await plans.mapping(test.workspaceId, planId),
    ...{ batchSize: 100, readSize: 100, now, connection, reader: connection, beforeSending: () => undefined },
    isFresh: () => false,
    onSettled: async (results) => {
      await plans.recordResults(test.workspaceId, planId, results, at);
      for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
    },
  });
  return counts;
}

it("a job that outlasts the attempt is waited for by the next one, and ordered once", async () => {
  const planId = await approved();
  twin.faults.jobStatus = "processing";
  expect(await pass(planId)).toEqual({ retry: PEOPLE });
  expect(twin.requests.get(IMPORT)).toBe(3);
  expect(await pass(planId)).toEqual({ retry: PEOPLE });
  twin.faults.jobStatus = null;
  expect(await pass(planId)).toEqual({ applied: PEOPLE });
  expect(twin.requests.get(IMPORT)).toBe(3);
  expect(await plans.finish(test.workspaceId, planId, at)).toMatchObject({ outcome: "applied" });
});

it("a worker that dies between the order and its end leaves the job to the next one", async () => {
  const planId = await approved();
  twin.faults.afterAnswer = (operation) => {
    if (operation === IMPORT) twin.faults.breakServer = { count: 1_000 };
  };
  await expect(pass(planId)).rejects.toMatchObject({ kind: "transient" });
  twin.faults.afterAnswer = null;
  twin.faults.breakServer = { count: 0 };
  expect(twin.requests.get(IMPORT)).toBe(1);
  const [sent] = await plans.claim(test.workspaceId, planId, { limit: 1, after: null });
  expect(sent).toMatchObject({ status: "sent", job: "JOB000001" });
  expect(await pass(planId)).toEqual({ applied: PEOPLE });
  expect(twin.requests.get(IMPORT)).toBe(3);
  expect(Object.keys(twin.properties(sent?.vendorId ?? "") ?? {})).toContain("tributary_lifecycle_stage");
});
