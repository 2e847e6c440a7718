/** Identity in the database: who changed, which components that concerns, and what follows for the profiles. */
import type { ProfileId, WorkspaceId } from "#profile/ids.ts";
import { type Database, readByIndex, type Transaction } from "../database.ts";
import { settingAside, type Took } from "../set-aside.ts";
import { explainProfile, findProfileId, type ProfileExplanation } from "./explain.ts";
import { identifyBatch } from "./identify.ts";
import { compareDue } from "./linkage/compare.ts";
import { approveModel } from "./linkage/learn-anew.ts";
import { type ModelState, readModels } from "./linkage/models.ts";
import {
  decide,
  explainPair,
  type LikelyPair,
  type PairExplanation,
  readReview,
  recordsNamed,
  type Verdict,
} from "./linkage/review.ts";
import { areOthersAtWork, lockProfiles } from "./lock-profiles.ts";
import { NOTHING, resolveAlone, resolveBesideOthers, type ResolvedBatch } from "./resolve-batch.ts";

export interface IdentityStore {
  /**
   * Resolves up to `limit` changed person records, in one transaction: killed anywhere, it never happened.
   *
   * The outcome is a function of the records known, not of the batches or their order. Cost follows the size of the
   * components that changed. Several may run side by side: they share the work as far as it can be shared.
   */
  resolveBatch(workspaceId: WorkspaceId, options: { limit: number }): Promise<ResolvedBatch>;
  explain(workspaceId: WorkspaceId, profileId: ProfileId): Promise<ProfileExplanation>;
  findProfile(workspaceId: WorkspaceId, query: string): Promise<ProfileId | undefined>;
  /** Why two records, or two customers, are likely one person or not; null where that cannot be said. */
  explainPair(workspaceId: WorkspaceId, one: string, other: string): Promise<PairExplanation | null>;
  /** Pairs that wait for somebody's word, the likeliest first. */
  review(workspaceId: WorkspaceId, limit: number): Promise<LikelyPair[]>;
  /** @returns false when one of the two is no single record */
  decide(
    workspaceId: WorkspaceId,
    verdict: Omit<Verdict, "one" | "other"> & Record<"one" | "other", string>,
  ): Promise<boolean>;
  models(workspaceId: WorkspaceId): Promise<ModelState[]>;
  /** @returns false when none of this version waits */
  approveModel(workspaceId: WorkspaceId, version: number, actor: string): Promise<boolean>;
}

/** For one worker: of one workspace it resolves one batch at a time, which is as quick as several and spares locks. */
export function createIdentityStore(database: Database): IdentityStore {
  const oneAtATime = createTurns<WorkspaceId>();
  const identifying = createPending<WorkspaceId>();
  /** Workspaces in which this worker is in the middle of comparing. */
  const comparing = new Set<WorkspaceId>();
  return {
    async resolveBatch(workspaceId, { limit }) {
      const batch = { workspaceId, step: "identity", limit } as const;
      const identified = await identifying.note(workspaceId, settingAside(database, batch, NOTHING, identifyWhole));
      if (identified.more) return identified;
      return oneAtATime(workspaceId, async () => {
        // Our own lanes are none of the others: they are about to come here.
        await identifying.end(workspaceId);
        const compared = await compareDue(database, workspaceId, { goesOn: comparing.has(workspaceId) });
        if (compared > 0) {
          comparing.add(workspaceId);
          return { ...NOTHING, more: true };
        }
        comparing.delete(workspaceId);
        const besideOthers = (await areOthersAtWork(database, workspaceId))
          ? await resolveBesideOthers(database, workspaceId, limit)
          : undefined;
        return besideOthers ?? settingAside(database, batch, NOTHING, resolveAlone);
      });
    },
    explain: (workspaceId, profileId) =>
      database.inWorkspace(workspaceId, (transaction) => explainProfile(transaction, profileId)),
    findProfile: (workspaceId, query) =>
      database.inWorkspace(workspaceId, (transaction) => findProfileId(transaction, query)),
    explainPair: (workspaceId, one, other) =>
      database.inWorkspace(workspaceId, async (transaction) =>
        explainPair(transaction, await recordsNamed(transaction, one), await recordsNamed(transaction, other)),
      ),
    review: (workspaceId, limit) => database.inWorkspace(workspaceId, (transaction) => readReview(transaction, limit)),
    decide: (workspaceId, verdict) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const [one, two] = await recordsNamed(transaction, verdict.one);
        const [other, four] = await recordsNamed(transaction, verdict.other);
        if (one === undefined || other === undefined || one === other) return false;
        if (two !== undefined || four !== undefined) return false;
        await decide(transaction, { ...verdict, one, other });
        return true;
      }),
    models: (workspaceId) => database.inWorkspace(workspaceId, readModels),
    approveModel: (workspaceId, version, actor) =>
      database.inWorkspace(workspaceId, (transaction) => approveModel(transaction, version, actor)),
  };
}

/** @returns a function that runs what it is given after everything given before under the same key */
function createTurns<Key>() {
  const last = new Map<Key, Promise<unknown>>();
  return async <T>(key: Key, work: () => Promise<T>): Promise<T> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work);
    const ended = turn.catch(() => undefined);
    last.set(key, ended);
    try {
      return await turn;
    } finally {
      if (last.get(key) === ended) last.delete(key);
    }
  };
}

/** What is under way at the moment, by key. */
function createPending<Key>() {
  const pending = new Map<Key, Set<Promise<unknown>>>();
  return {
    async note<T>(key: Key, work: Promise<T>): Promise<T> {
      const known = pending.get(key) ?? new Set();
      pending.set(key, known.add(work));
      try {
        return await work;
      } finally {
        known.delete(work);
        if (known.size === 0) pending.delete(key);
      }
    },
    /** Waits for what is under way now, however it ends. */
    async end(key: Key): Promise<void> {
      await Promise.allSettled([...(pending.get(key) ?? [])]);
    },
  };
}

/** Identifiers alone, where there is a whole batch of records without: beside others that do the same. */
async function identifyWhole(transaction: Transaction, limit: number, took: Took): Promise<ResolvedBatch> {
  await lockProfiles(transaction, "shared");
  await readByIndex(transaction);
  const identified = await identifyBatch(transaction, { limit, least: limit }, took);
  return { ...NOTHING, more: identified > 0 };
}
