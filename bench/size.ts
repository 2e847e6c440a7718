/** `node bench/size.ts`: what a customer, a record and a written record take on disk, table by table. */
import { Client } from "pg";
import type { OpenConnection } from "#connectors/core/contract.ts";
import { connectorOf } from "#connectors/registry.ts";
import type { FieldValues } from "#profile/plan/types.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createPlanStore } from "#profile/store/plan/store.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { refreshStatistics } from "#profile/store/statistics.ts";
import { buildChanges, writeBackOf } from "#workflows/write-back/build.ts";
import { carryOut } from "#workflows/write-back/carry-out.ts";
import { print, printHeading, printTable, readOptions } from "./measure.ts";
import { withScratch, type Scratch } from "./scratch.ts";
import { ordersOf, pagesOf, personsOf } from "./shop-records.ts";

const HELP = `Usage: node bench/size.ts [--records N] [--orders N] [--rounds K]

Stores N person records and orders of the demo shop, resolves, asks for consent, scores, and writes the answers into a tool
that is kept in memory: by plans that are made, sealed, approved and carried out as in the loop. Then says how many bytes
each table takes, per million of what it holds: as it was written, with what vacuum has not taken back yet, and packed
(VACUUM FULL). The figures are of live files; free space inside them is used again.

  --records N   person records (default 20000)
  --orders N    orders (default 20000)
  --rounds K    how often every answer is written: each after the first changes them all (default 1)`;

const options = readOptions(HELP, { records: 20_000, orders: 20_000, rounds: 1 });
const BATCH = 2_000;
const START = Date.UTC(2026, 10, 2);

async function main(): Promise<void> {
  printHeading(`Size: ${options.records} person records, ${options.orders} orders, written ${options.rounds} times`);
  await withScratch(async (scratch) => {
    const written = await fill(scratch);
    print(`${written.toLocaleString("en")} records written`);
    const owner = new Client({ connectionString: scratch.ownerUrl });
    await owner.connect();
    try {
      const before = await sizes(owner);
      await owner.query("VACUUM FULL");
      const packed = new Map((await sizes(owner)).map((size) => [size.name, size]));
      printTable([
        ["table", "rows", "as written: heap", "index", "toast", "per row", "packed: heap", "index", "toast", "per row"],
        ...before.map((size) => [size.name, String(size.rows), ...cellsOf(size), ...cellsOf(packed.get(size.name))]),
      ]);
    } finally {
      await owner.end();
    }
  });
  print("Heap, index and toast in MB per million rows of the table; per row in bytes, all three.");
}

async function fill(scratch: Scratch): Promise<number> {
  const { database, workspaceId, connectionId } = scratch;
  const ingest = createIngestStore(database);
  for (const [stream, records] of [
    ["contacts", personsOf(options.records)],
    ["orders", ordersOf(options.orders)],
  ] as const) {
    for (const { from, page } of pagesOf(records, BATCH))
      await ingest.savePage(workspaceId, { connectionId, stream, from, page: { ...page, fullScan: false } });
  }
  const identity = createIdentityStore(database);
  for (let more = true; more;) {
    ({ more } = await identity.resolveBatch(workspaceId, { limit: BATCH }));
    await refreshStatistics(database);
  }
  const tool = new Map<string, FieldValues>();
  let written = 0;
  for (let round = 0; round < options.rounds; round++) {
    if (round > 0) await upset(scratch);
    written += await answerAndWrite(scratch, tool, START + round * 40 * 86_400_000);
  }
  return written;
}

/** Every answer is asked for again; weeks later most are others. */
async function upset({ database, workspaceId }: Scratch): Promise<void> {
  await database.inWorkspace(workspaceId, (transaction) =>
    transaction.query("UPDATE profile SET touched_seq = nextval('change_seq') WHERE workspace_id = $1", [workspaceId]),
  );
}

