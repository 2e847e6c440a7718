/** All of linkage at once, for lists that fit into memory: what the database does record by record. For tests and benches. */
import type { RecordId } from "#profile/ids.ts";
import type { ScoredLink } from "../resolve.ts";
import { blockingKeysOf, LARGEST_BLOCK } from "./blocking.ts";
import type { LinkageFacts } from "./facts.ts";
import { learn, type LearnOptions } from "./learn.ts";
import { type LinkageModel } from "./model.ts";
import { RecordTable } from "./record-table.ts";
import { Scorer } from "./score.ts";

export interface Comparable {
  recordId: RecordId;
  facts: LinkageFacts;
}

/** @returns the pairs that are at least as likely as `review`, or the model's threshold for that */
export async function scoreAll(
  records: readonly Comparable[],
  { review, ...options }: LearnOptions & { review?: number } = {},
): Promise<{ scored: ScoredLink[]; model: LinkageModel; pairs: number }> {
  const facts = records.map(({ facts }) => facts);
  const table = new RecordTable(facts);
  const model = await learn(table, options);
  const scorer = new Scorer(facts, model, table);
  const least = review ?? model.review;
  const scored: ScoredLink[] = [];
  const pairs = pairsOf(facts);
  for (const pair of pairs) {
    const [at, other] = [Math.floor(pair / SHIFT), pair % SHIFT];
    const [one, two] = [records[at]?.recordId, records[other]?.recordId];
    if (one === undefined || two === undefined) continue;
    const score = scorer.score(at, other);
    const [a, b] = one < two ? [one, two] : [two, one];
    if (score.weight >= least) scored.push({ a, b, ...score });
  }
  return { scored, model, pairs: pairs.size };
}

const SHIFT = 0x4000000;

function pairsOf(facts: readonly LinkageFacts[]): Set<number> {
  const blocks = new Map<string, number[]>();
  facts.forEach((one, at) => {
    for (const key of blockingKeysOf(one)) {
      const block = blocks.get(key);
      if (block === undefined) blocks.set(key, [at]);
      else block.push(at);
    }
  });
  const pairs = new Set<number>();
  for (const block of blocks.values()) {
    if (block.length > LARGEST_BLOCK) continue;
    for (const [at, one] of block.entries()) for (const other of block.slice(at + 1)) pairs.add(one * SHIFT + other);
  }
  return pairs;
}
