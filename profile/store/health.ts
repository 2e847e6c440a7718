/** Is the database what the product needs? For `tributary doctor` and the health check. */
import { readdir } from "node:fs/promises";
import type { Database } from "./database.ts";

export interface DatabaseHealth {
  version: string;
  /** Who we are there. */
  role: string;
  /** A superuser, an owner or a role with BYPASSRLS could read every workspace. */
  bypassesRowSecurity: boolean;
  /** Migrations in the code that the database has not had. */
  pending: string[];
}

export async function readDatabaseHealth({ pool }: Database): Promise<DatabaseHealth> {
  const { rows } = await pool.query<Omit<DatabaseHealth, "pending">>(
    `SELECT current_setting('server_version') AS version, current_user AS role,
       (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)
         OR pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = 'profile'::regclass), 'MEMBER')
       AS "bypassesRowSecurity"`,
  );
  const applied = await pool.query<{ name: string }>(
    "SELECT name FROM applied_migrations() AS name",
  );
  const names = new Set(applied.rows.map(({ name }) => name));
  const [health] = rows;
  if (health === undefined) throw new Error("The database answered nothing.");
  return { ...health, pending: (await migrationNames()).filter((name) => !names.has(name)) };
}

async function migrationNames(): Promise<string[]> {
  const entries = await readdir(new URL("../../prisma/migrations", import.meta.url), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
