/** Counts from vitest's JSON report. */
import { z } from "zod";

const jsonReport = z.object({
  testResults: z.array(
    z.object({ name: z.string(), status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) }),
  ),
});

export interface TestCounts {
  passed: number;
  failed: number;
  /** Neither run nor failed; a suite should have none. */
  skipped: number;
}

/**
 * What ran of each layer and how it ended. A file that failed without a failed test (it could not be loaded, or a hook
 * threw) counts as one failure.
 *
 * @param layerOf the layer of a file
 */
export function countTests<Layer>(json: string, layerOf: (file: string) => Layer): Map<Layer, TestCounts> {
  const layers = new Map<Layer, TestCounts>();
  for (const { name, status, assertionResults } of jsonReport.parse(JSON.parse(json)).testResults) {
    const counts = layers.get(layerOf(name)) ?? { passed: 0, failed: 0, skipped: 0 };
    layers.set(layerOf(name), counts);
    const ended = (wanted: string) => assertionResults.filter((test) => test.status === wanted).length;
    const [passed, failed] = [ended("passed"), ended("failed")];
    counts.passed += passed;
    counts.failed += failed === 0 && status === "failed" ? 1 : failed;
    counts.skipped += assertionResults.length - passed - failed;
  }
  return layers;
}
