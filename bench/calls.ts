/** `node bench/calls.ts`: what writing costs in calls at a vendor that takes 25 a second and has no reading by ids. */
import { createHash } from "node:crypto";
import { openForContract } from "#connectors/core/contract-suite/account.ts";
import type { OpenConnection } from "#connectors/core/contract.ts";
import { customerSeed, instant, seedOf } from "#connectors/stripe/fixtures.ts";
import { stripe } from "#connectors/stripe/index.ts";
import { startStripeTwin, type StripeTwin } from "#connectors/stripe/twin/index.ts";
import type { ConnectionId, PlanId, WorkspaceId } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import type { Database } from "#profile/store/database.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createPlanStore } from "#profile/store/plan/store.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { refreshStatistics } from "#profile/store/statistics.ts";
import { buildChanges } from "#workflows/write-back/build.ts";
import { carryOut } from "#workflows/write-back/carry-out.ts";
import { milliseconds, printHeading, printTable, readOptions } from "./measure.ts";
import { withScratch } from "./scratch.ts";

const HELP = `Usage: node bench/calls.ts [--customers N] [--changed N]

Fills a Stripe twin and counts the calls of the first plan for all customers and of a second one for some, spread over all
ages. The clock goes by the writes, 25 a second: so portions are looked at again and read back as they are at Stripe, where
a hundred thousand writes take more than an hour.

  --customers N    customers at the vendor (default 5000)
  --changed N      customers the second plan is for (default 100)`;

const options = readOptions(HELP, { customers: 5_000, changed: 100 });
const START = Date.UTC(2026, 10, 1);
const WRITE = "POST /v1/customers/:id";

interface Site {
  database: Database;
  workspaceId: WorkspaceId;
  connectionId: ConnectionId;
  twin: StripeTwin;
  connection: OpenConnection;
  now(): number;
}

/** Ids as the vendor gives them: their order says nothing of the order in which records were made. */
const idOf = (n: number): string => `cus_${createHash("sha256").update(String(n)).digest("hex").slice(0, 14)}`;

async function main(): Promise<void> {
  await withScratch(async ({ database, workspaceId }) => {
    let written = () => 0;
    const now = () => START + written() * 40;
    const twin = await startStripeTwin({ requestsPerSecond: 1_000_000, now });
    written = () => twin.requests.get(WRITE) ?? 0;
    try {
      const access = { settings: {}, credentials: { apiKey: twin.apiKey }, baseUrl: twin.url, now };
      const connection = openForContract(stripe, access);
      const input = { connector: "stripe", name: "Stripe", writeBack: true };
      const { connectionId } = await createConnectionStore(database).upsertConnection(workspaceId, input, "bench");
      const site = { database, workspaceId, connectionId, twin, connection, now };
      printHeading(`Calls for ${options.customers} customers, then for ${options.changed} of them`);
      await fill(site);
      const first = await counted(site);
      await change(site);
      printTable([HEADER, ["all", ...first], [`${options.changed} changed`, ...(await counted(site))]]);
    } finally {
      await twin.close();
    }
  });
}

const HEADER = ["", "writes", "pages of the list", "single reads", "calls per write", "time"];

async function fill({ database, workspaceId, connectionId, twin, connection }: Site): Promise<void> {
  const numbers = Array.from({ length: options.customers }, (_, n) => n);
  twin.load(seedOf({ customers: numbers.map((n) => customerSeed(n, { id: idOf(n), createdAt: instant(n) })) }));
  const ingest = createIngestStore(database);
  let from: unknown = null;
  for await (const page of connection.read("customers", null)) {
    await ingest.savePage(workspaceId, { connectionId, stream: "customers", from, page });
    from = page.next;
    if (page.atEnd) break;
  }
  await refreshStatistics(database);
  const [identity, scores] = [createIdentityStore(database), createScoreStore(database)];
  for (let more = true; more;) ({ more } = await identity.resolveBatch(workspaceId, { limit: 2_000 }));
  await refreshStatistics(database);
  const asOf = new Date(START).toISOString();
  for (let more = true; more;) ({ more } = await scores.scoreBatch(workspaceId, { limit: 2_000, asOf }));
  await createPlanStore(database).defineFields(workspaceId, connectionId);
}

/** Somebody edits these at the vendor, and the next plan looks at their records. */
async function change({ database, workspaceId, twin }: Site): Promise<void> {
  const every = Math.floor(options.customers / options.changed);
  const ids = Array.from({ length: options.changed }, (_, n) => idOf(n * every));
  for (const id of ids) twin.changeCustomer(id, { metadata: { tributary_lifecycle_stage: "customer_vip" } });
  await database.inWorkspace(workspaceId, (transaction) =>
    transaction.query(
      `UPDATE profile p SET output_seq = nextval('change_seq') FROM membership m JOIN source_record s
         ON s.workspace_id = m.workspace_id AND s.record_id = m.record_id
       WHERE p.workspace_id = $1 AND m.workspace_id = $1 AND m.profile_id = p.profile_id AND s.vendor_id = ANY($2)`,
      [workspaceId, ids],
    ),
  );
}

/** Makes a plan and carries it out, as the activities do. */
async function counted({ database, workspaceId, connectionId, twin, connection, now }: Site): Promise<string[]> {
  const began = performance.now();
  const operations = [WRITE, "GET /v1/customers", "GET /v1/customers/:id"];
  const counts = () => operations.map((operation) => twin.requests.get(operation) ?? 0);
  const before = counts();
  const plans = createPlanStore(database);
  const at = new Date(START).toISOString();
  const begun = await plans.begin(workspaceId, connectionId, at);
  if (begun.outcome !== "building") throw new Error(begun.outcome);
  const planId: PlanId = begun.planId;
  const [destination] = await plans.destinations(workspaceId);
  await buildChanges({
    ...{ plans, workspaceId, planId, connector: stripe, connection, fields: destination?.fields ?? [] },
    onPortion: async () => undefined,
  });
  const { digest, status } = await plans.seal(workspaceId, planId, "customers", at);
  if (status === "waiting") await plans.approve(workspaceId, planId, { actor: "bench", digest: digest ?? "", at });
  const { kind } = await plans.startApplying(workspaceId, planId);
  const started = now();
  await carryOut({
    ...{ plans, consent: createConsentStore(database), workspaceId, planId, kind, without: [], now },
    mapping: await plans.mapping(workspaceId, planId),
    ...{ batchSize: stripe.writeBack?.batchSize ?? 1, readSize: stripe.writeBack?.readSize ?? 1 },
    ...{ connection, reader: connection, beforeSending: () => undefined },
    isFresh: () => now() - started < 60_000,
    onSettled: (results) => plans.recordResults(workspaceId, planId, results, at),
  });
  await plans.finish(workspaceId, planId, at);
  const made = counts().map((count, n) => count - (before[n] ?? 0));
  const perWrite = made.reduce((sum, count) => sum + count, 0) / Math.max(1, made[0] ?? 0);
  return [...made.map(String), perWrite.toFixed(3), milliseconds(performance.now() - began)];
}

await main();