async function answerAndWrite(
  { database, workspaceId, connectionId }: Scratch,
  tool: Map<string, FieldValues>,
  at: number,
): Promise<number> {
  const instant = new Date(at).toISOString();
  const consent = createConsentStore(database);
  const scores = createScoreStore(database);
  for (let more = true; more;) ({ more } = await consent.refreshBatch(workspaceId, { limit: BATCH, at: instant }));
  await scores.refreshBaseline(workspaceId, instant);
  for (let more = true; more;) ({ more } = await scores.scoreBatch(workspaceId, { limit: BATCH, asOf: instant }));
  await refreshStatistics(database);

  const plans = createPlanStore(database);
  const connector = connectorOf("hubspot");
  const { stream, batchSize, readSize } = writeBackOf(connector);
  await database.inWorkspace(workspaceId, (transaction) =>
    transaction.query("UPDATE connection SET write_back = true WHERE workspace_id = $1", [workspaceId]),
  );
  await plans.defineFields(workspaceId, connectionId);
  const begun = await plans.begin(workspaceId, connectionId, instant);
  if (begun.outcome !== "building") throw new Error(`There is no plan to make: ${begun.outcome}.`);
  const { planId } = begun;
  const connection = inMemory(tool);
  const [destination] = await plans.destinations(workspaceId);
  const fields = destination?.fields ?? [];
  await buildChanges({ plans, workspaceId, planId, connector, connection, fields, onPortion: async () => undefined });
  const { digest } = await plans.seal(workspaceId, planId, stream, instant);
  if (digest === null) throw new Error("The plan changes nothing.");
  await plans.approve(workspaceId, planId, { actor: "bench", at: instant, digest });
  await plans.startApplying(workspaceId, planId);
  await carryOut({
    ...{ plans, consent, workspaceId, planId, kind: "write" as const, without: [], batchSize, readSize },
    mapping: await plans.mapping(workspaceId, planId),
    ...{ connection, beforeSending: () => undefined, reader: connection, isFresh: () => true, now: () => at },
    onSettled: (results) => plans.recordResults(workspaceId, planId, results, instant),
  });
  const ending = await plans.finish(workspaceId, planId, instant);
  if (ending.outcome === "unfinished") throw new Error("The plan was not carried out.");
  return ending.counts.applied;
}

/** A tool that takes whatever is written. */
function inMemory(records: Map<string, FieldValues>): Pick<OpenConnection, "readLive" | "write"> & OpenConnection {
  const never = () => {
    throw new Error("Only its records are asked for.");
  };
  return {
    ...{
      check: never,
      read: never,
      find: never,
      count: never,
      units: never,
      ensureFields: never,
      describeField: never,
    },
    ...{ ensureAudience: never, addMembers: never, removeMembers: never },
    readLive: async (refs) => refs.map(({ id }) => ({ id, state: "live", values: records.get(id) ?? {} })),
    write: async (writes) =>
      writes.map(({ id, values }) => {
        records.set(id, { ...records.get(id), ...values });
        return { id, outcome: "written" };
      }),
  };
}

interface Size {
  name: string;
  rows: number;
  heap: number;
  index: number;
  toast: number;
}

/** Partitions count as the table they make up. */
async function sizes(owner: Client): Promise<Size[]> {
  const { rows: tables } = await owner.query<Omit<Size, "rows">>(
    `SELECT coalesce(inhparent, c.oid)::regclass::text AS name, sum(pg_relation_size(c.oid))::float8 AS heap,
       sum(pg_indexes_size(c.oid))::float8 AS index,
       sum(pg_table_size(c.oid) - pg_relation_size(c.oid))::float8 AS toast
     FROM pg_class c LEFT JOIN pg_inherits ON inhrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY 1 ORDER BY 1`,
  );
  const counted: Size[] = [];
  for (const table of tables) {
    const { rows } = await owner.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table.name}`);
    counted.push({ ...table, rows: rows[0]?.rows ?? 0 });
  }
  return counted.filter(({ rows }) => rows >= 100);
}

function cellsOf(size: Size | undefined): string[] {
  if (size === undefined) return [];
  const { rows, heap, index, toast } = size;
  const perMillion = (bytes: number) => Math.round(bytes / rows).toLocaleString("en");
  return [perMillion(heap), perMillion(index), perMillion(toast), perMillion(heap + index + toast)];
}

await main();
