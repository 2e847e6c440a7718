/** `node bench/forecast.ts`: how far forecasts of a backfill and of a write are off, per vendor, at their twins. */
import { exactly } from "#connectors/core/costs.ts";
import type { Forecast, Foretold } from "#connectors/core/forecast.ts";
import { issueGrant } from "#connectors/core/grant.ts";
import type { RecordRef } from "#connectors/core/contract.ts";
import { connectorOf } from "#connectors/registry.ts";
import { twins, type TwinEntry } from "#connectors/twins.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import type { Connection } from "#profile/store/connections.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createQuota } from "#profile/store/quota.ts";
import { createRunStore } from "#profile/store/runs.ts";
import { bucketOf, createVendorCallStore } from "#profile/store/vendor-calls.ts";
import { foretellReads, foretellWrite } from "#workflows/forecast/foretell.ts";
import { openWith } from "#workflows/open-connection.ts";
import type { OpenedConnection } from "#workflows/open-connection.ts";
import { noTelemetry, type VendorCallEnded } from "#workflows/telemetry/telemetry.ts";
import { printHeading, printTable, readOptions } from "./measure.ts";
import { withScratch, type Scratch } from "./scratch.ts";

const HELP = `Usage: node bench/forecast.ts [--people N] [--writes N]

Forecasts a first read of everything and a write at each vendor's twin, then does both through the quota, at the limits that
vendors publish, and prints both.

  --people N   people at each vendor (default 3000)
  --writes N   records to write (default 300)`;

const options = readOptions(HELP, { people: 3_000, writes: 300 });
const FIELD = "tributary_bench";

function stores({ database }: Scratch) {
  const quota = createQuota(database);
  const limiters = new Map<string, ReturnType<typeof quota.limiterFor>>();
  return {
    ...{ connections: createConnectionStore(database), ingest: createIngestStore(database), now: Date.now },
    ...{ runs: createRunStore(database), vendorCalls: createVendorCallStore(database), telemetry: noTelemetry },
    limiterFor(connector: string, account: string) {
      const key = `${connector} ${account}`;
      const limiter = limiters.get(key) ?? quota.limiterFor(connector, account);
      limiters.set(key, limiter);
      return limiter;
    },
  };
}

type Site = ReturnType<typeof stores> & { row: Connection; opened: OpenedConnection };

async function measure(scratch: Scratch, twin: TwinEntry): Promise<string[][]> {
  const deps = stores(scratch);
  const server = await twin.start({ people: options.people });
  try {
    const { id, settings, credentials } = twin;
    const input = { connector: id, name: "forecast", baseUrl: server.url, settings };
    const row = await deps.connections.upsertConnection(scratch.workspaceId, input, "bench");
    const calls: VendorCallEnded[] = [];
    const opened = openWith(deps, row, credentials, new AbortController().signal, {
      onCall: (call) => void calls.push(call),
    });
    // As after some time of use: the time of a call is known, and not of the first, which loads the vendor's package.
    await opened.connection.check();
    await opened.connection.check();
    await deps.vendorCalls.add(scratch.workspaceId, new Date(), [
      { connector: id, operation: "check", outcome: "ok", buckets: { [bucketOf(calls.at(-1)?.durationMs ?? 1)]: 1 } },
    ]);
    const site = { ...deps, row, opened };
    return [await backfill(site), ...(connectorOf(id).writeBack === undefined ? [] : [await writing(site)])];
  } finally {
    await server.close();
  }
}

async function backfill(site: Site): Promise<string[]> {
  const { opened, row } = site;
  const names = Object.keys(opened.connector.streams).filter(
    (stream) => !opened.connector.isIdle(stream, row.settings, null),
  );
  const { streams, together } = await foretellReads(site, row, opened, names);
  const known = streams.filter(({ foretold }) => !("unknown" in foretold)).map(({ stream }) => stream);
  opened.takeCalls();
  const began = performance.now();
  await Promise.all(known.map((stream) => readAll(site, stream)));
  const told = together ?? { unknown: "no count" };
  const line = compared(row.connector, `read ${known.length} of ${names.length} streams`, told, took(opened, began));
  await Promise.all(names.filter((name) => !known.includes(name)).map((stream) => readAll(site, stream)));
  return line;
}

