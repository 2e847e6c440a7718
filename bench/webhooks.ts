/** `node bench/webhooks.ts`: how many signed webhooks a second are stored, and how soon a change is in a profile. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import pMap from "p-map";
import { Stripe } from "stripe";
import type { HubspotTwin } from "#connectors/hubspot/twin/index.ts";
import { connectionIdOf, workspaceIdOf } from "#profile/ids.ts";
import { openDatabase } from "#profile/store/database.ts";
import { contactIdOf } from "#tests/support/people.ts";
import { startConsole } from "./console-process.ts";
import { cpuByProgram, type CpuSeconds } from "./cpu.ts";
import {
  cpuEach,
  median,
  milliseconds,
  percentile,
  print,
  printHeading,
  printTable,
  rate,
  readOptions,
  timed,
} from "./measure.ts";
import { openBench } from "./workspace-stack.ts";

const HELP = `Usage: node bench/webhooks.ts [--webhooks N] [--customers N] [--changes N] [--lanes N]

The console is a process of its own, Postgres and Temporal are real and on this machine; the worker, the vendor's stand-in and
who sends share this process.

1. So many signed requests of one event each, every tenth a repetition, every tenth forged, out of order; beside them the same
   number of rows inserted one by one, each with its own commit. And the same number of events by hundreds.
2. The vendor's own changes, each delivered twice and out of order beside a forged one, until what is stored is what the vendor has.
3. Changes one by one, and how long until the record has them, and until the refresh that follows has ended.

  --webhooks N    requests (default 10000)
  --customers N   of the account (default 1000)
  --changes N     of the third part (default 60)
  --lanes N       connections that send side by side (default 48)`;

const options = readOptions(HELP, { webhooks: 10_000, customers: 1_000, changes: 60, lanes: 48 });
const SECRET = "whsec_of_the_bench";
const ACCOUNT = "acct_bench";
const PORTAL = "48151623";

const bench = await openBench();
const { deps } = bench;
const database = openDatabase(bench.environment.DATABASE_URL);
const site = await startConsole({
  ...bench.environment,
  ...{ HUBSPOT_WEBHOOK_SECRET: SECRET, STRIPE_WEBHOOK_SECRET: SECRET },
});
try {
  printHeading(`Webhooks: ${options.webhooks} signed requests, ${options.customers} customers`);
  await storing();
  const workspace = await bench.addWorkspace("shop", options.customers);
  const { workspaceId, hubspot } = workspace;
  const connectionId = connectionIdOf(workspaceId, "hubspot", "main");
  await deps.connections.updateConnection(workspaceId, connectionId, { externalAccount: PORTAL }, "bench");
  await bench.settle(workspace);
  hubspot.webhooks.subscribe({ url: `${site.url}/webhooks/hubspot`, secret: SECRET });
  await truth(hubspot);
  await lags(hubspot);
} finally {
  site.stop();
  await database.close();
  await bench.close();
}

async function storing(): Promise<void> {
  const shop = { slug: "flood", name: "flood", defaultCountry: "GB", currency: "GBP", timeZone: "UTC" };
  // Nothing is read of this account: what is told of it waits for a first read that never comes.
  const { workspaceId } = await deps.connections.createWorkspace({ ...shop, refreshMinutes: 1_440 });
  for (const [connector, externalAccount] of [
    ["stripe", ACCOUNT],
    ["hubspot", "1"],
  ] as const) {
    const { connectionId } = await deps.connections.upsertConnection(workspaceId, { connector, name: "main" }, "bench");
    await deps.connections.updateConnection(workspaceId, connectionId, { externalAccount }, "bench");
    await deps.connections.setStatus(workspaceId, connectionId, "paused", null, "bench");
  }
  const requests = Array.from({ length: options.webhooks }, (_, n) => {
    // Every tenth has been there before; every tenth is not Stripe's.
    const body = stripeEvent(n % 10 === 1 && n > 10 ? n - 10 : n);
    const secret = n % 10 === 2 ? "whsec_of_somebody_else" : SECRET;
    return {
      wanted: n % 10 === 2 ? 401 : 200,
      bytes: requestOf("/webhooks/stripe", body, stripeHeaders(body, secret)),
    };
  });
  const shuffled = requests.toSorted((a, b) => Buffer.compare(a.bytes.subarray(-200), b.bytes.subarray(-200)));
  const single = await sendAll(shuffled);
  const stored = await countOf("webhook_inbox");
  const plain = await measured(() => plainInserts(options.webhooks));
  const hundreds = Array.from({ length: Math.ceil(options.webhooks / 100) }, (_, n) => hubspotRequest(n));
  const bodies = await sendAll(await Promise.all(hundreds));
  const storedTogether = (await countOf("webhook_inbox")) - stored;
  print("\n1. Storing");
  printTable([
    ["", "requests", "events stored", "answer, median", "p95", "wrong", "console's CPU, an event", "Postgres' CPU"],
    ["one event a request", ...row(single, options.webhooks, stored)],
    ["a hundred events a request", ...row(bodies, hundreds.length, storedTogether)],
    [
      "plain insert, ten connections",
      "",
      rate(options.webhooks, plain.ms, ""),
      "",
      "",
      "",
      "",
      cpuEach(plain.cpu["Postgres"] ?? 0, options.webhooks),
    ],
  ]);
}

function row({ ms, times, wrong, cpu }: Sent, requests: number, stored: number): string[] {
  return [
    ...[
      rate(requests, ms, ""),
      rate(stored, ms, ""),
      milliseconds(median(times)),
      milliseconds(percentile(times, 0.95)),
    ],
    String(wrong),
    ...[cpuEach(cpu["console"] ?? 0, stored), cpuEach(cpu["Postgres"] ?? 0, stored)],
  ];
}

/** The vendor changes every customer several times. */
async function truth(hubspot: HubspotTwin): Promise<void> {
  Object.assign(hubspot.webhooks.faults, { deliveries: 2, shuffled: true, forged: 1 });
  const rounds = 5;
  const ms = await timed(async () => {
    for (let round = 0; round < rounds; round += 1) {
      for (let n = 0; n < options.customers; n += 1)
        hubspot.change("contacts", contactIdOf(n), { city: `Town ${(n * 7 + round) % 97}` });
      await hubspot.webhooks.settled();
    }
    await nothingDue();
  });
  Object.assign(hubspot.webhooks.faults, { deliveries: 1, shuffled: false, forged: 0 });
  const differing = await differences(hubspot);
  print(`\n2. ${rounds * options.customers} changes, each told twice, out of order, beside a forged request`);
  printTable([
    ["records that differ from the vendor's", String(differing)],
    ["answers", [...hubspot.webhooks.answers].map(([status, count]) => `${count} x ${status}`).join(", ")],
    [
      "answers to forged requests",
      [...hubspot.webhooks.answersToForged].map(([s, count]) => `${count} x ${s}`).join(", "),
    ],
    ["until all was read", milliseconds(ms)],
  ]);
}

