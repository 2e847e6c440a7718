import { comparisons } from "./comparisons.ts";
import type { Pattern } from "./patterns.ts";
import { UNKNOWN } from "./record-table.ts";

export interface Learned {
  /** By comparison and level; null for those the block is made of and those nobody filled. */
  m: (number[] | null)[];
  /** The share of matches within the block. */
  lambda: number;
  iterations: number;
}

const MOST_ITERATIONS = 50;
const SMALLEST_CHANGE = 1e-6;
/**
 * So many pairs of the usual kind are added: what was not seen in clean records is rare and not impossible. Without them a
 * block in which nobody has changed their name would make a marriage a proof against.
 */
const USUAL_PAIRS = 30;
const MOST_CERTAIN = 0.98;

/**
 * How often records of one person agree, from pairs of which nobody knows who they are. `u` is known and stays as it is: that
 * keeps the algorithm from finding some other division of the pairs, such as by town.
 *
 * @param input.block comparisons that all of these pairs agree in: nothing can be learned of them here
 */
export function expectMatches(
  patterns: readonly Pattern[],
  { u, lambda, block }: { u: readonly (readonly number[])[]; lambda: number; block: readonly number[] },
): Learned {
  const free = comparisons.map((_, c) => !block.includes(c));
  let m = comparisons.map(({ levels }) => {
    const rest = 0.35 / (levels.length - 1);
    return levels.map((_, l) => (l === 0 ? 0.65 : rest));
  });
  const odds = block.reduce((odds, c) => (odds * 0.9) / (u[c]?.[0] ?? 1), lambda / (1 - lambda));
  let share = Math.min(MOST_CERTAIN, odds / (1 + odds));
  let iterations = 0;
  for (let change = 1; change > SMALLEST_CHANGE && iterations < MOST_ITERATIONS; iterations++) {
    const counts = comparisons.map(({ levels }) => levels.map(({ usual }) => USUAL_PAIRS * usual));
    let matches = 0;
    let all = 0;
    for (const { levels, count } of patterns) {
      let ratio = share / (1 - share);
      for (const [c, row] of m.entries()) {
        const level = levels[c] ?? UNKNOWN;
        if (free[c] === true && level !== UNKNOWN) ratio *= (row[level] ?? 1) / (u[c]?.[level] ?? 1);
      }
      const expected = count * (ratio === Infinity ? 1 : ratio / (1 + ratio));
      matches += expected;
      all += count;
      for (const [c, row] of counts.entries()) {
        const level = levels[c] ?? UNKNOWN;
        if (level !== UNKNOWN) row[level] = (row[level] ?? 0) + expected;
      }
    }
    const next = counts.map((row) => {
      const sum = row.reduce((sum, n) => sum + n, 0);
      return row.map((n) => n / sum);
    });
    const nextShare = Math.min(1 - 1e-9, matches / all);
    change = Math.abs(nextShare - share);
    for (const [c, row] of next.entries())
      if (free[c] === true)
        for (const [l, value] of row.entries()) change = Math.max(change, Math.abs(value - (m[c]?.[l] ?? 0)));
    m = next;
    share = nextShare;
  }
  const filled = comparisons.map((_, c) => patterns.some(({ levels }) => levels[c] !== UNKNOWN));
  return { m: m.map((row, c) => (free[c] === true && filled[c] === true ? row : null)), lambda: share, iterations };
}
