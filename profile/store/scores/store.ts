/** Keeping every profile's traits true: finds who needs scoring, scores, and stores only answers that changed. */
import { hash } from "node:crypto";
import type { ProfileId, WorkspaceId } from "#profile/ids.ts";
import { dueAt, scoreProfile } from "#profile/scores/score-profile.ts";
import type { Score, ShopBaseline } from "#profile/scores/types.ts";
import type { Database, Transaction } from "../database.ts";
import { pickDueProfiles, type DueProfile } from "../identity/marks.ts";
import { settingAside, type Took } from "../set-aside.ts";
import { readBaseline, refreshBaseline } from "./baseline.ts";
import { loadFacts, scoringWorkspace, type LoadedFacts } from "./facts.ts";

export interface ScoredBatch {
  profiles: number;
  /** Profiles with at least one answer that differs from the stored one. */
  changed: number;
  /** Profiles for which at least one score abstained. */
  refused: number;
  /** There may be more to do: call again. */
  more: boolean;
}

export interface ScoreStore {
  /** To be called before scoring; `changed` when people who bought are due for scoring because the shop's rhythm moved. */
  refreshBaseline(workspaceId: WorkspaceId, asOf: string): Promise<{ changed: boolean; baseline: ShopBaseline }>;
  /** Scores up to `limit` profiles that changed or fell due; one transaction. A thousand or more at a time is quick. */
  scoreBatch(workspaceId: WorkspaceId, options: { limit: number; asOf: string }): Promise<ScoredBatch>;
}

export function createScoreStore(database: Database): ScoreStore {
  return {
    refreshBaseline: (workspaceId, asOf) =>
      database.inWorkspace(workspaceId, (transaction) => refreshBaseline(transaction, asOf)),
    scoreBatch: (workspaceId, { limit, asOf }) =>
      settingAside(database, { workspaceId, step: "scores", limit }, NOTHING, (transaction, size, took) =>
        scoreBatch(transaction, { limit: size, asOf, took }),
      ),
  };
}

const NOTHING: ScoredBatch = { profiles: 0, changed: 0, refused: 0, more: false };

async function scoreBatch(
  transaction: Transaction,
  { limit, asOf, took }: { limit: number; asOf: string; took: Took },
): Promise<ScoredBatch> {
  const picked = await pickDueProfiles(transaction, "scores", { limit, at: asOf });
  if (picked.length === 0) return NOTHING;
  took(picked.map(({ profileId, touchedSeq }) => ({ id: profileId, touchedSeq })));
  const workspace = await scoringWorkspace(transaction);
  const context = { asOf, timeZone: workspace.timeZone, baseline: await readBaseline(transaction) };
  const loaded = await loadFacts(
    transaction,
    workspace,
    picked.map((row) => row.profileId),
    asOf,
  );
  const answers = new Map<ProfileId, { due: string | null; news: News[] }>();
  let refused = 0;
  for (const one of loaded) {
    const scores = scoreProfile(one.facts, context);
    if (scores.some(({ status }) => status === "refused")) refused += 1;
    answers.set(one.profileId, { due: earlier(dueAt(scores), one.nextFactAt), news: newsOf(one, scores) });
  }
  await saveTraits(transaction, new Map([...answers].map(([profileId, { news }]) => [profileId, news])), asOf);
  const changed = picked.filter((row) => (answers.get(row.profileId)?.news.length ?? 0) > 0);
  await markScored(
    transaction,
    picked,
    (id) => answers.get(id)?.due ?? null,
    new Set(changed.map((row) => row.profileId)),
  );
  const left = picked.filter((row) => !answers.has(row.profileId)).map((row) => row.profileId);
  if (left.length > 0) await forget(transaction, left);
  return { profiles: picked.length, changed: changed.length, refused, more: picked.length === limit };
}

interface News {
  score: Score<unknown>;
  hash: string;
}

const newsOf = (loaded: LoadedFacts, scores: Score<unknown>[]): News[] =>
  scores
    .map((score) => ({ score, hash: hashOf(score) }))
    .filter(({ score, hash }) => loaded.answers[score.name] !== hash);

/** Over all that is shown; the reasons name the inputs that decided. `validUntil` is left out: it is not shown. */
function hashOf({ status, value, reasons, method, modelVersion }: Score<unknown>): string {
  return hash("sha256", JSON.stringify([status, value, reasons, method, modelVersion]), "base64");
}

const earlier = (a: string | null, b: string | null) => (a === null || (b !== null && b < a) ? b : a);

/**
 * One row per profile; answers that did not change stay as they are. The batch goes over as one JSON text: as an array of
 * JSON texts every quote in it would be escaped here and unescaped there.
 */
async function saveTraits(transaction: Transaction, news: Map<ProfileId, News[]>, asOf: string): Promise<void> {
  const rows = [...news]
    .filter(([, list]) => list.length > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([profile_id, list]) => ({
      profile_id,
      traits: Object.fromEntries(list.map(({ score }) => [score.name, shown(score, asOf)])),
      hashes: Object.fromEntries(list.map((one) => [one.score.name, one.hash])),
    }));
  if (rows.length === 0) return;
  await transaction.query(
    `INSERT INTO profile_traits AS stored (workspace_id, profile_id, traits, hashes)
     SELECT $1, profile_id, traits, hashes
     FROM jsonb_to_recordset($2::jsonb) AS t (profile_id uuid, traits jsonb, hashes jsonb)
     ON CONFLICT (workspace_id, profile_id) DO UPDATE SET
       traits = stored.traits || excluded.traits, hashes = stored.hashes || excluded.hashes`,
    [transaction.workspaceId, JSON.stringify(rows)],
  );
}

const shown = ({ status, value, reasons, method, modelVersion }: Score<unknown>, computedAt: string) => ({
  ...{ status, value, reasons, method, modelVersion },
  computedAt,
});

async function markScored(
  transaction: Transaction,
  picked: DueProfile[],
  due: (profileId: ProfileId) => string | null,
  changed: Set<ProfileId>,
): Promise<void> {
  await transaction.query(
    `UPDATE profile SET scored_seq = done.seq, score_due_at = done.due,
       output_seq = CASE WHEN done.changed THEN nextval('change_seq') ELSE output_seq END
     FROM unnest($2::uuid[], $3::int8[], $4::timestamptz[], $5::bool[]) AS done (profile_id, seq, due, changed)
     WHERE profile.workspace_id = $1 AND profile.profile_id = done.profile_id`,
    [
      transaction.workspaceId,
      picked.map((row) => row.profileId),
      picked.map((row) => row.touchedSeq),
      picked.map((row) => due(row.profileId)),
      picked.map((row) => changed.has(row.profileId)),
    ],
  );
}

/** A profile whose records all moved elsewhere no longer has traits. */
async function forget(transaction: Transaction, profileIds: ProfileId[]): Promise<void> {
  await transaction.query("DELETE FROM profile_traits WHERE workspace_id = $1 AND profile_id = ANY($2::uuid[])", [
    transaction.workspaceId,
    profileIds,
  ]);
}
