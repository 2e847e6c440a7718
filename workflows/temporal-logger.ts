import type { Logger as TemporalLogger, LogLevel } from "@temporalio/worker";
import type { Logger } from "#logger.ts";

/** Temporal's own messages in our log, one level quieter; their metadata names workflows and activities, never payloads. */
export function temporalLogger(log: Logger): TemporalLogger {
  const write = {
    TRACE: (message: string, meta?: object) => log.trace(meta ?? {}, message),
    DEBUG: (message: string, meta?: object) => log.debug(meta ?? {}, message),
    INFO: (message: string, meta?: object) => log.debug(meta ?? {}, message),
    WARN: (message: string, meta?: object) => log.warn(meta ?? {}, message),
    ERROR: (message: string, meta?: object) => log.error(meta ?? {}, message),
  } satisfies Record<LogLevel, (message: string, meta?: object) => void>;
  return {
    log: (level, message, meta) => write[level](message, meta),
    ...{ trace: write.TRACE, debug: write.DEBUG, info: write.INFO, warn: write.WARN, error: write.ERROR },
  };
}
