/** Runs of the loop: when each began and ended, and what its steps did. */
import type { Foretold } from "#connectors/core/forecast.ts";
import type { ConnectionId, RunId, WorkspaceId } from "#profile/ids.ts";
import type { Database, Durable } from "./database.ts";

export interface RunStep {
  step: string;
  /** What was foretold of its calls, by connection; of some steps nothing is. */
  forecasts: Record<ConnectionId, Foretold>;
  startedAt: Date;
  finishedAt: Date | null;
  counts: Record<string, number>;
}

/** Vendor calls among a step's counts, which are named `calls.<operation>`. */
export const callsIn = (counts: RunStep["counts"]): number =>
  Object.entries(counts).reduce((sum, [name, count]) => (isCall(name) ? sum + count : sum), 0);

export const isCall = (name: string): boolean => name.startsWith("calls.");

/** A step that is over, with what it counted. */
export type DoneStep = Pick<RunStep, "step" | "counts">;

export interface Run {
  runId: RunId;
  startedAt: Date;
  finishedAt: Date | null;
  outcome: "ok" | "failed" | null;
  /** For a failed run: what to do about it; no personal data. */
  message: string | null;
  steps: RunStep[];
}

export interface RunStore {
  /** Safe to repeat: a run that has begun keeps its time. @param steps what was done for it before it began */
  startRun(workspaceId: WorkspaceId, runId: RunId, steps?: readonly DoneStep[]): Promise<void>;
  /**
   * Adds to the step's counts, opening the step the first time. `finished` closes it; a later addition opens it again
   * unless it says `finished` too. Nothing is kept of a run past its time, as when a plan is approved months later.
   */
  addCounts(
    workspaceId: WorkspaceId,
    runId: RunId,
    step: string,
    counts: Record<string, number>,
    options?: { finished?: boolean },
  ): Promise<void>;
  /** Opens the step the first time. What was foretold first stays. */
  noteForecast(
    workspaceId: WorkspaceId,
    runId: RunId,
    step: string,
    forecast: { connectionId: ConnectionId; foretold: Foretold },
  ): Promise<void>;
  /** Newest of this name that have ended, oldest first. @param runs of so many runs */
  lastSteps(workspaceId: WorkspaceId, step: string, runs: number): Promise<RunStep[]>;
  finishRun(workspaceId: WorkspaceId, runId: RunId, outcome: "ok" | "failed", message?: string): Promise<void>;
  /** Whether all of these are runs of the workspace. */
  areKnown(workspaceId: WorkspaceId, runIds: readonly RunId[]): Promise<boolean>;
  /** Newest first, each with its steps in the order they began. */
  lastRuns(workspaceId: WorkspaceId, limit: number): Promise<Run[]>;
}

const STEP = 'step, started_at AS "startedAt", finished_at AS "finishedAt", counts, forecasts';

export function createRunStore(database: Database): RunStore {
  const write = async (workspaceId: WorkspaceId, text: string, values: unknown[], durable: Durable = "at once") => {
    await database.inWorkspace(workspaceId, (transaction) => transaction.query(text, [workspaceId, ...values]), {
      durable,
    });
  };
  return {
    startRun: (workspaceId, runId, steps = []) =>
      write(
        workspaceId,
        `WITH begun AS (
           INSERT INTO run (workspace_id, run_id) VALUES ($1, $2) ON CONFLICT (workspace_id, run_id) DO NOTHING
           RETURNING run_id
         )
         INSERT INTO run_step (workspace_id, run_id, step, finished_at, counts)
         SELECT $1, run_id, step, clock_timestamp(), counts FROM begun, json_to_recordset($3) AS done (step text, counts jsonb)`,
        [runId, JSON.stringify(steps)],
      ),

    addCounts: (workspaceId, runId, step, counts, options) =>
      write(
        workspaceId,
        `INSERT INTO run_step AS step (workspace_id, run_id, step, finished_at, updated_at, counts)
         SELECT $1, $2, $3, CASE WHEN $5 THEN clock_timestamp() END, clock_timestamp(), $4::jsonb
         FROM run WHERE workspace_id = $1 AND run_id = $2
         ON CONFLICT (workspace_id, run_id, step) DO UPDATE SET finished_at = excluded.finished_at,
           -- One more attempt is no progress.
           updated_at = CASE WHEN excluded.counts = '{}' AND NOT $5 THEN step.updated_at ELSE excluded.updated_at END,
           counts = (
           SELECT coalesce(jsonb_object_agg(name, coalesce((step.counts ->> name)::numeric, 0)
             + coalesce((excluded.counts ->> name)::numeric, 0)), '{}')
           FROM (SELECT jsonb_object_keys(step.counts || excluded.counts) AS name) AS names
         )`,
        [runId, step, JSON.stringify(counts), options?.finished ?? false],
        // With the end of a step all that was done in it is on the disk, before Temporal is told.
        options?.finished === true ? "at once" : "soon",
      ),

    noteForecast: (workspaceId, runId, step, { connectionId, foretold }) =>
      write(
        workspaceId,
        `INSERT INTO run_step AS step (workspace_id, run_id, step, forecasts)
         SELECT $1, $2, $3, $4::jsonb FROM run WHERE workspace_id = $1 AND run_id = $2
         ON CONFLICT (workspace_id, run_id, step) DO UPDATE SET forecasts = excluded.forecasts || step.forecasts`,
        [runId, step, JSON.stringify({ [connectionId]: foretold })],
      ),

    lastSteps: async (workspaceId, step, runs) => {
      const steps = await database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<RunStep>(
          `SELECT ${STEP} FROM (
             SELECT run_id FROM run WHERE workspace_id = $1 ORDER BY started_at DESC LIMIT $3
           ) AS last JOIN run_step USING (run_id)
           WHERE workspace_id = $1 AND step = $2 AND finished_at IS NOT NULL ORDER BY started_at`,
          [workspaceId, step, runs],
        ),
      );
      return steps;
    },

    finishRun: (workspaceId, runId, outcome, message) =>
      write(
        workspaceId,
        `UPDATE run SET finished_at = clock_timestamp(), outcome = $3, message = $4
         WHERE workspace_id = $1 AND run_id = $2`,
        [runId, outcome, message ?? null],
      ),

    areKnown: (workspaceId, runIds) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const known = await transaction.query<{ run_id: RunId }>(
          "SELECT run_id FROM run WHERE workspace_id = $1 AND run_id = ANY ($2::uuid[])",
          [workspaceId, runIds],
        );
        return known.length === new Set(runIds).size;
      }),

    lastRuns: (workspaceId, limit) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const runs = await transaction.query<Omit<Run, "steps">>(
          `SELECT run_id AS "runId", started_at AS "startedAt", finished_at AS "finishedAt", outcome, message
           FROM run WHERE workspace_id = $1 ORDER BY started_at DESC LIMIT $2`,
          [workspaceId, limit],
        );
        const steps = await transaction.query<RunStep & { runId: RunId }>(
          `SELECT run_id AS "runId", ${STEP}
           FROM run_step WHERE workspace_id = $1 AND run_id = ANY($2) ORDER BY started_at, step`,
          [workspaceId, runs.map((run) => run.runId)],
        );
        const stepsOf = Map.groupBy(steps, (step) => step.runId);
        return runs.map((run) => ({
          ...run,
          steps: (stepsOf.get(run.runId) ?? []).map(({ step, startedAt, finishedAt, counts, forecasts }) => ({
            ...{ step, startedAt, finishedAt, counts, forecasts },
          })),
        }));
      }),
  };
}
