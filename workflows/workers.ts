/** The workers of one process: the engine's queue runs workflows and database work, each vendor's queue its calls. */
import { fileURLToPath } from "node:url";
import { Worker, bundleWorkflowCode } from "@temporalio/worker";
import type { NativeConnection, WorkerOptions, WorkflowBundleWithSourceMap } from "@temporalio/worker";
import { connectors } from "#connectors/registry.ts";
import type { MasterKeys } from "#profile/store/credentials.ts";
import type { Logger } from "#logger.ts";
import { createActivities } from "./activities.ts";
import { dataConverter } from "./data-converter.ts";
import type { Dependencies } from "./dependencies.ts";
import { BEAT_THROTTLE, beating } from "./heartbeat.ts";
import { ENGINE_QUEUE, vendorQueue } from "./names.ts";
import { temporalLogger } from "./temporal-logger.ts";

export const WORKFLOWS_PATH = fileURLToPath(new URL("./index.ts", import.meta.url));

export interface WorkersInput {
  connection: NativeConnection;
  namespace: string;
  dependencies: Dependencies;
  masterKeys: MasterKeys;
  workflowBundle: WorkflowBundleWithSourceMap;
}

/** Workflow code as the sandbox loads it; about a second. */
export function bundleWorkflows(masterKeys: MasterKeys, log: Logger): Promise<WorkflowBundleWithSourceMap> {
  const { failureConverterPath } = dataConverter(masterKeys);
  return bundleWorkflowCode({
    workflowsPath: WORKFLOWS_PATH,
    ...(failureConverterPath === undefined ? {} : { failureConverterPath }),
    logger: temporalLogger(log),
  });
}

export async function createWorkers(input: WorkersInput): Promise<Worker[]> {
  const { connection, namespace, workflowBundle } = input;
  const shared: Omit<WorkerOptions, "taskQueue"> = {
    ...{ connection, namespace, activities: createActivities(input.dependencies) },
    dataConverter: dataConverter(input.masterKeys),
    shutdownGraceTime: "10 seconds",
    maxHeartbeatThrottleInterval: BEAT_THROTTLE,
    interceptors: { activity: [beating] },
  };
  return Promise.all([
    Worker.create({ ...shared, taskQueue: ENGINE_QUEUE, workflowBundle }),
    ...connectors.map((connector) => Worker.create({ ...shared, taskQueue: vendorQueue(connector.id) })),
  ]);
}
