import { type Database, readByIndex } from "../database.ts";
import type { WorkspaceId } from "#profile/ids.ts";

/** Vendors repeat an event for up to three days; after that nobody asks whether it was there. */
const KEPT = "interval '4 days'";

/** Forgets events that no delivery will repeat, a batch a transaction. @returns whether all of them */
export async function forgetEvents(
  database: Database,
  workspaceId: WorkspaceId,
  { batch, goOn }: { batch: number; goOn: () => boolean },
): Promise<boolean> {
  for (;;) {
    const forgotten = await database.inWorkspace(workspaceId, async (transaction) => {
      await readByIndex(transaction);
      return transaction.query(
        `DELETE FROM webhook_inbox WHERE workspace_id = $1 AND (connection_id, event_id) IN (
           SELECT connection_id, event_id FROM webhook_inbox
           WHERE workspace_id = $1 AND received_at < now() - ${KEPT} ORDER BY received_at LIMIT $2)
         RETURNING event_id`,
        [workspaceId, batch],
      );
    });
    if (forgotten.length < batch) return true;
    if (!goOn()) return false;
  }
}
