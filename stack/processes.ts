/** The stack's own child processes: started, watched, started again when they die, ended together. */
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { forgetProcess, noteProcess } from "./leftovers.ts";
import { openLogFile } from "./log-file.ts";
import type { Log } from "./log.ts";
import { endProcess, type ProcessIdentity } from "./process-identity.ts";
import { reasonOf, StackError } from "./stack-error.ts";

export interface ProcessPlan {
  /** One word; names the log file, the note and the lines in the output. */
  name: string;
  /** A TypeScript file run on this Node, or any program. */
  run: { script: string; flags?: readonly string[] } | { program: string };
  args?: string[];
  environment?: Readonly<Record<string, string | undefined>>;
  /**
   * Given each line of standard output until it says "ready" by returning true. Without it a process counts as ready
   * once `isReady` says so.
   */
  onLine?: (line: string) => boolean;
  /** Asked every 100 ms until it answers true, in place of `onLine`. */
  isReady?: () => Promise<boolean>;
  readyWithinMs?: number;
  /** How long it may take to end when asked; then it is killed. */
  graceMs?: number;
}

export interface SupervisedProcess {
  readonly name: string;
  /** Of the process now running; null between a death and the next start. */
  readonly pid: number | null;
  /** How often it died and was started again. */
  readonly restarts: number;
}

export interface Supervisor {
  /** Starts the process, waits until it is ready, and from then on starts it again whenever it ends. */
  start(plan: ProcessPlan): Promise<SupervisedProcess>;
  /** Ends the process of that name, if it runs; as ever, another one takes its place. */
  restart(name: string): Promise<void>;
  /** Ends every process, the last started first. Later calls wait for the same end. */
  stopAll(): Promise<void>;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
/** A process that ran this long did not die of what killed it before: the next pause is short again. */
const HEALTHY_AFTER_MS = 60_000;

export function createSupervisor({ dataDir, log }: { dataDir: string; log: Log }): Supervisor {
  const started: Supervised[] = [];
  let stopping: Promise<void> | undefined;
  return {
    async start(plan) {
      if (stopping !== undefined) throw new StackError("Stopping.");
      const process = new Supervised(plan, dataDir, log);
      started.push(process);
      await process.startFirst();
      return process;
    },
    async restart(name) {
      await started.find((process) => process.name === name)?.restart();
    },
    stopAll() {
      stopping ??= (async () => {
        for (const process of started.toReversed()) await process.stop();
      })();
      return stopping;
    },
  };
}

interface Running {
  child: ChildProcess;
  identity: ProcessIdentity | null;
  startedAtMs: number;
  /** Resolves with how it ended, in words. */
  ended: Promise<string>;
}

/** One process and its successors. */
class Supervised implements SupervisedProcess {
  restarts = 0;
  readonly name: string;
  readonly #plan: ProcessPlan;
  readonly #dataDir: string;
  readonly #log: Log;
  readonly #stop = new AbortController();
  #running: Running | null = null;
  /** It was ended on purpose: the next one need not wait. */
  #wanted = false;
  #watch: Promise<void> = Promise.resolve();

  constructor(plan: ProcessPlan, dataDir: string, log: Log) {
    this.name = plan.name;
    this.#plan = plan;
    this.#dataDir = dataDir;
    this.#log = log;
  }

  get pid(): number | null {
    return this.#running?.identity?.pid ?? null;
  }

  async startFirst(): Promise<void> {
    const running = this.#spawn();
    await running.ready;
    this.#watch = this.#keepAlive(running);
  }

