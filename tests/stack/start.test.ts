import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { emptyDataDir } from "#stack/data-dir.ts";
import { endLeftovers } from "#stack/leftovers.ts";
import { clusterFolderOf, endLeftoverServer } from "#stack/postgres-cluster.ts";
import { findProcess } from "#stack/process-identity.ts";

let dataDir: string;
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), "tributary-start-test-"));
});
afterAll(async () => {
  await endLeftovers(dataDir, () => undefined);
  await endLeftoverServer(clusterFolderOf(dataDir), () => undefined);
  emptyDataDir(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
});

const script = fileURLToPath(new URL("../../stack/start.ts", import.meta.url));
function start(...options: string[]) {
  const child = spawn(process.execPath, [script, "--data-dir", dataDir, "--customers", "40", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  return { child, lines, output };
}

async function runOnce(): Promise<{ code: unknown; lines: string[] }> {
  const { child, lines } = start("--once");
  const [code] = await once(child, "close");
  return { code, lines };
}

function runningPids(): number[] {
  const note = z.object({ pid: z.number() });
  const folder = join(dataDir, "processes");
  const noted = readdirSync(folder).map((name) => note.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))).pid);
  return [...noted, Number.parseInt(readFileSync(join(clusterFolderOf(dataDir), "postmaster.pid"), "utf8"), 10)];
}

describe("npm start", () => {
  it("keeps running until it is ended, is one per data directory, recovers from a kill -9 and ends all it started", async () => {
    const first = start();
    for await (const line of first.output) if (line.includes("Running; Ctrl-C")) break;
    const left = runningPids();
    expect(left).toHaveLength(5);

    const refused = await runOnce();
    expect(refused.code).toBe(1);
    expect(refused.lines.join("\n")).toContain(`Tributary already runs on ${dataDir} (process ${first.child.pid})`);

    first.child.kill("SIGKILL");
    await once(first.child, "exit");
    expect(left.filter((pid) => findProcess(pid) === null)).toEqual([]);

    const recovered = await runOnce();
    expect(recovered.lines.join("\n")).toContain("Ending the worker of an interrupted start");
    expect(recovered.code).toBe(0);
    expect(left.filter((pid) => findProcess(pid) !== null)).toEqual([]);
    expect(readdirSync(join(dataDir, "processes"))).toEqual([]);
    expect(readdirSync(dataDir)).not.toContain("lock");
  }, 240_000);
});
