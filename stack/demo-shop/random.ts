/**
 * Seeded random numbers: the same keys give the same draws on every machine, and different keys give independent ones.
 *
 * The generator is xoshiro128** 1.1 (Blackman & Vigna 2021, "Scrambled Linear Pseudorandom Number Generators", ACM TOMS
 * 47(4)); its state is filled by a chain of fmix32 avalanches (Appleby, MurmurHash3), so neighbouring keys share nothing.
 */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Uniform integer in [0, below). */
  below(below: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Zipf, exponent 1: the k-th item is drawn with weight 1/k. */
  pickSkewed<T>(items: readonly T[]): T;
  /** Exponential with this rate. */
  exponential(rate: number): number;
  /** Gamma with this shape and rate. */
  gamma(shape: number, rate: number): number;
  beta(a: number, b: number): number;
}

function avalanche(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A 32-bit hash of the keys in order. */
export function hashOf(...keys: number[]): number {
  let h = 0x9e3779b9;
  for (const key of keys) h = avalanche((Math.imul(h, 31) ^ avalanche(key + 0x7f4a7c15)) + 0x6d2b79f5);
  return h >>> 0;
}

/** A generator of its own for these keys, such as (seed, topic, index). */
export function randomOf(...keys: number[]): Random {
  const base = hashOf(...keys);
  let s0 = avalanche(base + 1);
  let s1 = avalanche(base ^ 0x3c6ef372);
  let s2 = avalanche(hashOf(...keys, 0x5bd1e995));
  let s3 = avalanche(s2 ^ base) | 1; // never all zero
  const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k));
  const next = () => {
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = rotate(s3, 11);
    return result / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  /** Marsaglia & Tsang 2000, "A simple method for generating gamma variables", ACM TOMS 26(3); shape < 1 by U^(1/shape). */
  const standardGamma = (shape: number): number => {
    if (shape < 1) return standardGamma(shape + 1) * (1 - next()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (items) => at(items, below(items.length)),
    pickSkewed(items) {
      let total = 0;
      for (let k = 1; k <= items.length; k++) total += 1 / k;
      let left = next() * total;
      let k = 0;
      while (k < items.length - 1 && (left -= 1 / (k + 1)) >= 0) k++;
      return at(items, k);
    },
    exponential: (rate) => -Math.log(1 - next()) / rate,
    gamma: (shape, rate) => standardGamma(shape) / rate,
    beta(a, b) {
      const left = standardGamma(a);
      return left / (left + standardGamma(b));
    },
  };
}

function at<T>(items: readonly T[], position: number): T {
  const item = items[position];
  if (item === undefined) throw new RangeError("Nothing to pick from.");
  return item;
}
