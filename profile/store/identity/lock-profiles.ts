/** The lock of a workspace's profiles: who writes them together, and who alone. */
import type { WorkspaceId } from "#profile/ids.ts";
import type { Database, Transaction } from "../database.ts";

/**
 * Whoever changes profiles, or writes what hangs on them, shares the lock; exclusively it is for those who need everybody
 * else's changes to be there.
 */
export async function lockProfiles(
  transaction: Transaction,
  mode: "exclusive" | "shared" = "exclusive",
): Promise<void> {
  const lock = mode === "shared" ? "pg_advisory_xact_lock_shared" : "pg_advisory_xact_lock";
  await transaction.query(`SELECT ${lock}(${PROFILES})`, [transaction.workspaceId]);
}

/** SQL of the lock's key; $1: the workspace. */
const PROFILES = "hashtextextended('profiles ' || $1, 0)";

/** Looked up without waiting; whoever comes a moment later waits for us or we for them. */
export function areOthersAtWork(database: Database, workspaceId: WorkspaceId): Promise<boolean> {
  return database.inWorkspace(workspaceId, async (transaction) => {
    const [row] = await transaction.query<{ alone: boolean }>(
      `SELECT pg_try_advisory_xact_lock(${PROFILES}) AS alone`,
      [workspaceId],
    );
    return row?.alone !== true;
  });
}
