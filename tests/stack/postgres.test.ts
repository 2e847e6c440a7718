import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { emptyDataDir } from "#stack/data-dir.ts";
import { startPostgres, type RunningPostgres } from "#stack/postgres/server.ts";
import { canEnter } from "#stack/postgres/user.ts";
import { findProcess, sendSignal, waitForEnd } from "#stack/process-identity.ts";

let dataDir: string;
const ends: (() => Promise<unknown> | void)[] = [];
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), "tributary-pg-test-"))));
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  emptyDataDir(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startPostgres>[0] = { dataDir }): Promise<RunningPostgres> {
  const postgres = await startPostgres(options);
  ends.push(() => postgres.stop());
  return postgres;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

/** Another process that holds a Postgres on the data directory, as another user where asked. */
async function holdElsewhere(
  as: { uid?: number; gid?: number } = {},
): Promise<{ child: ChildProcess; ownerUrl: string; pid: number }> {
  const script = fileURLToPath(new URL("hold-postgres.ts", import.meta.url));
  const child = spawn(process.execPath, [script, dataDir], { ...as, stdio: ["ignore", "pipe", "inherit"] });
  ends.push(() => void child.kill("SIGKILL"));
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return { child, ...z.object({ ownerUrl: z.string(), pid: z.number() }).parse(JSON.parse(String(line))) };
}

const isRoot = process.getuid?.() === 0;
const nobody = { uid: 65_534, gid: 65_534 };

describe("the embedded Postgres", () => {
  it("keeps what was committed from one start to the next, and the password with it", async () => {
    const first = await startPostgres({ dataDir });
    await query(first.ownerUrl, "CREATE TABLE kept AS SELECT 7 AS n");
    await first.stop();
    const second = await start();
    expect(await query(second.ownerUrl, "SELECT n FROM kept")).toEqual([7]);
    expect(new URL(second.ownerUrl).password).toBe(new URL(first.ownerUrl).password);
  });

  it("commits to the disk before it says so, unless it is for tests only", async () => {
    const durable = await start();
    const ephemeral = await start({ ephemeral: true });
    const sql = "SELECT setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit') ORDER BY name";
    expect(await query(durable.ownerUrl, sql)).toEqual(["on", "on"]);
    expect(await query(ephemeral.ownerUrl, sql)).toEqual(["off", "off"]);
  });

  it("lets nobody in without the password", async () => {
    const { ownerUrl } = await start();
    const url = new URL(ownerUrl);
    url.password = "guess";
    await expect(query(url.href, "SELECT 1")).rejects.toThrow(/password authentication failed/);
    expect(statSync(join(dataDir, "postgres-password")).mode & 0o077).toBe(0);
  });

  it("takes over after a kill -9 of the process that started it: ends the server left behind, loses no commit", async () => {
    const held = await holdElsewhere();
    await query(held.ownerUrl, "CREATE TABLE kept AS SELECT 7 AS n");
    const orphan = findProcess(held.pid);
    held.child.kill("SIGKILL");
    await once(held.child, "exit");
    expect(orphan === null ? null : findProcess(held.pid)).toEqual(orphan);

    const postgres = await start();
    expect(findProcess(held.pid)?.startedAt).not.toBe(orphan?.startedAt);
    expect(await query(postgres.ownerUrl, "SELECT n FROM kept")).toEqual([7]);
  });

  it("recovers after a kill -9 of the server itself", async () => {
    const held = await holdElsewhere();
    await query(held.ownerUrl, "CREATE TABLE kept AS SELECT 7 AS n");
    const server = findProcess(held.pid);
    if (server === null) throw new Error("The server does not run.");
    sendSignal(server.pid, "SIGKILL");
    await waitForEnd(server, 5_000);
    held.child.kill("SIGKILL");
    const postgres = await start();
    expect(await query(postgres.ownerUrl, "SELECT n FROM kept")).toEqual([7]);
  });

  it("leaves a stranger alone whose process id stands in a stale note", async () => {
    const first = await startPostgres({ dataDir });
    await first.stop();
    const stranger = spawn("sleep", ["60"]);
    ends.push(() => void stranger.kill("SIGKILL"));
    writeFileSync(join(dataDir, "postgres", "cluster", "postmaster.pid"), `${stranger.pid}\n`);
    const postgres = await start();
    expect(await query(postgres.ownerUrl, "SELECT 1")).toEqual([1]);
    expect(stranger.exitCode).toBe(null);
    expect(stranger.signalCode).toBe(null);
  });

  it("begins anew when the first start was killed while it made the files", async () => {
    const unfinished = join(dataDir, "postgres", "unfinished");
    mkdirSync(unfinished, { recursive: true });
    writeFileSync(join(unfinished, "PG_VERSION"), "18");
    const postgres = await start();
    expect(await query(postgres.ownerUrl, "SELECT 1")).toEqual([1]);
    expect(existsSync(unfinished)).toBe(false);
  });

  it("restarts on the same port and files", async () => {
    const postgres = await start();
    const before = postgres.pid;
    await query(postgres.ownerUrl, "CREATE TABLE kept AS SELECT 7 AS n");
    await postgres.restart();
    expect(postgres.pid).not.toBe(before);
    expect(await query(postgres.ownerUrl, "SELECT n FROM kept")).toEqual([7]);
  });

  it("takes another port when the preferred one is taken", async () => {
    const first = await start();
    const second = await start({ ephemeral: true, preferredPort: first.port });
    expect(second.port).not.toBe(first.port);
  });

  it("removes an ephemeral cluster at its stop", async () => {
    const postgres = await startPostgres({ ephemeral: true });
    const [folder] = await query(postgres.ownerUrl, "SHOW data_directory");
    expect(existsSync(String(folder))).toBe(true);
    await postgres.stop();
    expect(existsSync(String(folder))).toBe(false);
  });
});

describe("the user it runs as", () => {
  it("is never root", async () => {
    const { pid } = await start();
    const uid = Number(/^Uid:\t(\d+)/m.exec(readStatus(pid))?.[1] ?? process.getuid?.());
    expect(uid).not.toBe(0);
  });

  it("is whoever starts it, when that is an ordinary user", async () => {
    if (!isRoot || !canEnter(nobody, fileURLToPath(new URL(".", import.meta.url)))) {
      // Not as root the other tests show it; and an ordinary user must be able to read the project for this one.
      console.info("Started by an ordinary user already, or the project is in a folder only root can enter.");
      return;
    }
    chownSync(dataDir, nobody.uid, nobody.gid);
    const held = await holdElsewhere(nobody);
    expect(await query(held.ownerUrl, "SELECT 1")).toEqual([1]);
    expect(readStatus(held.pid)).toContain(`Uid:\t${nobody.uid}`);
    const server = findProcess(held.pid);
    held.child.kill("SIGTERM");
    expect(server !== null && (await waitForEnd(server, 10_000))).toBe(true);
  });

  it("gets its files elsewhere when root's folder is closed to it, and --fresh forgets them there too", async () => {
    if (!isRoot) {
      console.info("Only root has a folder that the server's user cannot enter.");
      return;
    }
    const closed = mkdtempSync(join(tmpdir(), "tributary-closed-"));
    ends.push(() => rmSync(closed, { recursive: true, force: true }));
    chmodSync(closed, 0o700);
    const inside = join(closed, "data");
    mkdirSync(inside);
    const postgres = await startPostgres({ dataDir: inside });
    expect(await query(postgres.ownerUrl, "SELECT 1")).toEqual([1]);
    await postgres.stop();
    const elsewhere = readFileSync(join(inside, "postgres-location"), "utf8").trim();
    expect(existsSync(elsewhere)).toBe(true);
    emptyDataDir(inside);
    expect(existsSync(elsewhere)).toBe(false);
  });
});

function readStatus(pid: number): string {
  return process.platform === "linux" ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
}
