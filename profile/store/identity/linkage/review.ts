/** Likely pairs that people are asked about, why they are likely, and what people said. */
import { type ProfileId, type RecordId } from "#profile/ids.ts";
import { comparisons } from "#profile/identity/linkage/comparisons.ts";
import { UNKNOWN } from "#profile/identity/linkage/record-table.ts";
import { Scorer } from "#profile/identity/linkage/score.ts";
import { audit } from "../../audit.ts";
import { among, listed } from "../../among.ts";
import type { Transaction } from "../../database.ts";
import { findProfileId } from "../explain.ts";
import { markConcerned } from "../marks.ts";
import { type Pair, pairOf } from "./candidates.ts";
import type { ScoredEdge } from "./edges.ts";
import { factsOf } from "./facts.ts";
import { activeModel } from "./models.ts";

export interface LikelyPair extends Pair {
  /** log2 of the odds that the two are one person. */
  weight: number;
  /** Each as its tool shows it. */
  names: [string, string];
}

export interface PairExplanation extends LikelyPair {
  /** One sentence per comparison, the strongest first. */
  sentences: string[];
  verdict: "same" | "different" | null;
}

export interface Verdict {
  one: RecordId;
  other: RecordId;
  verdict: "same" | "different";
  actor: string;
  reason: string | null;
}

/** Pairs that are likely and have not joined, the likeliest first; those somebody has decided are left out. */
export async function readReview(transaction: Transaction, limit: number): Promise<LikelyPair[]> {
  const pairs = await transaction.query<Pick<ScoredEdge, "a" | "b" | "weight">>(
    `SELECT a_record_id AS a, b_record_id AS b, weight FROM scored_edge
       JOIN membership AS one ON one.workspace_id = $1 AND one.record_id = a_record_id
       JOIN membership AS other ON other.workspace_id = $1 AND other.record_id = b_record_id
     WHERE scored_edge.workspace_id = $1 AND joins <> 'alone' AND one.profile_id <> other.profile_id
       AND NOT EXISTS (SELECT FROM link WHERE link.workspace_id = $1
         AND link.a_record_id = scored_edge.a_record_id AND link.b_record_id = scored_edge.b_record_id)
     ORDER BY weight DESC, a_record_id, b_record_id LIMIT $2`,
    [transaction.workspaceId, limit],
  );
  const names = await namesOf(
    transaction,
    pairs.flatMap(({ a, b }) => [a, b]),
  );
  return pairs.map((pair) => ({ ...pair, names: [names.get(pair.a) ?? pair.a, names.get(pair.b) ?? pair.b] }));
}

/** A person's word outranks every score, now and after anything that is learned later. */
export async function decide(transaction: Transaction, { one, other, verdict, actor, reason }: Verdict): Promise<void> {
  const { a, b } = pairOf(one, other);
  await transaction.query(
    `INSERT INTO link (workspace_id, a_record_id, b_record_id, verdict, actor, reason) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (workspace_id, a_record_id, b_record_id)
     DO UPDATE SET verdict = excluded.verdict, actor = excluded.actor, reason = excluded.reason, created_at = now()`,
    [transaction.workspaceId, a, b, verdict, actor, reason],
  );
  await markConcerned(transaction, [a, b]);
  await audit(transaction, { actor, action: `identity.${verdict}`, subject: `${a} ${b}` });
}

/**
 * Why two records, or the likeliest two of two customers, are one person or not.
 *
 * @returns null where one of the two says too little to be compared, or nothing was learned yet
 */
