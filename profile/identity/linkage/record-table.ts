import { comparisonAt, comparisons, SWAPPED } from "./comparisons.ts";
import { fieldsOf, type LinkageFacts } from "./facts.ts";

/** The level of a comparison where one of the two says nothing. */
export const UNKNOWN = 255;

const MISSING = -1;
const FIRST = comparisonAt.first_name;
const LAST = comparisonAt.last_name;

/**
 * Records side by side, each field a column of numbers that stand for texts, so that two equal texts are one number and
 * two different ones are compared once.
 */
export class RecordTable {
  readonly size: number;
  readonly #columns: readonly Int32Array[];
  readonly #texts: readonly (readonly string[])[];
  readonly #numbers: readonly ReadonlyMap<string, number>[];
  readonly #levels: readonly LevelCache[];

  constructor(records: readonly LinkageFacts[]) {
    this.size = records.length;
    const numbers = comparisons.map(() => new Map<string, number>());
    this.#columns = comparisons.map(() => new Int32Array(records.length).fill(MISSING));
    records.forEach((facts, at) => {
      const fields = fieldsOf(facts);
      comparisons.forEach(({ field }, c) => {
        const text = fields[field];
        const known = numbers[c];
        const column = this.#columns[c];
        if (text === null || known === undefined || column === undefined) return;
        const number = known.get(text) ?? known.size;
        known.set(text, number);
        column[at] = number;
      });
    });
    this.#numbers = numbers;
    this.#texts = numbers.map((known) => [...known.keys()]);
    this.#levels = comparisons.map(() => new LevelCache());
  }

  /** Fills `into` with the level of each comparison, `UNKNOWN` where a side is silent. */
  compare(a: number, b: number, into: Uint8Array): void {
    for (let c = 0; c < comparisons.length; c++) into[c] = this.#levelOf(c, this.numberAt(c, a), this.numberAt(c, b));
    this.#exchangeNames(a, b, into);
  }

  /** The number of a record's value of a comparison; negative: it has none. */
  numberAt(comparison: number, record: number): number {
    return this.#columns[comparison]?.[record] ?? MISSING;
  }

  textAt(comparison: number, record: number): string | null {
    return this.#texts[comparison]?.[this.numberAt(comparison, record)] ?? null;
  }

  /** The different texts of a comparison, by number. */
  textsOf(comparison: number): readonly string[] {
    return this.#texts[comparison] ?? [];
  }

  /** How many groups of records hold each text, by number. */
  countsOf(comparison: number, groups: Int32Array): Int32Array {
    const counts = new Int32Array(this.textsOf(comparison).length);
    const seen = new Set<number>();
    this.#columns[comparison]?.forEach((number, record) => {
      const pair = (groups[record] ?? record) * 0x4000000 + number;
      if (number < 0 || seen.has(pair)) return;
      seen.add(pair);
      counts[number] = (counts[number] ?? 0) + 1;
    });
    return counts;
  }

  #levelOf(comparison: number, a: number, b: number): number {
    if (a < 0 || b < 0) return UNKNOWN;
    if (a === b) return 0;
    const [low, high] = a < b ? [a, b] : [b, a];
    const known = this.#levels[comparison]?.find(low, high);
    if (known !== undefined && known !== NOT_KNOWN) return known;
    const texts = this.#texts[comparison] ?? [];
    const found = comparisons[comparison]?.levelOf(texts[low] ?? "", texts[high] ?? "") ?? UNKNOWN;
    this.#levels[comparison]?.keep(low, high, found);
    return found;
  }

  /** Names in the wrong fields: both exchanged, or one alone where the other name should be. */
  #exchangeNames(a: number, b: number, into: Uint8Array): void {
    const firstA = this.numberAt(FIRST, a);
    const firstB = this.numberAt(FIRST, b);
    const lastA = this.numberAt(LAST, a);
    const lastB = this.numberAt(LAST, b);
    if (into[FIRST] === 0 || into[LAST] === 0) return;
    if (firstA >= 0 && firstB >= 0 && lastA >= 0 && lastB >= 0) {
      if (!this.#sameText(firstA, lastB) || !this.#sameText(firstB, lastA)) return;
      into[FIRST] = SWAPPED;
      into[LAST] = UNKNOWN;
    } else if (
      (lastA < 0 && firstA >= 0 && lastB >= 0 && this.#sameText(firstA, lastB)) ||
      (lastB < 0 && firstB >= 0 && lastA >= 0 && this.#sameText(firstB, lastA))
    ) {
      into[FIRST] = UNKNOWN;
      into[LAST] = 0;
    }
  }

  #sameText(first: number, last: number): boolean {
    const text = this.#texts[FIRST]?.[first];
    return text !== undefined && this.#numbers[LAST]?.get(text) === last;
  }
}

const NOT_KNOWN = 254;
const CACHE_BITS = 16;

/** Levels of pairs of texts that were compared lately. Of a fixed size: a later pair takes the place of an earlier one. */
class LevelCache {
  #pairs: Float64Array | undefined;
  readonly #levels = new Uint8Array(1 << CACHE_BITS);

  find(low: number, high: number): number {
    const at = placeOf(low, high);
    return this.#pairs?.[at] === pairOf(low, high) ? (this.#levels[at] ?? NOT_KNOWN) : NOT_KNOWN;
  }

  keep(low: number, high: number, level: number): void {
    this.#pairs ??= new Float64Array(1 << CACHE_BITS).fill(-1);
    const at = placeOf(low, high);
    this.#pairs[at] = pairOf(low, high);
    this.#levels[at] = level;
  }
}

const pairOf = (low: number, high: number): number => low * 0x4000000 + high;
const placeOf = (low: number, high: number): number =>
  (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> (32 - CACHE_BITS);
