/** Which sensitive facts about persons a workspace keeps, and since whose word. */
import {
  isSensitiveName,
  SENSITIVE_FACTS,
  type SensitiveCategory,
  type SensitiveName,
} from "#connectors/core/sensitive.ts";
import type { ConnectionId, RecordId, WorkspaceId } from "#profile/ids.ts";
import { among, listed } from "./among.ts";
import { audit } from "./audit.ts";
import type { Database, Transaction } from "./database.ts";
import { markChanged, touchProfilesOf } from "./identity/marks.ts";

export interface SensitiveChange {
  names: readonly SensitiveName[];
  /** Left out: every connection of the workspace. */
  connectionId?: ConnectionId;
  actor: string;
  /** Why they are needed, or no more; it goes into the log of who did what. */
  reason: string;
}

/** A column or property that a person chose to read in. */
export interface SensitiveColumn {
  column: string;
  category: SensitiveCategory;
  /** What it is read as. */
  field: string;
}

export interface SensitiveFacts {
  /** Those kept of every connection, and those kept of some. */
  inUse(workspaceId: WorkspaceId): Promise<{ everywhere: SensitiveName[]; of: Map<ConnectionId, SensitiveName[]> }>;
  /** Keeps them from now on: of records that are read from now on. */
  use(workspaceId: WorkspaceId, change: SensitiveChange): Promise<void>;
  /** Notes that columns about health, finance or children are read in all the same, and why. */
  noteColumns(
    workspaceId: WorkspaceId,
    input: Pick<SensitiveChange, "connectionId" | "actor" | "reason"> & { columns: readonly SensitiveColumn[] },
  ): Promise<void>;
  /**
   * Keeps them no longer, of any connection or of one, and takes them out of all that is stored, earlier versions included.
   *
   * @returns how many records held one
   */
  stop(workspaceId: WorkspaceId, change: SensitiveChange): Promise<number>;
}

export function createSensitiveFacts(database: Database): SensitiveFacts {
  return {
    inUse: (workspaceId) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const rows = await transaction.query<{ connectionId: ConnectionId | null; names: string[] }>(
          `SELECT NULL::uuid AS "connectionId", sensitive_facts AS names FROM workspace WHERE workspace_id = $1
           UNION ALL SELECT connection_id, sensitive_facts FROM connection
             WHERE workspace_id = $1 AND sensitive_facts <> '{}'`,
          [workspaceId],
        );
        const of = new Map<ConnectionId, SensitiveName[]>();
        for (const { connectionId, names } of rows)
          if (connectionId !== null) of.set(connectionId, names.filter(isSensitiveName));
        const everywhere = rows.find(({ connectionId }) => connectionId === null)?.names.filter(isSensitiveName) ?? [];
        return { everywhere, of };
      }),

    use: (workspaceId, change) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const added = "ARRAY(SELECT DISTINCT unnest(sensitive_facts || $2::text[]) ORDER BY 1)";
        const changed =
          change.connectionId === undefined
            ? await transaction.query(
                `UPDATE workspace SET sensitive_facts = ${added}
                 WHERE workspace_id = $1 AND NOT sensitive_facts @> $2::text[] RETURNING 1`,
                [workspaceId, change.names],
              )
            : await transaction.query(
                `UPDATE connection SET sensitive_facts = ${added}
                 WHERE workspace_id = $1 AND NOT sensitive_facts @> $2::text[] AND connection_id = $3 RETURNING 1`,
                [workspaceId, change.names, change.connectionId],
              );
        if (changed.length > 0) await note(transaction, "sensitive_facts.used", change);
      }),

    noteColumns: (workspaceId, { columns, connectionId, actor, reason }) =>
      database.inWorkspace(workspaceId, (transaction) =>
        audit(transaction, {
          ...{ actor, action: "sensitive_columns.mapped", subject: connectionId ?? workspaceId },
          details: { columns: [...columns], reason },
        }),
      ),

    stop: (workspaceId, change) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const { names, connectionId } = change;
        const left = "ARRAY(SELECT unnest(sensitive_facts) EXCEPT SELECT unnest($2::text[]) ORDER BY 1)";
        await transaction.query(
          `UPDATE connection SET sensitive_facts = ${left}
           WHERE workspace_id = $1 AND sensitive_facts && $2::text[] AND ($3::uuid IS NULL OR connection_id = $3)`,
          [workspaceId, names, connectionId ?? null],
        );
        if (connectionId === undefined)
          await transaction.query(`UPDATE workspace SET sensitive_facts = ${left} WHERE workspace_id = $1`, [
            workspaceId,
            names,
          ]);
        const records = await forget(transaction, names, connectionId ?? null);
        await note(transaction, "sensitive_facts.stopped", change, { records });
        return records;
      }),
  };
}

/** Contents are only ever added and removed, so they are put in anew; what was read again would say so by its hash. */
async function forget(
  transaction: Transaction,
  names: readonly SensitiveName[],
  connectionId: ConnectionId | null,
): Promise<number> {
  const facts = names.map((name) => SENSITIVE_FACTS[name].fact);
  const rows = await transaction.query<{ recordId: RecordId }>(
    `WITH gone AS (
       DELETE FROM source_content USING source_record r
       WHERE source_content.workspace_id = $1 AND r.workspace_id = $1 AND r.record_id = source_content.record_id
         AND r.kind = 'person' AND ($3::uuid IS NULL OR r.connection_id = $3) AND data::jsonb ?| $2::text[]
       RETURNING source_content.record_id, source_content.hash, data, recorded_at
     ), kept AS (
       INSERT INTO source_content (workspace_id, record_id, hash, data, recorded_at)
       SELECT $1, record_id, hash, (data::jsonb - $2::text[])::json, recorded_at FROM gone
       RETURNING record_id
     )
     SELECT DISTINCT record_id AS "recordId" FROM kept`,
    [transaction.workspaceId, facts, connectionId],
  );
  const ids = rows.map(({ recordId }) => recordId);
  // What records are compared by holds them too; it is made anew of what is left.
  for (const table of ["blocking_key", "linkage_record"])
    await transaction.query(`DELETE FROM ${table} WHERE workspace_id = $1 AND record_id ${among("$2")}`, [
      transaction.workspaceId,
      listed(ids),
    ]);
  await markChanged(transaction, ids);
  await touchProfilesOf(transaction, ids);
  return ids.length;
}

function note(
  transaction: Transaction,
  action: "sensitive_facts.used" | "sensitive_facts.stopped",
  { names, connectionId, actor, reason }: SensitiveChange,
  more: Record<string, unknown> = {},
): Promise<void> {
  const details = { facts: [...names], reason, ...more };
  return audit(transaction, { actor, action, subject: connectionId ?? transaction.workspaceId, details });
}
