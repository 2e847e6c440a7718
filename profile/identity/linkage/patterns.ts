import { comparisons } from "./comparisons.ts";
import { UNKNOWN } from "./record-table.ts";

/** Pairs that agree and differ in the same way are one row with a count: a few hundred stand for millions. */
export interface Pattern {
  levels: Uint8Array;
  count: number;
}

const RADIX = comparisons.map(({ levels }) => levels.length + 1);

/** Collects patterns; what it holds grows with their variety, not with the pairs. */
export class Patterns {
  readonly #counts = new Map<number, Pattern>();
  pairs = 0;

  add(levels: Uint8Array): void {
    this.pairs++;
    let key = 0;
    for (let c = 0; c < levels.length; c++) {
      const radix = RADIX[c] ?? 1;
      const level = levels[c] ?? UNKNOWN;
      key = key * radix + (level === UNKNOWN ? radix - 1 : level);
    }
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { levels: levels.slice(), count: 1 });
    else known.count++;
  }

  all(): Pattern[] {
    return [...this.#counts.values()];
  }
}
