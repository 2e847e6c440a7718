import { expect, it } from "vitest";
import { countTests } from "./vitest-report.ts";

function counted(...testResults: [name: string, status: string, ...tests: string[]][]) {
  const report = testResults.map(([name, status, ...tests]) => ({
    ...{ name, status, assertionResults: tests.map((test) => ({ status: test })) },
  }));
  return Object.fromEntries(countTests(JSON.stringify({ testResults: report }), (file) => file.split("/")[0] ?? ""));
}

it("counts a file that could not be loaded as a failure", () => {
  expect(counted(["a/a.test.ts", "passed", "passed"], ["a/broken.test.ts", "failed"])).toEqual({
    a: { passed: 1, failed: 1, skipped: 0 },
  });
});

it("counts a failed test once, not its file as well", () => {
  expect(counted(["a/a.test.ts", "failed", "failed", "passed"])).toEqual({ a: { passed: 1, failed: 1, skipped: 0 } });
});

it("does not count what was skipped as passed", () => {
  expect(counted(["a/a.test.ts", "passed", "pending", "todo", "skipped"])).toEqual({
    a: { passed: 0, failed: 0, skipped: 3 },
  });
});

it("tells the layers apart", () => {
  expect(counted(["a/a.test.ts", "passed", "passed"], ["b/b.test.ts", "failed", "failed"])).toEqual({
    a: { passed: 1, failed: 0, skipped: 0 },
    b: { passed: 0, failed: 1, skipped: 0 },
  });
});
