/** The command line as a person runs it: a process of its own. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../console/cli/main.ts", import.meta.url));

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** @param environment all it sees */
export function runCli(environment: Record<string, string>, args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM, ...args], {
      env: { TZ: "America/New_York", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended: Ended = { code: null, out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (ended.out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (ended.err += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ ...ended, code }));
  });
}
