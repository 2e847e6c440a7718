import type { Logger as TemporalLogger, LogLevel } from "@temporalio/worker";
import type { Logger } from "#logger.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { runIdOf } from "#profile/ids.ts";

/** Written before Temporal shows the input to anybody: telemetry/run-fields.ts has lines that name the run in their place. */
const TOLD_BY_US = new Set(["Workflow started", "Activity started"]);

/** Temporal's own messages in our log, one level quieter; their metadata names workflows and activities, never payloads. */
export function temporalLogger(log: Logger): TemporalLogger {
  const write = {
    TRACE: (message: string, meta?: object) => log.trace(inOurWords(meta), message),
    DEBUG: (message: string, meta?: object) => {
      if (!TOLD_BY_US.has(message)) log.debug(inOurWords(meta), message);
    },
    INFO: (message: string, meta?: object) => log.debug(inOurWords(meta), message),
    WARN: (message: string, meta?: object) => log.warn(inOurWords(meta), message),
    ERROR: (message: string, meta?: object) => log.error(inOurWords(meta), message),
  } satisfies Record<LogLevel, (message: string, meta?: object) => void>;
  return {
    log: (level, message, meta) => write[level](message, meta),
    ...{ trace: write.TRACE, debug: write.DEBUG, info: write.INFO, warn: write.WARN, error: write.ERROR },
  };
}

/**
 * `runId` is ours in every line; Temporal's is `workflowRunId`. The input of a refresh does not name its run, which is
 * named after it instead.
 */
function inOurWords(meta: object = {}): object {
  const { runId, workflowRunId, workflowId, workspaceId, ...rest } = meta as Record<string, unknown>;
  // What comes from the workflow's or activity's own logger went through our interceptors.
  const named = workflowRunId !== undefined;
  const theirs = named ? workflowRunId : runId;
  const [, refreshed] = /(?:^|\/)refresh\/([0-9a-f-]{36})$/.exec(String(workflowId)) ?? [];
  const workspace = workspaceId ?? refreshed;
  const ours =
    named && runId !== undefined
      ? runId
      : refreshed !== undefined && typeof theirs === "string"
        ? runIdOf(refreshed as WorkspaceId, theirs)
        : undefined;
  return {
    ...rest,
    ...(workflowId === undefined ? {} : { workflowId }),
    ...(theirs === undefined ? {} : { workflowRunId: theirs }),
    ...(workspace === undefined ? {} : { workspaceId: workspace }),
    ...(ours === undefined ? {} : { runId: ours }),
  };
}
