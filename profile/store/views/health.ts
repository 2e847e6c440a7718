/** Is the database what the product needs, and what could it not make sense of? For `tributary doctor` and `status`. */
import { readdir } from "node:fs/promises";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Database } from "../database.ts";

export interface DatabaseHealth {
  version: string;
  /** Our role there. */
  role: string;
  /** A superuser, an owner or a role with BYPASSRLS could read every workspace. */
  bypassesRowSecurity: boolean;
  /** Its name now. */
  database: string;
  /** The name and application role it was last migrated as; null before the migration that notes them. */
  deployment: { database: string; role: string } | null;
  /** Migrations in the code that the database has not had; all of them for a role that may not ask. */
  pending: string[];
}

/** Works on an empty database too: then every migration is pending. */
export async function readDatabaseHealth({ pool }: Pick<Database, "pool">): Promise<DatabaseHealth> {
  const { rows } = await pool.query<
    Omit<DatabaseHealth, "pending" | "deployment"> & { migrated: boolean; noted: boolean }
  >(
    `SELECT current_setting('server_version') AS version, current_user AS role, current_database() AS database,
       (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)
         OR coalesce(pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = to_regclass('profile')), 'MEMBER'), false)
       AS "bypassesRowSecurity",
       coalesce(has_function_privilege(to_regproc('applied_migrations'), 'EXECUTE'), false) AS migrated, to_regproc('deployed_as') IS NOT NULL AS noted`,
  );
  const [health] = rows;
  if (health === undefined) throw new Error("The database answered nothing.");
  const { migrated, noted, ...rest } = health;
  const applied = migrated ? await pool.query<{ name: string }>("SELECT name FROM applied_migrations() AS name") : null;
  const names = new Set(applied?.rows.map(({ name }) => name));
  const as = noted
    ? await pool.query<{ database: string; role: string }>("SELECT database, role FROM deployed_as()")
    : null;
  return {
    ...rest,
    deployment: as?.rows[0] ?? null,
    pending: (await migrationNames()).filter((name) => !names.has(name)),
  };
}

async function migrationNames(): Promise<string[]> {
  const entries = await readdir(new URL("../../../prisma/migrations", import.meta.url), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
}

export interface RejectReason {
  connector: string;
  connection: string;
  stream: string;
  reason: string;
  /** The rows became records all the same. */
  kept: boolean;
  rows: number;
}

/** Why rows could not become records, or not wholly, most frequent first; at most 50 reasons. */
export function readRejectReasons(database: Database, workspaceId: WorkspaceId): Promise<RejectReason[]> {
  return database.inWorkspace(workspaceId, (transaction) =>
    transaction.query<RejectReason>(
      `SELECT connection.connector, connection.name AS connection, rejected.stream, rejected.reason, rejected.kept,
         count(*) AS rows
       FROM rejected_record rejected JOIN connection USING (workspace_id, connection_id)
       WHERE workspace_id = $1 GROUP BY 1, 2, 3, 4, 5 ORDER BY rejected.kept, rows DESC, 1, 2, 3, 4 LIMIT 50`,
      [workspaceId],
    ),
  );
}
