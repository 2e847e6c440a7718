/** Keeps how long this process's calls to tools took until a step is over, and stores them then: a statement per step. */
import type { ActivityInterceptorsFactory } from "@temporalio/worker";
import type { Logger } from "#logger.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { bucketOf } from "#profile/store/vendor-calls.ts";
import type { CallTimes, VendorCallStore } from "#profile/store/vendor-calls.ts";
import type { VendorCallEnded } from "./telemetry.ts";

export interface CallTimesKept {
  note(workspaceId: WorkspaceId, call: VendorCallEnded): void;
  flush(): Promise<void>;
}

/** A step may take half an hour; what it did shows sooner. */
const FLUSH_AFTER_MS = 30_000;

export function keepCallTimes(store: VendorCallStore, now: () => number, log: Logger): CallTimesKept {
  let kept = new Map<WorkspaceId, Map<string, CallTimes>>();
  let flushedAt = now();
  const flush = async (): Promise<void> => {
    const taken = kept;
    kept = new Map();
    flushedAt = now();
    for (const [workspaceId, times] of taken)
      try {
        await store.add(workspaceId, new Date(now()), [...times.values()]);
      } catch (error) {
        // No step fails because of it: these show how things go, nothing depends on them.
        log.warn({ err: error, workspaceId }, "times of vendor calls could not be stored");
      }
  };
  return {
    note(workspaceId, { connector, operation, durationMs, outcome }) {
      const times = kept.get(workspaceId) ?? new Map<string, CallTimes>();
      kept.set(workspaceId, times);
      const key = `${connector}\n${operation}\n${outcome}`;
      const one = times.get(key) ?? { connector, operation, outcome, buckets: {} };
      times.set(key, one);
      const bucket = bucketOf(durationMs);
      one.buckets[bucket] = (one.buckets[bucket] ?? 0) + 1;
      if (now() - flushedAt >= FLUSH_AFTER_MS) void flush();
    },
    flush,
  };
}

/** Outermost, so that the step's last call is among them. */
export const storingCallTimes =
  ({ flush }: CallTimesKept): ActivityInterceptorsFactory =>
  () => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input);
        } finally {
          await flush();
        }
      },
    },
  });
