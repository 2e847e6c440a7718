/**
 * One budget per external account, shared by every worker on every machine through Postgres. The table is behind functions
 * of the database: sessions of different workspaces spend from one account, and none may read or empty another's.
 */
import { hash } from "node:crypto";
import type { RateLimiter } from "#connectors/core/call.ts";
import type { RateLimit } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import type { Database } from "./database.ts";

type Rate = Pick<RateLimit, "burst" | "perSecond">;

export interface QuotaOptions {
  /** Our share of what the vendor allows; the rest is for the customer's other apps. */
  share?: number;
  /** Longer waits are thrown as `rate_limited` instead of slept. */
  maxWaitMs?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
  sleep?: (ms: number) => Promise<void>;
}

export interface Quota {
  /**
   * Takes `n` tokens now, going into debt when there are not enough: whoever comes later queues behind.
   * @returns milliseconds to wait before the last of them may be used
   */
  reserve(key: string, rate: Rate, n: number): Promise<number>;
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
/** A lease nobody used by then is lost rather than spent in a later burst. */
const LEASE_VALID_MS = 1_000;

export function createQuota(database: Database, options: QuotaOptions = {}): Quota {
  const {
    share = 0.9,
    maxWaitMs = 5_000,
    now = Date.now,
    sleep = (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
  } = options;

  async function reserve(key: string, { burst, perSecond }: Rate, n: number): Promise<number> {
    const { rows } = await database.pool.query<{ waitMs: number }>(`SELECT quota_reserve($1, $2, $3, $4) AS "waitMs"`, [
      key,
      burst,
      perSecond,
      n,
    ]);
    return rows[0]?.waitMs ?? 0;
  }

  async function giveBack(key: string, n: number): Promise<void> {
    await database.pool.query("SELECT quota_give_back($1, $2)", [key, n]);
  }

  async function blockUntil(key: string, untilMs: number): Promise<void> {
    await database.pool.query("SELECT quota_block($1, to_timestamp($2::float8 / 1000))", [key, untilMs]);
  }

  function limiterFor(connector: string, account: string): RateLimiter {
    const keyOf = (bucket: string) => hash("sha256", `${connector}|${account}|${bucket}`, "hex");
    /** Instants from which each leased token may be used, earliest first. */
    const leases = new Map<string, number[]>();
    const leasing = new Map<string, Promise<void>>();

    async function lease(bucket: string, limit: RateLimit): Promise<void> {
      const rate = { burst: Math.max(1, limit.burst * share), perSecond: limit.perSecond * share };
      const n = Math.max(1, Math.min(Math.floor((rate.perSecond * LEASE_MS) / 1_000), Math.floor(rate.burst)));
      const waitMs = await reserve(keyOf(bucket), rate, n);
      if (waitMs > maxWaitMs) {
        await giveBack(keyOf(bucket), n);
        throw new ConnectorError("rate_limited", `The ${connector} account's quota "${bucket}" is used up for now.`, {
          retryAfterMs: Math.ceil(waitMs),
        });
      }
      const readyAt = now() + waitMs;
      leases.set(
        bucket,
        Array.from({ length: n }, (_, index) => readyAt - ((n - 1 - index) * 1_000) / rate.perSecond),
      );
    }

    return {
      async acquire(bucket, limit) {
        for (;;) {
          const held = leases.get(bucket);
          const readyAt = held?.shift();
          if (readyAt !== undefined && readyAt > now() - LEASE_VALID_MS) {
            const waitMs = readyAt - now();
            if (waitMs > 0) await sleep(waitMs);
            return;
          }
          if (readyAt !== undefined) continue;
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
      async block(bucket, untilMs) {
        leases.delete(bucket);
        await blockUntil(keyOf(bucket), untilMs);
      },
    };
  }

  return { reserve, blockUntil, limiterFor };
}
