/** `node bench/fairness.ts`: how long the webhooks of one workspace wait while a large one is read for the first time. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { twinOf } from "#connectors/twins.ts";
import { connectionIdOf, recordIdOf } from "#profile/ids.ts";
import { contactIdOf } from "#tests/support/people.ts";
import { startWorkerProcess } from "#tests/support/worker-process.ts";
import { startConsole } from "./console-process.ts";
import { median, milliseconds, percentile, print, printHeading, printTable, readOptions } from "./measure.ts";
import { openBench, type Workspace } from "./workspace-stack.ts";

const HELP = `Usage: node bench/fairness.ts [--rows N] [--customers N] [--alone N] [--every MS] [--workers N]

A small workspace gets signed webhooks, one change of one customer each, first alone, then while a large workspace is read for
the first time, unified and scored. Shown is how long it takes from the console's answer to a webhook until the record has
the change, and until the customer's profile has been gone through: the last step of that is scores. Postgres, Temporal,
console and worker are real and each a process of its own, as is the large account's stand-in.

  --rows N        customers of the large workspace (default 100000)
  --customers N   customers of the small one (default 200)
  --alone N       webhooks while nothing else is done (default 20)
  --every MS      between a webhook and the next, about (default 5000)
  --workers N     worker processes (default 1)`;

const options = readOptions(HELP, { rows: 100_000, customers: 200, alone: 20, every: 5_000, workers: 1 });
const SECRET = "secret-of-the-bench";
const LOOK_MS = 20;

const bench = await openBench({ workers: false });
const workers = await Promise.all(
  Array.from({ length: options.workers }, () => startWorkerProcess({ ...bench.environment, LOG_LEVEL: "info" })),
);
const site = await startConsole({ ...bench.environment, HUBSPOT_WEBHOOK_SECRET: SECRET });
const large = await startLargeAccount();
try {
  printHeading(`Webhooks of ${options.customers} customers beside a first read of ${options.rows}`);
  const small = await bench.addWorkspace("small", options.customers);
  const portal = { externalAccount: "48151623" };
  await bench.deps.connections.updateConnection(small.workspaceId, connectionOf(small), portal, "bench");
  await bench.settle(small);
  small.hubspot.webhooks.subscribe({ url: `${site.url}/webhooks/hubspot`, secret: SECRET });
  const alone = await webhooks(small, (sent) => sent < options.alone);

  const { workspaceId } = await bench.addConnected("large", large);
  const startedAt = performance.now();
  let reading = true;
  const read = bench.engine.refresh(workspaceId).finally(() => (reading = false));
  const beside = await webhooks(small, () => reading);
  await read;
  const profiles = await bench.count(workspaceId, "profile");
  print(`The large workspace took ${milliseconds(performance.now() - startedAt)}, and has ${profiles} profiles.`);
  for (const [title, of] of [
    ["until the record has it", "record"],
    ["until the profile was gone through", "profile"],
  ] as const) {
    const [a, b] = [alone.map((lag) => lag[of]), beside.map((lag) => lag[of])];
    print(`\n${title}`);
    printTable([
      ["", "median", "p95", "longest", "webhooks"],
      ["alone", ...row(a)],
      ["beside", ...row(b)],
      ["later by", ...figures(b).map((ms, n) => milliseconds(ms - (figures(a)[n] ?? 0)))],
    ]);
  }
} finally {
  site.stop();
  for (const worker of workers) await worker.stop();
  large.stop();
  await bench.close();
}

interface Lag {
  record: number;
  profile: number;
}

/** Median, the time within which 95 % are, and the longest. */
function figures(times: readonly number[]): number[] {
  return [median(times), percentile(times, 0.95), Math.max(...times)];
}

function row(times: readonly number[]): string[] {
  return [...figures(times).map(milliseconds), String(times.length)];
}

function connectionOf({ workspaceId }: Workspace) {
  return connectionIdOf(workspaceId, "hubspot", "main");
}

/** One after the other, each of another customer, until the last one's profile has been gone through. */
async function webhooks(small: Workspace, goOn: (sent: number) => boolean): Promise<Lag[]> {
  const lags: Lag[] = [];
  for (let sent = 0; goOn(sent); sent += 1) {
    const at = performance.now();
    const id = contactIdOf(sent % options.customers);
    const before = await stateOf(small, id);
    small.hubspot.change("contacts", id, { city: `Harbour ${performance.now()}` });
    await small.hubspot.webhooks.settled();
    const acceptedAt = performance.now();
    let record: number | null = null;
    for (;;) {
      const now = await stateOf(small, id);
      if (record === null && now.hash !== before.hash) record = performance.now() - acceptedAt;
      if (now.scored > before.scored) break;
      await pause(LOOK_MS);
    }
    const profile = performance.now() - acceptedAt;
    lags.push({ record: record ?? profile, profile });
    // Not in step with anything that has a rhythm of its own.
    await pause(Math.max(0, at + options.every * (0.8 + 0.4 * Math.random()) - performance.now()));
  }
  return lags;
}

async function stateOf(small: Workspace, vendorId: string): Promise<{ hash: string; scored: number }> {
  const [state] = await bench.database.inWorkspace(small.workspaceId, (transaction) =>
    transaction.query<{ hash: string; scored: number }>(
      `SELECT hash::text, scored_seq AS scored FROM source_record JOIN membership USING (workspace_id, record_id)
         JOIN profile USING (workspace_id, profile_id) WHERE workspace_id = $1 AND record_id = $2`,
      [small.workspaceId, recordIdOf(connectionOf(small), "contacts", vendorId)],
    ),
  );
  if (state === undefined) throw new Error("A customer of the small workspace has no profile.");
  return state;
}

/** As `npm run twin` runs it. */
async function startLargeAccount(): Promise<{ url: string; accessToken: string; stop(): void }> {
  const program = fileURLToPath(new URL("../stack/twin.ts", import.meta.url));
  const args = [program, "hubspot", "--people", String(options.rows), "--rps", "10000"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http:\S+/.exec(line)?.[0];
    const { accessToken = "" } = twinOf("hubspot").credentials;
    if (url !== undefined) return { url, accessToken, stop: () => void child.kill() };
  }
  await once(child, "close");
  throw new Error("The large account's stand-in did not start.");
}