async function readAll({ opened: { connection }, ingest, row }: Site, stream: string): Promise<void> {
  const { workspaceId, connectionId } = row;
  // As a worker does, for its own forecast.
  if ((await connection.units(stream, null)) === "rows") await connection.count(stream);
  let from: unknown = null;
  for await (const page of connection.read(stream, null)) {
    await ingest.savePage(workspaceId, { connectionId, stream, from, page });
    from = page.next;
    if (page.atEnd) break;
  }
  await connection.count(stream);
}

async function writing(site: Site): Promise<string[]> {
  const { opened, row } = site;
  const { connection, connector } = opened;
  const { stream = "", batchSize = 1 } = connector.writeBack ?? {};
  const people: RecordRef[] = [];
  for await (const page of connection.read(stream, null)) {
    for (const record of page.records) if (record.kind === "person" && !record.deleted) people.push(record);
    if (page.atEnd) break;
  }
  // A plan of some of them is spread over all.
  const every = Math.max(1, Math.floor(people.length / options.writes));
  const refs = people.filter((_, index) => index % every === 0).slice(0, options.writes);
  const ahead = { changes: refs.length, records: people.length, fields: 1, fresh: true };
  const told = await foretellWrite(site, row.workspaceId, opened, ahead);
  opened.takeCalls();
  const began = performance.now();
  await connection.ensureFields([{ name: FIELD, label: "Bench", description: "Bench", type: "text" }]);
  for (let at = 0; at < refs.length; at += batchSize)
    await connection.write(
      refs
        .slice(at, at + batchSize)
        .map(({ id }) => ({ id, values: { [FIELD]: "one" }, idempotencyKey: `bench-${id}`, grant })),
    );
  await connection.readLive(refs, [FIELD]);
  return compared(row.connector, `write ${refs.length} records`, told, took(opened, began));
}

const grant = issueGrant({
  ...{ profileId: "00000000-0000-8000-8000-000000000000", uses: [{ purpose: "personalisation", channel: "any" }] },
  ...{ entryIds: [], rulesVersion: "bench", decidedAt: "2026-01-01T00:00:00.000Z" },
});

function took(opened: OpenedConnection, began: number): { calls: number; seconds: number } {
  const calls = Object.values(opened.takeCalls()).reduce((sum, count) => sum + count, 0);
  return { calls, seconds: (performance.now() - began) / 1_000 };
}

const HEADER = ["vendor", "work", "calls told", "made", "error", "seconds told", "took", "error"];

function compared(vendor: string, work: string, told: Foretold, real: { calls: number; seconds: number }): string[] {
  if ("unknown" in told) return [vendor, work, "abstains", "", "", "", "", ""];
  return [
    ...[vendor, work, range(told.calls), String(real.calls), errorOf(told.calls, real.calls)],
    ...[range(told.seconds ?? exactly(Number.NaN), 1), real.seconds.toFixed(1), errorOf(told.seconds, real.seconds)],
  ];
}

const range = ({ least, most }: Forecast["calls"], digits = 0): string =>
  least === most ? most.toFixed(digits) : `${least.toFixed(digits)} to ${most.toFixed(digits)}`;

/** Nothing within the range; beyond it, by how much of what it was. */
function errorOf(told: Forecast["seconds"], real: number): string {
  if (told === null) return "not known";
  const off = real < told.least ? told.least - real : Math.max(0, real - told.most);
  return `${((100 * off) / real).toFixed(0)} %`;
}

printHeading(`Forecast and reality: ${options.people} people, ${options.writes} writes`);
await withScratch(async (scratch) => {
  const lines = [HEADER];
  for (const twin of twins) lines.push(...(await measure(scratch, twin)));
  printTable(lines);
});
