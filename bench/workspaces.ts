/** `node bench/workspaces.ts`: many small workspaces beside a large one, on real servers. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pMap from "p-map";
import { makeUpSchedules } from "#workflows/schedules.ts";
import { median, milliseconds, print, printHeading, printTable, readOptions, timed } from "./measure.ts";
import { openBench, type Look, type Workspace } from "./workspace-stack.ts";

const HELP = `Usage: node bench/workspaces.ts [--workspaces N] [--customers N] [--large N] [--turns N]

Small workspaces are read once. Then it is measured: what an idle refresh of each costs, how long the refresh of a small one
with one change takes, first alone, then while a large one is read for the first time; how long a worker process takes to
start; and that their schedules fire all over the interval, none being missed. The worker is in this process, with one stand-in
of HubSpot for each workspace; Postgres and Temporal are real.

  --workspaces N   small workspaces (default 12; by hand 300)
  --customers N    of each of them (default 20)
  --large N        customers of the large one (default 5000; by hand 20000)
  --turns N        refreshes of a small one that are timed, alone and beside (default 5)
  --watch MINUTES  let all schedules fire at this interval, for so long, and count the refreshes (default: none)`;

const options = readOptions(HELP, { workspaces: 12, customers: 20, large: 5_000, turns: 5, watch: 0 });
/** Workspaces made and read at a time. */
const SIDE_BY_SIDE = 8;

const bench = await openBench();
try {
  printHeading(`${options.workspaces} workspaces of ${options.customers} customers, one of ${options.large}`);
  let all: Workspace[] = [];
  const made = await timed(async () => {
    all = await pMap(
      Array.from({ length: options.workspaces }, (_, index) => `shop-${index + 1}`),
      async (slug) => {
        const workspace = await bench.addWorkspace(slug, options.customers);
        await bench.settle(workspace);
        return workspace;
      },
      { concurrency: SIDE_BY_SIDE },
    );
  });
  print(`Made and read for the first time, ${SIDE_BY_SIDE} at a time: ${milliseconds(made / options.workspaces)} each`);
  await idle(all);
  await changed(all);
  await schedules(all);
  if (options.watch > 0) await firing(all);
  await beside(all);
} finally {
  await bench.close();
}

async function idle(all: readonly Workspace[]): Promise<void> {
  const before = process.cpuUsage();
  const looks: Look[] = [];
  for (const workspace of all) looks.push(await bench.scheduled(workspace));
  const cpu = process.cpuUsage(before);
  print("\nOne idle refresh of each, one after the other");
  printTable([
    ["workspace", "time", "actions"],
    ...placesIn(all).map((place) => {
      const look = looks[place - 1];
      return [String(place), milliseconds(look?.ms ?? Number.NaN), String(look?.actions ?? "-")];
    }),
  ]);
  print(`CPU of worker, client and stand-ins: ${milliseconds((cpu.user + cpu.system) / 1_000 / all.length)} each`);
  print(`Not idle: ${looks.filter((look) => !look.idle).length}`);
}

/** The first, the seventeenth and the last. */
function placesIn(all: readonly Workspace[]): number[] {
  return [...new Set([1, 17, all.length])].filter((place) => place <= all.length);
}

async function changed(all: readonly Workspace[]): Promise<void> {
  const rows: string[][] = [];
  for (const place of placesIn(all)) {
    const workspace = all[place - 1];
    if (workspace === undefined) continue;
    const times: number[] = [];
    for (let turn = 0; turn < options.turns; turn++) {
      bench.change(workspace);
      times.push((await bench.scheduled(workspace)).ms);
    }
    rows.push([String(place), milliseconds(median(times))]);
  }
  print("\nA refresh with one change, median");
  printTable([["workspace", "time"], ...rows]);
}

