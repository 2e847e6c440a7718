/** `node bench/hostile.ts`: hostile rows through every step; nothing may be lost, stop the rest or take long. */
import { createConsentStore } from "#profile/store/consent/store.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { createSetAsideStore } from "#profile/store/set-aside.ts";
import { hostileRecord, randomOf } from "#tests/support/hostile.ts";
import { milliseconds, peakMemory, print, printHeading, printTable, rate, readOptions, timed } from "./measure.ts";
import { withScratch } from "./scratch.ts";

const HELP = `Usage: node bench/hostile.ts [--rows N] [--seed S]

Stores N rows with values no honest source sends (NUL, broken surrogates, ids of 6,000 characters, addresses of 100,000,
impossible dates and numbers), then resolves, decides consent and scores. Checks that rows in = stored + repeats + rejected
and that every step comes to its end.

  --rows N   rows (default 100000)
  --seed S   whole number; another seed gives other rows (default 1)`;

const options = readOptions(HELP, { rows: 100_000, seed: 1 });
const PAGE = 1_000;
const ASOF = "2026-11-01T00:00:00.000Z";

await withScratch(async ({ database, workspaceId, connectionId }) => {
  printHeading(`Hostile rows: ${options.rows}`);
  const ingest = createIngestStore(database);
  const identity = createIdentityStore(database);
  const consent = createConsentStore(database);
  const scores = createScoreStore(database);
  const random = randomOf(options.seed);
  const sum = { valid: 0, settled: 0 };
  const rows = [["step", "rows", "time", "rate"]];
  const step = async (name: string, count: () => number, work: () => Promise<void>) => {
    const time = await timed(work);
    rows.push([name, String(count()), milliseconds(time), rate(count(), time, "rows")]);
  };

  await step(
    "ingest",
    () => options.rows,
    async () => {
      for (let from: number | null = null, at = 0; at < options.rows; at += PAGE) {
        const records = Array.from({ length: Math.min(PAGE, options.rows - at) }, (_, n) =>
          hostileRecord(random, at + n),
        );
        const next = at / PAGE + 1;
        const page = { records, rejects: [], rawCount: records.length, next, atEnd: false, fullScan: false };
        const saved = await ingest.savePage(workspaceId, { connectionId, stream: "people", from, page });
        if (saved.outcome !== "saved") throw new Error(saved.outcome);
        const { records: valid, inserted, changed, unchanged, stale } = saved.counts;
        sum.valid += valid;
        sum.settled += inserted + changed + unchanged + stale;
        from = next;
      }
    },
  );
  const drain = (batch: () => Promise<{ more: boolean; profiles?: number; touched?: number }>) => {
    const done = { rows: 0 };
    return {
      count: () => done.rows,
      work: async () => {
        for (let more = true; more;) {
          const taken = await batch();
          done.rows += taken.profiles ?? taken.touched ?? 0;
          more = taken.more;
        }
      },
    };
  };
  const steps = {
    identity: drain(() => identity.resolveBatch(workspaceId, { limit: 2_000 })),
    consent: drain(() => consent.refreshBatch(workspaceId, { limit: 2_000, at: ASOF })),
    scores: drain(() => scores.scoreBatch(workspaceId, { limit: 2_000, asOf: ASOF })),
  };
  for (const [name, { count, work }] of Object.entries(steps)) await step(name, count, work);
  printTable(rows);
  const setAside = await createSetAsideStore(database).list(workspaceId);
  print(`Rows in ${options.rows} = valid ${sum.valid} + rejected ${options.rows - sum.valid}; settled ${sum.settled}`);
  print(`Set aside: ${setAside.length}. Peak memory of this process: ${peakMemory()}`);
  if (sum.settled !== sum.valid || setAside.length > 0) process.exitCode = 1;
});
