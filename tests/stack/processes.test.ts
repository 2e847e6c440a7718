import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endLeftovers, noteProcess } from "#stack/leftovers.ts";
import { createSupervisor, type Supervisor } from "#stack/processes.ts";
import { findProcess, sendSignal } from "#stack/process-identity.ts";

let folder: string;
let supervisor: Supervisor;
let lines: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tributary-processes-"));
  lines = [];
  supervisor = createSupervisor({ dataDir: folder, log: (line) => lines.push(line) });
});
afterEach(async () => {
  await supervisor.stopAll();
  rmSync(folder, { recursive: true, force: true });
});

function script(text: string): { script: string } {
  const file = join(folder, "program.ts");
  writeFileSync(file, text);
  return { script: file };
}
const saysReady = { onLine: (line: string) => line === "ready" };
const STAYS = 'console.log("ready"); setInterval(() => {}, 1000);';

async function eventually<T>(read: () => T | null | undefined | false): Promise<T> {
  for (let i = 0; i < 400; i++) {
    const value = read();
    if (value !== null && value !== undefined && value !== false) return value;
    await sleep(25);
  }
  throw new Error("It did not come about.");
}

describe("a supervised process", () => {
  it("is started again when it is killed, and the output says so", async () => {
    const worker = await supervisor.start({ name: "worker", run: script(STAYS), ...saysReady });
    const first = worker.pid;
    if (first === null) throw new Error("It does not run.");
    sendSignal(first, "SIGKILL");
    const second = await eventually(() => worker.pid !== first && worker.pid);
    expect(findProcess(second)).not.toBe(null);
    await eventually(() => lines.includes("The worker runs again"));
    expect(lines[0]).toBe("The worker ended (signal SIGKILL); starting it again in 0.25 s");
    expect(worker.restarts).toBe(1);
  });

  it("is not left over, nor given up, where it cannot be recorded, as on a full disk", async () => {
    // A file in the place of the notes' folder: nothing can be written there, not even by root.
    const notes = join(folder, "processes");
    writeFileSync(notes, "");
    const pids = join(folder, "pids");
    const tells = `import { appendFileSync } from "node:fs"; appendFileSync(${JSON.stringify(pids)}, process.pid + "\\n"); ${STAYS}`;
    await expect(supervisor.start({ name: "worker", run: script(tells), ...saysReady })).rejects.toThrow(
      "The worker could not be recorded in",
    );
    rmSync(notes);
    const other = await supervisor.start({ name: "other", run: script(tells), ...saysReady });
    rmSync(notes, { recursive: true });
    writeFileSync(notes, "");
    sendSignal(other.pid ?? 0, "SIGKILL");
    await eventually(() => lines.some((line) => line.startsWith("The other could not be started: ")));
    rmSync(notes);
    await eventually(() => lines.includes("The other runs again"));
    const running = readFileSync(pids, "utf8").trim().split("\n").map(Number);
    expect(running.filter((pid) => findProcess(pid) !== null)).toEqual([other.pid]);
  });

  it("is followed at once by another one when it is restarted, however often", async () => {
    const worker = await supervisor.start({ name: "worker", run: script(STAYS), ...saysReady });
    for (let restarts = 1; restarts <= 3; restarts++) {
      await supervisor.restart("worker");
      await eventually(() => worker.restarts === restarts && worker.pid !== null);
      await eventually(() => lines.filter((line) => line === "The worker runs again").length === restarts);
      const pauses = lines.filter((line) => line.includes("starting it again in"));
      expect(pauses).toHaveLength(restarts);
      expect(pauses.at(-1)).toMatch(/starting it again in 0\.25 s$/);
    }
  });

  it("waits longer each time when it keeps dying", async () => {
    const file = join(folder, "starts");
    const dies = `import { appendFileSync } from "node:fs"; appendFileSync(${JSON.stringify(file)}, "x"); console.log("ready"); setTimeout(() => process.exit(4), 20);`;
    await supervisor.start({ name: "worker", run: script(dies), ...saysReady });
    await eventually(() => readFileSync(file, "utf8").length >= 3);
    const pauses = lines.flatMap((line) => /again in ([\d.]+) s/.exec(line)?.[1] ?? []);
    expect(pauses.slice(0, 2)).toEqual(["0.25", "0.5"]);
  });

  it("that never gets ready fails the start with what it wrote last", async () => {
    const run = script('console.error("no such table"); process.exit(3);');
    await expect(supervisor.start({ name: "worker", run, ...saysReady })).rejects.toThrow(
      /The worker did not start \(exit code 3\).*no such table/s,
    );
  });

  it("that hangs at its start is given up and ended", async () => {
    const run = script("setInterval(() => {}, 1000);");
    const plan = { name: "worker", run, ...saysReady, readyWithinMs: 300 };
    await expect(supervisor.start(plan)).rejects.toThrow(/not ready within 0.3 s/);
  });

  it("goes with everything it started itself", async () => {
    const child = join(folder, "child");
    const run = script(
      `import { spawn } from "node:child_process"; import { writeFileSync } from "node:fs";
       const child = spawn("sleep", ["60"]); writeFileSync(${JSON.stringify(child)}, String(child.pid)); ${STAYS}`,
    );
    await supervisor.start({ name: "worker", run, ...saysReady });
    const pid = Number(readFileSync(child, "utf8"));
    expect(findProcess(pid)).not.toBe(null);
    await supervisor.stopAll();
    await eventually(() => findProcess(pid) === null);
  });

  it("is killed when it does not end in its time", async () => {
    const run = script(`process.on("SIGTERM", () => {}); ${STAYS}`);
    const worker = await supervisor.start({ name: "worker", run, ...saysReady, graceMs: 200 });
    const pid = worker.pid ?? 0;
    await supervisor.stopAll();
    expect(findProcess(pid)).toBe(null);
  });
});

describe("what a killed start left running", () => {
  it("is ended by the next start", async () => {
    const left = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
    const identity = noteProcess(folder, "worker", left.pid ?? 0);
    if (identity === null) throw new Error("It does not run.");
    await endLeftovers(folder, (line) => lines.push(line));
    expect(findProcess(identity.pid)).toBe(null);
    expect(lines).toEqual([`Ending the worker of an interrupted start (process ${identity.pid})`]);
  });

  it("is never a stranger that got the same process id", async () => {
    const stranger = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
    const identity = noteProcess(folder, "worker", stranger.pid ?? 0);
    writeFileSync(join(folder, "processes", "worker.json"), JSON.stringify({ ...identity, startedAt: "earlier" }));
    await endLeftovers(folder, (line) => lines.push(line));
    expect(findProcess(stranger.pid ?? 0)).not.toBe(null);
    expect(lines).toEqual([]);
    stranger.kill("SIGKILL");
  });
});
