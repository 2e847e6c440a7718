/** `npm start`: everything on one machine, the loop run once and then on schedule, until Ctrl-C. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError, dataDirOf, parseEnvironment, readMasterKeys, type Environment } from "#config.ts";
import { keepCommandLine } from "#console/cli/keep-program.ts";
import { databaseTrouble } from "#console/database-trouble.ts";
import { createLogger } from "#logger.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import { refuseWrongKey } from "#workflows/master-key.ts";
import { emptyDataDir, ensureMasterKey, openDataDir, type DataDir } from "./data-dir.ts";
import { endLeftovers } from "./leftovers.ts";
import { parseStartOptions, type StartOptions } from "./options.ts";
import { clusterFolderOf, endLeftoverServer } from "./postgres/cluster.ts";
import { createSupervisor } from "./processes.ts";
import { startPrograms } from "./programs.ts";
import { connectNamedAccounts, namedAccounts, wantsDemo, type NamedAccount } from "./real-accounts.ts";
import { createReport } from "./report.ts";
import { runLoops, type LoopPlace } from "./run-loop.ts";
import { startServices } from "./services.ts";
import { pauseDemo, setUpDemo } from "./setup-demo.ts";
import { reasonOf, StackError } from "./stack-error.ts";
import { watchSources } from "./watch-sources.ts";

/** Ctrl-C in a terminal arrives twice: from the terminal, and forwarded by the launcher. */
const SAME_KEYPRESS_MS = 1_500;

const options = parseStartOptions(process.argv);
const cancel = new AbortController();
const report = createReport((text) => process.stdout.write(text), cancel.signal);
/** What to end, in the order it was begun. */
const stops: (() => Promise<void>)[] = [];
let exitCode = 0;
stopOnSignals();

try {
  await run();
} catch (error) {
  if (!cancel.signal.aborted) {
    exitCode = 1;
    report.log(`Failed: ${explain(error)}`);
  }
}
await stopAll();
process.exit(exitCode === 0 && cancel.signal.aborted && options.once ? 130 : exitCode);

async function run(): Promise<void> {
  const environment = readEnvironment(options);
  const dataDir = openDataDir(environment);
  stops.push(async () => dataDir.release());
  await prepareDataDir(dataDir, environment);
  // While Postgres starts there is time; nothing waits for it.
  void keepCommandLine();
  const services = await startServices({
    dataDir: dataDir.path,
    environment,
    report,
    signal: cancel.signal,
    onStop: (stop) => stops.push(stop),
  });
  const supervisor = createSupervisor({ dataDir: dataDir.path, log: report.log });
  stops.push(() => supervisor.stopAll());
  // A start that waits for a program to get ready fails at once when that program is ended.
  cancel.signal.addEventListener("abort", () => void supervisor.stopAll(), { once: true });
  const masterKeys = readMasterKeys(environment, dataDir.path);
  const log = createLogger({ name: "start", level: options.verbose ? "debug" : "warn" });
  const { dependencies: deps, database, close } = createDependencies({ ...services, masterKeys }, log);
  stops.push(close);
  await refuseWrongKey(deps, masterKeys);
  const named = namedAccounts(process.env);
  const demo = wantsDemo(options.demo, named, await deps.connections.listWorkspaces());
  if (!demo && options.demo === undefined)
    report.log(
      "The fictitious shop does not run beside accounts of your own; --demo starts it in a separate workspace",
    );
  const { installationId: installation } = await deps.installation.get();
  const parts = { dataDir, environment, services, supervisor, options, installation, demo, report };
  const stack = await startPrograms(parts);
  const place = { deps, database, stack, options, log: report.log, signal: cancel.signal };
  await untilCancelled(setUp(place, named));
  await untilCancelled(runLoops(place));
  if (options.once) return;
  report.log("Running; Ctrl-C stops everything.");
  if (options.watch) {
    watchSources(
      fileURLToPath(new URL("..", import.meta.url)),
      (file) => {
        report.log(`${file} changed: worker and console restart`);
        void Promise.all([supervisor.restart("worker"), supervisor.restart("console")]);
      },
      cancel.signal,
    );
  }
  await untilCancelled(new Promise(() => undefined));
}

async function setUp({ deps, stack, options, log }: LoopPlace, named: readonly NamedAccount[]): Promise<void> {
  if (stack.twins === null) await pauseDemo(deps);
  else await setUpDemo(deps, stack.twins, { stack, refreshMinutes: options.refreshMinutes, log });
  await connectNamedAccounts(deps, named, log);
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
    throw new StackError(
      "--fresh empties only the embedded database, but DATABASE_URL is set: empty that database yourself.",
    );
  }
  return environment;
}

async function prepareDataDir({ path }: DataDir, environment: Environment): Promise<void> {
  await endLeftovers(path, report.log);
  await endLeftoverServer(clusterFolderOf(path), report.log);
  if (options.fresh) {
    emptyDataDir(path);
    report.log(`Deleted the data of earlier starts in ${path}`);
  }
  if (environment.TRIBUTARY_KEY === undefined) ensureMasterKey(path);
  if (options.verbose) report.log(`Data in ${path}, logs in ${path}/logs`);
}

function stopOnSignals(): void {
  let firstAt: number | undefined;
  const stop = (signal?: NodeJS.Signals) => {
    // Only a person's second Ctrl-C is impatience; a parent that dies of the first one sends us more signals, later.
    if (signal === "SIGINT" && firstAt !== undefined && performance.now() - firstAt > SAME_KEYPRESS_MS) {
      report.log("Stopping immediately; the next start cleans up.");
      process.exit(130);
    }
    if (firstAt === undefined) report.log("Stopping ...");
    firstAt ??= performance.now();
    cancel.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  // The launcher was killed: nobody could end us any more.
  process.on("disconnect", () => stop());
  process.channel?.unref();
  // `npm start | head`: nobody reads any more.
  process.stdout.on("error", () => stop());
  process.on("uncaughtException", (error) => {
    exitCode = 1;
    report.log(`Failed: ${explain(error)}`);
    stop();
  });
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

/** One sentence; where it is not one of ours, what a maintainer needs goes to the log. */
function explain(error: unknown): string {
  if (error instanceof StackError || error instanceof ConfigError) return error.message;
  const trouble = databaseTrouble(error);
  if (trouble !== null) return `The database cannot be used: ${trouble}.`;
  if (error instanceof Error && "code" in error && error.code === "ENOSPC")
    return "The disk is full: free some space and start again; nothing that was stored is lost.";
  return `${reasonOf(error).split("\n")[0] ?? ""}${keepDetails(error)}`;
}

function keepDetails(error: unknown): string {
  const file = join(
    dataDirOf({ TRIBUTARY_DATA_DIR: options.dataDir ?? process.env["TRIBUTARY_DATA_DIR"] }),
    "logs",
    "start.log",
  );
  try {
    const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
    appendFileSync(file, `${new Date().toISOString()} ${details}\n`, { mode: 0o600 });
    return ` (details in ${file})`;
  } catch {
    return ""; // The place for it is what is missing.
  }
}
