/** The workers of one process: the engine's queue runs workflows and database work, each vendor's queue its calls. */
import { setFlagsFromString } from "node:v8";
import { Worker } from "@temporalio/worker";
import type { NativeConnection, WorkerOptions } from "@temporalio/worker";
import { connectors } from "#connectors/registry.ts";
import type { InstallationId } from "#profile/ids.ts";
import type { MasterKeys } from "#profile/store/credentials.ts";
import { createActivities } from "./activities.ts";
import type { WorkflowBundle } from "./bundle.ts";
import { dataConverter } from "./data-converter.ts";
import type { Dependencies } from "./dependencies.ts";
import { MOST_STEPS, takingPart } from "./giving-way.ts";
import { BEAT_THROTTLE, beating } from "./heartbeat.ts";
import { namingRun } from "./telemetry/activity-log-fields.ts";
import { namesOf } from "./names.ts";
import { storingCallTimes } from "./telemetry/call-times.ts";
import type { WorkerTelemetry } from "./telemetry/start.ts";

/**
 * A workflow whose history today's code cannot follow would wait for code that never comes back. Ended, it is begun anew
 * from what Postgres holds: by the next refresh, by a person's retry (docs/decisions/019).
 */
const ENDS_A_WORKFLOW = { "*": ["NondeterminismError"] };

export interface WorkersInput {
  connection: NativeConnection;
  namespace: string;
  /** Whose work is asked for; undefined: what release 0.1.0 has begun. */
  installation: InstallationId | undefined;
  dependencies: Dependencies;
  masterKeys: MasterKeys;
  workflowBundle: WorkflowBundle;
  /** Left out: nobody listens. */
  telemetry?: Pick<WorkerTelemetry, "activityInterceptors" | "sinks">;
}

/**
 * The thread that runs workflows would get a young generation as large as this thread's, three times 32 MB as `npm start`
 * and compose have it, and needs next to none. A thread takes its size from the flags as they are when it begins.
 */
function beginThreadsSmall(): void {
  setFlagsFromString("--min-semi-space-size=1");
  setFlagsFromString("--max-semi-space-size=4");
}

export async function createWorkers(input: WorkersInput): Promise<Worker[]> {
  const { connection, namespace, workflowBundle } = input;
  const shared: Omit<WorkerOptions, "taskQueue"> = {
    ...{ connection, namespace, activities: createActivities(input.dependencies) },
    dataConverter: dataConverter(input.masterKeys),
    maxConcurrentActivityTaskExecutions: MOST_STEPS,
    shutdownGraceTime: "10 seconds",
    maxHeartbeatThrottleInterval: BEAT_THROTTLE,
    interceptors: {
      activity: [
        storingCallTimes(input.dependencies.callTimes),
        ...(input.telemetry?.activityInterceptors ?? []),
        namingRun,
        beating,
        takingPart(input.dependencies.givingWay),
      ],
    },
    ...(input.telemetry?.sinks === undefined ? {} : { sinks: input.telemetry.sinks }),
  };
  const { engineQueue, vendorQueue } = namesOf(input.installation);
  beginThreadsSmall();
  return Promise.all([
    Worker.create({ ...shared, taskQueue: engineQueue, workflowBundle, workflowFailureErrorTypes: ENDS_A_WORKFLOW }),
    ...connectors.map((connector) => Worker.create({ ...shared, taskQueue: vendorQueue(connector.id) })),
  ]);
}