  async restart(): Promise<void> {
    this.#wanted = this.#running !== null;
    await this.#end();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#end();
    await this.#watch;
    forgetProcess(this.#dataDir, this.name);
  }

  async #end(): Promise<void> {
    const identity = this.#running?.identity ?? null;
    if (identity === null) return;
    await endProcess(identity, { signal: "SIGTERM", graceMs: this.#plan.graceMs ?? 15_000, group: true });
  }

  async #keepAlive(first: Running): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    for (let running: Running | null = first; ;) {
      const how = running === null ? "it could not be started" : await running.ended;
      this.#running = null;
      if (this.#stop.signal.aborted) return;
      const wasHealthy = running !== null && performance.now() - running.startedAtMs > HEALTHY_AFTER_MS;
      pauseMs = wasHealthy || this.#wanted ? FIRST_PAUSE_MS : pauseMs;
      this.#wanted = false;
      this.#log(`The ${this.name} ended (${how}); starting it again in ${pauseMs / 1000} s`);
      if (!(await this.#pause(pauseMs))) return;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      this.restarts++;
      running = this.#startNext();
    }
  }

  /** @returns null when it cannot even be started, as on a full disk: tried again later */
  #startNext(): Running | null {
    try {
      const next = this.#spawn();
      // A successor that never gets ready ends, and its end brings us back to `#keepAlive`.
      next.ready.then(
        () => this.#log(`The ${this.name} runs again`),
        () => undefined,
      );
      return next;
    } catch (error) {
      this.#log(`The ${this.name} could not be started: ${reasonOf(error)}`);
      return null;
    }
  }

  /** @returns false when the stack is stopping meanwhile */
  async #pause(ms: number): Promise<boolean> {
    try {
      await sleep(ms, undefined, { signal: this.#stop.signal });
      return true;
    } catch {
      return false;
    }
  }

  #spawn(): Running & { ready: Promise<void> } {
    const { run, args = [], environment = process.env, onLine } = this.#plan;
    const logFile = openLogFile(join(this.#dataDir, "logs", `${this.name}.log`));
    const [program, first] =
      "script" in run
        ? [process.execPath, ["--disable-warning=ExperimentalWarning", ...(run.flags ?? []), run.script]]
        : [run.program, []];
    const child = spawn(program, [...first, ...args], {
      env: environment,
      // Its own process group: Ctrl-C in the terminal must reach us alone, so that we end everything in order.
      detached: true,
      stdio: ["ignore", onLine === undefined ? logFile.descriptor : "pipe", logFile.descriptor],
    });
    logFile.close();
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
    const identity = child.pid === undefined ? null : this.#note(child, child.pid);
    const running = { child, identity, startedAtMs: performance.now(), ended };
    this.#running = running;
    const lineSaidReady = onLine === undefined ? undefined : this.#followOutput(child, logFile.path, onLine);
    return { ...running, ready: this.#waitUntilReady(running, lineSaidReady, logFile.tail) };
  }

  /** A process without a note would be left over for ever if we were killed: rather none at all. */
  #note(child: ChildProcess, pid: number): ProcessIdentity | null {
    try {
      return noteProcess(this.#dataDir, this.name, pid);
    } catch (error) {
      child.kill("SIGKILL");
      throw new StackError(`The ${this.name} could not be recorded in ${this.#dataDir}: ${reasonOf(error)}`);
    }
  }

  /** Copies standard output to the log file; resolves at the line that says ready. */
  #followOutput(child: ChildProcess, path: string, onLine: (line: string) => boolean): Promise<void> {
    const { stdout } = child;
    if (stdout === null) throw new TypeError("Standard output is not piped.");
    const copy = createWriteStream(path, { flags: "a", mode: 0o600 });
    // A full disk loses lines of a log, nothing else.
    copy.on("error", () => stdout.resume());
    stdout.pipe(copy);
    const lines = createInterface({ input: stdout });
    const ready = Promise.withResolvers<void>();
    const read = (line: string) => {
      try {
        if (!onLine(line)) return;
        ready.resolve();
      } catch (error) {
        ready.reject(error);
      }
      lines.off("line", read);
    };
    lines.on("line", read);
    return ready.promise;
  }

  async #waitUntilReady(running: Running, lineSaidReady: Promise<void> | undefined, tail: () => string): Promise<void> {
    const { readyWithinMs = 60_000, isReady = () => Promise.resolve(true) } = this.#plan;
    const late = new AbortController();
    const timeLimit = AbortSignal.any([late.signal, this.#stop.signal]);
    const timeout = sleep(readyWithinMs, "timeout" as const, { signal: timeLimit }).catch(() => "stopping" as const);
    const asked = lineSaidReady ?? this.#ask(isReady, timeLimit);
    try {
      const outcome = await Promise.race([asked.then(() => "ready" as const), running.ended, timeout]);
      if (outcome === "ready") return;
      const why =
        outcome === "timeout" ? `was not ready within ${readyWithinMs / 1000} s` : `did not start (${outcome})`;
      if (running.identity !== null) {
        await endProcess(running.identity, { signal: "SIGTERM", graceMs: 2_000, group: true });
      }
      throw new StackError(`The ${this.name} ${why}. ${tail()}`);
    } finally {
      late.abort();
    }
  }

  async #ask(isReady: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await isReady())) await sleep(100);
  }
}
