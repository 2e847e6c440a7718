/** A Postgres data directory of our own: made whole or not at all, owned by the right user, freed of dead servers. */
import { spawnSync } from "node:child_process";
import { randomBytes, createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { StackError } from "../stack-error.ts";
import { canEnter, choosePostgresUser, findPostgresPrograms, reachablePath, type PostgresUser } from "./user.ts";
import { endProcess, findProcess } from "../process-identity.ts";
import type { Log } from "../log.ts";

export interface Cluster {
  /** Postgres' own data directory. */
  folder: string;
  /** Folder of `initdb` and `postgres`. */
  programs: string;
  user: PostgresUser;
  /** Of the superuser `postgres`. */
  password: string;
}

/**
 * Makes the cluster below `dataDir`, or finds the one an earlier start made.
 *
 * Layout: `postgres/cluster` (Postgres' files), `postgres-password`; `postgres-location` names the folder that stands
 * in for `postgres/` where Postgres' user cannot reach `dataDir` (see user.ts).
 *
 * @throws StackError when the files belong to somebody else
 */
export function prepareCluster(dataDir: string, { durable, log }: { durable: boolean; log: Log }): Cluster {
  const home = findHome(dataDir, choosePostgresUser());
  const folder = join(home.folder, "cluster");
  const user = ownerOf(folder) ?? home.user;
  const cluster = { folder, programs: findPostgresPrograms(user), user, password: readOrMakePassword(dataDir) };
  // What an interrupted `initdb` left behind; we hold the data directory's lock, so nobody is at work in there.
  for (const name of readdirSync(home.folder)) {
    if (name !== "cluster") rmSync(join(home.folder, name), { recursive: true, force: true });
  }
  if (!existsSync(folder)) {
    log("Postgres: making the database files");
    initialise(cluster, home.folder, durable);
  }
  return cluster;
}

/** Where the cluster of this data directory is, or would be unless it has to stand elsewhere. */
export function clusterFolderOf(dataDir: string): string {
  const pointer = join(dataDir, "postgres-location");
  return join(existsSync(pointer) ? readFileSync(pointer, "utf8").trim() : join(dataDir, "postgres"), "cluster");
}

/** Removes the folder that stands in for `postgres/` where there is one, and nothing that we did not make. */
export function removeOutsideHome(dataDir: string): void {
  const pointer = join(dataDir, "postgres-location");
  if (!existsSync(pointer)) return;
  const outside = outsideHome(dataDir);
  if (readFileSync(pointer, "utf8").trim() === outside) rmSync(outside, { recursive: true, force: true });
}

function outsideHome(dataDir: string): string {
  return reachablePath("data", createHash("sha256").update(dataDir).digest("hex").slice(0, 16));
}

function findHome(dataDir: string, user: PostgresUser): { folder: string; user: PostgresUser } {
  const pointer = join(dataDir, "postgres-location");
  if (existsSync(pointer)) {
    const folder = readFileSync(pointer, "utf8").trim();
    makeHome(folder, user);
    return { folder, user };
  }
  const inside = join(dataDir, "postgres");
  makeHome(inside, user);
  if (canEnter(user, inside)) return { folder: inside, user };
  const outside = outsideHome(dataDir);
  makeHome(outside, user);
  if (!canEnter(user, outside)) {
    throw new StackError(`Postgres' user can enter neither ${dataDir} nor ${outside}: choose another --data-dir.`);
  }
  writeFileSync(pointer, `${outside}\n`, { mode: 0o600 });
  return { folder: outside, user };
}

function makeHome(folder: string, user: PostgresUser): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user !== null && statSync(folder).uid === 0) chownSync(folder, user.uid, user.gid);
}

/** An existing cluster is run by whoever made it: Postgres insists on owning its files. */
function ownerOf(folder: string): PostgresUser {
  if (!existsSync(folder) || process.getuid === undefined) return null;
  const { uid, gid } = statSync(folder);
  if (process.getuid() === 0) return { uid, gid };
  if (uid === process.getuid()) return null;
  throw new StackError(
    `The database files in ${folder} belong to another user: start as that user, or with --data-dir.`,
  );
}

function readOrMakePassword(dataDir: string): string {
  const file = join(dataDir, "postgres-password");
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600 });
  return readFileSync(file, "utf8").trim();
}

function initialise({ folder, programs, user, password }: Cluster, home: string, durable: boolean): void {
  const unfinished = join(home, "unfinished");
  const passwordFile = join(home, "password");
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user !== null) chownSync(passwordFile, user.uid, user.gid);
  const { status, stderr, error } = spawnSync(
    join(programs, "initdb"),
    [
      `--pgdata=${unfinished}`,
      "--username=postgres",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      // The same order of text on every operating system, independent of the locales installed.
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C",
      ...(durable ? [] : ["--no-sync"]),
    ],
    { ...user, cwd: home, encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] },
  );
  rmSync(passwordFile, { force: true });
  if (status !== 0) throw new StackError(`Postgres could not make its files: ${(error?.message ?? stderr).trim()}`);
  // The rename is what makes the cluster exist: killed before it, the next start begins anew.
  renameSync(unfinished, folder);
}

/**
 * Ends a server that an interrupted start left running on this cluster, and removes the note of one that is dead.
 *
 * Postgres itself refuses to start when the id in `postmaster.pid` belongs to any process; after a kill -9 that is
 * often somebody else's. Only a process that is a Postgres on exactly this folder is touched.
 */
export async function endLeftoverServer(folder: string, log: Log): Promise<void> {
  const note = join(folder, "postmaster.pid");
  if (!existsSync(note)) return;
  const pid = Number.parseInt(readFileSync(note, "utf8"), 10);
  const found = Number.isInteger(pid) && pid > 0 ? findProcess(pid) : null;
  if (found !== null && isServerOf(found.command, folder)) {
    log(`Postgres: ending the server of an interrupted start (process ${pid})`);
    await endProcess(found, { signal: "SIGINT", graceMs: 15_000 });
  }
  rmSync(note, { force: true });
}

function isServerOf(command: string, folder: string): boolean {
  return /postgres(\.exe)?"? /.test(command) && command.includes(`-D ${folder}`);
}

/** Lets other users pass through, not look inside; so that Postgres' user reaches its folder below. */
export function allowPassage(folder: string): void {
  if (process.getuid?.() === 0) chmodSync(folder, statSync(folder).mode | 0o111);
}
