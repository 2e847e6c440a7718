import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectorError } from "./errors.ts";
import { ID_START, nextIdPosition } from "./id-walk.ts";
import type { IdPosition } from "./id-walk.ts";

/** Everything a vendor with these ids lists, that sorts as `order` does and puts `size` on a page. */
function walked(
  ids: number[],
  size: number,
  order: (page: number[]) => number[],
  isAbove = (a: string, b: string) => Number(a) > Number(b),
) {
  const seen = new Set<number>();
  let queries = 0;
  for (let position: IdPosition | null = ID_START; position !== null && queries < 5_000; queries += 1) {
    const { afterId, upToId } = position;
    const inRange = (id: string) => isAbove(id, afterId) && (upToId === null || !isAbove(id, upToId));
    const found = order(ids.filter((id) => inRange(String(id))));
    const page = found.slice(0, size);
    for (const id of page) seen.add(id);
    const results = page.map((id) => ({ id: String(id) }));
    position = nextIdPosition("The search", position, { results, after: found.length > size ? "more" : null });
  }
  return { seen, queries };
}

const idSets = fc.uniqueArray(fc.integer({ min: 1, max: 100_000 }), { maxLength: 120 });

describe("a walk in the order of ids", () => {
  it("lists everything in as few queries as there are pages where the vendor sorts", () => {
    fc.assert(
      fc.property(idSets, fc.integer({ min: 1, max: 9 }), (ids, size) => {
        const { seen, queries } = walked(ids, size, (page) => page.toSorted((a, b) => a - b));
        expect(seen.size).toBe(ids.length);
        expect(queries).toBe(Math.max(1, Math.ceil(ids.length / size)));
      }),
    );
  });

  it.each([
    ["backwards", (page: number[]) => page.toSorted((a, b) => b - a)],
    ["with the last one first", (page: number[]) => [...page.slice(-1), ...page.slice(0, -1)]],
  ])("lists everything, and ends, where the vendor sorts %s", (_, sort) => {
    fc.assert(
      fc.property(idSets, fc.integer({ min: 2, max: 9 }), (ids, size) => {
        const ascending = ids.toSorted((a, b) => a - b);
        expect(walked(ascending, size, sort).seen.size).toBe(ids.length);
      }),
    );
  });

  it("lists everything, or is told, where the vendor compares and sorts ids as words", () => {
    fc.assert(
      fc.property(idSets, fc.integer({ min: 2, max: 9 }), (ids, size) => {
        const sort = (page: number[]) => page.toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
        const walk = () => walked(ids, size, sort, (a, b) => a > b).seen.size;
        try {
          expect(walk()).toBe(ids.length);
        } catch (error) {
          if (!(error instanceof ConnectorError)) throw error;
        }
      }),
    );
  });

  it("looks once behind a page that the vendor counts more than, and takes its count for no error", () => {
    const look = (...ids: string[]) => {
      const results = ids.map((id) => ({ id }));
      return nextIdPosition("The search", ID_START, { results, after: null, more: true });
    };
    expect(look("1", "2")).toEqual({ afterId: "2", upToId: null, after: null });
    expect(look("2", "2")).toBeNull();
    expect(look("2", "1")).toBeNull();
    expect(look()).toBeNull();
  });

  it("goes on at the vendor's own place past a page without an id", () => {
    const next = nextIdPosition("The search", ID_START, { results: [{}, null], after: "2" });
    expect(next).toEqual({ afterId: "0", upToId: null, after: "2" });
  });

  it("is told when a page comes back", () => {
    const position = { afterId: "9", upToId: null, after: null };
    const page = { results: [{ id: "8" }, { id: "9" }], after: "2" };
    expect(() => nextIdPosition("The search", position, page)).toThrow("would not end");
  });
});
