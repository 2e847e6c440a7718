/** Finds the official Temporal dev server, or gets it: once per machine, kept outside `node_modules`. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { takeLock } from "../lock.ts";
import type { Log } from "../log.ts";
import { StackError } from "../stack-error.ts";
import { startTemporal } from "./server.ts";

const run = promisify(execFile);

/** The newest release that `go install` can build: later ones have `replace` lines in their go.mod. */
const VERSION = "1.5.1";
/** The release's own archives, each with the program in it. Read 2026-11: https://github.com/temporalio/cli/releases */
const DOWNLOAD_URL = `https://github.com/temporalio/cli/releases/download/v${VERSION}`;

/**
 * SHA-256 of the release's archives, by platform. Agreeing in packagings that build from them (Nix expressions by fetchurl
 * hash, Bazel http_archive rules), read 2026-11. A platform that is not here gets no download: Go checks what it builds by
 * its own checksum database, and a program of one's own goes into TEMPORAL_CLI_PATH.
 */
const CHECKSUMS: Readonly<Record<string, string>> = {
  linux_amd64: "ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d",
  linux_arm64: "bd1b0db9f18b051026de8bf6cc1505f2510f14bbb7a8b9a4a91fff46c77454f5",
  darwin_amd64: "bbb73e2a31135abe50a1f1cdb35030c42961df618e8ce9c60ae89f201540c5d9",
  darwin_arm64: "cca01b7ea35ad56e2a328d9ae596bf716bd22313ef63c7a761c88354457c2415",
};
const PLATFORM = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
const PROGRAM = process.platform === "win32" ? "temporal.exe" : "temporal";

export interface TemporalSearch {
  log: Log;
  /** TEMPORAL_CLI_PATH, PATH, TRIBUTARY_CACHE_DIR and XDG_CACHE_HOME are read from here. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Gives up a download or build. */
  signal?: AbortSignal;
  /** Where to download from, and what must come; for tests. */
  downloadUrl?: string;
  checksums?: Readonly<Record<string, string>>;
  /** The Go program; for tests. */
  go?: string;
}

/**
 * The path of a `temporal` program that works: TEMPORAL_CLI_PATH, the PATH, our cache, the official download, or built
 * with Go. What is downloaded or built is started once before it is kept.
 *
 * @throws StackError with one message saying what to do
 */
export async function findTemporal(search: TemporalSearch): Promise<string> {
  const { environment, log } = search;
  const configured = environment["TEMPORAL_CLI_PATH"];
  if (configured !== undefined && configured !== "") {
    if (await isTemporal(configured)) return configured;
    throw new StackError(
      `TEMPORAL_CLI_PATH is ${configured}, which is not a working temporal program: correct or unset it.`,
    );
  }
  const onPath = (environment["PATH"] ?? "").split(delimiter).map((folder) => join(folder, PROGRAM));
  const cacheDir = cacheDirOf(environment);
  const cached = join(cacheDir, `temporal-${VERSION}`, PROGRAM);
  for (const candidate of [...onPath, cached]) if (await isTemporal(candidate)) return candidate;

  mkdirSync(cacheDir, { recursive: true });
  const release = await waitForLock(join(cacheDir, "temporal.lock"), log);
  try {
    if (await isTemporal(cached)) return cached; // The process we waited for made it.
    return await obtain(cached, cacheDir, search);
  } finally {
    release();
  }
}

/** TRIBUTARY_CACHE_DIR, else the operating system's place for files that can be made again. */
export function cacheDirOf(environment: Readonly<Record<string, string | undefined>>): string {
  const { TRIBUTARY_CACHE_DIR: own, XDG_CACHE_HOME: xdg, LOCALAPPDATA: windows } = environment;
  if (own) return own;
  return join(xdg || (process.platform === "win32" && windows) || join(homedir(), ".cache"), "tributary");
}

