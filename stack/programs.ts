/** The stack's own programs on top of the services: vendor twins, worker, console. */
import { randomBytes } from "node:crypto";
import { get } from "node:http";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readMasterKeys, type Environment } from "#config.ts";
import type { InstallationId } from "#profile/ids.ts";
import { connectClient } from "#workflows/connect.ts";
import { namesOf } from "#workflows/names.ts";
import { DEMO_REQUESTS_PER_SECOND } from "./demo-shop/accounts.ts";
import type { DataDir } from "./data-dir.ts";
import type { StartOptions } from "./options.ts";
import type { Supervisor } from "./processes.ts";
import type { Report } from "./report.ts";
import { twinsLine, type RunningStack, type Twins } from "./running-stack.ts";
import type { Services } from "./services.ts";
import { StackError } from "./stack-error.ts";

const PREFERRED_CONSOLE_PORT = 4_080;
/** How many from there on are tried where nobody chose one. */
const CONSOLE_PORTS = 20;

/**
 * Node lets its heap grow with the machine; a worker gets by with this, and stays under 512 MB with all its threads. With
 * so low a limit V8 would collect whenever the heap is half as large again as what is in use, once a second under load and
 * for a tenth of the processor's time: it may be twice as large.
 */
const WORKER_FLAGS = [
  ...["--max-old-space-size=320", "--heap-growing-percent=100"],
  ...["--min-semi-space-size=32", "--max-semi-space-size=32"],
];

/**
 * glibc gives each of a worker's many threads an arena of its own, and each keeps what it once needed: with two, 200,000
 * customers take a tenth less memory. Other systems do not know the variable.
 */
const WORKER_ALLOCATION = { MALLOC_ARENA_MAX: "2" };

interface Place {
  dataDir: DataDir;
  environment: Environment;
  services: Services;
  supervisor: Supervisor;
  options: StartOptions;
  installation: InstallationId;
  /** Whether the fictitious shop runs. */
  demo: boolean;
  report: Report;
}

/**
 * Starts them one after the other, each once the one before is ready, and writes down where everything is.
 *
 * @throws StackError with what a program that did not start wrote last
 */
export async function startPrograms(place: Place): Promise<RunningStack> {
  const { dataDir, environment, services, supervisor, report } = place;
  const childEnvironment = {
    ...process.env,
    DATABASE_URL: services.databaseUrl,
    // Worker and console never get at the owner, whom row-level security does not bind.
    DATABASE_OWNER_URL: undefined,
    TEMPORAL_ADDRESS: services.temporal.address,
    TRIBUTARY_DATA_DIR: dataDir.path,
    LOG_LEVEL: environment.LOG_LEVEL,
  };
  const twins = place.demo ? await startTwins(place) : null;
  const { address, uiUrl, variables } = services.temporal;
  const writeState = (consoleUrl: string) =>
    dataDir.writeState({
      pid: process.pid,
      ...{ databaseUrl: services.databaseUrl, ownerUrl: services.ownerUrl, consoleUrl },
      temporal: { address, uiUrl, variables },
      twins: Object.fromEntries(Object.entries(twins?.tools ?? {}).map(([connector, { url }]) => [connector, url])),
      twinsControl: twins?.control ?? null,
    });
  await report.step("Worker", () =>
    supervisor.start({
      name: "worker",
      run: { script: pathOf("../workflows/worker.ts"), flags: WORKER_FLAGS },
      environment: { ...childEnvironment, ...WORKER_ALLOCATION },
      isReady: () => isPolled(services.temporal, namesOf(place.installation).engineQueue),
    }),
  );
  const consoleUrl = await report.step(
    "Console",
    () => startConsole(place, childEnvironment, writeState),
    (url) => `ready on ${url}`,
  );
  return {
    dataDir: dataDir.path,
    ...services,
    consoleUrl,
    twins,
    masterKeys: readMasterKeys(environment, dataDir.path),
  };
}

async function startTwins({ dataDir, supervisor, options, report }: Place): Promise<Twins> {
  let said: Twins | undefined;
  await report.step(
    "Vendor twins",
    () =>
      supervisor.start({
        name: "twins",
        run: { script: pathOf("./demo-shop/twins.ts") },
        args: [
          `--data-dir=${dataDir.path}`,
          `--customers=${options.customers}`,
          `--seed=${options.seed}`,
          `--rps=${DEMO_REQUESTS_PER_SECOND}`,
          ...(options.tools === null ? [] : [`--tools=${options.tools}`]),
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
  return said;
}

const consoleLine = z.object({ ready: z.literal(true), port: z.number().int() });

/**
 * The console takes its port itself and says which: between looking for a free one and taking it, another program could
 * have it. What answers there must be ours, known by the token it was started with.
 */
async function startConsole(
  { environment, supervisor }: Place,
  childEnvironment: Record<string, string | undefined>,
  writeState: (consoleUrl: string) => void,
): Promise<string> {
  const instance = randomBytes(16).toString("hex");
  const { HOST, PORT } = environment;
  let url = "";
  await supervisor.start({
    name: "console",
    run: { script: pathOf("../console/server/main.ts") },
    environment: {
      ...childEnvironment,
      HOST,
      PORT: String(PORT ?? PREFERRED_CONSOLE_PORT),
      // A port that somebody chose is that one or none.
      PORT_TRIES: PORT === undefined ? String(CONSOLE_PORTS) : "1",
      TRIBUTARY_INSTANCE: instance,
    },
    onLine(line) {
      if (!line.startsWith('{"ready"')) return false;
      // Started again after an end, it may have had to move.
      url = `http://${urlHost(HOST)}:${consoleLine.parse(JSON.parse(line)).port}`;
      writeState(url);
      return true;
    },
  });
  const answering = await instanceAt(url);
  if (answering !== instance) {
    throw new StackError(
      answering === null
        ? `The console took ${url} and cannot be reached there: choose another port with --port.`
        : `Another program answers at ${url} in place of the console: choose another port with --port.`,
    );
  }
  return url;
}

/** Where this machine reaches what listens on the interface. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/** The token of what answers there; empty where it has none, null where nothing answers. */
function instanceAt(url: string): Promise<string | null> {
  return new Promise((resolve) => {
    // Not `fetch`: it refuses some ports that one may well listen on.
    const asked = get(`${url}/healthz`, { timeout: 5_000, agent: false }, (reply) => {
      json(reply).then(
        (body) => resolve(z.object({ instance: z.string() }).safeParse(body).data?.instance ?? ""),
        () => resolve(""),
      );
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(null));
  });
}

/** A worker is ready when it asks for work. */
async function isPolled(temporal: Services["temporal"], queue: string): Promise<boolean> {
  const { namespace } = temporal;
  const connection = await connectClient(temporal);
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: queue },
      taskQueueType: 1,
    });
    return (pollers ?? []).length > 0;
  } finally {
    await connection.close();
  }
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
