/** Removing what is past its time: a batch a transaction, so that nobody waits and whatever ends it, what is done is done. */
import { pastBefore, RETENTION_KINDS, type Retention, type RetentionKind } from "#profile/retention.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { ENDED } from "#profile/plan/types.ts";
import { forgetNews } from "../consent/sending.ts";
import type { Database, Transaction } from "../database.ts";
import { pastFigures, pruneFigures } from "./figures.ts";
import { pastPlans, pruneLines, prunePlan, weighPlans } from "./plans.ts";
import { pastRuns, pruneRuns } from "./runs.ts";
import { retentionOf, setRetention } from "./settings.ts";
import { pastVersions, pruneVersions } from "./versions.ts";
import { forgetEvents } from "./webhooks.ts";

export interface Prunable {
  /** By what they are: plans, changes, runs. */
  rows: Record<string, number>;
  /** Of the rows themselves, without indexes. */
  bytes: number;
}

export interface Batch extends Prunable {
  more: boolean;
}

export type Pruned = Record<RetentionKind, Prunable>;

export interface RetentionStore {
  kept(workspaceId: WorkspaceId): Promise<Retention>;
  /** What is left out stays as it is. @returns what holds now */
  keep(workspaceId: WorkspaceId, change: Partial<Retention>): Promise<Retention>;
  /** What is past its time at that moment, in milliseconds since the epoch; nothing is changed. */
  preview(workspaceId: WorkspaceId, at: number): Promise<Pruned>;
  /**
   * Removes it. Safe to repeat, to break off and to run twice at once.
   *
   * @param options.goOn asked between batches; false ends it, and the next pruning goes on
   * @returns what was removed, and whether all of it
   */
  prune(
    workspaceId: WorkspaceId,
    at: number,
    options?: { batch?: number; goOn?: () => boolean; onBatch?: (soFar: Pruned) => void },
  ): Promise<{ pruned: Pruned; done: boolean }>;
  /** The oldest that may be pruned some day, by kind, and when a pruning last came to its end; null: there is none. */
  oldest(workspaceId: WorkspaceId): Promise<Record<RetentionKind, Date | null> & { prunedAt: Date | null }>;
  /** Whether a day has passed since the last pruning came to its end, or the workspace was made. */
  isDue(workspaceId: WorkspaceId, at: number): Promise<boolean>;
}

/** Changes, runs or versions of a batch: some tens of milliseconds. */
const BATCH = 1_000;

export function createRetentionStore(database: Database): RetentionStore {
  const inside = database.inWorkspace;
  return {
    kept: (workspaceId) => inside(workspaceId, retentionOf),
    keep: (workspaceId, change) => inside(workspaceId, (transaction) => setRetention(transaction, change)),

    preview: (workspaceId, at) =>
      inside(workspaceId, async (transaction) => {
        const kept = await retentionOf(transaction);
        const weighed = nothing();
        for (const kind of RETENTION_KINDS) {
          const before = pastBefore(kept[kind], at);
          if (before !== null) weighed[kind] = await WEIGH[kind](transaction, before);
        }
        return weighed;
      }),

    async prune(workspaceId, at, { batch = BATCH, goOn = () => true, onBatch = () => undefined } = {}) {
      const kept = await inside(workspaceId, retentionOf);
      const pruned = nothing();
      for (const kind of RETENTION_KINDS) {
        const before = pastBefore(kept[kind], at);
        if (before === null) continue;
        for await (const { rows, bytes } of BATCHES[kind](database, workspaceId, before, batch)) {
          add(pruned[kind], { rows, bytes });
          onBatch(pruned);
          if (!goOn()) return { pruned, done: false };
        }
      }
      if (!(await forgetEvents(database, workspaceId, { batch, goOn }))) return { pruned, done: false };
      await inside(workspaceId, async (transaction) => {
        await forgetNews(transaction);
        await transaction.query("UPDATE workspace SET pruned_at = $2 WHERE workspace_id = $1", [
          workspaceId,
          new Date(at),
        ]);
      });
      return { pruned, done: true };
    },

    oldest: (workspaceId) =>
      inside(workspaceId, async (transaction) => {
        const [row] = await transaction.query<Record<RetentionKind, Date | null> & { prunedAt: Date | null }>(
          `SELECT pruned_at AS "prunedAt",
             (SELECT min(started_at) FROM run WHERE workspace_id = $1
                AND started_at < (SELECT max(started_at) FROM run WHERE workspace_id = $1)) AS runs,
             (SELECT min(coalesce(finished_at, created_at)) FROM plan
              WHERE workspace_id = $1 AND pruned_at IS NULL AND status = ANY($2::text[])) AS plans,
             (SELECT min(since) FROM superseded_content WHERE workspace_id = $1) AS versions,
             (SELECT min(day) FROM figure_day WHERE workspace_id = $1)::timestamp AT TIME ZONE 'UTC' AS figures
           FROM workspace WHERE workspace_id = $1`,
          [workspaceId, ENDED],
        );
        return row ?? { runs: null, plans: null, versions: null, figures: null, prunedAt: null };
      }),

    isDue: (workspaceId, at) =>
      inside(workspaceId, async (transaction) => {
        const [row] = await transaction.query<{ due: boolean }>(
          "SELECT coalesce(pruned_at, created_at) < $2::timestamptz - interval '1 day' AS due FROM workspace WHERE workspace_id = $1",
          [workspaceId, new Date(at)],
        );
        return row?.due ?? false;
      }),
  };
}

const WEIGH: Record<RetentionKind, (transaction: Transaction, before: Date) => Promise<Prunable>> = {
  runs: pastRuns,
  plans: weighPlans,
  versions: pastVersions,
  figures: pastFigures,
};

type Batches = (database: Database, workspaceId: WorkspaceId, before: Date, limit: number) => AsyncGenerator<Prunable>;

const BATCHES: Record<RetentionKind, Batches> = {
  runs: repeated(pruneRuns),
  plans: planBatches,
  versions: repeated(pruneVersions),
  figures: repeated(pruneFigures),
};

async function* planBatches(
  database: Database,
  workspaceId: WorkspaceId,
  before: Date,
  limit: number,
): AsyncGenerator<Prunable> {
  const ids = await database.inWorkspace(workspaceId, (transaction) => pastPlans(transaction, before));
  for (const planId of ids) {
    let after: string | null = null;
    for (let more = true; more;) {
      const portion: Parameters<typeof prunePlan>[3] = { after, limit };
      const batch = await database.inWorkspace(workspaceId, (transaction) =>
        prunePlan(transaction, planId, before, portion),
      );
      if (batch === null) break;
      yield batch;
      after = batch.last;
      more = batch.more;
    }
  }
  yield* repeated(pruneLines)(database, workspaceId, before, limit);
}

function repeated(prune: (transaction: Transaction, before: Date, limit: number) => Promise<Batch>): Batches {
  return async function* (database, workspaceId, before, limit) {
    for (let more = true; more;) {
      const batch = await database.inWorkspace(workspaceId, (transaction) => prune(transaction, before, limit));
      yield batch;
      ({ more } = batch);
    }
  };
}

const nothing = (): Pruned => ({
  runs: { rows: {}, bytes: 0 },
  plans: { rows: {}, bytes: 0 },
  versions: { rows: {}, bytes: 0 },
  figures: { rows: {}, bytes: 0 },
});

function add(sum: Prunable, { rows, bytes }: Prunable): void {
  sum.bytes += bytes;
  for (const [name, count] of Object.entries(rows)) sum.rows[name] = (sum.rows[name] ?? 0) + count;
}
