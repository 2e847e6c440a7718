import type { LinkageModel } from "#profile/identity/linkage/model.ts";
import { Scorer } from "#profile/identity/linkage/score.ts";
import type { Transaction } from "../../database.ts";
import type { Pair } from "./candidates.ts";
import type { ScoredEdge } from "./edges.ts";
import { factsOf } from "./facts.ts";

/** Whoever compares, or changes what it is done by, does so alone in a workspace. */
export async function lockComparing(transaction: Transaction): Promise<void> {
  await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('comparing ' || $1, 0))", [
    transaction.workspaceId,
  ]);
}

/** Those of the pairs that are likely one person. */
export async function scorePairs(
  transaction: Transaction,
  pairs: readonly Pair[],
  model: LinkageModel,
): Promise<ScoredEdge[]> {
  if (pairs.length === 0) return [];
  const rows = await factsOf(transaction, new Set(pairs.flatMap(({ a, b }) => [a, b])));
  const at = new Map(rows.map(({ recordId }, position) => [recordId, position]));
  const scorer = new Scorer(
    rows.map(({ facts }) => facts),
    model,
  );
  return pairs.flatMap((pair): ScoredEdge[] => {
    const [a, b] = [at.get(pair.a), at.get(pair.b)];
    if (a === undefined || b === undefined) return [];
    const { weight, joins, clues } = scorer.score(a, b);
    return weight >= model.review ? [{ ...pair, weight, joins, clues }] : [];
  });
}
