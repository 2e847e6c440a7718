/** Whether the database keeps us to one workspace at a time. */
import { ConfigError } from "#config.ts";
import type { Database } from "#profile/store/database.ts";
import { readDatabaseHealth } from "#profile/store/views/health.ts";

/**
 * Checked at the start: the owner's URL would work as well, with nothing beneath our own statements to keep workspaces
 * apart.
 *
 * @throws ConfigError naming the role to use
 */
export async function refuseUnboundRole(database: Pick<Database, "pool">): Promise<void> {
  const { bypassesRowSecurity, role, deployment } = await readDatabaseHealth(database);
  if (!bypassesRowSecurity) return;
  throw new ConfigError(
    `DATABASE_URL names the role ${role}, which could read every workspace: ` +
      `use ${deployment?.role ?? "tributary_app"}; only migrations need the owner.`,
  );
}
