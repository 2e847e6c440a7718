import { type Database, runSoon } from "./database.ts";

/**
 * Lets the planner look at tables that changed by a third or more since it last did; a few milliseconds when none did.
 *
 * @returns how many were looked at
 */
export async function refreshStatistics(database: Database): Promise<number> {
  const [row] = await runSoon<{ analysed: number }>(database, "SELECT refresh_statistics() AS analysed");
  return row?.analysed ?? 0;
}

/** In how many tables the planner has statistics of workspaces, which make it expect a single row of a new one (docs/decisions/014). */
export async function tablesWithWorkspaceStatistics({ pool }: Pick<Database, "pool">): Promise<number> {
  const { rows } = await pool.query<{ tables: number }>("SELECT workspace_statistics() AS tables");
  return rows[0]?.tables ?? 0;
}
