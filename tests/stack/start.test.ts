import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { stackState } from "#config.ts";
import { emptyDataDir } from "#stack/data-dir.ts";
import { endLeftovers } from "#stack/leftovers.ts";
import { clusterFolderOf, endLeftoverServer } from "#stack/postgres/cluster.ts";
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
  return [...noted, postmasterPid()];
}

const postmasterPid = () => Number.parseInt(readFileSync(join(clusterFolderOf(dataDir), "postmaster.pid"), "utf8"), 10);

/**
 * Somebody else's console on the port, which answers as ours would. A test beside this one may have the port and give it
 * back; null where whoever has it keeps it.
 */
async function occupy(port: number): Promise<Server | null> {
  for (const until = Date.now() + 90_000; Date.now() < until; await sleep(100)) {
    const server = createServer((_request, reply) => void reply.end('{"ok":true}'));
    const listening = new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (await listening) return server;
  }
  return null;
}

describe("npm start", () => {
  it("keeps running until it is ended, whatever has its port and whatever ends its database; is one per data directory, recovers from a kill -9 and ends all it started", async () => {
    const strange = await occupy(4_080);
    const first = start();
    let killed = false;
    for await (const line of first.output) {
      // In the middle of the first run.
      if (!killed && line.includes("sync ")) process.kill(postmasterPid(), "SIGKILL");
      killed ||= line.includes("sync ");
      if (line.includes("Running; Ctrl-C")) break;
    }
    expect(first.lines.join("\n")).toContain("Postgres ended; starting it again");
    expect(first.lines.join("\n")).toContain("Postgres runs again");
    expect(first.lines.join("\n")).toContain(
      "Signed in at HubSpot, Klaviyo, Stripe, Google Analytics 4, Google Ads through their consent pages (OAuth)",
    );
    const left = runningPids();
    expect(left).toHaveLength(5);
    const { consoleUrl } = stackState.parse(JSON.parse(readFileSync(join(dataDir, "stack.json"), "utf8")));
    expect(consoleUrl).not.toBe("http://127.0.0.1:4080");
    expect(await (await fetch(`${consoleUrl}/healthz`)).json()).toMatchObject({
      ok: true,
      instance: expect.any(String),
    });
    strange?.close();

    const refused = await runOnce();
    expect(refused.code).toBe(1);
    expect(refused.lines.join("\n")).toContain(
      `Tributary is already running in ${dataDir} (process ${first.child.pid})`,
    );

    first.child.kill("SIGKILL");
    await once(first.child, "exit");
    expect(left.filter((pid) => findProcess(pid) === null)).toEqual([]);

    const recovered = await runOnce();
    expect(recovered.lines.join("\n")).toContain("Ending the worker of an interrupted start");
    expect(recovered.code).toBe(0);
    // The tokens of the first start are good still.
    expect(recovered.lines.join("\n")).not.toContain("Signed in at");
    const graded = recovered.lines.join("\n");
    expect(graded).toMatch(/Against consent: messages to send +0 of \d+ profiles\n/);
    expect(graded).toMatch(/Fields shown by Klaviyo +(\d+) of \1 records right/);
    expect(graded).toMatch(/Read of Google Ads +all \d+ clicks, all \d+ spend\n/);
    expect(left.filter((pid) => findProcess(pid) !== null)).toEqual([]);
    expect(readdirSync(join(dataDir, "processes"))).toEqual([]);
    expect(readdirSync(dataDir)).not.toContain("lock");
  });
});
