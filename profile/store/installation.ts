/** Who this installation is, and which of its workspaces Temporal has yet to be told of. */
import type { InstallationId, WorkspaceId } from "#profile/ids.ts";
import type { Database } from "./database.ts";

export interface Installation {
  installationId: InstallationId;
  createdAt: Date;
}

/** What a workspace's refresh schedule depends on. */
export interface WorkspaceRhythm {
  workspaceId: WorkspaceId;
  refreshMinutes: number;
}

export interface InstallationStore {
  /** Never changes, so it is asked for once. */
  get(): Promise<Installation>;
  /** Workspaces whose schedule is yet to be made, or made anew. */
  unscheduled(): Promise<WorkspaceRhythm[]>;
  /** Any workspace whose schedule was made; null: none was. */
  anyScheduled(): Promise<WorkspaceRhythm | null>;
  /**
   * The schedule is as it was wanted; had the workspace changed meanwhile, it stays to be made. Where there was none, the next
   * refresh goes through everything: a server that knew nothing of the schedule knows nothing of plans that wait either.
   */
  scheduled(workspace: WorkspaceRhythm, was: "made" | "changed"): Promise<void>;
  /** Every schedule is to be made again, as when Temporal has lost them. */
  scheduleAll(): Promise<void>;
}

export function createInstallationStore(database: Database): InstallationStore {
  let known: Promise<Installation> | undefined;
  const read = async (): Promise<Installation> => {
    const { rows } = await database.pool.query<Installation>(
      `SELECT installation_id AS "installationId", created_at AS "createdAt" FROM installation`,
    );
    const [row] = rows;
    if (row === undefined) throw new Error("The database does not say which installation it is of.");
    return row;
  };
  const rhythms = async (from: string): Promise<WorkspaceRhythm[]> => {
    const { rows } = await database.pool.query<WorkspaceRhythm>(
      `SELECT workspace_id AS "workspaceId", refresh_minutes AS "refreshMinutes" FROM ${from}`,
    );
    return rows;
  };
  return {
    get: () =>
      (known ??= read().catch((error: unknown) => {
        known = undefined;
        throw error;
      })),

    unscheduled: () => rhythms("workspaces_to_schedule()"),

    anyScheduled: async () => (await rhythms("scheduled_workspace()"))[0] ?? null,

    scheduled: async ({ workspaceId, refreshMinutes }, was) => {
      await database.inWorkspace(workspaceId, async (transaction) => {
        await transaction.query(
          "UPDATE workspace SET schedule_pending = false WHERE workspace_id = $1 AND refresh_minutes = $2",
          [workspaceId, refreshMinutes],
        );
        if (was === "changed") return;
        await transaction.query("UPDATE idle_refresh SET whole_at = NULL WHERE workspace_id = $1", [workspaceId]);
      });
    },

    scheduleAll: async () => {
      await database.pool.query("SELECT schedule_all_workspaces()");
    },
  };
}
