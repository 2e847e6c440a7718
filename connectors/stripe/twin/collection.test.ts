import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Collection } from "./collection.ts";

interface Item {
  id: string;
  created: number;
}

/** Ids are given in order of arrival, times at random with many equal. */
const times = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 40 });

function filled(created: number[]): { collection: Collection<Item>; newestFirst: Item[] } {
  const collection = new Collection<Item>();
  const items = created.map((time, index) => ({ id: `id_${index}`, created: time }));
  for (const item of items) collection.put(item);
  return { collection, newestFirst: items.toSorted((a, b) => a.created - b.created).toReversed() };
}

describe("a list", () => {
  it("walked with starting_after gives everything once, newest first", () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 7 }), (created, limit) => {
        const { collection, newestFirst } = filled(created);
        const seen: Item[] = [];
        for (let more = true; more;) {
          const last = seen.at(-1);
          const page = collection.page({ limit, ...(last === undefined ? {} : { startingAfter: last.id }) });
          seen.push(...(page?.rows ?? []));
          more = page?.hasMore ?? false;
        }
        expect(seen).toEqual(newestFirst);
      }),
    );
  });

  it("walked with ending_before from its oldest gives the rest once, oldest page first", () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 7 }), (created, limit) => {
        const { collection, newestFirst } = filled(created);
        const seen = newestFirst.slice(-1);
        for (let more = seen.length > 0; more;) {
          const page = collection.page({ limit, endingBefore: seen[0]?.id ?? "" });
          seen.unshift(...(page?.rows ?? []));
          more = page?.hasMore ?? false;
        }
        expect(seen).toEqual(newestFirst);
      }),
    );
  });

  it("with bounds and a filter gives what matches, also after removals", () => {
    const bound = fc.integer({ min: 0, max: 12 });
    fc.assert(
      fc.property(times, bound, bound, (created, from, to) => {
        const { collection, newestFirst } = filled(created);
        for (const { id } of newestFirst.filter((_, index) => index % 3 === 0)) collection.remove(id);
        const matches = (item: Item) => !item.id.endsWith("1");
        const expected = newestFirst.filter(
          (item, index) => index % 3 !== 0 && item.created >= from && item.created <= to && matches(item),
        );
        expect(collection.page({ limit: 100, from, to, matches })).toEqual({ rows: expected, hasMore: false });
      }),
    );
  });

  it("does not know where to go on after an object that is gone", () => {
    const { collection } = filled([1, 2, 3]);
    collection.remove("id_1");
    expect(collection.page({ limit: 10, startingAfter: "id_1" })).toBeUndefined();
  });
});
