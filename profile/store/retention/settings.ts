/** How long a workspace keeps what, as its admin set it. */
import { RETENTION_KINDS, USUAL_RETENTION, type Retention, type RetentionKind } from "#profile/retention.ts";
import type { Transaction } from "../database.ts";

export async function retentionOf(transaction: Transaction): Promise<Retention> {
  const rows = await transaction.query<{ kind: RetentionKind; days: number | null }>(
    "SELECT kind, days FROM retention WHERE workspace_id = $1",
    [transaction.workspaceId],
  );
  return { ...USUAL_RETENTION, ...Object.fromEntries(rows.map(({ kind, days }) => [kind, days])) };
}

/** What is left out stays. */
export async function setRetention(transaction: Transaction, change: Partial<Retention>): Promise<Retention> {
  const named = RETENTION_KINDS.flatMap((kind) => (change[kind] === undefined ? [] : [{ kind, days: change[kind] }]));
  await transaction.query(
    `INSERT INTO retention (workspace_id, kind, days) SELECT $1, * FROM unnest($2::text[], $3::int[])
     ON CONFLICT (workspace_id, kind) DO UPDATE SET days = excluded.days`,
    [transaction.workspaceId, named.map(({ kind }) => kind), named.map(({ days }) => days)],
  );
  return retentionOf(transaction);
}
