/** The worker process: one queue for the engine, one per vendor. Start as many as you like; Temporal spreads the work. */
import { pathToFileURL } from "node:url";
import { NativeConnection, Runtime, Worker, bundleWorkflowCode, makeTelemetryFilterString } from "@temporalio/worker";
import { connectors } from "#connectors/registry.ts";
import { loadConfig } from "#config.ts";
import { createLogger } from "#logger.ts";
import { createActivities } from "./activities.ts";
import { openEngine } from "./client.ts";
import { createDependencies } from "./create-dependencies.ts";
import { dataConverter } from "./data-converter.ts";
import { ENGINE_QUEUE, vendorQueue } from "./names.ts";
import { reconcileSchedules } from "./schedules.ts";

export async function runWorker(): Promise<void> {
  const config = loadConfig();
  const log = createLogger({ name: "worker", level: config.logLevel });
  Runtime.install({
    logger: temporalLogger(log),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: "WARN" }), forward: {} } },
  });
  const { dependencies, close } = createDependencies(config, log);
  const converter = dataConverter(config.masterKeys);
  const connection = await NativeConnection.connect({ address: config.temporal.address });
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: new URL("./index.ts", import.meta.url).pathname,
    ...(converter.failureConverterPath === undefined ? {} : { failureConverterPath: converter.failureConverterPath }),
    logger: temporalLogger(log.child({}, { level: "warn" })),
  });
  const shared = {
    connection,
    namespace: config.temporal.namespace,
    activities: createActivities(dependencies),
    dataConverter: converter,
    shutdownGraceTime: "10 seconds",
  };
  const workers = await Promise.all([
    Worker.create({ ...shared, taskQueue: ENGINE_QUEUE, workflowBundle }),
    ...connectors.map((connector) => Worker.create({ ...shared, taskQueue: vendorQueue(connector.id) })),
  ]);
  const engine = await openEngine(config.temporal, config.masterKeys);
  await reconcileSchedules(engine.client, await dependencies.connections.listWorkspaces());
  await engine.close();
  log.info({ queues: workers.map((worker) => worker.options.taskQueue) }, "worker ready");
  try {
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    await connection.close();
    await close();
  }
}

/** Temporal's own messages go through our logger; their metadata names workflows and activities, never payloads. */
function temporalLogger(log: ReturnType<typeof createLogger>) {
  const at = (level: "trace" | "debug" | "info" | "warn" | "error") => (message: string, meta?: object) =>
    log[level](meta ?? {}, message);
  return {
    log: (level: string, message: string, meta?: object) =>
      at(level === "ERROR" ? "error" : level === "WARN" ? "warn" : "debug")(message, meta),
    trace: at("trace"),
    debug: at("debug"),
    info: at("debug"),
    warn: at("warn"),
    error: at("error"),
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await runWorker();
