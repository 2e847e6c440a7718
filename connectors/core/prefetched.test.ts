import { describe, expect, it } from "vitest";
import { prefetched } from "./prefetched.ts";

async function* counting(log: string[], options: { failAt?: number; upTo?: number } = {}): AsyncGenerator<number> {
  try {
    for (let n = 1; n <= (options.upTo ?? 3); n++) {
      log.push(`fetch ${n}`);
      await Promise.resolve();
      if (n === options.failAt) throw new Error(`page ${n}`);
      yield n;
    }
  } finally {
    log.push("closed");
  }
}

async function collect(source: AsyncGenerator<number>, log: string[], most = Infinity): Promise<number[]> {
  const got: number[] = [];
  for await (const n of source) {
    got.push(n);
    await new Promise((resolve) => void setImmediate(resolve));
    log.push(`worked ${n}`);
    if (got.length >= most) break;
  }
  return got;
}

describe("reading ahead", () => {
  it("gives every item once, in order, and fetches the next while one is worked on", async () => {
    const log: string[] = [];
    expect(await collect(prefetched(counting(log)), log)).toEqual([1, 2, 3]);
    expect(log.indexOf("fetch 2")).toBeLessThan(log.indexOf("worked 1"));
    expect(log.indexOf("fetch 3")).toBeGreaterThan(log.indexOf("worked 1"));
  });

  it("hands out what was read before a failure, then fails", async () => {
    const log: string[] = [];
    const source = prefetched(counting(log, { failAt: 3 }));
    const got: number[] = [];
    await expect(
      (async () => {
        for await (const n of source) got.push(n);
      })(),
    ).rejects.toThrow("page 3");
    expect(got).toEqual([1, 2]);
  });

  it("closes the source when the reader stops, also when the item read ahead has failed", async () => {
    for (const failAt of [undefined, 2]) {
      const log: string[] = [];
      expect(await collect(prefetched(counting(log, failAt === undefined ? {} : { failAt })), log, 1)).toEqual([1]);
      expect(log).toContain("closed");
    }
  });
});
