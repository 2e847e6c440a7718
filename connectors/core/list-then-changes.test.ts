import { describe, expect, it } from "vitest";
import { listThenChanges } from "./list-then-changes.ts";
import type { ListedPage } from "./list-then-changes.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** What was asked for, and what is answered to it in turn. */
function vendor(answers: Partial<ListedPage>[], fullReadEveryMs?: number) {
  const asked: { since: number | null; after: string | null }[] = [];
  let now = 100 * HOUR;
  const { cursor, read } = listThenChanges<null>({
    async page(_, what) {
      asked.push(what);
      now += MINUTE;
      return { rows: [], next: null, servedAt: null, ...answers[asked.length - 1] };
    },
    now: () => now,
    overlapMs: () => 5 * MINUTE,
    ...(fullReadEveryMs === undefined ? {} : { fullReadEveryMs: () => fullReadEveryMs }),
  });
  const walk = async (from: unknown) => {
    const pages = [];
    for await (const page of read(null, from === null ? null : cursor.parse(JSON.parse(JSON.stringify(from)))))
      pages.push(page);
    return pages;
  };
  return { asked, walk, wait: (ms: number) => (now += ms) };
}

describe("a list and then its changes", () => {
  it("begins the next read where the one before began, less the overlap, however long it took", async () => {
    const { asked, walk } = vendor([{ next: "b" }, { next: "c" }, {}, {}]);
    const pages = await walk(null);
    await walk(pages.at(-1)?.next);
    const began = 100 * HOUR - 5 * MINUTE;
    expect(asked).toEqual([
      { since: null, after: null },
      { since: null, after: "b" },
      { since: null, after: "c" },
      { since: began, after: null },
    ]);
  });

  it("goes on after any page with the place and the time of the read that was broken off", async () => {
    const { asked, walk } = vendor([{}, { next: "b" }, { next: "c" }, {}, {}]);
    const [all] = await walk(null);
    const [first] = await walk(all?.next);
    const again = await walk(first?.next);
    const since = 100 * HOUR - 5 * MINUTE;
    expect(asked[4]).toEqual({ since, after: "b" });
    // The read of changes began a minute after that of everything.
    expect(again.at(-1)?.next.since).toBe(since + MINUTE);
  });

  it("trusts the earlier of both clocks", async () => {
    const { walk } = vendor([{ servedAt: 90 * HOUR }]);
    expect((await walk(null)).at(-1)?.next.since).toBe(90 * HOUR - 5 * MINUTE);
  });

  it("takes no read for one of everything unless the vendor tells of no deletions", async () => {
    expect((await vendor([]).walk(null)).map(({ fullScan }) => fullScan)).toEqual([false]);
    const silent = vendor([{ next: "b" }, {}, {}], 24 * HOUR);
    const pages = await silent.walk(null);
    expect(pages.map(({ fullScan }) => fullScan ?? false)).toEqual([false, true]);
    const changes = await silent.walk(pages.at(-1)?.next);
    expect(changes.map(({ fullScan }) => fullScan)).toEqual([false]);
  });

  it("reads everything again from time to time where the vendor tells of no deletions, and never in the middle", async () => {
    const { walk, wait } = vendor([{}, { next: "b" }, {}, {}], 24 * HOUR);
    const [all] = await walk(null);
    wait(23 * HOUR);
    const [first] = await walk(all?.next);
    wait(2 * HOUR);
    await expect(walk(all?.next)).rejects.toMatchObject({ kind: "cursor_expired" });
    expect((await walk(first?.next)).at(-1)?.atEnd).toBe(true);
  });
});
