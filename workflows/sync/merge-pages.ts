import type { RecordPage } from "#connectors/core/contract.ts";

/** Vendors hand out a hundred records at a time; a transaction costs hardly more for two thousand. */
const RECORDS_PER_SAVE = 2_000;

type MergedPage = RecordPage & { pages: number };

/**
 * Joins pages into larger ones, each still a checkpoint: its `next` is that of its last page. When the vendor fails in
 * between, what was read before is handed out first, so that every attempt gets further.
 *
 * @param pages of the vendor
 * @param options.most so many of them make one, however few their records
 */
export async function* mergePages(
  pages: AsyncGenerator<RecordPage>,
  { most = Infinity } = {},
): AsyncGenerator<MergedPage> {
  let held: MergedPage | null = null;
  try {
    for await (const page of pages) {
      // Each reading of a day takes the place of the one before: two of them are never one.
      if (held !== null && daysMeet(held, page)) {
        yield held;
        held = null;
      }
      held = held === null ? { ...page, pages: 1 } : joined(held, page);
      if (held.atEnd || held.pages >= most || held.records.length + held.rejects.length >= RECORDS_PER_SAVE) {
        yield held;
        held = null;
      }
    }
  } catch (error) {
    if (held !== null) yield held;
    throw error;
  }
  if (held !== null) yield held;
}

function daysMeet(before: RecordPage, page: RecordPage): boolean {
  const known = new Set(before.days?.map(({ account, day }) => `${day} ${account}`));
  return page.days?.some(({ account, day }) => known.has(`${day} ${account}`)) ?? false;
}

function joined(before: MergedPage, page: RecordPage): MergedPage {
  return {
    records: [...before.records, ...page.records],
    rejects: [...before.rejects, ...page.rejects],
    rawCount: before.rawCount + page.rawCount,
    next: page.next,
    atEnd: page.atEnd,
    fullScan: page.fullScan,
    ...(before.days === undefined && page.days === undefined
      ? {}
      : { days: [...(before.days ?? []), ...(page.days ?? [])] }),
    ...(before.gap === true || page.gap === true ? { gap: true } : {}),
    pages: before.pages + 1,
  };
}
