/** `node bench/idle.ts`: what a refresh costs that finds nothing new. */
import { printHeading, printTable, readOptions } from "./measure.ts";
import { openBench, type Look, type Workspace } from "./workspace-stack.ts";

const HELP = `Usage: node bench/idle.ts [--refreshes N] [--customers N]

A workspace with two connected tools is read once; then scheduled refreshes find nothing new. Shown per refresh: the actions
that Temporal Cloud would count, history events, the CPU time of the process that is worker and client here (the vendors' stand-ins
run in it too, so the worker's own share is less), and rows left behind. Postgres and Temporal are real and on this machine.

  --refreshes N   idle refreshes (default 20)
  --customers N   of the workspace (default 200)`;

const options = readOptions(HELP, { refreshes: 20, customers: 200 });

const bench = await openBench();
try {
  printHeading(`Idle refreshes: ${options.refreshes} of a workspace with ${options.customers} customers`);
  const workspace: Workspace = await bench.addWorkspace("shop", options.customers);
  await bench.settle(workspace);
  const rows = await bench.rowsOfRuns();
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const looks: Look[] = [];
  for (let turn = 0; turn < options.refreshes; turn++) looks.push(await bench.scheduled(workspace));
  const cpu = process.cpuUsage(before);
  const each = (total: number) => (total / options.refreshes).toFixed(1);
  printTable([
    ["actions of Temporal Cloud", each(looks.reduce((sum, { actions }) => sum + actions, 0))],
    ["events of history", each(looks.reduce((sum, { events }) => sum + events, 0))],
    ["CPU, ms", each((cpu.user + cpu.system) / 1_000)],
    ["time, ms", each(performance.now() - startedAt)],
    ["rows of runs left", each((await bench.rowsOfRuns()) - rows)],
    ["runs begun", String(looks.filter(({ idle }) => !idle).length)],
  ]);
} finally {
  await bench.close();
}
