import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ID_START, nextIdPosition } from "./id-walk.ts";
import type { IdPosition } from "./id-walk.ts";

/** Everything a vendor with these ids lists, that sorts as `order` does and puts `size` on a page. */
function walked(
  ids: number[],
  size: number,
  order: (page: number[]) => number[],
  { isAbove = (a: string, b: string) => Number(a) > Number(b), counts = true, cap = 10_000 } = {},
) {
  const seen = new Set<number>();
  let queries = 0;
  for (let position: IdPosition | null = ID_START; position !== null && queries < 5_000; queries += 1) {
    const { afterId, upToId } = position;
    const inRange = (id: string) =>
      position?.byPlace === true || (isAbove(id, afterId) && (upToId === null || !isAbove(id, upToId)));
    const found = order(ids.filter((id) => inRange(String(id))));
    const offset = Number(position.after ?? 0);
    const page = found.slice(offset, offset + size);
    for (const id of page) seen.add(id);
    const results = page.map((id) => ({ id: String(id) }));
    position = nextIdPosition(position, {
      results,
      after: offset + size < found.length ? String(offset + size) : null,
      total: counts ? found.length : null,
      cap,
    });
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
        for (const cap of [20, 10_000]) expect(walked(ascending, size, sort, { cap }).seen.size).toBe(ids.length);
      }),
    );
  });

  it("lists everything where the vendor compares and sorts ids as words", () => {
    fc.assert(
      fc.property(idSets, fc.integer({ min: 2, max: 9 }), (ids, size) => {
        const sort = (page: number[]) => page.toSorted((a, b) => (String(a) < String(b) ? -1 : 1));
        expect(walked(ids, size, sort, { isAbove: (a, b) => a > b }).seen.size).toBe(ids.length);
      }),
    );
  });

  it.each([
    ["odd ones first", (a: number, b: number) => (b % 2) - (a % 2) || a - b],
    ["as a hash would", (a: number, b: number) => ((a * 7919) % 104_729) - ((b * 7919) % 104_729)],
    ["by their last digit", (a: number, b: number) => (a % 10) - (b % 10) || a - b],
  ])("lists everything where the vendor has an order of its own, %s, and counts", (_, compare) => {
    fc.assert(
      fc.property(idSets, fc.integer({ min: 1, max: 9 }), (ids, size) => {
        expect(walked(ids, size, (page) => page.toSorted(compare)).seen.size).toBe(ids.length);
      }),
    );
  });

  it("needs no count where the vendor sorts", () => {
    const ids = Array.from({ length: 50 }, (_, n) => n + 1);
    expect(walked(ids, 7, (page) => page, { counts: false })).toMatchObject({ queries: 8 });
  });

  it("looks once behind a page that the vendor counts more than, and once more for what it still misses", () => {
    const look = (...ids: string[]) =>
      nextIdPosition(ID_START, { results: ids.map((id) => ({ id })), after: null, total: 9, cap: 10_000 });
    expect(look("1", "2")).toMatchObject({ afterId: "2", byPlace: false });
    expect(look("2", "1")).toEqual({ ...ID_START, byPlace: true });
    expect(look()).toEqual({ ...ID_START, byPlace: true });
    expect(
      nextIdPosition({ ...ID_START, byPlace: true }, { results: [], after: null, total: 9, cap: 10_000 }),
    ).toBeNull();
  });

  it("goes on at the vendor's own place past a page without an id", () => {
    const next = nextIdPosition(ID_START, { results: [{}, null], after: "2", cap: 10_000 });
    expect(next).toMatchObject({ afterId: "0", upToId: null, after: "2" });
  });

  it("leaves the ids where a page lists again what was read", () => {
    const position = { ...ID_START, afterId: "9", listed: 3 };
    const page = { results: [{ id: "8" }, { id: "9" }], after: "2", cap: 10_000 };
    expect(nextIdPosition(position, page)).toMatchObject({ byPlace: true, after: null });
  });
});
