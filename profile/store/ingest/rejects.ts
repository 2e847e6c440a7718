/** Dead letters: vendor rows that could not become records, kept until they are read again and pass. */
import type { Reject } from "#connectors/core/contract.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Place } from "./save-rows.ts";
import { storable } from "./content.ts";
import type { Database, Transaction } from "../database.ts";
import { insertInto } from "../insert.ts";

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
  const [open] = await transaction.query<{ any: boolean }>(
    `SELECT EXISTS (
       SELECT FROM rejected_record WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3
     ) AS any`,
    keys,
  );
  // Most streams have none, and then a page's two thousand references need not be looked for.
  if (open?.any === true) {
    for (const name of ["ref", "vendor_id"])
      await transaction.query(
        `DELETE FROM rejected_record
         WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3 AND ${name} = ANY($4::text[])`,
        [...keys, passed],
      );
  }
  await insertRejects(transaction, rejects, [place.connectionId, place.stream]);
}

const insertRejects = insertInto<Reject>({
  table: "rejected_record",
  constants: ["connection_id", "stream"],
  columns: {
    ref: { type: "text", of: ({ ref }) => ref },
    // An id that cannot be stored is no record's.
    vendor_id: { type: "text", of: ({ id = null }) => (id === null || id.includes("\u0000") ? null : id) },
    reason: { type: "text", of: ({ reason }) => reason },
    kept: { type: "bool", of: ({ kept = false }) => kept },
    raw: { type: "text", cast: "jsonb", of: ({ raw }) => storable(JSON.stringify(raw) ?? "null") },
  },
  key: ["connection_id", "stream", "ref"],
  onConflict: "update",
  also: "rejected_at = now()",
});

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
        `SELECT ref, reason, raw, rejected_at AS "rejectedAt", kept FROM rejected_record
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
