/** How many calls each tool got and how long they took. */
import { countOf, quantile } from "#profile/store/vendor-calls.ts";
import type { CallTimes } from "#profile/store/vendor-calls.ts";
import { table } from "./output.ts";

export interface ToolCalls {
  connector: string;
  calls: number;
  /** Of them, those that did not succeed; a refusal because of the rate limit is one. */
  failed: number;
  /** Milliseconds, of all calls, to about a tenth. */
  p50Ms: number | null;
  p95Ms: number | null;
}

export function callsByTool(times: readonly CallTimes[]): ToolCalls[] {
  return [...Map.groupBy(times, ({ connector }) => connector)].map(([connector, ofTool]) => {
    const buckets = ofTool.map((one) => one.buckets);
    const count = (of: readonly CallTimes[]) => of.reduce((sum, one) => sum + countOf(one.buckets), 0);
    return {
      ...{ connector, calls: count(ofTool), failed: count(ofTool.filter(({ outcome }) => outcome !== "ok")) },
      ...{ p50Ms: rounded(quantile(buckets, 0.5)), p95Ms: rounded(quantile(buckets, 0.95)) },
    };
  });
}

const rounded = (ms: number | null): number | null => (ms === null ? null : Number(ms.toPrecision(2)));

export const callTable = (calls: ToolCalls[]): string =>
  table(
    ["tool", "calls", "failed", "half within ms", "95 % within ms"],
    calls.map(({ connector, calls: all, failed, p50Ms, p95Ms }) => [connector, all, failed, p50Ms, p95Ms]),
  );
