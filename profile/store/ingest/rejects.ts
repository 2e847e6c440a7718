/** Dead letters: vendor rows that could not become records, kept until they are read again and pass. */
import type { Reject } from "#connectors/core/contract.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Place } from "./save-rows.ts";
import { storable } from "./content.ts";
import type { Database, Transaction } from "../database.ts";

export interface StoredReject extends Reject {
  rejectedAt: Date;
}

/** @param passed vendor ids that became records this time: their earlier rejects are settled */
export async function saveRejects(
  transaction: Transaction,
  place: Place,
  rejects: Reject[],
  passed: string[],
): Promise<void> {
  const keys = [transaction.workspaceId, place.connectionId, place.stream];
  await transaction.query(
    `DELETE FROM rejected_record
     WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3 AND ref = ANY($4::text[])`,
    [...keys, passed],
  );
  if (rejects.length === 0) return;
  await transaction.query(
    `INSERT INTO rejected_record (workspace_id, connection_id, stream, ref, reason, raw)
     SELECT $1, $2, $3, ref, reason, raw::jsonb FROM unnest($4::text[], $5::text[], $6::text[]) AS t (ref, reason, raw)
     ON CONFLICT (workspace_id, connection_id, stream, ref) DO UPDATE SET
       reason = excluded.reason, raw = excluded.raw, rejected_at = now()`,
    [
      ...keys,
      rejects.map((reject) => reject.ref),
      rejects.map((reject) => reject.reason),
      rejects.map((reject) => storable(JSON.stringify(reject.raw) ?? "null")),
    ],
  );
}

export async function forgetRejects(transaction: Transaction, place: Place): Promise<void> {
  await transaction.query(
    "DELETE FROM rejected_record WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3",
    [transaction.workspaceId, place.connectionId, place.stream],
  );
}

const PORTION = 1_000;

export async function* readRejects(
  database: Database,
  workspaceId: WorkspaceId,
  place: Place,
): AsyncGenerator<StoredReject> {
  for (let after = ""; ;) {
    const portion = await database.inWorkspace(workspaceId, (transaction) =>
      transaction.query<StoredReject>(
        `SELECT ref, reason, raw, rejected_at AS "rejectedAt" FROM rejected_record
         WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3 AND ref > $4
         ORDER BY ref LIMIT $5`,
        [workspaceId, place.connectionId, place.stream, after, PORTION],
      ),
    );
    yield* portion;
    const last = portion.at(-1);
    if (last === undefined || portion.length < PORTION) return;
    after = last.ref;
  }
}
