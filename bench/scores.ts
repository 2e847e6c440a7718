/** `node bench/scores.ts`: scoring profiles, the pure functions alone and through the database. */
import { createConsentStore } from "#profile/store/consent/store.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { scoreProfile } from "#profile/scores/score-profile.ts";
import type { ProfileFacts, ScoreContext } from "#profile/scores/types.ts";
import { generateCustomers } from "#stack/demo-shop/customer.ts";
import { cpuSeconds } from "./cpu.ts";
import {
  cpuEach,
  median,
  milliseconds,
  peakMemory,
  print,
  printHeading,
  printTable,
  rate,
  readOptions,
  timed,
} from "./measure.ts";
import { withScratch, type Scratch } from "./scratch.ts";
import { ordersOf, pagesOf, personsOf } from "./shop-records.ts";

const HELP = `Usage: node bench/scores.ts [--profiles N] [--batch N] [--lanes N] [--runs K]

Scores profiles of the demo shop: lifecycle stage, churn risk, band and next best action, each with reasons. First in
memory, then through the database: from nothing, all again with equal answers, a twentieth of them again. CPU is that of
this process and of Postgres together.

  --profiles N   profiles per run (default 20000)
  --batch N      profiles per transaction (default 2000)
  --lanes N      transactions side by side, as the worker runs them (default 2)
  --runs K       repetitions in memory; the median is shown (default 5)`;

const options = readOptions(HELP, { profiles: 20_000, batch: 2_000, lanes: 2, runs: 5 });
const NOW = Date.UTC(2026, 10, 1);
const CONTEXT: ScoreContext = {
  asOf: new Date(NOW).toISOString(),
  timeZone: "Europe/London",
  baseline: { repeatBuyers: 900, medianGapDays: 34, topSpendMinor: 42_000 },
};

function factsOf(count: number): ProfileFacts[] {
  const facts: ProfileFacts[] = [];
  let number = 0;
  for (const { stripe, truth } of generateCustomers(count, { seed: 1, now: NOW })) {
    const paid = stripe.charges.filter((charge) => charge.status === "succeeded");
    const days = Map.groupBy(paid, (charge) => charge.createdAt.slice(0, 10));
    const purchaseDays = [...days].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const lastActivityAt =
      paid
        .map((charge) => charge.createdAt)
        .toSorted()
        .at(-1) ?? null;
    facts.push({
      profileId: String(number++),
      firstSeenAt: lastActivityAt ?? "2026-01-05T10:00:00.000Z",
      hasIdentifier: true,
      purchaseDays: purchaseDays.map(([day, charges]) => ({
        day,
        netMinor: charges.reduce((sum, { amount }) => sum + amount, 0),
      })),
      subscriptions: stripe.subscriptions.map(({ status, startedAt, currentPeriodEnd, endedAt }) => ({
        status: status === "canceled" ? "cancelled" : status,
        startedAt,
        currentPeriodEnd,
        endedAt,
      })),
      lastActivityAt,
      messages: [],
      openDeals: 0,
      consents: truth.consents.map(({ channel, purpose, allowed }) => ({
        channel,
        purpose,
        state: allowed ? "granted" : "withdrawn",
      })),
      reachable: { email: true, phone: true },
    });
  }
  return facts;
}

function inMemory(): void {
  const facts = factsOf(options.profiles);
  const run = () => facts.reduce((answers, one) => answers + scoreProfile(one, CONTEXT).length, 0);
  run(); // Compiled before anything is counted.
  const times = Array.from({ length: options.runs }, () => {
    const startedAt = performance.now();
    run();
    return performance.now() - startedAt;
  });
  printTable([
    ["in memory", "answers", "rate"],
    [String(facts.length), String(run()), rate(facts.length, median(times), "profiles")],
  ]);
}

async function throughDatabase({ database, workspaceId, connectionId }: Scratch): Promise<void> {
  const ingest = createIngestStore(database);
  const identity = createIdentityStore(database);
  const scores = createScoreStore(database);
  const asOf = CONTEXT.asOf;
  const save = async (stream: string, records: Parameters<typeof pagesOf>[0]) => {
    for (const { from, page } of pagesOf(records, 2_000))
      await ingest.savePage(workspaceId, { connectionId, stream, from, page: { ...page, fullScan: false } });
  };
  await save("customers", personsOf(options.profiles));
  await save("charges", ordersOf(options.profiles * 3));
  for (let more = true; more;) ({ more } = await identity.resolveBatch(workspaceId, { limit: options.batch }));
  const consent = createConsentStore(database);
  /** As in a refresh, where scores come after consent. */
  const settleConsent = async () => {
    for (let more = true; more;)
      ({ more } = await consent.refreshBatch(workspaceId, { limit: options.batch, at: asOf }));
  };
  await settleConsent();

  const rows = [["through the database", "changed", "time", "rate", "CPU a profile"]];
  const measure = async (name: string) => {
    const done = { profiles: 0, changed: 0 };
    const lane = async () => {
      for (let more = true; more;) {
        const batch = await scores.scoreBatch(workspaceId, { limit: options.batch, asOf });
        done.profiles += batch.profiles;
        done.changed += batch.changed;
        more = batch.more;
      }
    };
    const before = cpuSeconds(process.pid);
    const time = await timed(() => Promise.all(Array.from({ length: options.lanes }, lane)));
    const cpu = cpuSeconds(process.pid) - before;
    const figures = [milliseconds(time), rate(done.profiles, time, "profiles"), cpuEach(cpu, done.profiles)];
    rows.push([`${done.profiles} ${name}`, String(done.changed), ...figures]);
  };
  const touch = (share: number) =>
    database.inWorkspace(workspaceId, (transaction) =>
      transaction.query(
        `UPDATE profile SET touched_seq = nextval('change_seq')
         WHERE workspace_id = $1 AND ('x' || right(profile_id::text, 6))::bit(24)::int < $2::float8 * 16777216`,
        [workspaceId, share],
      ),
    );
  rows.push([
    "shop's rhythm",
    "-",
    milliseconds(await timed(() => scores.refreshBaseline(workspaceId, asOf))),
    "-",
    "-",
  ]);
  await measure("from nothing");
  await touch(1);
  await settleConsent();
  await measure("again, equal answers");
  await touch(0.05);
  await settleConsent();
  await measure("of them again");
  printTable(rows);
}

async function main(): Promise<void> {
  printHeading(`Scores: ${options.profiles} profiles`);
  inMemory();
  await withScratch(throughDatabase);
  print(`Peak memory of this process: ${peakMemory()}`);
}

await main();
