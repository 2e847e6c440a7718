import pMap from "p-map";

/** Runs `work` over the items, at most `width` at a time; results in the order of the items. The first throw ends it. */
export function inParallel<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  return pMap(items, work, { concurrency: width });
}
