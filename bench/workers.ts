/** `node bench/workers.ts`: one workspace on one, two and four workers. */
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { cpuByProgram } from "./cpu.ts";
import { milliseconds, print, printHeading, printTable, readOptions, timed } from "./measure.ts";
import { chaptersOf, prepareStory, type Story } from "#tests/support/disturbance.ts";
import { differences, endState, type EndState } from "#tests/support/end-state.ts";
import { startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { startWorkerProcess } from "#tests/support/worker-process.ts";

const HELP = `Usage: node bench/workers.ts [--customers N] [--most N]

A workspace of N customers of HubSpot, half of them of Stripe too, is read for the first time and then with a third of it changed, by one
worker process, by two, by four ... on a Postgres and a Temporal of their own; plans are made and wait. Shown by step are the
CPU of the workers and of Postgres, the time, and how much time statements spent waiting for locks; and whether the outcome is
the one that one worker gives. On a machine with as many processors as workers the time would fall; CPU tells on any.

  --customers N   customers (default 5000)
  --most N        the most workers (default 4)`;

const options = readOptions(HELP, { customers: 5_000, most: 4 });
/** Between two looks at what is waited for. */
const LOOK_MS = 20;
const STEPS = ["identity", "consent", "scores"];

interface Used {
  ms: number;
  worker: number;
  postgres: number;
  waited: number;
}

const story: Story = { people: options.customers, at: Date.now() };
let alone: EndState | undefined;
printHeading(`Workers: ${options.customers} customers in one workspace`);
for (let workers = 1; workers <= options.most; workers *= 2) await measure(workers);

async function measure(workers: number): Promise<void> {
  // On a disk: what is waited for there is part of it.
  const loop = await startTestLoop({ workers: false, durable: "postgres" });
  await prepareStory(loop, story);
  const processes = await Promise.all(
    Array.from({ length: workers }, () => startWorkerProcess(loop.workerEnvironment)),
  );
  try {
    print(`\n${workers} ${workers === 1 ? "worker" : "workers"}`);
    const [read, , changed] = chaptersOf(loop, story);
    for (const [title, chapter] of [
      ["from nothing", read],
      ["a third changed", changed],
    ] as const) {
      const look = await watch(loop);
      const whole = await timed(() => chapter?.run());
      const used = await look.end();
      const rows = [...used].filter(([step]) => STEPS.includes(step) || step === "all");
      printTable([
        [title, "time", "CPU of workers", "CPU of Postgres", "waited for locks"],
        ...rows.map(([step, { ms, worker, postgres, waited }]) => [
          step,
          milliseconds(step === "all" ? whole : ms),
          `${worker.toFixed(1)} s`,
          `${postgres.toFixed(1)} s`,
          milliseconds(waited),
        ]),
      ]);
    }
    const state = await endState(loop);
    alone ??= state;
    const differing = differences(alone, state);
    print(differing.length === 0 ? "The outcome is that of one worker." : `Differs: ${differing.join("; ")}`);
  } finally {
    for (const one of processes) await one.stop();
    await loop.stop();
  }
}

/** Looks again and again at what is open, used and waited for, and counts it to the step that is open. */
async function watch(loop: TestLoop) {
  const client = new Client({ connectionString: loop.test.ownerUrl });
  await client.connect();
  const used = new Map<string, Used>(
    ["all", ...STEPS].map((step) => [step, { ms: 0, worker: 0, postgres: 0, waited: 0 }]),
  );
  let [at, cpu] = [performance.now(), cpuByProgram(process.pid)];
  const ended = new AbortController();
  const look = async () => {
    const { rows } = await client.query<{ waiting: number; open: string[] }>(
      `SELECT (SELECT count(*)::int FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock') AS waiting,
       ARRAY(SELECT step FROM run_step WHERE finished_at IS NULL) AS open`,
    );
    const [now, cpuNow] = [performance.now(), cpuByProgram(process.pid)];
    for (const step of ["all", ...(rows[0]?.open ?? [])]) {
      const sum = used.get(step);
      if (sum === undefined) continue;
      sum.ms += now - at;
      sum.waited += (rows[0]?.waiting ?? 0) * (now - at);
      sum.worker += (cpuNow["worker"] ?? 0) - (cpu["worker"] ?? 0);
      sum.postgres += (cpuNow["Postgres"] ?? 0) - (cpu["Postgres"] ?? 0);
    }
    [at, cpu] = [now, cpuNow];
  };
  const looking = (async () => {
    for (; !ended.signal.aborted; await sleep(LOOK_MS)) await look();
  })();
  return {
    async end(): Promise<Map<string, Used>> {
      ended.abort();
      await looking;
      await look();
      await client.end();
      return used;
    },
  };
}
