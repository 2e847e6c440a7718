/** Learning from unlabelled records how much each agreement says (Fellegi & Sunter 1969; EM after Winkler 1988). */
import { comparisonAt, comparisons } from "./comparisons.ts";
import { expectMatches, type Learned } from "./expectation.ts";
import type { LinkageField } from "./facts.ts";
import { UnionFind } from "../union-find.ts";
import { drawsOf } from "./random.ts";
import { LARGEST_BLOCK } from "./blocking.ts";
import { type LinkageModel, modelOf, termsOf } from "./model.ts";
import { Patterns } from "./patterns.ts";
import { type RecordTable, UNKNOWN } from "./record-table.ts";

/** With less to learn from, the usual weights are taken and more is asked for. */
export const LEAST_RECORDS = 2_000;
export const LEAST_CERTAIN_PAIRS = 100;

/** The share of true pairs that the certain rules find. A factor of two here moves a weight by one. */
const CERTAIN_RECALL = 0.7;
const RANDOM_PAIRS = 1_000_000;
/** Pairs looked at for one rule of the round robin. */
const TRAINING_PAIRS = 1_000_000;

/** Rules that are nearly always right. */
const CERTAIN: readonly (readonly LinkageField[])[] = [
  ["first_name", "last_name", "birth_date"],
  ["email"],
  ["national_id"],
];
/** Blocks to learn in: each leaves the comparisons of the others to be learned. */
const TRAINING: readonly (readonly LinkageField[])[] = [
  ["birth_date"],
  ["first_name", "last_name"],
  ["email"],
  ["phone"],
  ["last_name", "postcode"],
  ["national_id"],
];
/** A larger group is a shared value rather than a person. */
const LARGEST_CERTAIN_GROUP = 50;

export interface LearnOptions {
  /** Called every now and then, so that whoever runs this can do something else in between. */
  pause?: () => Promise<void>;
  /** Pairs drawn to see how often people agree by chance. */
  randomPairs?: number;
}

/**
 * Learns how much each agreement says of these records. Without enough of them, or of pairs that are certain, the usual
 * weights are taken and the thresholds are higher.
 */
export async function learn(
  table: RecordTable,
  { pause = () => Promise.resolve(), randomPairs = RANDOM_PAIRS }: LearnOptions = {},
): Promise<LinkageModel> {
  const { pairs: certain, groups } = certainPairs(table);
  const people = [...new Set(groups)];
  const random = await countRandom(table, people, { pause, randomPairs });
  const pairs = Math.max(1, (table.size * (table.size - 1)) / 2);
  const lambda = Math.min(0.5, (certain + 1) / (CERTAIN_RECALL * pairs));
  const u = withoutMatches(random, ((1 - CERTAIN_RECALL) * lambda * table.size ** 2) / people.length ** 2);
  const terms = termsOf(table, groups, u);
  const enough = table.size >= LEAST_RECORDS && certain >= LEAST_CERTAIN_PAIRS;
  const usual = comparisons.map(({ levels }) => levels.map(({ usual }) => usual));
  if (!enough) return modelOf({ learned: false, records: table.size, lambda, m: usual, u, terms });
  const runs: Learned[] = [];
  for (const fields of TRAINING) {
    await pause();
    const block = fields.map((field) => comparisonAt[field]);
    const patterns = patternsWithin(table, block);
    if (patterns.pairs < LEAST_CERTAIN_PAIRS) continue;
    runs.push(expectMatches(patterns.all(), { u, lambda, block }));
  }
  return modelOf({ learned: true, records: table.size, lambda, m: combine(runs), u, terms });
}

