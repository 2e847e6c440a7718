import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { noFaults } from "./faults.ts";
import { pageAfter, pageAt, pageByIdCursor, pageByPlace } from "./paging.ts";
import { Table } from "./table.ts";
import type { View } from "./table.ts";

interface Item {
  id: string;
  created: number;
  gone?: boolean;
}

/** Ids are given in order of arrival, times at random with many equal. */
const times = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 40 });

function filled(created: number[]): { table: Table<Item>; view: View<Item>; newestFirst: Item[] } {
  const table = new Table<Item>(
    noFaults(),
    () => 0,
    () => undefined,
  );
  const view = table.view({ key: (item) => item.created, where: (item) => item.gone !== true });
  const items = created.map((time, index) => ({ id: `id_${index}`, created: time }));
  for (const item of items) table.put(item);
  return { table, view, newestFirst: items.toSorted((a, b) => a.created - b.created).toReversed() };
}

describe("a list", () => {
  it("walked with starting_after gives everything once, newest first", () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 7 }), (created, limit) => {
        const { view, newestFirst } = filled(created);
        const seen: Item[] = [];
        for (let more = true; more;) {
          const last = seen.at(-1);
          const page = pageByIdCursor(view, { limit, startingAfter: last?.id });
          seen.push(...(page?.rows ?? []));
          more = page?.more ?? false;
        }
        expect(seen).toEqual(newestFirst);
      }),
    );
  });

  it("walked with ending_before from its oldest gives the rest once, oldest page first", () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 7 }), (created, limit) => {
        const { view, newestFirst } = filled(created);
        const seen = newestFirst.slice(-1);
        for (let more = seen.length > 0; more;) {
          const page = pageByIdCursor(view, { limit, endingBefore: seen[0]?.id ?? "" });
          seen.unshift(...(page?.rows ?? []));
          more = page?.more ?? false;
        }
        expect(seen).toEqual(newestFirst);
      }),
    );
  });

  it("with bounds and a filter gives what matches, also after removals", () => {
    const bound = fc.integer({ min: 0, max: 12 });
    fc.assert(
      fc.property(times, bound, bound, (created, from, to) => {
        const { table, view, newestFirst } = filled(created);
        const removed = newestFirst.filter((_, index) => index % 3 === 0);
        for (const item of removed) table.put({ ...item, gone: true });
        const matches = (item: Item) => !item.id.endsWith("1");
        const expected = newestFirst.filter(
          (item) => !removed.includes(item) && item.created >= from && item.created <= to && matches(item),
        );
        expect(pageByIdCursor(view, { limit: 100, from, to, matches })).toEqual({ rows: expected, more: false });
      }),
    );
  });

  it("does not know where to go on after an object that is gone", () => {
    const { table, view } = filled([1, 2, 3]);
    table.put({ id: "id_1", created: 2, gone: true });
    expect(pageByIdCursor(view, { limit: 10, startingAfter: "id_1" })).toBeNull();
  });

  it.each(["by key", "by position", "by place"])("walked %s gives everything once, oldest first", (style) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 7 }), (count, limit) => {
        const { view, newestFirst } = filled(Array.from({ length: count }, (_, n) => n));
        const seen: Item[] = [];
        let token: string | null = null;
        for (let more = true; more;) {
          if (style === "by place") {
            const page: ReturnType<typeof pageByPlace<Item>> = pageByPlace(view, { token, limit });
            seen.push(...(page?.rows ?? []));
            token = page?.next ?? null;
            more = token !== null;
            continue;
          }
          const page =
            style === "by key"
              ? pageAfter(view, seen.at(-1)?.created ?? -1, limit)
              : pageAt(view, seen.length, seen.length + limit);
          seen.push(...page.rows);
          more = page.more;
        }
        expect(seen).toEqual(newestFirst.toReversed());
      }),
    );
  });

  it("walked by place gives everything from a key on once, though rows move to its end meanwhile", () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 7 }), (created, from, limit) => {
        const { table, view } = filled(created);
        const seen: string[] = [];
        const moved = new Set<string>();
        for (let token: string | null = null, more = true; more;) {
          const page: ReturnType<typeof pageByPlace<Item>> = pageByPlace(view, { token, from, limit });
          const rows = page?.rows ?? [];
          seen.push(...rows.map(({ id }) => id));
          const [first] = rows;
          // Once each, or the walk would never end.
          if (first !== undefined && !moved.has(first.id)) table.put({ ...first, created: 100 + moved.size });
          if (first !== undefined) moved.add(first.id);
          token = page?.next ?? null;
          more = token !== null;
        }
        const wanted = created.flatMap((time, index) => (time >= from ? `id_${index}` : []));
        expect([...new Set(seen)].toSorted()).toEqual(wanted.toSorted());
      }),
    );
  });

  it("knows its own token however it is written, and no other", () => {
    const { view } = filled([1, 2, 3]);
    const first = pageByPlace(view, { token: null, limit: 1 });
    const second = pageByPlace(view, { token: first?.next ?? "", limit: 5 });
    expect(pageByPlace(view, { token: `~~${first?.next}`, limit: 5 })).toEqual(second);
    expect(pageByPlace(view, { token: "~", limit: 1 })).toEqual(first);
    for (const token of ["", "nonsense", Buffer.from("1").toString("base64url")])
      expect(pageByPlace(view, { token, limit: 5 })).toBeNull();
  });
});
