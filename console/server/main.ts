/** The console process. */
import { loadConfig, orEnd } from "#config.ts";
import { createLogger } from "#logger.ts";
import { readRejectReasons } from "#profile/store/views/health.ts";
import { createProfileViews } from "#profile/store/views/profile.ts";
import { createReader } from "#profile/store/views/read.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import { listen } from "./listen.ts";
import { createServer } from "./server.ts";

const config = await orEnd(() => loadConfig());
const log = createLogger({ name: "console", level: config.logLevel });
const { dependencies, database, close } = createDependencies(config, log);
const server = createServer({
  stores: {
    ...dependencies,
    views: createProfileViews(database),
    reader: createReader(database),
    rejectReasons: (workspaceId) => readRejectReasons(database, workspaceId),
  },
  log,
  hosts: [config.http.host],
  instance: config.http.instance,
  ping: async () => {
    await database.pool.query("SELECT 1");
  },
});
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    void server.close().then(close);
  });
}
const port = await orEnd(() => listen(server, config.http));
log.info({ port }, "console ready");
// For whoever started it: the port is ours, since we hold it.
process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
