import { expect, it } from "vitest";
import { countTests } from "./vitest-report.ts";

const base = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };

it("counts a file that could not be loaded as a failure, which vitest's own number leaves out", () => {
  const testResults = [
    { name: "a.test.ts", status: "passed", assertionResults: [{ status: "passed" }] },
    { name: "broken.test.ts", status: "failed", assertionResults: [] },
  ];
  expect(countTests(JSON.stringify({ ...base, testResults }))).toEqual({ passed: 3, failed: 1, skipped: 0 });
});

it("counts a failed test once, not its file as well", () => {
  const testResults = [{ name: "a.test.ts", status: "failed", assertionResults: [{ status: "failed" }] }];
  expect(countTests(JSON.stringify({ ...base, numFailedTests: 1, testResults }))).toEqual({
    passed: 3,
    failed: 1,
    skipped: 0,
  });
});

it("does not count what was skipped as passed", () => {
  expect(countTests(JSON.stringify({ ...base, numPendingTests: 2, numTodoTests: 1, testResults: [] })).skipped).toBe(3);
});
