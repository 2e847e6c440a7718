/** A real pgbouncer in transaction mode before the tests' server, where the machine has one. */
import { spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { findFreePort } from "#stack/ports.ts";
import { choosePostgresUser } from "#stack/postgres/user.ts";
import { findProgram } from "./postgres-programs.ts";

export interface Pooler {
  /** The same role and database, through the pooler. */
  through(url: string): string;
  stop(): Promise<void>;
}

/** @param urls of the roles that may pass; all on one server. @returns null, said on the console, without the program */
export async function startPgbouncer(
  urls: readonly string[],
  { poolSize }: { poolSize: number },
): Promise<Pooler | null> {
  const program = findProgram("pgbouncer");
  if (program === null) return null;
  const user = choosePostgresUser();
  const port = await findFreePort(0);
  const folder = mkdtempSync(join(tmpdir(), "tributary-pgbouncer-"));
  const roles = urls.map((url) => new URL(url));
  const quoted = ({ username, password }: URL) =>
    [username, password].map((part) => `"${decodeURIComponent(part)}"`).join(" ");
  const files = {
    "users.txt": roles.map(quoted).join("\n"),
    "pgbouncer.ini": [
      "[databases]",
      `* = host=127.0.0.1 port=${roles[0]?.port ?? ""}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = scram-sha-256",
      `auth_file = ${join(folder, "users.txt")}`,
      "pool_mode = transaction",
      `default_pool_size = ${poolSize}`,
      "server_login_retry = 0",
    ].join("\n"),
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), `${text}\n`, { mode: 0o600 });
    if (user !== null) chownSync(join(folder, name), user.uid, user.gid);
  }
  if (user !== null) chownSync(folder, user.uid, user.gid);
  const child = spawn(program, [join(folder, "pgbouncer.ini")], { ...user, cwd: folder, stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const through = (url: string) => Object.assign(new URL(url), { port: String(port) }).href;
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; !(await answers(through(urls[0] ?? ""))); attempt++) {
    if (attempt < 200) await sleep(50);
    else {
      await stop();
      throw new Error("pgbouncer did not start.");
    }
  }
  return { through, stop };
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
