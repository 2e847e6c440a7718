/**
 * One budget per external account, shared by every worker on every machine through Postgres. The table is behind functions
 * of the database: sessions of different workspaces spend from one account, and none may read or empty another's.
 */
import { hash, randomUUID } from "node:crypto";
import { setTimeout as sleepFor } from "node:timers/promises";
import { escapeLiteral } from "pg";
import type { Allowance, RateLimiter } from "#connectors/core/call.ts";
import type { DayAllowance, RateLimit } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { type Database, runSoon } from "./database.ts";
import { createTurns } from "./turns.ts";
import type { Turns, Waiter } from "./turns.ts";

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

interface Taken extends Reserved {
  /** False: it is not our turn yet; asked again after `againMs` we keep our place. */
  taken: boolean;
  againMs: number;
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

/** Every answer names what is left of the day; once in a while is enough. */
const DAY_NOTED_EVERY_MS = 10_000;
/** Older than that it may be of yesterday, or other apps have spent meanwhile. */
const DAY_VALID_MINUTES = 60;
/** No bucket of a connector is called so. */
const DAY = "the day";

/** What an answer taught may raise a published limit to, in multiples: a figure beyond that is somebody's mistake. */
const MOST_RAISE = 2;

/** Who does not say how urgent a call is stands with what is done on schedule. */
const USUAL_URGENCY = 3;

interface Waiting extends Waiter {
  limit: RateLimit;
  resolve(): void;
  reject(error: unknown): void;
}

/** One limit of one account in this process. */
interface Bucket {
  turns: Turns<Waiting>;
  /** Instants from which each leased token may be used, earliest first. */
  leased: number[];
  /** By the last lease, by which the size of the next one is chosen. */
  perSecond: number;
  /** Somebody is handing out tokens. */
  serving: boolean;
  /** Ends the wait for the next token. */
  rest?: AbortController;
  /** Where we wait for our turn among processes: how urgent the call is that we do it for. */
  asking?: number | undefined;
}

export function createQuota(database: Database, options: QuotaOptions = {}): Quota {
  const { share = USUAL_SHARE, maxWaitMs = MAX_WAIT_MS, now = Date.now } = options;
  const sleep = options.sleep ?? ((ms, signal) => sleepFor(ms, undefined, signal === undefined ? {} : { signal }));
  const run = async (text: string, values: unknown[]): Promise<void> => {
    await database.pool.query(text, values);
  };

  async function reserve(key: string, limit: Limit, n: number): Promise<Reserved> {
    const { calls, windowMs, mostCalls = MOST_RAISE * calls } = limit;
    const values = [key, calls, mostCalls, windowMs, limit.share ?? share, n].map((value) =>
      escapeLiteral(String(value)),
    );
    // What a server that goes down forgets of it are calls of the last moment, and what is held back is more than those.
    const [reserved] = await runSoon<Reserved>(
      database,
      `SELECT wait_ms AS "waitMs", per_second AS "perSecond" FROM quota_reserve(${values.join(", ")})`,
    );
    if (reserved === undefined) throw new Error("The quota gave no answer.");
    return reserved;
  }

  /** By which other processes' requests are told from ours. */
  const who = randomUUID();

  async function take(key: string, limit: Limit, n: number, [first, next]: (number | null)[]): Promise<Taken> {
    const { calls, windowMs, mostCalls = MOST_RAISE * calls } = limit;
    const { rows } = await database.pool.query<Taken>(
      `SELECT taken, wait_ms AS "waitMs", again_ms AS "againMs", per_second AS "perSecond"
       FROM quota_take($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [key, calls, mostCalls, windowMs, limit.share ?? share, n, who, first ?? USUAL_URGENCY, next ?? null, maxWaitMs],
    );
    const [answer] = rows;
    if (answer === undefined) throw new Error("The quota gave no answer.");
    return answer;
  }

  const blockUntil = (key: string, untilMs: number) =>
    run("SELECT quota_block($1, to_timestamp($2::float8 / 1000))", [key, untilMs]);

  function limiterFor(connector: string, account: string): RateLimiter {
    const keyOf = (bucket: string) => hash("sha256", `${connector}|${account}|${bucket}`, "hex");
    const buckets = new Map<string, Bucket>();
    const bucketOf = (name: string): Bucket => {
      const known = buckets.get(name) ?? { turns: createTurns<Waiting>(), leased: [], perSecond: 0, serving: false };
      buckets.set(name, known);
      return known;
    };
    const blockedUntil = new Map<string, number>();
    const taught = new Map<string, Allowance>();
    let dayTaught: (DayAllowance & { at: number }) | null = null;

    async function lease(name: string, bucket: Bucket, limit: RateLimit): Promise<void> {
      const n = Math.max(1, Math.floor((bucket.perSecond * LEASE_MS) / 1_000));
      const urgencies = bucket.turns.urgencies();
      bucket.asking = urgencies[0];
      const { taken, waitMs, againMs, perSecond } = await take(keyOf(name), limit, n, [
        urgencies[0] ?? null,
        urgencies[n] ?? null,
      ]);
      bucket.perSecond = perSecond;
      if (waitMs > maxWaitMs) {
        throw new ConnectorError("rate_limited", `The ${connector} account's quota "${name}" is used up for now.`, {
          retryAfterMs: Math.ceil(waitMs),
        });
      }
      if (!taken) {
        // Who came while the database was asked may be more urgent.
        if (bucket.turns.urgencies()[0] === bucket.asking) await rest(bucket, againMs);
        bucket.asking = undefined;
        return;
      }
      bucket.asking = undefined;
      const readyAt = now() + waitMs;
      bucket.leased = Array.from({ length: n }, (_, index) => readyAt - ((n - 1 - index) * 1_000) / perSecond);
    }

    /** Hands out tokens as they may be used, each to who is next by then, until nobody waits. */
    async function serve(name: string, bucket: Bucket): Promise<void> {
      if (bucket.serving) return;
      bucket.serving = true;
      try {
        for (let first = bucket.turns.peek(); first !== undefined; first = bucket.turns.peek()) {
          const readyAt = bucket.leased.shift();
          if (readyAt === undefined) await lease(name, bucket, first.limit);
          else if (await isUsable(name, bucket, readyAt)) bucket.turns.next()?.resolve();
        }
      } catch (error) {
        for (const each of bucket.turns.drain()) each.reject(error);
      } finally {
        bucket.serving = false;
      }
    }

    /** @returns false: it was ended before its time */
    async function rest(bucket: Bucket, ms: number): Promise<boolean> {
      const ending = new AbortController();
      bucket.rest = ending;
      try {
        await sleep(ms, ending.signal);
      } catch (error) {
        if (!ending.signal.aborted) throw error;
      }
      return !ending.signal.aborted;
    }

    async function isUsable(name: string, bucket: Bucket, readyAt: number): Promise<boolean> {
      const waitMs = readyAt - now();
      if (waitMs <= -LEASE_VALID_MS) return false;
      if (waitMs > 0 && !(await rest(bucket, waitMs))) {
        // Everybody gave up meanwhile: whoever comes next may have it.
        bucket.leased.unshift(readyAt);
        return false;
      }
      return (blockedUntil.get(name) ?? 0) <= readyAt;
    }

    /** What was leased before the vendor said "not before" is void, and who waits for it queues again. */
    async function stop(bucket: string, untilMs: number, statement: string): Promise<void> {
      bucketOf(bucket).leased = [];
      blockedUntil.set(bucket, Math.max(untilMs, blockedUntil.get(bucket) ?? 0));
      await run(`SELECT ${statement}($1, to_timestamp($2::float8 / 1000))`, [keyOf(bucket), untilMs]);
    }

    return {
      async acquire(name, limit, signal, urgency = USUAL_URGENCY) {
        signal?.throwIfAborted();
        const bucket = bucketOf(name);
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const leave = bucket.turns.join({ urgency, limit, resolve, reject });
        const giveUp = () => {
          if (!leave()) return;
          reject(new DOMException("The wait for quota was aborted.", "AbortError"));
          if (bucket.turns.peek() === undefined) bucket.rest?.abort();
        };
        signal?.addEventListener("abort", giveUp, { once: true });
        // The other processes have to know that we have become more urgent.
        if (bucket.asking !== undefined && urgency < bucket.asking) bucket.rest?.abort();
        void serve(name, bucket);
        try {
          await promise;
        } finally {
          signal?.removeEventListener("abort", giveUp);
        }
      },
      outlook: (bucket, limit) => reserve(keyOf(bucket), limit, 0),
      block: (bucket, untilMs) => stop(bucket, untilMs, "quota_block"),
      refused: (bucket, untilMs) => stop(bucket, untilMs, "quota_refused"),
      async learnedDay(day) {
        const at = now();
        const known = dayTaught;
        const isOld = known === null || at - known.at >= DAY_NOTED_EVERY_MS;
        if (!isOld && known.calls === day.calls && day.left > 0) return;
        dayTaught = { ...day, at };
        await run("SELECT quota_learn_day($1, $2, $3)", [keyOf(DAY), day.calls, day.left]);
      },
      async day() {
        const { rows } = await database.pool.query<DayAllowance>(
          `SELECT calls, remaining AS left FROM quota_day($1, $2) WHERE calls IS NOT NULL`,
          [keyOf(DAY), DAY_VALID_MINUTES],
        );
        return rows[0] ?? null;
      },
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
