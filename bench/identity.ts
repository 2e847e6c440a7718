/** `node bench/identity.ts`: resolving people, from nothing and after small changes. */
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { refreshStatistics } from "#profile/store/statistics.ts";
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
import { withScratch } from "./scratch.ts";
import { pagesOf, personsOf } from "./shop-records.ts";

const HELP = `Usage: node bench/identity.ts [--records N] [--changed N] [--batch N] [--lanes N] [--runs K]

Stores N person records of the demo shop, resolves them all, then changes some and resolves again, K times. The planner
looks at the tables in between as it does in the loop. CPU is that of this process and of Postgres together.

  --records N   person records (default 20000)
  --changed N   records changed each time (default 5000)
  --batch N     records per batch (default 2000)
  --lanes N     batches side by side (default 2, as in the loop)
  --runs K      repetitions of the change; the median is shown (default 3)`;

const options = readOptions(HELP, { records: 20_000, changed: 5_000, batch: 2_000, lanes: 2, runs: 3 });

async function main(): Promise<void> {
  printHeading(`Identity: ${options.records} records, then ${options.changed} changed, batches of ${options.batch}`);
  const persons = personsOf(options.records);
  await withScratch(async ({ database, workspaceId, connectionId }) => {
    const ingest = createIngestStore(database);
    const identity = createIdentityStore(database);
    const place = { connectionId, stream: "contacts" };
    const save = async (records: typeof persons) => {
      await ingest.resetCursor(workspaceId, connectionId, place.stream);
      for (const { from, page } of pagesOf(records, 2_000)) {
        await ingest.savePage(workspaceId, { ...place, from, page: { ...page, fullScan: false } });
      }
    };
    const done = { batches: 0, touched: 0, lookedAt: 0 };
    const resolveAll = async () => {
      Object.assign(done, { batches: 0, touched: 0, lookedAt: 0 });
      const lane = async () => {
        for (let more = true; more;) {
          const batch = await identity.resolveBatch(workspaceId, { limit: options.batch });
          done.batches++;
          done.touched += batch.touched;
          done.lookedAt += batch.records;
          more = batch.more;
          if (more && (done.batches & (done.batches - 1)) === 0) await refreshStatistics(database);
        }
      };
      await Promise.all(Array.from({ length: options.lanes }, lane));
    };
    await save(persons);
    const cpuFirst = cpuSeconds(process.pid);
    const first = await timed(resolveAll);
    const rows = [["", "records", "looked at", "time", "rate", "CPU a record"]];
    rows.push([
      "from nothing",
      String(done.touched),
      String(done.lookedAt),
      milliseconds(first),
      rate(done.touched, first, "records"),
      cpuEach(cpuSeconds(process.pid) - cpuFirst, done.touched),
    ]);
    const times: number[] = [];
    const cpus: number[] = [];
    for (let run = 1; run <= options.runs; run++) {
      const changed = persons
        .slice(0, options.changed)
        .map((person) => ({ ...person, city: `Town ${run}`, updatedAt: null }));
      await save(changed);
      const before = cpuSeconds(process.pid);
      times.push(await timed(resolveAll));
      cpus.push(cpuSeconds(process.pid) - before);
    }
    const again = median(times);
    rows.push([
      "changed",
      String(done.touched),
      String(done.lookedAt),
      milliseconds(again),
      rate(done.touched, again, "records"),
      cpuEach(median(cpus), done.touched),
    ]);
    const nothing = await timed(resolveAll);
    rows.push(["nothing changed", String(done.touched), String(done.lookedAt), milliseconds(nothing), "-", "-"]);
    printTable(rows);
  });
  print(`Peak memory of this process: ${peakMemory()} (all records are held at once)`);
}

await main();
