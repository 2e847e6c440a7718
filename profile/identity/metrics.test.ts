import { expect, it } from "vitest";
import { clusterMetrics } from "./metrics.ts";

/** Bagga & Baldwin (1998), the worked example: twelve mentions of three people. */
const truth = labels(["12345", "67", "89ABC"]);

function labels(clusters: string[]): Map<string, string> {
  return new Map(clusters.flatMap((cluster) => cluster.split("").map((record) => [record, cluster] as const)));
}

it("gives the published numbers when the two smaller people are glued together", () => {
  const metrics = clusterMetrics(labels(["12345", "6789ABC"]), truth);
  expect(metrics.bCubedPrecision).toBeCloseTo(0.7619047619047619, 12);
  expect(metrics.bCubedRecall).toBe(1);
  expect(metrics.pairPrecision).toBeCloseTo(21 / 31, 12);
  expect(metrics.pairRecall).toBe(1);
  expect(metrics).toMatchObject({
    records: 12,
    predictedClusters: 2,
    trueClusters: 3,
    overMergeRate: 0.5,
    largestCluster: 7,
  });
});

it("gives the published numbers when the two larger people are glued together", () => {
  const metrics = clusterMetrics(labels(["1234589ABC", "67"]), truth);
  expect(metrics.bCubedPrecision).toBeCloseTo(0.5833333333333334, 12);
  expect(metrics.pairPrecision).toBeCloseTo(21 / 46, 12);
});

it("gives full marks to the truth and full precision to no merge at all", () => {
  expect(clusterMetrics(truth, truth)).toMatchObject({
    pairPrecision: 1,
    pairRecall: 1,
    bCubedPrecision: 1,
    bCubedRecall: 1,
  });
  expect(clusterMetrics(labels("123456789ABC".split("")), truth)).toMatchObject({
    pairPrecision: 1,
    pairRecall: 0,
    overMergeRate: 0,
  });
});