async function obtain(target: string, cacheDir: string, search: TemporalSearch): Promise<string> {
  const failures: string[] = [];
  for (const [what, get] of [
    ["download", download],
    ["Go build", build],
  ] as const) {
    const folder = mkdtempSync(join(cacheDir, "unfinished-"));
    try {
      const program = await get(folder, search);
      await verifyByStarting(program);
      mkdirSync(join(target, ".."), { recursive: true });
      renameSync(program, target); // Whole or not at all: a killed download or build leaves nothing behind.
      search.log(`Temporal: ready (${what}), kept in ${cacheDir}`);
      return target;
    } catch (error) {
      search.signal?.throwIfAborted();
      const reason = explain(error);
      failures.push(`${what}: ${reason}`);
      search.log(`Temporal: ${what} not possible (${reason})`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  throw new StackError(
    "The Temporal server is missing and could not be obtained. Install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.24 " +
      `or newer, or set TEMPORAL_CLI_PATH to the program or TEMPORAL_ADDRESS to a running server. Tried ${failures.join("; ")}.`,
  );
}

async function download(
  folder: string,
  { log, signal, downloadUrl = DOWNLOAD_URL, checksums = CHECKSUMS }: TemporalSearch,
): Promise<string> {
  const expected = checksums[PLATFORM];
  if (expected === undefined) throw new Error(`no checksum is known for ${PLATFORM}, and nothing unchecked is run`);
  const url = new URL(`${downloadUrl}/temporal_cli_${VERSION}_${PLATFORM}.tar.gz`);
  log(`Temporal: downloading the server ${VERSION}, once, from ${url.host}`);
  const archive = join(folder, "archive");
  // No answer in 5 s means no network for us; Go may still have a way to its modules.
  const answer = await fetchWithin(url, 5_000, signal);
  if (!answer.ok || answer.body === null) throw new Error(`${url.host} answered ${answer.status}`);
  const totalMegabytes = Math.round(Number(answer.headers.get("content-length") ?? 0) / 1e6);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let saidAt = performance.now();
  for await (const chunk of answer.body) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (performance.now() - saidAt > 3_000) {
      saidAt = performance.now();
      log(`Temporal: ${Math.round(bytes / 1e6)} of ${totalMegabytes || "?"} MB`);
    }
  }
  const content = Buffer.concat(chunks);
  const actual = createHash("sha256").update(content).digest("hex");
  if (actual !== expected)
    throw new Error(`what ${url.host} sent is not release ${VERSION}: its checksum is ${actual}`);
  writeFileSync(archive, content);
  await run("tar", ["-xf", archive, "-C", folder]);
  return join(folder, PROGRAM);
}

/** The whole download may take 10 minutes, the first answer only `answerMs`. */
async function fetchWithin(url: URL, answerMs: number, signal = new AbortController().signal): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer from ${url.host} in ${answerMs / 1000} s`)), answerMs);
  try {
    return await fetch(url, { signal: AbortSignal.any([signal, late.signal, AbortSignal.timeout(600_000)]) });
  } finally {
    clearTimeout(timer);
  }
}

async function build(folder: string, { log, environment, signal, go = "go" }: TemporalSearch): Promise<string> {
  const { stdout } = await run(go, ["version"], { env: environment }).catch(() => {
    throw new Error("Go is not installed");
  });
  log(`Temporal: building the server with ${stdout.split(" ")[2] ?? "Go"}, once; takes about 3 minutes on 2 cores`);
  const startedAt = performance.now();
  const timer = setInterval(
    () => log(`Temporal: still building, ${Math.round((performance.now() - startedAt) / 1000)} s`),
    10_000,
  );
  try {
    await run(go, ["install", `github.com/temporalio/cli/cmd/temporal@v${VERSION}`], {
      cwd: folder,
      // GOOS and GOARCH of somebody's cross-compiling shell would put the program elsewhere, or make one that cannot run.
      env: { ...environment, GOBIN: folder, GOFLAGS: "-mod=mod", GOOS: undefined, GOARCH: undefined },
      maxBuffer: 64_000_000,
      timeout: 1_800_000,
      signal,
    });
  } finally {
    clearInterval(timer);
  }
  return join(folder, PROGRAM);
}

async function verifyByStarting(program: string): Promise<void> {
  if (!(await isTemporal(program))) throw new Error("the program does not run");
  const server = await startTemporal({ program, ephemeral: true });
  await server.stop();
}

async function isTemporal(program: string): Promise<boolean> {
  if (!existsSync(program) || !statSync(program).isFile()) return false;
  try {
    const { stdout } = await run(program, ["--version"], { timeout: 20_000 });
    return stdout.startsWith("temporal version");
  } catch {
    return false; // Another program of that name, or one for another machine.
  }
}

async function waitForLock(file: string, log: Log): Promise<() => void> {
  for (let said = false; ; said = true) {
    const lock = takeLock(file);
    if (lock.held) return lock.release;
    if (!said) log(`Temporal: waiting for process ${lock.holder.pid}, which is getting the server`);
    await sleep(500);
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // `fetch failed` says nothing; its cause does.
  const inner = error.cause instanceof Error ? error.cause.message : "";
  return `${error.message}${inner === "" ? "" : `: ${inner}`}`.split("\n").slice(-3).join(" ").slice(0, 400);
}
