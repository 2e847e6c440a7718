/** Lines of shell as an operator types them: one after the other, some in terminals of their own. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Processes get so long to end by themselves. */
const GRACE_MS = 20_000;

export interface Line {
  code: number | null;
  out: string;
  err: string;
}

export interface Background {
  /** All that it has said so far. */
  said(): string;
  /** Ends it and what it started. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

export interface Terminal {
  /** To its end; an `export` holds for the lines after it. */
  run(line: string): Promise<Line>;
  /** The same of a line that has to succeed. @returns what it printed */
  done(line: string): Promise<string>;
  /** In a terminal of its own, resolved once it has said `ready`. */
  begin(line: string, ready: string): Promise<Background>;
  set(name: string, value: string): void;
  /** Ends what still runs, newest first. */
  close(): Promise<void>;
}

/** @param cwd the project's folder */
export function openTerminal(cwd: string, environment: Record<string, string> = {}): Terminal {
  // Nothing else of the tests' own environment: it may name another database.
  const { PATH = "", HOME = "" } = process.env;
  let env: Record<string, string> = {
    ...{
      HOME,
      PATH: `${dirname(process.execPath)}${delimiter}${PATH}`,
      NODE_OPTIONS: "--disable-warning=ExperimentalWarning",
    },
    ...environment,
  };
  const running = new Set<ChildProcess>();
  // A group of its own, so that what npm or npx started ends with it.
  const start = (line: string) => {
    const child = spawn("sh", ["-c", line], { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said.err += text));
    const atExit = () => signalGroup(child, "SIGKILL");
    process.once("exit", atExit);
    running.add(child);
    child.once("close", () => {
      process.off("exit", atExit);
      running.delete(child);
    });
    return { child, said };
  };
  const run = async (line: string): Promise<Line> => {
    const exporting = line.startsWith("export ");
    const { child, said } = start(exporting ? `${line}\nenv -0` : line);
    const [code] = (await once(child, "close")) as [number | null];
    if (!exporting) return { code, ...said };
    env = Object.fromEntries(said.out.split("\0").flatMap((pair) => (pair.includes("=") ? [parted(pair)] : [])));
    return { code, out: "", err: said.err };
  };
  return {
    run,
    async done(line) {
      const { code, out, err } = await run(line);
      if (code === 0) return out;
      throw new Error(`${line} ended with ${code}: ${out}${err}`);
    },
    async begin(line, ready) {
      const { child, said } = start(`exec ${line}`);
      const background = { said: () => said.out + said.err, end: (signal: NodeJS.Signals) => endGroup(child, signal) };
      while (!background.said().includes(ready)) {
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(`${line} ended without saying ${ready}: ${background.said().slice(-4_000)}`);
        }
        await sleep(20);
      }
      return background;
    },
    set(name, value) {
      env = { ...env, [name]: value };
    },
    async close() {
      for (const child of [...running].toReversed()) await endGroup(child, "SIGTERM");
    },
  };
}

const parted = (pair: string): [string, string] => [
  pair.slice(0, pair.indexOf("=")),
  pair.slice(pair.indexOf("=") + 1),
];

async function endGroup(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  signalGroup(child, signal);
  const late = setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MS);
  await closed;
  clearTimeout(late);
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // It has ended.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
