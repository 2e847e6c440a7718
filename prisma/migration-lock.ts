/**
 * One migration at a time, and never for ever. Lock and settings belong to the transaction: a pooler in transaction mode
 * gives the session to somebody else afterwards, and whatever a session keeps would stay behind on it.
 */
import type { Client } from "pg";

/** Prisma's own lock key, so that the two tools also exclude each other. Read 2026-11:
 *  https://www.prisma.io/docs/orm/prisma-migrate/workflows/development-and-production */
export const PRISMA_LOCK = 72_707_369;

/** Long enough for another migrator to finish most migrations; a table's lock that takes longer is held by a worker. */
export const LOCK_TIMEOUT_MS = 30_000;

const LOCK_NOT_AVAILABLE = "55P03";
const DEADLOCK = "40P01";

/**
 * A managed server may limit a statement's time; a migration of many rows takes what it takes. And a migrator that was
 * killed while it waited leaves its lock at once, not when it would have been its turn (Windows cannot tell).
 */
const LIMITS = `SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
  DO $$ BEGIN
    PERFORM set_config('client_connection_check_interval', '1s', true);
  EXCEPTION WHEN invalid_parameter_value THEN NULL;
  END $$`;

/**
 * Runs `work` in one transaction that excludes every other migrator; rolled back when it throws.
 *
 * @throws Error naming who holds what was waited for, when that took longer than `timeoutMs`
 */
export async function inMigration<T>(client: Client, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  await client.query(`BEGIN; SET LOCAL lock_timeout = ${timeoutMs}; ${LIMITS}`);
  let locked = false;
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [PRISMA_LOCK]);
    locked = true;
    const result = await work();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    // A broken connection has rolled back by itself, and the first error says more than this one would.
    await client.query("ROLLBACK").catch(() => undefined);
    if (!isLockFailure(error)) throw error;
    const waited = `${timeoutMs / 1_000} seconds`;
    if (locked) {
      throw new Error(
        `A table was in use for more than ${waited}: ${await tableUsers(client)}. ` +
          "Stop the workers and the console, and run it again; what had not been finished was rolled back.",
        { cause: error },
      );
    }
    throw new Error(
      `Another migration has held the lock of this database for more than ${waited}: ${await lockHolder(client)}`,
      { cause: error },
    );
  }
}

function isLockFailure(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === LOCK_NOT_AVAILABLE || error.code === DEADLOCK);
}

interface Holder {
  pid: number;
  name: string | null;
  role: string | null;
  state: string | null;
  since: Date | null;
}

/** Of another role's session the server tells a plain owner no more than its process and name. */
const HOLDER = `pid, nullif(application_name, '') AS name, usename AS role, state, coalesce(xact_start, state_change) AS since`;

async function lockHolder(client: Client): Promise<string> {
  const { rows } = await client.query<Holder>(
    `SELECT ${HOLDER} FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = $1 AND objsubid = 1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [PRISMA_LOCK],
  );
  const [holder] = rows;
  if (holder === undefined) return "it has just ended. Run this again.";
  return (
    `${describe(holder)}. Run this again when it has ended; if no migration is running, the lock was left behind: ` +
    `free it with SELECT pg_terminate_backend(${holder.pid}).`
  );
}

async function tableUsers(client: Client): Promise<string> {
  const { rows } = await client.query<Holder>(
    `SELECT ${HOLDER} FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND pid IN
       (SELECT pid FROM pg_locks JOIN pg_class ON pg_class.oid = relation
        WHERE granted AND relnamespace = 'public'::regnamespace
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
     ORDER BY xact_start LIMIT 5`,
  );
  return rows.length === 0 ? "whoever it was has just ended" : rows.map(describe).join("; ");
}

function describe({ pid, name, role, state, since }: Holder): string {
  const details = [
    role === null ? null : `role ${role}`,
    state,
    since === null ? null : `since ${since.toISOString()}`,
  ];
  const known = details.filter((detail) => detail !== null);
  return `${name ?? "a session without a name"} (process ${[pid, ...known].join(", ")})`;
}
