/** A real Temporal server: the official dev server with its history in a file. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "@temporalio/client";
import { forgetProcess, noteProcess } from "../leftovers.ts";
import { openLogFile } from "../log-file.ts";
import { findFreePort, PortTaken } from "../ports.ts";
import { endProcess, sendSignal, type ProcessIdentity } from "../process-identity.ts";
import { reasonOf, StackError } from "../stack-error.ts";

const READY_WITHIN_MS = 60_000;

/**
 * The dev server polls each internal queue of its one shard at most 20 times a second, so every step of a workflow
 * waits 45-50 ms once a short burst is used up. With these 100 activities in sequence take 1.0 s instead of 9.5 s.
 */
const SPEED = [
  "history.transferProcessorMaxPollRPS=1000",
  "history.timerProcessorMaxPollRPS=1000",
  "history.visibilityProcessorMaxPollRPS=1000",
];

/** Tasks that wait are handed out by priority (`workflows/priority.ts`), which this release does not do by itself. */
const BY_PRIORITY = ["matching.useNewMatcher=true"];

/**
 * And within a priority in turns between workspaces. Several partitions of a queue each have an order of their own, so there
 * is one. What an older history has waiting in other partitions or without turns may never be read by this release, so a
 * history is begun with both or goes without.
 */
const IN_TURNS = [
  "matching.enableFairness=true",
  "matching.numTaskqueueReadPartitions=1",
  "matching.numTaskqueueWritePartitions=1",
];

const asArguments = (settings: readonly string[]) => settings.flatMap((one) => ["--dynamic-config-value", one]);

/** Beside the history: it was begun in turns. */
function givesTurns(folder: string, ephemeral: boolean): boolean {
  const [history, note] = ["history.db", "in-turns"].map((name) => join(folder, "temporal", name));
  if (ephemeral || history === undefined || note === undefined) return true;
  if (!existsSync(history)) writeFileSync(note, "", { mode: 0o600 });
  return existsSync(note);
}

export interface TemporalOptions {
  /** The `temporal` program; see `findTemporal`. */
  program: string;
  /** Folder for history, log and process note. Not needed for `ephemeral`. */
  dataDir?: string;
  /** In memory, without the web UI; nothing is left at `stop`. */
  ephemeral?: boolean;
  preferredPort?: number;
  preferredUiPort?: number;
}

export interface RunningTemporal {
  /** host:port for clients and workers; namespace `default`. */
  address: string;
  /** Of the web UI; null when ephemeral. */
  uiUrl: string | null;
  readonly pid: number;
  stop(): Promise<void>;
  /** Stops and starts the server on the same ports and history. */
  restart(): Promise<void>;
}

/** Starts the server and waits until its namespace answers. @throws StackError with what the server said */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const { dataDir } = options;
  if (dataDir === undefined && options.ephemeral !== true) {
    throw new TypeError("startTemporal needs a dataDir unless ephemeral.");
  }
  const folder =
    options.ephemeral === true || dataDir === undefined ? mkdtempSync(join(tmpdir(), "tributary-temporal-")) : dataDir;
  const ephemeral = folder !== dataDir;
  const removeFiles = () => {
    if (ephemeral) rmSync(folder, { recursive: true, force: true });
  };
  const launch = { program: options.program, folder, ephemeral };
  try {
    const first = await startOnFreePorts(launch, options);
    return handleOf(launch, first.ports, first.server, removeFiles);
  } catch (error) {
    removeFiles();
    throw error;
  }
}

interface Launch {
  program: string;
  folder: string;
  ephemeral: boolean;
}

interface Ports {
  port: number;
  uiPort: number;
}

function handleOf(launch: Launch, ports: Ports, first: ProcessIdentity, removeFiles: () => void): RunningTemporal {
  let server = first;
  const atExit = () => sendSignal(server.pid, "SIGTERM");
  process.once("exit", atExit);
  const end = () => endProcess(server, { signal: "SIGTERM", graceMs: 10_000, group: true });
  return {
    address: `127.0.0.1:${ports.port}`,
    uiUrl: launch.ephemeral ? null : `http://127.0.0.1:${ports.uiPort}`,
    get pid() {
      return server.pid;
    },
    async stop() {
      process.off("exit", atExit);
      await end();
      forgetProcess(launch.folder, "temporal");
      removeFiles();
    },
    async restart() {
      await end();
      server = await startServer(launch, ports);
    },
  };
}

async function startOnFreePorts(
  launch: Launch,
  { preferredPort, preferredUiPort }: TemporalOptions,
): Promise<{ ports: Ports; server: ProcessIdentity }> {
  for (let attempt = 0; ; attempt++) {
    const ports = {
      port: await findFreePort(attempt === 0 ? preferredPort : 0),
      uiPort: await findFreePort(attempt === 0 ? preferredUiPort : 0),
    };
    try {
      return { ports, server: await startServer(launch, ports) };
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === 4) throw error;
    }
  }
}

async function startServer({ program, folder, ephemeral }: Launch, { port, uiPort }: Ports): Promise<ProcessIdentity> {
  const log = openLogFile(join(folder, "logs", "temporal.log"));
  mkdirSync(join(folder, "temporal"), { recursive: true, mode: 0o700 });
  const child = spawn(
    program,
    [
      "server",
      "start-dev",
      "--ip=127.0.0.1",
      "--ui-ip=127.0.0.1",
      `--port=${port}`,
      "--log-level=error",
      ...(ephemeral
        ? ["--headless"]
        : ["--ui-port", String(uiPort), "--db-filename", join(folder, "temporal", "history.db")]),
      ...asArguments([...SPEED, ...BY_PRIORITY, ...(givesTurns(folder, ephemeral) ? IN_TURNS : [])]),
    ],
    // In a process group of its own, so that Ctrl-C in the terminal does not reach it before the worker.
    { cwd: folder, stdio: ["ignore", log.descriptor, log.descriptor], detached: true },
  );
  log.close();
  const ended = new AbortController();
  child.once("error", (error) => ended.abort(error.message));
  child.once("exit", () => ended.abort("it ended"));
  child.unref();
  // Noted before it answers: a start killed in these seconds leaves a server that the next start must find.
  const identity = child.pid === undefined ? null : noted(folder, child.pid);
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!ended.signal.aborted && performance.now() < deadline) {
    if (identity !== null && (await answers(`127.0.0.1:${port}`))) return identity;
    await sleep(50);
  }
  if (child.pid !== undefined) sendSignal(child.pid, "SIGKILL");
  const said = log.tail();
  if (said.includes("address already in use")) throw new PortTaken("Temporal", [port, uiPort]);
  throw new StackError(
    `Temporal (${program}) did not start: ${ended.signal.aborted ? ended.signal.reason : "no answer in time"}. ${said}`,
  );
}

/** Without a note nobody would ever end it if we were killed: rather no server at all. */
function noted(folder: string, pid: number): ProcessIdentity | null {
  try {
    return noteProcess(folder, "temporal", pid);
  } catch (error) {
    sendSignal(pid, "SIGKILL");
    throw new StackError(`Temporal could not be recorded in ${folder}: ${reasonOf(error)}`);
  }
}

async function answers(address: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: "2 seconds" });
    await connection.workflowService.describeNamespace({ namespace: "default" });
    return true;
  } catch {
    return false; // Not yet: the port is closed, or the namespace is still being made.
  } finally {
    await connection?.close();
  }
}
