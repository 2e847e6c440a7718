import { describe, expect, it } from "vitest";
import { prefetched, workedAhead } from "./prefetched.ts";

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

/** Whatever could go on has gone on. */
const settled = () => new Promise((resolve) => void setImmediate(resolve));

describe("working ahead", () => {
  it("begins the next items while one is worked on, no more than it may, and keeps their order", async () => {
    const done = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
    const begun: number[] = [];
    const worked = workedAhead(counting([], { upTo: 5 }), 3, async (n) => {
      begun.push(n);
      await done[n - 1]?.promise;
      return n;
    });
    const first = worked.next();
    await settled();
    expect(begun).toEqual([1, 2, 3]);
    // The later ones are done first.
    for (const { resolve } of done.toReversed()) resolve();
    expect(await first).toEqual({ done: false, value: 1 });
    expect(await collect(worked, [])).toEqual([2, 3, 4, 5]);
  });

  it("hands out what was worked out before a failure, of the source or of the work, then fails and closes the source", async () => {
    for (const failing of ["source", "work"]) {
      const log: string[] = [];
      const source = counting(log, failing === "source" ? { failAt: 3 } : {});
      const got: number[] = [];
      const work = async (n: number) => {
        if (failing === "work" && n === 3) throw new Error("page 3");
        return n;
      };
      await expect(
        (async () => {
          for await (const n of workedAhead(source, 3, work)) got.push(n);
        })(),
      ).rejects.toThrow("page 3");
      expect(got).toEqual([1, 2]);
      expect(log).toContain("closed");
    }
  });

  it("waits for what is under way when the reader stops", async () => {
    const log: string[] = [];
    let ended = 0;
    const worked = workedAhead(counting(log), 3, async (n) => {
      await settled();
      ended += 1;
      return n;
    });
    expect(await collect(worked, log, 1)).toEqual([1]);
    expect(ended).toBe(3);
    expect(log).toContain("closed");
  });
});