/** The schedules as they are in use, at a shorter interval. */
async function firing(all: readonly Workspace[]): Promise<void> {
  await pMap(all, (workspace) => bench.refreshEvery(workspace, options.watch), { concurrency: SIDE_BY_SIDE });
  await makeUpSchedules(bench.engine.client, bench.deps);
  const before = await pMap(all, bench.firedSoFar, { concurrency: SIDE_BY_SIDE });
  const cpu = process.cpuUsage();
  await sleep(options.watch * 60_000);
  const { user, system } = process.cpuUsage(cpu);
  // Whose time came in the last second is still at it.
  await sleep(15_000);
  const after = await pMap(all, bench.firedSoFar, { concurrency: SIDE_BY_SIDE });
  const fired = after.map(({ taken }, index) => taken - (before[index]?.taken ?? 0));
  const sum = (of: "missed" | "joined") =>
    after.reduce((total, one, index) => total + one[of] - (before[index]?.[of] ?? 0), 0);
  print(
    `\nEvery ${options.watch} minutes, for as long: ${fired.reduce((total, one) => total + one, 0)} refreshes began, ` +
      `${fired.filter((times) => times === 0).length} workspaces had none; missed ${sum("missed")}, still busy ${sum("joined")}; ` +
      `${Math.round((100 * (user + system)) / (options.watch * 60_000_000))} % of a core`,
  );
  await pMap(all, (workspace) => bench.refreshEvery(workspace, 1_440), { concurrency: SIDE_BY_SIDE });
  await makeUpSchedules(bench.engine.client, bench.deps);
}

async function schedules(all: readonly Workspace[]): Promise<void> {
  const { client } = bench.engine;
  const took = await timed(() => makeUpSchedules(client, bench.deps));
  print(`\nSchedules made: ${milliseconds(took / all.length)} each; looking again with none to make:`);
  print(milliseconds(await timed(() => makeUpSchedules(client, bench.deps))));
  print(`A worker process is ready after ${milliseconds(await timed(startWorker))}`);
  const records = await Promise.all(all.map((workspace) => bench.scheduleOf(workspace)));
  const offsets = records.flatMap((record) => record?.next?.getTime() ?? []).toSorted((a, b) => a - b);
  const gaps = offsets.slice(1).map((at, index) => at - (offsets[index] ?? at));
  const missed = records.reduce((sum, record) => sum + (record?.missed ?? 0), 0);
  print(
    `Between two that fire one after the other: median ${Math.round(median(gaps) / 1_000)} s; missed so far: ${missed}`,
  );
}

/** From its start until it asks for work. */
async function startWorker(): Promise<void> {
  const program = fileURLToPath(new URL("../workflows/worker.ts", import.meta.url));
  const child = spawn(process.execPath, [program], {
    env: { ...bench.environment, LOG_LEVEL: "info" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "close");
  for await (const text of child.stderr.setEncoding("utf8")) if (String(text).includes('"worker ready"')) break;
  child.kill("SIGTERM");
  await ended;
}

async function beside(all: readonly Workspace[]): Promise<void> {
  const [first] = all;
  if (first === undefined) return;
  const turns = async () => {
    const times: number[] = [];
    for (let turn = 0; turn < options.turns; turn++) {
      bench.change(first);
      times.push((await bench.scheduled(first)).ms);
    }
    return times;
  };
  const alone = await turns();
  const large = await bench.addWorkspace("large", options.large);
  const read = new AbortController();
  const startedAt = performance.now();
  const reading = bench.engine.refresh(large.workspaceId).then(() => read.abort());
  const times: number[] = [];
  while (!read.signal.aborted) times.push(...(await turns()));
  await reading;
  print(
    `\nA refresh with one change, alone and while the large workspace is read (${milliseconds(performance.now() - startedAt)})`,
  );
  printTable([
    ["", "median", "longest", "refreshes"],
    ["alone", milliseconds(median(alone)), milliseconds(Math.max(...alone)), String(alone.length)],
    ["beside", milliseconds(median(times)), milliseconds(Math.max(...times)), String(times.length)],
  ]);
}
