/** What the worker process does, from its configuration to its end. */
import { Runtime, makeTelemetryFilterString } from "@temporalio/worker";
import { loadConfig, orEnd } from "#config.ts";
import { createLogger } from "#logger.ts";
import { keepWatch } from "./alerts/watch.ts";
import { refuseUnboundRole } from "./bound-role.ts";
import { bundleWorkflows } from "./bundle.ts";
import { openEngine } from "./client.ts";
import { connectWorker } from "./connect.ts";
import { createDependencies } from "./create-dependencies.ts";
import { earlierRelease } from "./earlier-release.ts";
import { refuseWrongKey } from "./master-key.ts";
import { keepSchedules } from "./schedules.ts";
import { keepSignedIn } from "./sign-ins/keep.ts";
import { startTelemetry } from "./telemetry/start.ts";
import { temporalLogger } from "./temporal-logger.ts";
import { createWorkers } from "./workers.ts";

const config = await orEnd(() => loadConfig());
const { masterKeys, temporal } = config;
const log = createLogger({ name: "worker", level: config.logLevel });
const telemetry = await orEnd(() => startTelemetry(process.env));
Runtime.install({
  logger: temporalLogger(log),
  telemetryOptions: {
    logging: { filter: makeTelemetryFilterString({ core: "WARN" }), forward: {} },
    ...(telemetry.temporalMetrics === undefined ? {} : { metrics: telemetry.temporalMetrics }),
  },
});
const { dependencies, database, close } = createDependencies(config, log, telemetry.telemetry);
await orEnd(() => refuseUnboundRole(database));
await orEnd(() => refuseWrongKey(dependencies, masterKeys));
const { installationId: installation } = await dependencies.installation.get();
const workflowBundle = await bundleWorkflows({ traced: telemetry.traced });
const connection = await orEnd(() => connectWorker(temporal));
const engine = await openEngine(temporal, masterKeys, installation);
const earlier = await earlierRelease(engine.client);
if (earlier.isLeft) log.info("release 0.1.0 left workflows under way: they are carried to their end");
const deps = earlier.isLeft ? { ...dependencies, isRefreshingSinceEarlier: earlier.isRefreshing } : dependencies;
const parts = { connection, namespace: temporal.namespace, dependencies: deps, masterKeys, workflowBundle, telemetry };
const workers = [
  ...(await createWorkers({ ...parts, installation })),
  // What began then waits for nothing of then: a refresh would wait for itself.
  ...(earlier.isLeft ? await createWorkers({ ...parts, dependencies, installation: undefined }) : []),
];
const schedules = keepSchedules(engine.client, dependencies);
const signIns = keepSignedIn(dependencies);
const watch = keepWatch(config, dependencies);
log.info({ queues: workers.map((worker) => worker.options.taskQueue) }, "worker ready");
try {
  await Promise.all(workers.map((worker) => worker.run()));
} finally {
  await schedules.stop();
  await signIns.stop();
  await watch.stop();
  await engine.close();
  await connection.close();
  await close();
  await telemetry.stop();
}
