import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunked, inBatches } from "./batches.ts";
import type { Batching } from "./batches.ts";
import { ConnectorError } from "./errors.ts";

const refusal = new ConnectorError("invalid_record", "Refused.");

/** A vendor that refuses any batch with one of `bad` in it, and never says a word on `mute`. */
function vendor(bad: Set<string>, mute = new Set<string>(), more: Partial<Batching<string, string>> = {}) {
  const calls: string[][] = [];
  const batching: Batching<string, string> = {
    size: 10,
    keyOf: (item) => item,
    send: async (batch) => {
      calls.push(batch);
      if (batch.some((item) => bad.has(item))) throw refusal;
      return new Map(batch.filter((item) => !mute.has(item)).map((item) => [item, `done ${item}`]));
    },
    refused: (item) => `refused ${item}`,
    unanswered: (item) => `silent ${item}`,
    ...more,
  };
  return { calls, batching };
}

const items = Array.from({ length: 25 }, (_, n) => `i${n}`);

describe("a batch", () => {
  it("answers each item in order, whatever is refused or left out", async () => {
    const words = fc.array(fc.constantFrom(...items), { maxLength: 40 });
    const some = fc.uniqueArray(fc.constantFrom(...items));
    await fc.assert(
      fc.asyncProperty(words, some, some, async (asked, bad, mute) => {
        const { batching } = vendor(new Set(bad), new Set(mute));
        const expected = asked.map((item) =>
          bad.includes(item) ? `refused ${item}` : mute.includes(item) ? `silent ${item}` : `done ${item}`,
        );
        expect(await inBatches(asked, batching)).toEqual(expected);
      }),
    );
  });

  it("finds one item at fault in few calls", async () => {
    const { calls, batching } = vendor(new Set(["i3"]), new Set(), { size: 100 });
    expect((await inBatches(items, batching))[3]).toBe("refused i3");
    expect(calls.length).toBeLessThanOrEqual(11);
  });

  it("asks once more for whom it got no answer, and takes one that comes then", async () => {
    const silent = new Set(["i2"]);
    const { batching } = vendor(new Set(), silent);
    const twice = { ...batching, send: async (batch: string[]) => batching.send(batch).finally(() => silent.clear()) };
    expect((await inBatches(items, twice))[2]).toBe("done i2");
  });

  it("takes no answer for somebody it did not ask about", async () => {
    const { batching } = vendor(new Set(), new Set(["i1"]));
    const chatty = {
      ...batching,
      send: async (batch: string[]) => new Map([...(await batching.send(batch)), ["i1", "from elsewhere"]]),
    };
    expect(await inBatches(["i0"], chatty)).toEqual(["done i0"]);
  });

  it("sorts out by one look what the refusal names", async () => {
    const { calls, batching } = vendor(new Set(["i1", "i2"]), new Set(), {
      hopeless: (item) => item === "i1" || item === "i2",
    });
    expect(await inBatches(items.slice(0, 4), batching)).toEqual(["done i0", "refused i1", "refused i2", "done i3"]);
    expect(calls).toHaveLength(2);
  });

  it("keeps the answers it has when the vendor has enough, where that is wanted", async () => {
    const enough = new ConnectorError("rate_limited", "Slow down.");
    const { calls, batching } = vendor(new Set());
    const send = async (batch: string[]) => {
      if (calls.length > 0) throw enough;
      return batching.send(batch);
    };
    await expect(inBatches(items, { ...batching, send })).rejects.toBe(enough);
    calls.length = 0;
    const kept = await inBatches(items, { ...batching, send, interrupted: (item) => `later ${item}` });
    expect(kept.map((result) => result.split(" ")[0])).toEqual(items.map((_, n) => (n < 10 ? "done" : "later")));
  });

  it("throws what is not one item's fault", async () => {
    const { batching } = vendor(new Set());
    const auth = new ConnectorError("auth", "No.");
    await expect(inBatches(items, { ...batching, send: () => Promise.reject(auth) })).rejects.toBe(auth);
  });

  it("parts any list without loss", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 9 }), (list, size) => {
        expect(chunked(list, size).flat()).toEqual(list);
        expect(chunked(list, size).every((part) => part.length > 0 && part.length <= size)).toBe(true);
      }),
    );
  });
});
