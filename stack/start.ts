/** `npm start`: everything on one machine, the loop run once and then on schedule, until Ctrl-C. */
import { fileURLToPath } from "node:url";
import { Connection } from "@temporalio/client";
import { ConfigError, parseEnvironment, readMasterKeys, type Environment } from "#config.ts";
import { ENGINE_QUEUE } from "#workflows/names.ts";
import { DEMO_REQUESTS_PER_SECOND } from "./demo-shop/accounts.ts";
import { emptyDataDir, ensureMasterKey, openDataDir, type DataDir } from "./data-dir.ts";
import { endLeftovers } from "./leftovers.ts";
import { parseStartOptions, type StartOptions } from "./options.ts";
import { findFreePort } from "./ports.ts";
import { clusterFolderOf, endLeftoverServer } from "./postgres-cluster.ts";
import { createSupervisor, type Supervisor } from "./processes.ts";
import { createReport } from "./report.ts";
import { runLoop } from "./run-loop.ts";
import { twinsLine, type RunningStack, type Twins } from "./running-stack.ts";
import { startServices, type Services } from "./services.ts";
import { setUpDemo } from "./setup-demo.ts";
import { StackError } from "./stack-error.ts";

const PREFERRED_CONSOLE_PORT = 4_080;
/** Ctrl-C in a terminal arrives twice: from the terminal, and forwarded by the launcher. */
const SAME_KEYPRESS_MS = 1_500;

const options = parseStartOptions(process.argv);
const cancel = new AbortController();
const report = createReport((text) => process.stdout.write(text), cancel.signal);
/** What to end, in the order it was begun. */
const stops: (() => Promise<void>)[] = [];
stopOnSignals();

let exitCode = 0;
try {
  await run();
} catch (error) {
  if (!cancel.signal.aborted) {
    exitCode = 1;
    report.log(`Failed: ${explain(error)}`);
  }
}
await stopAll();
process.exit(cancel.signal.aborted && options.once ? 130 : exitCode);

async function run(): Promise<void> {
  const environment = readEnvironment(options);
  const dataDir = openDataDir(environment);
  stops.push(async () => dataDir.release());
  await prepareDataDir(dataDir, environment);
  const services = await startServices({
    dataDir: dataDir.path,
    environment,
    report,
    signal: cancel.signal,
    onStop: (stop) => stops.push(stop),
  });
  const stack = await startProcesses(dataDir, environment, services);
  const loop = { ...options, log: report.log, signal: cancel.signal };
  await untilCancelled(setUpDemo(stack, loop));
  await untilCancelled(runLoop(stack, loop));
  if (options.once) return;
  report.log("Running; Ctrl-C ends everything.");
  await untilCancelled(new Promise(() => undefined));
}

/** The work's result, or a rejection as soon as somebody presses Ctrl-C; what the work waits for is then ended. */
async function untilCancelled<T>(work: Promise<T>): Promise<T> {
  const { signal } = cancel;
  signal.throwIfAborted();
  const cancelled = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new StackError("Stopped.")), { once: true });
  });
  return await Promise.race([work, cancelled]);
}

function readEnvironment({ dataDir, port, verbose }: StartOptions): Environment {
  const environment = parseEnvironment({
    ...process.env,
    ...(dataDir === undefined ? {} : { TRIBUTARY_DATA_DIR: dataDir }),
    ...(port === undefined ? {} : { PORT: String(port) }),
    ...(verbose ? { LOG_LEVEL: "debug" } : {}),
  });
  if (options.fresh && (environment.DATABASE_URL ?? environment.DATABASE_OWNER_URL) !== undefined) {
    throw new StackError("--fresh forgets only the embedded database, and DATABASE_URL is set: empty that one yourself.");
  }
  return environment;
}

async function prepareDataDir({ path }: DataDir, environment: Environment): Promise<void> {
  await endLeftovers(path, report.log);
  await endLeftoverServer(clusterFolderOf(path), report.log);
  if (options.fresh) {
    emptyDataDir(path);
    report.log(`Forgot the data of earlier starts in ${path}`);
  }
  if (environment.TRIBUTARY_KEY === undefined) ensureMasterKey(path);
  if (options.verbose) report.log(`Data in ${path}, logs in ${path}/logs`);
}