/** How often records agree by chance, one of each group that is certainly one person. */
async function countRandom(
  table: RecordTable,
  people: readonly number[],
  { pause, randomPairs }: Required<LearnOptions>,
): Promise<number[][]> {
  const counts = comparisons.map(({ levels }) => Array.from({ length: levels.length }, () => 0));
  const levels = new Uint8Array(comparisons.length);
  const count = (a: number, b: number): void => {
    table.compare(a, b, levels);
    levels.forEach((level, c) => {
      const row = counts[c];
      if (row !== undefined && level !== UNKNOWN) row[level] = (row[level] ?? 0) + 1;
    });
  };
  const size = people.length;
  const at = (position: number): number => people[position] ?? 0;
  if ((size * (size - 1)) / 2 <= randomPairs) {
    for (let a = 0; a < size; a++) {
      for (let b = a + 1; b < size; b++) count(at(a), at(b));
      if (a % 50 === 0) await pause();
    }
  } else {
    const draw = drawsOf(size);
    for (let pair = 0; pair < randomPairs; pair++) {
      const a = draw(size);
      const b = draw(size - 1);
      count(at(a), at(b < a ? b : b + 1));
      if (pair % 20_000 === 0) await pause();
    }
  }
  return counts.map((row) => {
    const all = row.reduce((sum, n) => sum + n, 0);
    return row.map((n) => (n + 0.5) / (all + 0.5 * row.length));
  });
}

/**
 * Among the random pairs are those of one person that the certain rules did not find. Where there are few records that is no
 * small part of those that agree.
 */
function withoutMatches(random: readonly (readonly number[])[], share: number): number[][] {
  return comparisons.map(({ levels }, c) =>
    levels.map(({ usual }, l) => {
      const all = random[c]?.[l] ?? 1;
      return Math.max(all / LARGEST_CORRECTION, (all - share * usual) / (1 - share));
    }),
  );
}

/** How far an agreement's frequency is corrected at most: the share taken out is itself a guess. */
const LARGEST_CORRECTION = 8;

/**
 * The pairs that the certain rules find, each counted once, and for each record the first one it is the same as by them.
 */
function certainPairs(table: RecordTable): { pairs: number; groups: Int32Array } {
  const sets = new UnionFind(table.size);
  let pairs = 0;
  for (let subset = 1; subset < 1 << CERTAIN.length; subset++) {
    const rules = CERTAIN.filter((_, at) => (subset & (1 << at)) !== 0);
    const fields = [...new Set(rules.flat())].map((field) => comparisonAt[field]);
    for (const group of groupsOf(table, fields)) {
      if (group.length > LARGEST_CERTAIN_GROUP) continue;
      const found = (group.length * (group.length - 1)) / 2;
      pairs += rules.length % 2 === 1 ? found : -found;
      if (rules.length === 1) for (const record of group) sets.union(group[0] ?? record, record);
    }
  }
  return {
    pairs: Math.max(0, pairs),
    groups: Int32Array.from({ length: table.size }, (_, record) => sets.find(record)),
  };
}

function patternsWithin(table: RecordTable, block: readonly number[]): Patterns {
  const patterns = new Patterns();
  const levels = new Uint8Array(comparisons.length);
  const groups = groupsOf(table, block).filter(({ length }) => length > 1 && length <= LARGEST_BLOCK);
  let all = 0;
  for (const { length } of groups) all += (length * (length - 1)) / 2;
  // Whole groups, evenly over the table.
  const every = Math.ceil(all / TRAINING_PAIRS);
  for (let g = 0; g < groups.length; g += Math.max(1, every)) {
    const group = groups[g] ?? [];
    for (const [at, a] of group.entries()) {
      for (const b of group.slice(at + 1)) {
        table.compare(a, b, levels);
        patterns.add(levels);
      }
    }
  }
  return patterns;
}

/** Records with the same values of these comparisons; those without one of them are in no group. */
function groupsOf(table: RecordTable, block: readonly number[]): number[][] {
  const groups = new Map<string, number[]>();
  for (let record = 0; record < table.size; record++) {
    const numbers = block.map((c) => table.numberAt(c, record));
    if (numbers.some((number) => number < 0)) continue;
    const key = numbers.join(" ");
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [record]);
    else known.push(record);
  }
  return [...groups.values()];
}

/** The geometric mean of what the runs learned of a comparison; null for what none could. */
function combine(runs: readonly Learned[]): (number[] | null)[] {
  return comparisons.map(({ levels }, c) => {
    const found =
      runs.flatMap((run) => run.m[c] ?? []).length === 0 ? [] : runs.flatMap((run) => (run.m[c] ? [run.m[c]] : []));
    if (found.length === 0) return null;
    const means = levels.map((_, l) =>
      Math.exp(found.reduce((sum, m) => sum + Math.log(Math.max(m[l] ?? 0, 1e-12)), 0) / found.length),
    );
    const all = means.reduce((sum, m) => sum + m, 0);
    return means.map((m) => m / all);
  });
}
