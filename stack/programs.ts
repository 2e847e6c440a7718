/** The stack's own programs on top of the services: vendor twins, worker, console. */
import { fileURLToPath } from "node:url";
import { Connection } from "@temporalio/client";
import { readMasterKeys, type Environment } from "#config.ts";
import { ENGINE_QUEUE } from "#workflows/names.ts";
import { DEMO_REQUESTS_PER_SECOND } from "./demo-shop/accounts.ts";
import type { DataDir } from "./data-dir.ts";
import type { StartOptions } from "./options.ts";
import { findFreePort } from "./ports.ts";
import type { Supervisor } from "./processes.ts";
import type { Report } from "./report.ts";
import { twinsLine, type RunningStack, type Twins } from "./running-stack.ts";
import type { Services } from "./services.ts";
import { StackError } from "./stack-error.ts";

const PREFERRED_CONSOLE_PORT = 4_080;

/** Node lets its heap grow with the machine; a worker gets by with this, and stays under 512 MB with all its threads. */
const WORKER_FLAGS = ["--max-old-space-size=320", "--max-semi-space-size=16"];

interface Place {
  dataDir: DataDir;
  environment: Environment;
  services: Services;
  supervisor: Supervisor;
  options: StartOptions;
  report: Report;
}

/**
 * Starts them one after the other, each once the one before is ready, and writes down where everything is.
 *
 * @throws StackError with what a program that did not start wrote last
 */
export async function startPrograms(place: Place): Promise<RunningStack> {
  const { dataDir, environment, services, supervisor, report } = place;
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
  const twins = await startTwins(place);
  const consoleUrl = `http://127.0.0.1:${consolePort}`;
  await report.step("Worker", () =>
    supervisor.start({
      name: "worker",
      run: { script: pathOf("../workflows/worker.ts"), flags: WORKER_FLAGS },
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
async function startTwins({ dataDir, environment, supervisor, options, report }: Place): Promise<Twins | null> {
  const real = {
    hubspot: environment.HUBSPOT_ACCESS_TOKEN !== undefined,
    stripe: environment.STRIPE_API_KEY !== undefined,
  };
  if (real.hubspot && real.stripe) return null;
  let said: ReturnType<typeof twinsLine.parse> | undefined;
  await report.step(
    "Vendor twins",
    () =>
      supervisor.start({
        name: "twins",
        run: { script: pathOf("./twins.ts") },
        args: [
          `--data-dir=${dataDir.path}`,
          `--customers=${options.customers}`,
          `--seed=${options.seed}`,
          `--hubspot-rps=${DEMO_REQUESTS_PER_SECOND}`,
          `--stripe-rps=${DEMO_REQUESTS_PER_SECOND}`,
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

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
