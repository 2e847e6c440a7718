/** The only way to call a vendor: quota, time-out, cancellation, counting and classification around every call. */
import { z } from "zod";
import type { Connector, RateLimit, VendorCall } from "./contract.ts";
import { ConnectorError } from "./errors.ts";
import { isNetworkFailure } from "./http-errors.ts";

/** The budget of one external account, shared by everybody who calls it. */
export interface RateLimiter {
  /**
   * Takes one token, waiting for it when the wait is short.
   * @throws ConnectorError `rate_limited` with `retryAfterMs` when the wait is long: the workflow engine waits better.
   */
  acquire(bucket: string, limit: RateLimit): Promise<void>;
  /** The vendor said "not before": nobody calls until then. Milliseconds since the epoch. */
  block(bucket: string, untilMs: number): Promise<void>;
}

/** No budget: for sources without network and for tests of connectors alone. */
export const unlimited: RateLimiter = { acquire: async () => undefined, block: async () => undefined };

export interface VendorCallOptions {
  connector: Pick<Connector, "title" | "limits" | "classify">;
  limiter: RateLimiter;
  now: () => number;
  /** Per attempt, milliseconds. */
  timeoutMs?: number;
  /** Cancels calls under way, as when an activity is cancelled. */
  signal?: AbortSignal;
  /** Asked last, before a call leaves: a throw keeps it from leaving. */
  beforeSending?: () => Promise<void>;
  /** Called after every call: for metrics and the budget forecast. */
  observe?: (operation: string, durationMs: number, outcome: "ok" | ConnectorError["kind"]) => void;
}

/** Vendors answer in seconds; past this the connection is dead. */
const DEFAULT_TIMEOUT_MS = 60_000;

export function createVendorCall(options: VendorCallOptions): VendorCall {
  const { connector, limiter, now } = options;
  return async (bucket, operation, send) => {
    const limit = connector.limits[bucket];
    if (limit === undefined)
      throw new ConnectorError("contract", `${connector.title} has no rate limit named "${bucket}".`);
    await limiter.acquire(bucket, limit);
    await options.beforeSending?.();
    const startedAt = now();
    try {
      const result = await untilAborted(send, options.signal, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      options.observe?.(operation, now() - startedAt, "ok");
      return result;
    } catch (error) {
      const failure = options.signal?.aborted
        ? new ConnectorError("transient", `The call ${operation} to ${connector.title} was cancelled on our side.`)
        : classified(connector, operation, error);
      options.observe?.(operation, now() - startedAt, failure.kind);
      const { retryAfterMs, wholeAccount } = failure.details;
      if (failure.kind === "rate_limited" && retryAfterMs !== undefined)
        for (const name of wholeAccount === true ? Object.keys(connector.limits) : [bucket])
          await limiter.block(name, now() + retryAfterMs);
      throw failure;
    }
  };
}

/** SDKs do not all take a signal, so the wait ends here even when the request lingers. */
async function untilAborted<T>(
  send: (signal: AbortSignal) => Promise<T>,
  outer: AbortSignal | undefined,
  timeoutMs: number,
): Promise<T> {
  const controller = new AbortController();
  const cancel = () => controller.abort(outer?.reason);
  outer?.addEventListener("abort", cancel, { once: true });
  if (outer?.aborted) cancel();
  const timer = setTimeout(() => controller.abort(new DOMException("timed out", "TimeoutError")), timeoutMs);
  const aborted = new Promise<never>((_, reject) => {
    const fail = () => reject(controller.signal.reason as Error);
    if (controller.signal.aborted) fail();
    controller.signal.addEventListener("abort", fail, { once: true });
  });
  try {
    return await Promise.race([send(controller.signal), aborted]);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", cancel);
  }
}

function classified(connector: VendorCallOptions["connector"], operation: string, error: unknown): ConnectorError {
  if (error instanceof z.ZodError) {
    const where = error.issues.slice(0, 3).map((issue) => issue.path.join(".") || "(whole reply)");
    return new ConnectorError(
      "contract",
      `${connector.title} answered ${operation} in an unknown form, at ${where.join(", ")}.`,
    );
  }
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new ConnectorError("transient", `${connector.title} did not answer ${operation} in time.`);
  }
  // Whatever an SDK threw may carry headers and bodies: it is not kept as the cause.
  const answer = connector.classify(error);
  if (answer !== undefined) return answer;
  if (isNetworkFailure(error))
    return new ConnectorError("transient", `${connector.title} could not be reached for ${operation}.`);
  if (error instanceof SyntaxError)
    return new ConnectorError("transient", `${connector.title} answered ${operation} with something other than JSON.`);
  const name = error instanceof Error ? error.name : typeof error;
  return new ConnectorError(
    "contract",
    `The call ${operation} to ${connector.title} failed on our side or in the vendor's library (${name}).`,
  );
}
