/**
 * One budget per external account, shared by every worker on every machine through Postgres. The table is behind functions
 * of the database: sessions of different workspaces spend from one account, and none may read or empty another's.
 */
import { hash } from "node:crypto";
import { setTimeout as sleepFor } from "node:timers/promises";
import type { Allowance, RateLimiter } from "#connectors/core/call.ts";
import type { RateLimit } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import type { Database } from "./database.ts";

type Limit = Pick<RateLimit, "calls" | "windowMs" | "mostCalls" | "share">;

export interface QuotaOptions {
  /** Our share of what the vendor allows, where a limit names none; the rest is for the customer's other apps. */
  share?: number;
  /** Longer waits are thrown as `rate_limited` instead of slept. */
  maxWaitMs?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface Reserved {
  /** Milliseconds to wait before the last of them may be used. */
  waitMs: number;
  /** How many there are a second now, by what the account allows. */
  perSecond: number;
}

export interface Quota {
  /** Takes `n` tokens now, going into debt when there are not enough: whoever comes later queues behind. */
  reserve(key: string, limit: Limit, n: number): Promise<Reserved>;
  /** Nobody spends before this instant (milliseconds since the epoch); those who wait then go one by one. */
  blockUntil(key: string, untilMs: number): Promise<void>;
  /** The limiter of one external account at one connector. Make one per process and account: leases live in it. */
  limiterFor(connector: string, account: string): RateLimiter;
}

/**
 * Time worth of tokens taken in one round trip where the rate is high. More saves statements but is less fair: a worker can
 * be this far ahead of the others, and after a block it notices nothing until its lease is spent.
 */
const LEASE_MS = 50;
/** A lease nobody used by then is lost: spent later, it would come on top of what another stretch of time allows. */
const LEASE_VALID_MS = 100;

/** Our part of what a vendor allows, unless a connection has another. */
export const USUAL_SHARE = 0.9;

/** A minute's limit is waited out here; what is longer is a timer of the workflow engine. */
const MAX_WAIT_MS = 30_000;

/** What an answer taught may raise a published limit to, in multiples: a figure beyond that is somebody's mistake. */
const MOST_RAISE = 2;

export function createQuota(database: Database, options: QuotaOptions = {}): Quota {
  const { share = USUAL_SHARE, maxWaitMs = MAX_WAIT_MS, now = Date.now } = options;
  const sleep = options.sleep ?? ((ms, signal) => sleepFor(ms, undefined, signal === undefined ? {} : { signal }));
  const run = async (text: string, values: unknown[]): Promise<void> => {
    await database.pool.query(text, values);
  };

  async function reserve(key: string, limit: Limit, n: number): Promise<Reserved> {
    const { calls, windowMs, mostCalls = MOST_RAISE * calls } = limit;
    const { rows } = await database.pool.query<Reserved>(
      `SELECT wait_ms AS "waitMs", per_second AS "perSecond" FROM quota_reserve($1, $2, $3, $4, $5, $6)`,
      [key, calls, mostCalls, windowMs, limit.share ?? share, n],
    );
    const [reserved] = rows;
    if (reserved === undefined) throw new Error("The quota gave no answer.");
    return reserved;
  }

  const blockUntil = (key: string, untilMs: number) =>
    run("SELECT quota_block($1, to_timestamp($2::float8 / 1000))", [key, untilMs]);

  function limiterFor(connector: string, account: string): RateLimiter {
    const keyOf = (bucket: string) => hash("sha256", `${connector}|${account}|${bucket}`, "hex");
    /** Instants from which each leased token may be used, earliest first. */
    const leases = new Map<string, number[]>();
    const leasing = new Map<string, Promise<void>>();
    /** Of the last lease, by which the size of the next one is chosen. */
    const rates = new Map<string, number>();
    const blockedUntil = new Map<string, number>();
    const taught = new Map<string, Allowance>();

    async function lease(bucket: string, limit: RateLimit): Promise<void> {
      const n = Math.max(1, Math.floor(((rates.get(bucket) ?? 0) * LEASE_MS) / 1_000));
      const { waitMs, perSecond } = await reserve(keyOf(bucket), limit, n);
      rates.set(bucket, perSecond);
      if (waitMs > maxWaitMs) {
        await run("SELECT quota_give_back($1, $2)", [keyOf(bucket), n]);
        throw new ConnectorError("rate_limited", `The ${connector} account's quota "${bucket}" is used up for now.`, {
          retryAfterMs: Math.ceil(waitMs),
        });
      }
      const readyAt = now() + waitMs;
      leases.set(
        bucket,
        Array.from({ length: n }, (_, index) => readyAt - ((n - 1 - index) * 1_000) / perSecond),
      );
    }

    /** What was leased before the vendor said "not before" is void, and who waits for it queues again. */
    async function stop(bucket: string, untilMs: number, statement: string): Promise<void> {
      leases.delete(bucket);
      blockedUntil.set(bucket, Math.max(untilMs, blockedUntil.get(bucket) ?? 0));
      await run(`SELECT ${statement}($1, to_timestamp($2::float8 / 1000))`, [keyOf(bucket), untilMs]);
    }

    return {
      async acquire(bucket, limit, signal) {
        for (;;) {
          const readyAt = leases.get(bucket)?.shift();
          if (readyAt !== undefined) {
            const waitMs = readyAt - now();
            if (waitMs <= -LEASE_VALID_MS) continue;
            if (waitMs > 0) await sleep(waitMs, signal);
            if ((blockedUntil.get(bucket) ?? 0) > readyAt) continue;
            return;
          }
          // Callers that come while one lease is being fetched share it.
          const running =
            leasing.get(bucket) ??
            lease(bucket, limit).finally(() => {
              leasing.delete(bucket);
            });
          leasing.set(bucket, running);
          await running;
        }
      },
      outlook: (bucket, limit) => reserve(keyOf(bucket), limit, 0),
      block: (bucket, untilMs) => stop(bucket, untilMs, "quota_block"),
      refused: (bucket, untilMs) => stop(bucket, untilMs, "quota_refused"),
      async learned(bucket, seen) {
        const known = taught.get(bucket);
        if (known?.calls === seen.calls && known.windowMs === seen.windowMs) return;
        taught.set(bucket, seen);
        await run("SELECT quota_learn($1, $2, $3)", [keyOf(bucket), seen.calls, seen.windowMs]);
      },
    };
  }

  return { reserve, blockUntil, limiterFor };
}
