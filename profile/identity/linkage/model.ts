import { comparisons, SWAPPED } from "./comparisons.ts";
import type { LinkageField } from "./facts.ts";
import type { RecordTable } from "./record-table.ts";

/** What scoring two records takes; small, and without anybody's values in it. */
export interface LinkageModel {
  /** Whether the weights were learned from the workspace's records or are the usual ones. */
  learned: boolean;
  /** How many records there were. */
  records: number;
  /** How probable it is that two records picked at random are one person. */
  lambda: number;
  comparisons: ComparisonModel[];
  /** Weights from which a pair is joined by itself, joined together with others, or shown to a person. */
  automatic: number;
  together: number;
  review: number;
  /** What could not be learned, in sentences for whoever looks after it. */
  warnings: string[];
}

export interface ComparisonModel {
  field: LinkageField;
  m: number[];
  u: number[];
  /** log2(m / u) by level; all 0 where the comparison says nothing here. */
  weights: number[];
  /** Hash of a value to the share of records that hold it, where that is more than `RAREST`. */
  terms: Record<string, number>;
  /** The share that a value has which is not in `terms`. */
  otherTerm: number;
}

/** However rare a value: that two records hold it says no more than this would. */
const RAREST = 1e-4;
/** Values of fewer records are no terms: what is kept of values must not tell of a single person. */
const LEAST_HOLDERS = 3;
const AUTOMATIC = 0.99;
const TOGETHER = 0.9;
const REVIEW = 0.5;
/** How much more is asked for where nothing could be learned. */
const WITHOUT_LEARNING = 3;

export interface Terms {
  terms: Record<string, number>;
  otherTerm: number;
}

/** @param groups by record: whom it is certainly the same as; a value counts once for each */
export function termsOf(table: RecordTable, groups: Int32Array, u: readonly (readonly number[])[]): Terms[] {
  return comparisons.map(({ byFrequency }, c) => {
    if (!byFrequency) return { terms: {}, otherTerm: 0 };
    const counts = table.countsOf(c, groups);
    let all = 0;
    for (const count of counts) all += count;
    const terms: Record<string, number> = {};
    table.textsOf(c).forEach((text, number) => {
      const count = counts[number] ?? 0;
      if (count >= LEAST_HOLDERS && count / all > RAREST) terms[termOf(text)] = (count - 1) / all;
    });
    return { terms, otherTerm: all === 0 ? 0 : Math.max(RAREST, Math.min(u[c]?.[0] ?? 1, (LEAST_HOLDERS - 1) / all)) };
  });
}

/** A short hash (FNV-1a, 53 bits): enough to look a value up by, too little to be one. */
export function termOf(text: string): string {
  let [low, high] = [0x811c9dc5, 0x1b873593];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit ^ (low >>> 15), 0x85ebca6b);
  }
  return ((high >>> 0) * 0x200000 + ((low >>> 0) & 0x1fffff)).toString(36);
}

export function modelOf(learned: {
  learned: boolean;
  records: number;
  lambda: number;
  m: readonly (number[] | null)[];
  u: readonly (readonly number[])[];
  terms: readonly Terms[];
}): LinkageModel {
  const warnings: string[] = [];
  const models = comparisons.map(({ field, words, levels }, c): ComparisonModel => {
    const u = [...(learned.u[c] ?? [])];
    const m = learned.m[c] ?? null;
    const { terms, otherTerm } = learned.terms[c] ?? { terms: {}, otherTerm: 0 };
    const nothing = { field, m: m ?? [], u, weights: levels.map(() => 0), terms, otherTerm };
    if (m === null) return nothing;
    if ((m[0] ?? 0) < 3 * (u[0] ?? 1)) {
      warnings.push(`The ${words} is left out: it is the same nearly as often for different people.`);
      return nothing;
    }
    const weights = levels.map((_, l) => Math.log2((m[l] ?? 1) / (u[l] ?? 1)));
    return { ...nothing, weights: inOrder(weights, field === "first_name" ? SWAPPED : -1) };
  });
  const more = learned.learned ? 0 : WITHOUT_LEARNING;
  return {
    learned: learned.learned,
    records: learned.records,
    lambda: learned.lambda,
    comparisons: models,
    automatic: weightOf(AUTOMATIC) + more,
    together: weightOf(TOGETHER) + more,
    review: weightOf(REVIEW) + more,
    warnings,
  };
}

/**
 * A worse agreement says no more than a better one, however rare it is among strangers: hardly anybody is written as an
 * initial, and yet "J" is not more than "John".
 *
 * @param apart a level that is neither better nor worse than the others
 */
function inOrder(weights: readonly number[], apart: number): number[] {
  let most = Infinity;
  return weights.map((weight, level) => (level === apart ? weight : (most = Math.min(most, weight))));
}

export const weightOf = (probability: number): number => Math.log2(probability / (1 - probability));
