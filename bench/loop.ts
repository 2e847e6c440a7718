/** `node bench/loop.ts`: the whole loop on the real stack, first from nothing, then unchanged, then a little changed. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { stackState, type StackState } from "#config.ts";
import { workspaceIdOf } from "#profile/ids.ts";
import { openDatabase, type Database } from "#profile/store/database.ts";
import { createRunStore, type Run } from "#profile/store/runs.ts";
import { TOOL_NAMES } from "#stack/demo-shop/tools.ts";
import { cpuByProgram, type CpuSeconds } from "./cpu.ts";
import { milliseconds, print, printHeading, printTable, rate, readOptions } from "./measure.ts";

const HELP = `Usage: node bench/loop.ts [--customers N] [--changed N] [--vendors 2|5] [--wait SECONDS]

Starts the whole stack in an empty data directory (as npm start does) and times every step of the loop: from nothing,
with nothing changed, and with some customers changed at the vendors. 15,000 customers are about 10,000 HubSpot contacts
and 55,000 orders. Of the shop's tools only these two and the till take part, so that figures can be compared with earlier
ones. Writing is part of it. Needs what npm start needs.

  --customers N    customers of the demo shop (default 15000)
  --changed N      customers changed before the third pass (default 1000)
  --vendors N      2 (default): HubSpot, Stripe and the till; 5: Klaviyo, Google Analytics and Google Ads as well
  --pause SECONDS  rest so long and make one pass more with nothing changed (default: none): the first one reads what
                   we wrote ourselves, and so does every other within the five minutes that HubSpot's search may lag
  --wait SECONDS   give up when a pass takes longer (default 900)`;

const options = readOptions(HELP, { customers: 15_000, changed: 1_000, vendors: 2, pause: 0, wait: 900 });
const tools = { 2: "hubspot,stripe", 5: TOOL_NAMES.join(",") }[options.vendors];
if (tools === undefined) throw new Error("--vendors must be 2 or 5.");
const workspaceId = workspaceIdOf("demo");

type Calls = Record<string, number>;
const requestsReply = z.record(z.string(), z.record(z.string(), z.number()));
const portsFile = z.object({ control: z.number() });
const noteFile = z.object({ pid: z.number() });

async function main(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "bench-loop-"));
  const log = join(dataDir, "start.log");
  const output = openSync(log, "a");
  const start = fileURLToPath(new URL("../stack/start.ts", import.meta.url));
  // A day between refreshes: one by schedule in the middle of a pass would be counted as ours.
  const size = ["--customers", String(options.customers), "--tools", tools ?? ""];
  const given = [...size, "--data-dir", dataDir, "--refresh-minutes", "1440"];
  const stack = spawn(process.execPath, [start, ...given], { stdio: ["ignore", output, output] });
  try {
    printHeading(
      `Loop: ${options.customers} customers of the demo shop at ${options.vendors} vendors, then ${options.changed} changed`,
    );
    const state = await untilRunning(stack, dataDir);
    const database = openDatabase(state.databaseUrl, { max: 2, applicationName: "bench" });
    try {
      await passes(database, dataDir, stack);
    } finally {
      await database.close();
    }
    stack.kill("SIGTERM");
    if (stack.exitCode === null) await once(stack, "exit");
    rmSync(dataDir, { recursive: true, force: true });
  } catch (error) {
    print(`The output of the stack is in ${log}.`);
    stack.kill("SIGTERM");
    throw error;
  }
}

async function passes(database: Database, dataDir: string, stack: ChildProcess): Promise<void> {
  const control = `http://127.0.0.1:${read(join(dataDir, "twins", "ports.json"), portsFile).control}`;
  const calls = async (): Promise<Calls> => {
    const reply = requestsReply.parse(await (await fetch(`${control}/requests`)).json());
    return Object.fromEntries(
      Object.entries(reply).flatMap(([tool, kinds]) =>
        Object.entries(kinds).map(([kind, count]) => [`${tool}: ${kind}`, count]),
      ),
    );
  };
  let cpuBefore: CpuSeconds = {};
  const pass = async (title: string, seen: ReadonlySet<string>, before: Calls): Promise<string> => {
    const run = await untilFinished(database, seen, stack);
    report(title, run, difference(before, await calls()), peakOfWorker(dataDir));
    const cpu = stack.pid === undefined ? {} : cpuByProgram(stack.pid);
    const used = Object.entries(cpu).map(
      ([name, seconds]) => `${name} ${(seconds - (cpuBefore[name] ?? 0)).toFixed(1)} s`,
    );
    print(`CPU time: ${used.join(", ")}`);
    cpuBefore = cpu;
    return run.runId;
  };
  const seen = new Set<string>();
  seen.add(await pass("From nothing", seen, {}));
  let before = await calls();
  await refreshNow(dataDir);
  seen.add(await pass("Nothing changed but what we wrote", seen, before));
  if (options.pause > 0) {
    await sleep(options.pause * 1000);
    before = await calls();
    await refreshNow(dataDir);
    seen.add(await pass(`Nothing changed, ${options.pause} s later`, seen, before));
  }
  const changed = await fetch(`${control}/change?count=${options.changed}&seed=2`, { method: "POST" });
  print(`\nChanged at the vendors: ${await changed.text()}`);
  before = await calls();
  await refreshNow(dataDir);
  await pass(`${options.changed} changed`, seen, before);
}

/** Asks the running stack for a refresh, by its own command. */
async function refreshNow(dataDir: string): Promise<void> {
  const command = fileURLToPath(new URL("../stack/bin/tributary.mjs", import.meta.url));
  const environment = { ...process.env, TRIBUTARY_DATA_DIR: dataDir };
  const child = spawn(process.execPath, [command, "sync"], { stdio: "ignore", env: environment });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`tributary sync ended with ${String(code)}.`);
}

