/** The console as a process of its own, as `npm run console` runs it. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../console/server/main.ts", import.meta.url));

/** Resolves when it listens, on a free port. */
export async function startConsole(environment: Record<string, string>): Promise<{ url: string; stop(): void }> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM], {
    env: { ...process.env, ...environment, PORT: "0", LOG_LEVEL: "error" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { port } = JSON.parse(line) as { port?: number };
    if (port !== undefined) return { url: `http://127.0.0.1:${port}`, stop: () => void child.kill() };
  }
  throw new Error("The console did not start.");
}
