/** How well predicted clusters match the truth: pairwise, and B-cubed (Bagga & Baldwin 1998). */
export interface ClusterMetrics {
  records: number;
  predictedClusters: number;
  trueClusters: number;
  /** Share of predicted pairs that are true; 1 when none was predicted. */
  pairPrecision: number;
  /** Share of true pairs that were predicted; 1 when there are none. */
  pairRecall: number;
  bCubedPrecision: number;
  bCubedRecall: number;
  /** Share of predicted clusters that hold two people or more. */
  overMergeRate: number;
  largestCluster: number;
}

/** Compares two labellings of the same records; records known to one side alone are left out. */
export function clusterMetrics(
  predicted: ReadonlyMap<string, string>,
  truth: ReadonlyMap<string, string>,
): ClusterMetrics {
  const cells = new Map<string, Map<string, number>>();
  const predictedSizes = new Map<string, number>();
  const trueSizes = new Map<string, number>();
  let records = 0;
  for (const [record, cluster] of predicted) {
    const person = truth.get(record);
    if (person === undefined) continue;
    records++;
    const row = cells.get(cluster) ?? new Map<string, number>();
    cells.set(cluster, row);
    count(row, person);
    count(predictedSizes, cluster);
    count(trueSizes, person);
  }

  let truePairs = 0;
  let precision = 0;
  let recall = 0;
  let mixed = 0;
  for (const [cluster, row] of cells) {
    if (row.size > 1) mixed++;
    for (const [person, shared] of row) {
      truePairs += pairs(shared);
      precision += shared ** 2 / (predictedSizes.get(cluster) ?? 1);
      recall += shared ** 2 / (trueSizes.get(person) ?? 1);
    }
  }
  const predictedPairs = sum(predictedSizes, pairs);
  const allPairs = sum(trueSizes, pairs);
  return {
    records,
    predictedClusters: predictedSizes.size,
    trueClusters: trueSizes.size,
    pairPrecision: predictedPairs === 0 ? 1 : truePairs / predictedPairs,
    pairRecall: allPairs === 0 ? 1 : truePairs / allPairs,
    bCubedPrecision: records === 0 ? 1 : precision / records,
    bCubedRecall: records === 0 ? 1 : recall / records,
    overMergeRate: cells.size === 0 ? 0 : mixed / cells.size,
    largestCluster: Math.max(0, ...predictedSizes.values()),
  };
}

const pairs = (size: number): number => (size * (size - 1)) / 2;

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sum(sizes: ReadonlyMap<string, number>, weigh: (size: number) => number): number {
  let total = 0;
  for (const size of sizes.values()) total += weigh(size);
  return total;
}
