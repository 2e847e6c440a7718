/** Keeping every profile's traits true: finds who needs scoring, scores, and stores only answers that changed. */
import { hash } from "node:crypto";
import { z } from "zod";
import type { ProfileId, WorkspaceId } from "#profile/ids.ts";
import { dueAt, scoreProfile } from "#profile/scores/score-profile.ts";
import type { ShopBaseline } from "#profile/scores/types.ts";
import { among, listed } from "../among.ts";
import { type Database, matchByHash, type Transaction } from "../database.ts";
import { pickDueProfiles, type DueProfile } from "../identity/marks.ts";
import { lockProfiles } from "../identity/lock-profiles.ts";
import { insertInto } from "../insert.ts";
import { settingsOf } from "../workspace-settings.ts";
import { settingAside, type Took } from "../set-aside.ts";
import { readBaseline, refreshBaseline } from "./baseline.ts";
import { loadFacts } from "./facts.ts";

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
  // A plan waits for marks that are not committed yet.
  await lockProfiles(transaction, "shared");
  const picked = await pickDueProfiles(transaction, "scores", { limit, at: asOf });
  if (picked.length === 0) return NOTHING;
  took(picked.map(({ profileId, touchedSeq }) => ({ id: profileId, touchedSeq })));
  const workspace = await settingsOf(transaction);
  const context = { asOf, timeZone: workspace.timeZone, baseline: await readBaseline(transaction) };
  const loaded = await loadFacts(
    transaction,
    workspace,
    picked.map((row) => row.profileId),
    asOf,
  );
  const due = new Map<ProfileId, string | null>();
  const changed: Answers[] = [];
  let refused = 0;
  for (const { profileId, facts, hash: known, nextFactAt } of loaded) {
    const scores = scoreProfile(facts, context);
    if (scores.some(({ status }) => status === "refused")) refused += 1;
    due.set(profileId, earlier(dueAt(scores), nextFactAt));
    const answers = scores.map((score) => ({ name: score.name, shown: shown(score) }));
    const hash = hashOf(answers);
    if (hash !== known) changed.push({ profileId, answers, hash, known: known !== null });
  }
  await saveAnswers(transaction, changed, asOf);
  await markScored(transaction, picked, due, new Set(changed.map(({ profileId }) => profileId)));
  const left = picked.filter((row) => !due.has(row.profileId)).map((row) => row.profileId);
  if (left.length > 0) await forget(transaction, left);
  return { profiles: picked.length, changed: changed.length, refused, more: picked.length === limit };
}

interface Answer {
  name: string;
  /** JSON of all that is shown but its time. */
  shown: string;
}

interface Answers {
  profileId: ProfileId;
  answers: readonly Answer[];
  hash: string;
  /** There are older ones. */
  known: boolean;
}

type Shown = Pick<StoredAnswer, "status" | "value" | "reasons" | "method" | "modelVersion">;

/** The reasons name the inputs that decided. `validUntil` is left out: it is not shown. */
const shown = ({ status, value, reasons, method, modelVersion }: Shown): string =>
  JSON.stringify({ status, value, reasons, method, modelVersion });

const hashOf = (answers: readonly Answer[]): string =>
  hash("sha256", answers.map((answer) => `${answer.name} ${answer.shown}`).join("\n"), "base64");

const earlier = (a: string | null, b: string | null) => (a === null || (b !== null && b < a) ? b : a);

async function saveAnswers(transaction: Transaction, changed: readonly Answers[], asOf: string): Promise<void> {
  const [known, fresh] = [changed.filter((one) => one.known), changed.filter((one) => !one.known)];
  const stored = await storedAnswers(
    transaction,
    known.map(({ profileId }) => profileId),
  );
  const row = ({ profileId, hash, answers }: Answers): Row => {
    const before = stored.get(profileId);
    const traits = answers.map((answer) => dated(answer, timeOf(answer, before?.[answer.name], asOf)));
    return { profileId, hash, traits: `{${traits.join()}}` };
  };
  await insertAnswers(transaction, fresh.map(row));
  await updateAnswers(transaction, known.map(row));
}

/** An answer that is what it was keeps its time. */
const timeOf = (answer: Answer, before: StoredAnswer | undefined, asOf: string): string =>
  before !== undefined && shown(before) === answer.shown ? before.computedAt : asOf;

const dated = ({ name, shown }: Answer, computedAt: string): string =>
  `${JSON.stringify(name)}:${shown.slice(0, -1)},"computedAt":${JSON.stringify(computedAt)}}`;

const storedTraits = z.record(
  z.string(),
  z.object({
    status: z.string(),
    value: z.unknown(),
    reasons: z.array(z.string()),
    method: z.string(),
    modelVersion: z.string(),
    computedAt: z.string(),
  }),
);
type StoredAnswer = z.infer<typeof storedTraits>[string];

async function storedAnswers(transaction: Transaction, profileIds: readonly ProfileId[]) {
  if (profileIds.length === 0) return new Map<ProfileId, Record<string, StoredAnswer>>();
  const rows = await transaction.query<{ profile_id: ProfileId; traits: unknown }>(
    `SELECT profile_id, traits FROM profile_traits WHERE workspace_id = $1 AND profile_id ${among("$2")}`,
    [transaction.workspaceId, listed(profileIds)],
  );
  return new Map(rows.map(({ profile_id, traits }) => [profile_id, storedTraits.parse(traits)]));
}

interface Row {
  profileId: ProfileId;
  traits: string;
  hash: string;
}

const rows = {
  table: "profile_traits",
  columns: {
    profile_id: { type: "uuid", of: ({ profileId }: Row) => profileId },
    traits: { type: "text", cast: "json", of: ({ traits }: Row) => traits },
    hash: { type: "text", of: ({ hash }: Row) => hash },
  },
  key: ["profile_id"],
} as const;
/** Who had no answers when their profile was locked has none now. */
const insertAnswers = insertInto<Row>({ ...rows, onConflict: "fail" });
const updateAnswers = insertInto<Row>({ ...rows, onConflict: "update" });

async function markScored(
  transaction: Transaction,
  picked: DueProfile[],
  due: ReadonlyMap<ProfileId, string | null>,
  changed: ReadonlySet<ProfileId>,
): Promise<void> {
  await matchByHash(
    transaction,
    `UPDATE profile SET scored_seq = done.seq, score_due_at = done.due,
       output_seq = CASE WHEN done.changed THEN nextval('change_seq') ELSE output_seq END
     FROM unnest($2::uuid[], $3::int8[], $4::timestamptz[], $5::bool[]) AS done (profile_id, seq, due, changed)
     WHERE profile.workspace_id = $1 AND profile.profile_id = done.profile_id AND profile.profile_id ${among("$2")}`,
    [
      transaction.workspaceId,
      listed(picked.map((row) => row.profileId)),
      listed(picked.map((row) => row.touchedSeq)),
      listed(picked.map((row) => due.get(row.profileId) ?? null)),
      listed(picked.map((row) => changed.has(row.profileId))),
    ],
  );
}

/** A profile whose records all moved elsewhere no longer has traits. */
async function forget(transaction: Transaction, profileIds: ProfileId[]): Promise<void> {
  await transaction.query(`DELETE FROM profile_traits WHERE workspace_id = $1 AND profile_id ${among("$2")}`, [
    transaction.workspaceId,
    listed(profileIds),
  ]);
}
