/** Disjoint sets over 0..size-1 whose root is always the smallest member, so that the root names the set. */
export class UnionFind {
  readonly #parent: Int32Array;

  constructor(size: number) {
    this.#parent = Int32Array.from({ length: size }, (_, index) => index);
  }

  find(member: number): number {
    const parent = this.#parent;
    let node = member;
    for (;;) {
      const up = parent[node] ?? node;
      if (up === node) return node;
      // Path halving keeps later look-ups short.
      parent[node] = parent[up] ?? up;
      node = up;
    }
  }

  /** Joins two sets and returns the root of the result. */
  union(a: number, b: number): number {
    const rootA = this.find(a);
    const rootB = this.find(b);
    const [low, high] = rootA < rootB ? [rootA, rootB] : [rootB, rootA];
    this.#parent[high] = low;
    return low;
  }
}
