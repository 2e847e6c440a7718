/** The only way to call a vendor: quota, time-out, cancellation, counting and classification around every call. */
import { z } from "zod";
import type { Connector, DayAllowance, RateLimit, VendorCall } from "./contract.ts";
import { ConnectorError } from "./errors.ts";
import type { Outlook } from "./forecast.ts";
import { isNetworkFailure } from "./http-errors.ts";

/** What one account is allowed in any stretch of so many milliseconds. */
export type Allowance = Pick<RateLimit, "calls" | "windowMs">;

/** The budget of one external account, shared by everybody who calls it. */
export interface RateLimiter {
  /**
   * Takes one token, waiting for it when the wait is short. Of several who wait the more urgent goes first: 1 before 2.
   * @throws ConnectorError `rate_limited` with `retryAfterMs` when the wait is long: the workflow engine waits better.
   */
  acquire(bucket: string, limit: RateLimit, signal?: AbortSignal, urgency?: number): Promise<void>;
  /** How a call would fare now; nothing is taken. */
  outlook(bucket: string, limit: RateLimit): Promise<Outlook>;
  /** The vendor said "not before": nobody calls until then. Milliseconds since the epoch. */
  block(bucket: string, untilMs: number): Promise<void>;
  /** The same, because we were too fast: from then on everybody is slower for a while. */
  refused(bucket: string, untilMs: number): Promise<void>;
  /** The vendor named what the account is allowed: everybody goes by that. */
  learned(bucket: string, allowance: Allowance): Promise<void>;
  /** The vendor named the day's. */
  learnedDay(day: DayAllowance): Promise<void>;
  /** As it was named within the last hour; null: it was not. */
  day(): Promise<DayAllowance | null>;
}

const nothing = async () => undefined;

/** No budget: for sources without network and for tests of connectors alone. */
export const unlimited: RateLimiter = {
  acquire: nothing,
  outlook: async () => ({ waitMs: 0, perSecond: Infinity }),
  block: nothing,
  refused: nothing,
  learned: nothing,
  learnedDay: nothing,
  day: async () => null,
};

/** Buckets that the vendor counts for our app are spent from by all of its accounts, the others by one account. */
export function limiterByBucket(
  limits: Readonly<Record<string, RateLimit>>,
  ofAccount: RateLimiter,
  ofApp: RateLimiter,
): RateLimiter {
  const of = (bucket: string) => (limits[bucket]?.countedFor === "app" ? ofApp : ofAccount);
  return {
    acquire: (bucket, limit, signal, urgency) => of(bucket).acquire(bucket, limit, signal, urgency),
    outlook: (bucket, limit) => of(bucket).outlook(bucket, limit),
    block: (bucket, untilMs) => of(bucket).block(bucket, untilMs),
    refused: (bucket, untilMs) => of(bucket).refused(bucket, untilMs),
    learned: (bucket, allowance) => of(bucket).learned(bucket, allowance),
    learnedDay: (day) => ofAccount.learnedDay(day),
    day: () => ofAccount.day(),
  };
}

export interface VendorCallOptions {
  connector: Pick<Connector, "title" | "limits" | "classify">;
  limiter: RateLimiter;
  now: () => number;
  /** Per attempt, milliseconds. */
  timeoutMs?: number;
  /** A call refused for its pace is made again after a wait of so many milliseconds at most; none unless given. */
  patienceMs?: number;
  /** Cancels calls under way, as when an activity is cancelled. */
  signal?: AbortSignal;
  /** Its calls' place among those that wait for the account: 1 before 2. */
  urgency?: number;
  /** Asked last, before a call leaves: a throw keeps it from leaving. */
  beforeSending?: () => Promise<void>;
  /** Called after every call: for metrics and the budget forecast. */
  observe?: (operation: string, durationMs: number, outcome: "ok" | ConnectorError["kind"]) => void;
}

/** Vendors answer in seconds; past this the connection is dead. */
const DEFAULT_TIMEOUT_MS = 60_000;

/** A call refused so often in a row is given up for now: then the vendor means something else than its pace. */
const MOST_TRIES = 10;

/** Where a refusal names no wait, growing from try to try. */
const waitUnlessNamed = (attempt: number) => Math.min(500 * 2 ** attempt, 30_000);

export function createVendorCall(options: VendorCallOptions): VendorCall {
  const { connector, limiter, now, patienceMs = 0 } = options;

  async function once<T>(operation: string, send: (signal: AbortSignal) => Promise<T>): Promise<T | ConnectorError> {
    const startedAt = now();
    try {
      const result = await untilAborted(send, options.signal, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      options.observe?.(operation, now() - startedAt, "ok");
      return result;
    } catch (error) {
      const failure = options.signal?.aborted
        ? cancelled(connector, operation)
        : classified(connector, operation, error);
      options.observe?.(operation, now() - startedAt, failure.kind);
      return failure;
    }
  }

  /** Tells everybody who shares the account. @returns how long the vendor wants to be left alone, milliseconds */
  async function slowDown(bucket: string, { details }: ConnectorError, attempt: number): Promise<number> {
    const { retryAfterMs, wholeAccount } = details;
    const waitMs = retryAfterMs ?? waitUnlessNamed(attempt);
    const untilMs = now() + waitMs;
    // The day is used up, or the account is being moved: our pace is not what is wrong.
    if (wholeAccount === true) for (const name of Object.keys(connector.limits)) await limiter.block(name, untilMs);
    else {
      const within = details.wholePace === true ? connector.limits[bucket]?.within : undefined;
      await limiter.refused(within ?? bucket, untilMs);
    }
    return waitMs;
  }

  return async (bucket, operation, send) => {
    const limit = connector.limits[bucket];
    if (limit === undefined)
      throw new ConnectorError("contract", `${connector.title} has no rate limit named "${bucket}".`);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await limiter.acquire(bucket, limit, options.signal, options.urgency);
        const whole = limit.within === undefined ? undefined : connector.limits[limit.within];
        if (limit.within !== undefined && whole !== undefined)
          await limiter.acquire(limit.within, whole, options.signal, options.urgency);
      } catch (error) {
        throw options.signal?.aborted ? cancelled(connector, operation) : error;
      }
      await options.beforeSending?.();
      const answer = await once(operation, send);
      if (!(answer instanceof ConnectorError)) return answer;
      if (answer.kind !== "rate_limited") throw answer;
      const waitMs = await slowDown(bucket, answer, attempt);
      // This call alone goes again: whoever made a hundred before it keeps their answers. The limiter waits.
      if (waitMs > patienceMs || attempt === MOST_TRIES) throw answer;
    }
  };
}

const cancelled = ({ title }: VendorCallOptions["connector"], operation: string): ConnectorError =>
  new ConnectorError("transient", `The call ${operation} to ${title} was cancelled on our side.`);

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
