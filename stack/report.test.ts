import { expect, it } from "vitest";
import { createReport } from "./report.ts";

function reportAt(clock: { ms: number }, signal = new AbortController().signal) {
  const lines: string[] = [];
  return {
    lines,
    report: createReport(
      (text) => lines.push(text),
      signal,
      () => clock.ms,
    ),
  };
}

it("says when, what came of it and how long it took", async () => {
  const clock = { ms: 1_000 };
  const { lines, report } = reportAt(clock);
  clock.ms = 3_000;
  const rows = await report.step(
    "Reading",
    () => {
      clock.ms = 4_500;
      return Promise.resolve(12);
    },
    (count) => `${count} rows`,
  );
  expect(rows).toBe(12);
  expect(lines).toEqual(["   3.5 s  Reading: 12 rows (1.5 s)\n"]);
});

it("begins no step after Ctrl-C", async () => {
  const cancel = new AbortController();
  const { report } = reportAt({ ms: 0 }, cancel.signal);
  cancel.abort(new Error("Stopped."));
  let begun = false;
  await expect(report.step("Reading", async () => (begun = true))).rejects.toThrow("Stopped.");
  expect(begun).toBe(false);
});
