/** `node bench/workspaces-store.ts`: many workspaces in one database, filled one after another. */
import type { ConsentRecord, PersonRecord } from "#connectors/core/records.ts";
import type { RecordPage } from "#connectors/core/contract.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import type { Database } from "#profile/store/database.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { refreshStatistics } from "#profile/store/statistics.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import { cpuSeconds } from "./cpu.ts";
import { median, milliseconds, peakMemory, print, printHeading, printTable, readOptions, timed } from "./measure.ts";
import { withScratch } from "./scratch.ts";
import { ordersOf, pagesOf, personsOf } from "./shop-records.ts";

const HELP = `Usage: node bench/workspaces-store.ts [--workspaces N] [--customers N] [--batch N] [--lanes N]

Fills one workspace after another with the same customers, three orders and a statement of consent for each, and takes
them through ingest, identity, consent and scores as the loop does. To the planner every workspace is a new one in tables
that it knows well: the last should cost what the first does. CPU is that of this process and of Postgres together.

  --workspaces N   workspaces (default 20)
  --customers N    person records of each (default 2000)
  --batch N        records per page, and per transaction (default 2000)
  --lanes N        batches side by side (default 2, as in the loop)`;

const options = readOptions(HELP, { workspaces: 20, customers: 2_000, batch: 2_000, lanes: 2 });
const AS_OF = "2026-11-01T00:00:00.000Z";

/** Everybody says something of their address, every tenth a no. */
function consentsOf(persons: readonly PersonRecord[]): ConsentRecord[] {
  return persons.flatMap(({ id, emails: [address] }, at) =>
    address === undefined
      ? []
      : {
          kind: "consent",
          id: `consent-${id}`,
          updatedAt: null,
          deleted: false,
          person: { stream: "customers", id },
          address,
          channel: "email",
          purpose: "marketing",
          state: at % 10 === 0 ? "withdrawn" : "granted",
          basis: "opt_in",
          explicit: true,
          effectiveAt: "2026-02-01T00:00:00Z",
          expiresAt: null,
          proof: "said so",
        },
  );
}

const persons = personsOf(options.customers);
const STREAMS: [stream: string, records: RecordPage["records"]][] = [
  ["customers", [...persons, ...consentsOf(persons)]],
  ["charges", ordersOf(options.customers * 3)],
];

interface Place {
  workspaceId: WorkspaceId;
  connectionId: ConnectionId;
}

async function openWorkspace(database: Database, slug: string): Promise<Place> {
  const connections = createConnectionStore(database);
  const { workspaceId } = await connections.createWorkspace({
    slug,
    name: slug,
    defaultCountry: "GB",
    currency: "GBP",
    timeZone: "Europe/London",
  });
  const connection = { connector: "stripe", name: "bench" };
  return {
    workspaceId,
    connectionId: (await connections.upsertConnection(workspaceId, connection, "bench")).connectionId,
  };
}

/** As the loop's activities do: lanes side by side, a look at the statistics after the first, second, fourth ... batch. */
async function drain(database: Database, batch: () => Promise<{ more: boolean }>): Promise<void> {
  let batches = 0;
  const lane = async () => {
    for (let left = true; left;) {
      ({ more: left } = await batch());
      batches += 1;
      if (left && (batches & (batches - 1)) === 0) await refreshStatistics(database);
    }
  };
  await Promise.all(Array.from({ length: options.lanes }, lane));
}

function stepsOf(
  database: Database,
  { workspaceId, connectionId }: Place,
): [name: string, step: () => Promise<void>][] {
  const ingest = createIngestStore(database);
  const identity = createIdentityStore(database);
  const consent = createConsentStore(database);
  const scores = createScoreStore(database);
  const limit = options.batch;
  return [
    [
      "ingest",
      async () => {
        for (const [stream, records] of STREAMS)
          for (const { from, page } of pagesOf(records, limit))
            await ingest.savePage(workspaceId, { connectionId, stream, from, page });
      },
    ],
    ["identity", () => drain(database, () => identity.resolveBatch(workspaceId, { limit }))],
    ["consent", () => drain(database, () => consent.refreshBatch(workspaceId, { limit, at: AS_OF }))],
    [
      "scores",
      async () => {
        await refreshStatistics(database);
        await scores.refreshBaseline(workspaceId, AS_OF);
        await drain(database, () => scores.scoreBatch(workspaceId, { limit, asOf: AS_OF }));
      },
    ],
  ];
}

async function main(): Promise<void> {
  printHeading(`${options.workspaces} workspaces of ${options.customers} customers, one after another`);
  await withScratch(async ({ database }) => {
    const rows: string[][] = [];
    const totals: number[] = [];
    for (let number = 1; number <= options.workspaces; number++) {
      const steps = stepsOf(database, await openWorkspace(database, `bench-${number}`));
      const before = cpuSeconds(process.pid);
      const times: number[] = [];
      for (const [, step] of steps) times.push(await timed(step));
      const total = times.reduce((sum, time) => sum + time, 0);
      totals.push(total);
      const cpu = (cpuSeconds(process.pid) - before) * 1_000;
      if (number === 1) rows.push(["workspace", ...steps.map(([name]) => name), "together", "CPU"]);
      rows.push([String(number), ...[...times, total, cpu].map(milliseconds)]);
    }
    printTable(rows);
    const slowest = Math.max(...totals) / median(totals);
    print(`Median ${milliseconds(median(totals))}; the slowest took ${slowest.toFixed(1)} times that.`);
  });
  print(`Peak memory of this process: ${peakMemory()}`);
}

await main();
