/** The worker as a process of its own, as it runs in production, so that a test can kill it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../workflows/worker.ts", import.meta.url));
const READY_WITHIN_MS = 60_000;

export interface WorkerProcess {
  /** Rejects with its last words should it end by itself. */
  readonly died: Promise<never>;
  /** Everything it has logged so far. */
  output(): string;
  /** SIGKILL: no goodbye to Temporal, no rollback, nothing. */
  kill(): Promise<void>;
  /** SIGTERM: ends what it is doing first. */
  stop(): Promise<void>;
}

/** Resolves when it asks for work. `environment` is all it sees: DATABASE_URL, TEMPORAL_ADDRESS, TRIBUTARY_KEY, LOG_LEVEL. */
export async function startWorkerProcess(environment: Record<string, string>): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [PROGRAM], {
    env: { LOG_LEVEL: "info", ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const atExit = () => child.kill("SIGKILL");
  process.once("exit", atExit);
  const ended = once(child, "close").then(() => process.off("exit", atExit));
  let asked = false;
  const died = new Promise<never>((_, reject) => {
    child.once("close", () => {
      if (!asked) reject(new Error(`The worker ended by itself; it said: ${output.slice(-4_000)}`));
    });
  });
  // Observed by who waits for it.
  died.catch(() => undefined);
  const end = async (signal: NodeJS.Signals) => {
    asked = true;
    child.kill(signal);
    await ended;
  };
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!output.includes('"worker ready"')) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await end("SIGKILL");
      throw new Error(`The worker did not become ready; it said: ${output.slice(-2_000)}`);
    }
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
  return {
    died,
    output: () => output,
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}