async function lags(hubspot: HubspotTwin): Promise<void> {
  const changedAt = new Map<string, number>();
  for (let n = 0; n < options.changes; n += 1) {
    const id = contactIdOf(n);
    changedAt.set(id, Date.now());
    hubspot.change("contacts", id, { city: `Harbour ${n}` });
    await pause(500);
  }
  await hubspot.webhooks.settled();
  await nothingDue();
  await pause(5_000);
  const records = await owned<{ vendor_id: string; at: Date }>(
    "SELECT vendor_id, changed_at AS at FROM source_record WHERE stream = 'contacts'",
  );
  const runs = await owned<{ started: Date; finished: Date }>(
    "SELECT started_at AS started, finished_at AS finished FROM run WHERE finished_at IS NOT NULL ORDER BY started_at",
  );
  const toRecord: number[] = [];
  const toProfile: number[] = [];
  for (const { vendor_id, at } of records) {
    const since = changedAt.get(vendor_id);
    if (since === undefined) continue;
    toRecord.push(at.getTime() - since);
    const run = runs.find(({ started }) => started >= at);
    toProfile.push(run === undefined ? Number.NaN : run.finished.getTime() - since);
  }
  print(`\n3. ${options.changes} changes, one each half second`);
  printTable([
    ["", "median", "p95"],
    ["until the record has it", milliseconds(median(toRecord)), milliseconds(percentile(toRecord, 0.95))],
    ["until the refresh has ended", milliseconds(median(toProfile)), milliseconds(percentile(toProfile, 0.95))],
  ]);
}

async function differences(hubspot: HubspotTwin): Promise<number> {
  const rows = await owned<{ vendor_id: string; city: string | null }>(
    `SELECT vendor_id, data->>'city' AS city FROM source_record JOIN source_content USING (workspace_id, record_id, hash)
     WHERE stream = 'contacts' AND NOT deleted`,
  );
  const stored = new Map(rows.map(({ vendor_id, city }) => [vendor_id, city]));
  return hubspot.contactIds().filter((id) => stored.get(id) !== hubspot.value(id, "city")).length;
}

async function nothingDue(): Promise<void> {
  while ((await owned("SELECT FROM webhook_due LIMIT 1")).length > 0) await pause(50);
}