async function startProcesses(dataDir: DataDir, environment: Environment, services: Services): Promise<RunningStack> {
  const supervisor = createSupervisor({ dataDir: dataDir.path, log: report.log });
  stops.push(() => supervisor.stopAll());
  // A start that waits for a process to get ready fails at once when that process is ended.
  cancel.signal.addEventListener("abort", () => void supervisor.stopAll(), { once: true });
  const consolePort = await chooseConsolePort(environment);
  const childEnvironment = {
    ...process.env,
    DATABASE_URL: services.databaseUrl,
    // Worker and console never get at the owner, whom row-level security does not bind.
    DATABASE_OWNER_URL: undefined,
    TEMPORAL_ADDRESS: services.temporal.address,
    TEMPORAL_NAMESPACE: services.temporal.namespace,
    TRIBUTARY_DATA_DIR: dataDir.path,
    HOST: environment.HOST,
    PORT: String(consolePort),
    LOG_LEVEL: environment.LOG_LEVEL,
  };
  const twins = await startTwins(supervisor, dataDir.path, environment);
  const consoleUrl = `http://127.0.0.1:${consolePort}`;
  await report.step("Worker", () =>
    supervisor.start({
      name: "worker",
      run: { script: pathOf("../workflows/worker.ts") },
      environment: childEnvironment,
      isReady: () => isPolled(services.temporal),
    }),
  );
  await report.step(
    "Console",
    () =>
      supervisor.start({
        name: "console",
        run: { script: pathOf("../console/server/main.ts") },
        environment: childEnvironment,
        isReady: () => answers(`${consoleUrl}/healthz`),
      }),
    () => `ready on ${consoleUrl}`,
  );
  dataDir.writeState({
    pid: process.pid,
    databaseUrl: services.databaseUrl,
    ownerUrl: services.ownerUrl,
    temporal: services.temporal,
    consoleUrl,
    twins: { hubspot: twins?.hubspot ?? null, stripe: twins?.stripe ?? null, control: twins?.control ?? null },
  });
  return {
    dataDir: dataDir.path,
    ...services,
    consoleUrl,
    twins,
    masterKeys: readMasterKeys(environment, dataDir.path),
    environment,
  };
}

/** With both vendors' credentials set nothing of the demo runs. */
async function startTwins(supervisor: Supervisor, dataDir: string, environment: Environment): Promise<Twins | null> {
  const real = { hubspot: environment.HUBSPOT_ACCESS_TOKEN !== undefined, stripe: environment.STRIPE_API_KEY !== undefined };
  if (real.hubspot && real.stripe) return null;
  let said: ReturnType<typeof twinsLine.parse> | undefined;
  await report.step(
    "Vendor twins",
    () =>
      supervisor.start({
        name: "twins",
        run: { script: pathOf("./twins.ts") },
        args: [
          ...["--data-dir", dataDir, "--customers", String(options.customers), "--seed", String(options.seed)],
          ...["--hubspot-rps", String(DEMO_REQUESTS_PER_SECOND), "--stripe-rps", String(DEMO_REQUESTS_PER_SECOND)],
        ],
        onLine(line) {
          if (!line.startsWith("{")) return false;
          said = twinsLine.parse(JSON.parse(line));
          return true;
        },
        // A million customers take a while to make.
        readyWithinMs: 600_000,
      }),
    () => `ready, ${options.customers.toLocaleString("en")} customers (seed ${options.seed})`,
  );
  if (said === undefined) throw new StackError("The twins did not say where they are.");
  return { ...said, hubspot: real.hubspot ? null : said.hubspot, stripe: real.stripe ? null : said.stripe };
}

async function chooseConsolePort({ PORT }: Environment): Promise<number> {
  const port = await findFreePort(PORT ?? PREFERRED_CONSOLE_PORT);
  if (PORT !== undefined && PORT !== 0 && port !== PORT) {
    throw new StackError(`Port ${PORT} is taken: choose another with --port, or leave it out.`);
  }
  return port;
}

/** A worker is ready when it asks for work. */
async function isPolled({ address, namespace }: Services["temporal"]): Promise<boolean> {
  const connection = await Connection.connect({ address });
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: ENGINE_QUEUE },
      taskQueueType: 1,
    });
    return (pollers ?? []).length > 0;
  } finally {
    await connection.close();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false; // Not listening yet.
  }
}

function stopOnSignals(): void {
  let firstAt: number | undefined;
  const stop = () => {
    if (firstAt !== undefined && performance.now() - firstAt > SAME_KEYPRESS_MS) {
      report.log("Ending at once; the next start cleans up.");
      process.exit(130);
    }
    if (firstAt === undefined) report.log("Stopping ...");
    firstAt ??= performance.now();
    cancel.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  // The launcher was killed: nobody could end us any more.
  process.on("disconnect", stop);
  process.channel?.unref();
}

/** In reverse order: those who use a service before the service. Every stop is tried, whatever the others do. */
async function stopAll(): Promise<void> {
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
    try {
      await stop();
    } catch (error) {
      report.log(`While stopping: ${explain(error)}`);
    }
  }
}

function explain(error: unknown): string {
  if (error instanceof StackError || error instanceof ConfigError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