async function untilRunning(stack: ChildProcess, dataDir: string): Promise<StackState> {
  const file = join(dataDir, "stack.json");
  for (let waited = 0; waited < options.wait; waited += 0.25) {
    if (stack.exitCode !== null) throw new Error(`The stack ended with ${stack.exitCode} before it ran.`);
    if (existsSync(file)) return read(file, stackState);
    await sleep(250);
  }
  throw new Error("The stack did not start in time.");
}

/** A run not seen yet that has ended, with every plan it made carried out. */
async function untilFinished(database: Database, seen: ReadonlySet<string>, stack: ChildProcess): Promise<Run> {
  const runs = createRunStore(database);
  for (let waited = 0; waited < options.wait; waited += 0.25) {
    if (stack.exitCode !== null) throw new Error(`The stack ended with ${stack.exitCode} in the middle.`);
    const [newest] = await runs.lastRuns(workspaceId, 1);
    if (
      newest !== undefined &&
      newest.outcome !== null &&
      !seen.has(newest.runId) &&
      (await plansUnderWay(database, seen.size === 0)) === 0
    ) {
      // Writing adds to the run's steps after its end.
      const [settled] = await runs.lastRuns(workspaceId, 1);
      if (settled !== undefined) return settled;
    }
    await sleep(250);
  }
  throw new Error("The loop did not end in time.");
}

/** The first plans are approved by the start itself; later ones that wait (too many changes at once) wait for ever. */
async function plansUnderWay(database: Database, first: boolean): Promise<number> {
  const [row] = await database.inWorkspace(workspaceId, (transaction) =>
    transaction.query<{ count: number }>(
      "SELECT count(*) AS count FROM plan WHERE workspace_id = $1 AND status = ANY ($2)",
      [workspaceId, ["building", "approved", "applying", ...(first ? ["waiting"] : [])]],
    ),
  );
  return row?.count ?? 0;
}

function report(title: string, run: Run, made: Calls, peak: string): void {
  const ends = run.steps.flatMap((step) => step.finishedAt?.getTime() ?? []);
  const whole = Math.max(run.finishedAt?.getTime() ?? 0, ...ends) - run.startedAt.getTime();
  print(`\n${title}: ${milliseconds(whole)} in all (${run.outcome}); peak memory of the worker ${peak}`);
  const rows = run.steps.map(({ step, startedAt, finishedAt, counts }) => {
    const took = (finishedAt ?? startedAt).getTime() - startedAt.getTime();
    const main = Math.max(
      0,
      ...Object.entries(counts).flatMap(([name, count]) => (name.startsWith("calls.") ? [] : count)),
    );
    const told = Object.entries(counts).filter(([name, count]) => count > 0 && !name.startsWith("calls."));
    return [
      step,
      milliseconds(took),
      main === 0 || took === 0 ? "-" : rate(main, took, "records"),
      told.map(([name, count]) => `${name} ${count}`).join(", "),
    ];
  });
  printTable([["step", "time", "rate", "counts"], ...rows]);
  const total = Object.values(made).reduce((sum, count) => sum + count, 0);
  const ofTool = Map.groupBy(Object.entries(made), ([kind]) => kind.slice(0, kind.indexOf(":")));
  const each = [...ofTool].map(([tool, kinds]) => `${tool} ${kinds.reduce((sum, [, count]) => sum + count, 0)}`);
  print(`Vendor calls: ${total} (${each.join(", ")})`);
  printTable(Object.entries(made).map(([kind, count]) => ["", String(count), kind]));
}

const difference = (before: Calls, after: Calls): Calls =>
  Object.fromEntries(
    Object.entries(after).flatMap(([kind, count]) =>
      count > (before[kind] ?? 0) ? [[kind, count - (before[kind] ?? 0)]] : [],
    ),
  );

/** Highest resident memory since the worker started, where the system tells (Linux). */
function peakOfWorker(dataDir: string): string {
  const note = join(dataDir, "processes", "worker.json");
  if (process.platform !== "linux" || !existsSync(note)) return "unknown";
  const status = readFileSync(`/proc/${read(note, noteFile).pid}/status`, "utf8");
  const kilobytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]);
  return `${Math.round(kilobytes / 1024)} MB`;
}

function read<T>(file: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(readFileSync(file, "utf8")));
}

await main();
