/** `node bench/ingest.ts`: our page store against the barest bulk upsert of the same rows, in the same run. */
import { Client } from "pg";
import type { RecordPage } from "#connectors/core/contract.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { median, peakMemory, print, printHeading, printTable, rate, readOptions, timed } from "./measure.ts";
import { withScratch, type Scratch } from "./scratch.ts";
import { ordersOf, pagesOf, personsOf } from "./shop-records.ts";

const HELP = `Usage: node bench/ingest.ts [--records N] [--page N] [--runs K]

Stores person and order records with savePage (hash, guards by source time, change marks, cursor, row-level security)
and, for comparison, with a bare unnest ... ON CONFLICT of id and JSON into a table without indexes but its key: twice
each, new rows and then the same rows again.

  --records N   records of each kind (default 20000)
  --page N      records per page (default 2000)
  --runs K      repetitions; medians are shown (default 3)`;

const options = readOptions(HELP, { records: 20_000, page: 2_000, runs: 3 });

interface Measured {
  ours: number;
  oursAgain: number;
  bare: number;
  bareAgain: number;
}

async function measure(
  { database, workspaceId, connectionId, ownerUrl }: Scratch,
  stream: string,
  records: RecordPage["records"],
): Promise<Measured> {
  const store = createIngestStore(database);
  const pages = pagesOf(records, options.page);
  const save = async () => {
    await store.resetCursor(workspaceId, connectionId, stream);
    for (const { from, page } of pages) {
      const saved = await store.savePage(workspaceId, { connectionId, stream, from, page });
      if (saved.outcome !== "saved") throw new Error("A page was not saved.");
    }
  };
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query("CREATE TABLE IF NOT EXISTS bare (id text PRIMARY KEY, data jsonb NOT NULL)");
    await client.query("TRUNCATE bare");
    const upsert = async () => {
      for (const { page } of pages) {
        await client.query(
          "INSERT INTO bare SELECT * FROM unnest($1::text[], $2::jsonb[]) ON CONFLICT (id) DO UPDATE SET data = excluded.data",
          [page.records.map((record) => record.id), page.records.map((record) => JSON.stringify(record))],
        );
      }
    };
    return {
      ours: await timed(save),
      oursAgain: await timed(save),
      bare: await timed(upsert),
      bareAgain: await timed(upsert),
    };
  } finally {
    await client.end();
  }
}

async function main(): Promise<void> {
  printHeading(
    `Ingest: ${options.records} records of each kind in pages of ${options.page}, median of ${options.runs}`,
  );
  const kinds = { persons: personsOf(options.records), orders: ordersOf(options.records) };
  const rows: string[][] = [["", "savePage", "bare upsert", "ratio", "savePage, unchanged", "bare, unchanged"]];
  await withScratch(async (scratch) => {
    // Not counted: the first pages warm up both sides.
    await measure(scratch, "warm-up", kinds.persons.slice(0, options.page));
    for (const [kind, records] of Object.entries(kinds)) {
      const runs: Measured[] = [];
      for (let run = 0; run < options.runs; run++) runs.push(await measure(scratch, `${kind}-${run}`, records));
      const of = (name: keyof Measured) => median(runs.map((each) => each[name]));
      const speed = (name: keyof Measured) => rate(records.length, of(name), "rows");
      rows.push([
        kind,
        speed("ours"),
        speed("bare"),
        (of("ours") / of("bare")).toFixed(2),
        speed("oursAgain"),
        speed("bareAgain"),
      ]);
    }
  });
  printTable(rows);
  print(`Peak memory of this process: ${peakMemory()} (all records are held at once)`);
}

await main();