/** Of the workspace that is read. */
function owned<Row extends object>(sql: string): Promise<Row[]> {
  return database.inWorkspace(workspaceIdOf("shop"), (transaction) =>
    transaction.query<Row & Record<string, never>>(sql),
  );
}

async function countOf(table: string): Promise<number> {
  const [row] = await database.inWorkspace(workspaceIdOf("flood"), (transaction) =>
    transaction.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`),
  );
  return row?.n ?? 0;
}

/** The same rows as an event leaves in the inbox, each a transaction. */
async function plainInserts(count: number): Promise<void> {
  const workspaceId = workspaceIdOf("flood");
  const connectionId = connectionIdOf(workspaceId, "stripe", "plain");
  await pMap(
    Array.from({ length: count }, (_, n) => n),
    (n) =>
      database.inWorkspace(workspaceId, (transaction) =>
        transaction.query(
          `INSERT INTO webhook_inbox (workspace_id, connection_id, event_id, effect, occurred_at)
             VALUES ($1, $2, $3, 'changed', now()) ON CONFLICT DO NOTHING`,
          [workspaceId, connectionId, `plain_${n}`],
        ),
      ),
    { concurrency: 10 },
  );
}

/** How long it took, and what console and Postgres did for it. */
async function measured(work: () => Promise<unknown>): Promise<{ ms: number; cpu: CpuSeconds }> {
  const before = cpuByProgram(process.pid);
  const ms = await timed(work);
  const after = cpuByProgram(process.pid);
  return { ms, cpu: Object.fromEntries(Object.entries(after).map(([name, s]) => [name, s - (before[name] ?? 0)])) };
}

function stripeEvent(n: number): string {
  return JSON.stringify({
    ...{
      id: `evt_bench_${n}`,
      object: "event",
      api_version: "2026-10-28.endive",
      created: 1_790_000_000,
      livemode: false,
    },
    ...{
      type: "customer.updated",
      account: ACCOUNT,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
    },
    data: { object: { id: `cus_${n % 2_000}`, object: "customer", email: "somebody@example.com", metadata: {} } },
  });
}

function stripeHeaders(payload: string, secret: string): Record<string, string> {
  return { "stripe-signature": Stripe.webhooks.generateTestHeaderString({ payload, secret }) };
}

async function hubspotRequest(n: number): Promise<Request> {
  const { hubspotHeaders } = await import("#tests/webhooks/place.ts");
  const events = Array.from({ length: 100 }, (_, k) => ({
    ...{ eventId: n * 100 + k, subscriptionId: 11, portalId: 1, appId: 3, occurredAt: Date.now(), attemptNumber: 0 },
    ...{ objectId: (n * 100 + k) % 5_000, subscriptionType: "contact.propertyChange", propertyName: "email" },
  }));
  const body = JSON.stringify(events);
  const path = "/webhooks/hubspot";
  return { wanted: 200, bytes: requestOf(path, body, hubspotHeaders(body, `${site.url}${path}`, SECRET, Date.now())) };
}

interface Request {
  wanted: number;
  bytes: Buffer;
}

interface Sent {
  ms: number;
  cpu: CpuSeconds;
  times: number[];
  wrong: number;
}

function requestOf(path: string, body: string, headers: Record<string, string>): Buffer {
  const { host } = new URL(site.url);
  const lines = Object.entries({
    ...{ host, "content-type": "application/json", "content-length": String(Buffer.byteLength(body)), ...headers },
  }).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
}

/** Over kept connections, each with one request under way: a client that costs next to nothing itself. */
async function sendAll(requests: readonly Request[]): Promise<Sent> {
  const times: number[] = [];
  let wrong = 0;
  const next = requests.values();
  const lane = async () => {
    const { hostname, port } = new URL(site.url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    for (const { bytes, wanted } of next) {
      const began = performance.now();
      socket.write(bytes);
      if ((await statusFrom(socket)) !== wanted) wrong += 1;
      times.push(performance.now() - began);
    }
    socket.destroy();
  };
  const { ms, cpu } = await measured(() => Promise.all(Array.from({ length: options.lanes }, lane)));
  return { ms, cpu, times, wrong };
}

function statusFrom(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    const onData = (chunk: Buffer) => {
      text += chunk.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      const length = /content-length: (\d+)/i.exec(text)?.[1];
      if (end < 0 || length === undefined || text.length < end + 4 + Number(length)) return;
      socket.off("data", onData);
      socket.off("error", reject);
      resolve(Number(text.slice(9, 12)));
    };
    socket.on("data", onData);
    socket.on("error", reject);
  });
}