export async function explainPair(
  transaction: Transaction,
  ones: readonly RecordId[],
  others: readonly RecordId[],
): Promise<PairExplanation | null> {
  const stored = await activeModel(transaction);
  const rows = await factsOf(transaction, [...ones, ...others]);
  if (stored === undefined) return null;
  const scorer = new Scorer(
    rows.map(({ facts }) => facts),
    stored.model,
  );
  const position = new Map(rows.map(({ recordId }, at) => [recordId, at]));
  let best: { one: RecordId; other: RecordId; weight: number } | null = null;
  for (const one of ones) {
    for (const other of others) {
      const [a, b] = [position.get(one), position.get(other)];
      if (a === undefined || b === undefined || one === other) continue;
      const { weight } = scorer.score(a, b);
      if (best === null || weight > best.weight) best = { one, other, weight };
    }
  }
  if (best === null) return null;
  const [a, b] = [position.get(best.one) ?? 0, position.get(best.other) ?? 0];
  scorer.score(a, b);
  const clues = [...scorer.levels].flatMap((level, c) => {
    const comparison = comparisons[c];
    const clue = scorer.clueOf(c, a, b);
    if (comparison === undefined || level === UNKNOWN || Math.abs(clue) < LEAST_WORTH_SAYING) return [];
    return { clue, text: `The ${comparison.words} is ${comparison.levels[level]?.words ?? ""}: ${timesOf(clue)}.` };
  });
  const names = await namesOf(transaction, [best.one, best.other]);
  const pair = pairOf(best.one, best.other);
  const [link] = await transaction.query<{ verdict: "same" | "different" }>(
    "SELECT verdict FROM link WHERE workspace_id = $1 AND a_record_id = $2 AND b_record_id = $3",
    [transaction.workspaceId, pair.a, pair.b],
  );
  const once = Math.round((1 - stored.model.lambda) / stored.model.lambda);
  return {
    ...pair,
    weight: best.weight,
    names: [names.get(pair.a) ?? pair.a, names.get(pair.b) ?? pair.b],
    sentences: [
      ...clues.toSorted((x, y) => Math.abs(y.clue) - Math.abs(x.clue)).map(({ text }) => text),
      `Of two records picked at random, one pair in ${once.toLocaleString("en-GB")} is one person.`,
      `All in all: ${oddsOf(best.weight)}. Clues that follow from one another count once.`,
    ],
    verdict: link?.verdict ?? null,
  };
}

const LEAST_WORTH_SAYING = 0.1;

/** "1,200 times as likely" */
function timesOf(clue: number): string {
  const times = 2 ** Math.abs(clue);
  const rounded = times < 10 ? Number(times.toFixed(1)) : Number(times.toPrecision(2));
  return `${rounded.toLocaleString("en-GB")} times as ${clue > 0 ? "likely" : "unlikely"} that it is one person`;
}

/** "one person with a probability of 99.8 %" */
function oddsOf(weight: number): string {
  const probability = 100 / (1 + 2 ** -weight);
  return `one person with a probability of ${probability > 99.9 ? "more than 99.9" : probability < 0.1 ? "less than 0.1" : probability.toFixed(1)} %`;
}

/** The records behind what somebody typed: a record's id, or all of the customer that `findProfileId` finds. */
export async function recordsNamed(transaction: Transaction, query: string): Promise<RecordId[]> {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(query.trim())) {
    const rows = await transaction.query<{ id: RecordId }>(
      "SELECT record_id AS id FROM membership WHERE workspace_id = $1 AND record_id = $2",
      [transaction.workspaceId, query.trim()],
    );
    if (rows.length > 0) return rows.map(({ id }) => id);
  }
  const profileId: ProfileId | undefined = await findProfileId(transaction, query);
  if (profileId === undefined) return [];
  const rows = await transaction.query<{ id: RecordId }>(
    "SELECT record_id AS id FROM membership WHERE workspace_id = $1 AND profile_id = $2 ORDER BY record_id LIMIT 50",
    [transaction.workspaceId, profileId],
  );
  return rows.map(({ id }) => id);
}

async function namesOf(transaction: Transaction, ids: readonly RecordId[]): Promise<Map<RecordId, string>> {
  const rows = await transaction.query<{ id: RecordId; name: string }>(
    `SELECT record_id AS id, connector || ' ' || stream || '/' || vendor_id AS name
     FROM source_record JOIN connection USING (workspace_id, connection_id)
     WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(ids)],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}
