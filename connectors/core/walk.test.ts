import { describe, expect, it } from "vitest";
import { cursorGuard, settledAt, walkPages } from "./walk.ts";

const walked = async (pages: Record<string, { rows: number[]; next: string | null }>) => {
  const rows: number[] = [];
  let asked = 0;
  const answer = async (after: string | null) => {
    asked += 1;
    return pages[after ?? "start"] ?? { rows: [], next: String(asked) };
  };
  for await (const page of walkPages("Things", answer)) rows.push(...page.rows);
  return rows;
};

describe("walking pages", () => {
  it("goes on through short and empty pages until there is no next one", async () => {
    const pages = {
      start: { rows: [1], next: "a" },
      a: { rows: [], next: "b" },
      b: { rows: [2, 3], next: null },
    };
    expect(await walked(pages)).toEqual([1, 2, 3]);
  });

  it.each([
    ["stands still", { start: { rows: [1], next: "a" }, a: { rows: [1], next: "a" } }],
    ["goes round", { start: { rows: [1], next: "a" }, a: { rows: [2], next: "b" }, b: { rows: [3], next: "a" } }],
    ["lists nothing under ever new cursors", { start: { rows: [1], next: "x" } }],
  ])("ends with an error when the vendor %s", async (_, pages) => {
    await expect(walked(pages)).rejects.toMatchObject({ kind: "contract" });
  });

  it("knows a position by its content", () => {
    const guard = cursorGuard("Things", { after: "1" });
    guard({ after: "2" }, 1);
    expect(() => guard({ after: "1" }, 1)).toThrow("would not end");
  });
});

describe("where the next read takes up", () => {
  it("is the earlier of both clocks, less the overlap", () => {
    expect(settledAt({ startedAt: 5_000, servedAt: 4_000, overlapMs: 100 })).toBe(3_900);
    expect(settledAt({ startedAt: 4_000, servedAt: 5_000, overlapMs: 100 })).toBe(3_900);
    expect(settledAt({ startedAt: 4_000, servedAt: null, overlapMs: 100 })).toBe(3_900);
  });
});
