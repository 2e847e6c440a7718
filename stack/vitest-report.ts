/** Counts from vitest's JSON report. */
import { z } from "zod";

const jsonReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
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
 * What ran and how it ended. A file that failed without a failed test (it could not be loaded, or a hook threw) counts as
 * one failure: vitest's own count of failed tests leaves it out.
 */
export function countTests(json: string): TestCounts {
  const report = jsonReport.parse(JSON.parse(json));
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
