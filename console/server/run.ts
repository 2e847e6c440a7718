/** What the console process does, from its configuration to its end. */
import { ConfigError, loadConfig, orEnd } from "#config.ts";
import { createLogger } from "#logger.ts";
import { refuseUnboundRole } from "#workflows/bound-role.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import { keepWatch } from "#workflows/alerts/watch.ts";
import { hostNames } from "./border.ts";
import { listen } from "./listen.ts";
import { createServer } from "./server.ts";
import { serverStores } from "./stores.ts";
import { openWebhooks } from "./webhooks/open.ts";
import { tellTemporal } from "./webhooks/temporal.ts";

const config = await orEnd(() => loadConfig());
const log = createLogger({ name: "console", level: config.logLevel });
const { dependencies, database, close } = createDependencies(config, log);
await orEnd(() =>
  refuseUnboundRole(database).catch((error: unknown) => {
    // A database that is away is what /healthz is for; it may be back before the first request.
    if (error instanceof ConfigError) throw error;
  }),
);
const temporal = tellTemporal(config, dependencies);
const webhooks = openWebhooks(dependencies, {
  ...{ log, publicUrl: config.http.publicUrl, environment: process.env, send: temporal.webhooksArrived },
});
const server = createServer({
  ...serverStores(dependencies, database),
  webhooks: webhooks.routes,
  log,
  hosts: hostNames(config.http),
  instance: config.http.instance,
});
const watch = keepWatch(config, dependencies);
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    void Promise.all([server.close().then(webhooks.close).then(temporal.close), watch.stop()]).then(close);
  });
}
const port = await orEnd(() => listen(server, config.http));
log.info({ port }, "console ready");
// For whoever started it: the port is ours, since we hold it.
process.stdout.write(`${JSON.stringify({ ready: true, port })}\n`);
