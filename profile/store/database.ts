/** The pool and the one way to a transaction: inside a workspace, under row-level security. */
import { Pool, type QueryResult, type QueryResultRow, types } from "pg";
import type { WorkspaceId } from "#profile/ids.ts";

/** int8 as number: our sequences, counts and minor units stay far below 2^53; past that it throws rather than rounds. */
types.setTypeParser(types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError("An int8 value from the database is too large for a number.");
  return value;
});

/** A transaction bound to one workspace. `query` returns rows. */
export interface Transaction {
  readonly workspaceId: WorkspaceId;
  query<Row extends QueryResultRow = Record<string, never>>(text: string, values?: unknown[]): Promise<Row[]>;
}

/**
 * When a commit is on the disk: before it is answered, or `soon`, a fraction of a second later and never after one that was
 * made later. `soon` is for work that is found undone and done again when the server lost it
 * (docs/decisions/027-commits-that-do-not-wait.md); nobody was told of it, and no vendor got anything for it.
 */
export type Durable = "at once" | "soon";

export interface Database {
  readonly pool: Pool;
  /** Runs `work` in one transaction that sees only this workspace; commits when it returns, rolls back when it throws. */
  inWorkspace<T>(
    workspaceId: WorkspaceId,
    work: (transaction: Transaction) => Promise<T>,
    options?: { durable?: Durable },
  ): Promise<T>;
  close(): Promise<void>;
}

/**
 * The planner takes any workspace for a two-hundredth of a table (docs/decisions/014-no-statistics-of-workspaces.md); one
 * that fills it would be walked where ten of its rows are looked for. An index entry counts for the two hundred it may be.
 */
const PRICES = "set_config('cpu_index_tuple_cost', '1', true)";

const WITHOUT_WAITING = "set_config('synchronous_commit', 'off', true)";

/** Of the pool's connections one workspace has so many at most: another one's short transaction finds one free. */
const PART_OF_A_WORKSPACE = 0.6;

export function openDatabase(url: string, options: { max?: number; applicationName?: string } = {}): Database {
  const max = options.max ?? 10;
  const places = createPlaces<WorkspaceId>(Math.max(1, Math.floor(max * PART_OF_A_WORKSPACE)));
  const pool = new Pool({
    connectionString: url,
    max,
    application_name: options.applicationName ?? "tributary",
    // Statements that do not wait for one another are on the wire at once, not in a queue of this side's.
    pipeline: true,
  });
  // A client whose server went away must not end the process, idle or between two statements of a transaction: the
  // statement that follows fails, and the next transaction gets a fresh client.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return {
    pool,
    close: () => pool.end(),
    async inWorkspace(workspaceId, work, { durable = "at once" } = {}) {
      const leave = await places.enter(workspaceId);
      const client = await pool.connect().catch((error: unknown) => {
        leave();
        throw error;
      });
      let broken: Error | undefined;
      try {
        // In one message, for which parameters cannot be had.
        const workspace = client.escapeLiteral(workspaceId);
        const settings = [
          `set_config('tributary.workspace_id', ${workspace}, true)`,
          PRICES,
          ...(durable === "soon" ? [WITHOUT_WAITING] : []),
        ];
        // The first statement stands behind it already; where there is no transaction, it fails.
        const begun = client.query(`BEGIN; SELECT ${settings.join(", ")}`);
        begun.catch(() => undefined);
        const result = await work({
          workspaceId,
          query: async (text, values) => (await client.query(text, values)).rows,
        });
        await begun;
        await client.query("COMMIT");
        return result;
      } catch (error) {
        await client.query("ROLLBACK").catch((failure: Error) => (broken = failure));
        throw error;
      } finally {
        client.release(broken);
        leave();
      }
    },
  };
}

/** So many at a time for each key, the others in the order they came. A transaction never opens another one inside. */
function createPlaces<Key>(most: number) {
  const taken = new Map<Key, number>();
  const waiting = new Map<Key, (() => void)[]>();
  const leave = (key: Key) => {
    const next = waiting.get(key)?.shift();
    if (next !== undefined) return next();
    waiting.delete(key);
    const left = (taken.get(key) ?? 1) - 1;
    if (left === 0) taken.delete(key);
    else taken.set(key, left);
  };
  return {
    /** @returns what leaves the place again */
    async enter(key: Key): Promise<() => void> {
      const count = taken.get(key) ?? 0;
      if (count < most) taken.set(key, count + 1);
      else
        await new Promise<void>((resolve) => {
          const queue = waiting.get(key) ?? [];
          waiting.set(key, queue);
          queue.push(resolve);
        });
      return () => leave(key);
    },
  };
}

/**
 * One statement outside of all workspaces whose commit is `soon` on the disk.
 *
 * @param text whole: parameters cannot be had
 */
export async function runSoon<Row extends QueryResultRow>(
  { pool }: Pick<Database, "pool">,
  text: string,
): Promise<Row[]> {
  // A message of several statements is one transaction, and there is an answer for each.
  const answers: unknown = await pool.query(`SELECT ${WITHOUT_WAITING}; ${text}`);
  const answer = Array.isArray(answers) ? (answers.at(-1) as QueryResult<Row> | undefined) : undefined;
  return answer?.rows ?? [];
}

/**
 * Runs a statement that gives each of many rows its own values: found by key (`among`), then matched by hash. As a nested
 * loop, which the planner prefers when it expects a row, each row would be compared with the values of every other.
 */
export async function matchByHash(transaction: Transaction, text: string, values: unknown[]): Promise<void> {
  const ways = ["enable_hashjoin", "enable_nestloop"];
  const [before = {}] = await transaction.query<Record<string, string>>(
    `SELECT ${ways.map((way) => `current_setting('${way}') AS ${way}`).join(", ")},
       set_config('enable_hashjoin', 'on', true) AS "on", set_config('enable_nestloop', 'off', true) AS off`,
  );
  await transaction.query(text, values);
  await transaction.query(`SELECT ${ways.map((way) => `set_config('${way}', '${before[way]}', true)`).join(", ")}`);
}

/**
 * The statements that follow find their rows by index, one by one. A batch is a small part of a table; but the planner
 * prices pages as if none were in memory, and from some size on would rather walk a narrow table whole for each batch, or
 * keep a copy of one that it takes for nearly empty.
 */
export async function readByIndex(transaction: Transaction): Promise<void> {
  const ways = ["enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_material"];
  await transaction.query(`SELECT ${ways.map((way) => `set_config('${way}', 'off', true)`).join(", ")}`);
}
