/**
 * Walking a search in the order of ids, where neither its order nor its totals can be trusted.
 *
 * A record that changes during a search can stand at its old place showing its new time, so no bound is ever taken from a
 * time on a page (https://github.com/estuary/connectors/issues/2210, read 2026-11). An id never changes. Each page is the
 * first of a query above the ids already read: paging one query by offset ends at a cap and shifts under changes.
 */
import { z } from "zod";
import { idOf } from "./stream.ts";

export const idPosition = z.strictObject({
  /** All ids up to this one are done. */
  afterId: z.string(),
  /** Set after a page out of order among too many to be paged: narrowed until all of the range fits on a page. */
  upToId: z.string().nullable(),
  /** The vendor's own place: for a page without a row that can be told apart, and where ids do not lead to everything. */
  after: z.string().nullable(),
  /** Rows so far. */
  listed: z.number().int(),
  /** How many the vendor counted at the start; null: it did not say, or pages were listed twice. */
  expected: z.number().int().nullable(),
  /** Ids did not lead to everything: all of it once more, by the vendor's own places. */
  byPlace: z.boolean(),
});
export type IdPosition = z.infer<typeof idPosition>;

export const ID_START: IdPosition = {
  afterId: "0",
  upToId: null,
  after: null,
  listed: 0,
  expected: null,
  byPlace: false,
};

/** One page as the vendor answered it. */
export interface IdPage {
  results: unknown[];
  /** The vendor's next place; null: it names none. */
  after: string | null;
  /** How many rows it counts in the whole of the query. */
  total?: number | null;
  /** How many rows of one query the vendor pages through. */
  cap: number;
}

/**
 * Where the next query begins; null: the vendor says there is nothing more. For ids that are whole numbers.
 *
 * A vendor that lists in an order of its own shows it by a page out of order, or by fewer rows than it counted. A count is
 * worth one more look, never an error: it may lag or lie.
 */
export function nextIdPosition(position: IdPosition, { results, after, total = null, cap }: IdPage): IdPosition | null {
  if (position.byPlace) return after === null ? null : { ...position, after };
  const { afterId, upToId } = position;
  const isFirst = position.listed === 0 && afterId === "0" && upToId === null && position.after === null;
  const walk = {
    ...position,
    after: null,
    listed: position.listed + results.length,
    expected: isFirst ? total : position.expected,
  };
  const ids = results.flatMap((row) => numberOf(idOf(row)) ?? []);
  const low = BigInt(afterId);
  const inOrder = ids.every((id, n) => id > (ids[n - 1] ?? low));
  const countsMore = total !== null && total > results.length && position.after === null;
  const isLast = after === null && !(countsMore && inOrder && ids.length > 0);
  if (isLast) {
    if (upToId !== null) return { ...walk, afterId: upToId, upToId: null };
    return walk.expected !== null && walk.listed < walk.expected ? BY_PLACE : null;
  }
  if (ids.length === 0) return { ...walk, after };
  if (inOrder) return { ...walk, afterId: String(ids.at(-1)) };
  if (upToId === null && (total ?? 0) <= cap) return BY_PLACE;
  const narrower = narrowed(ids, low, upToId === null ? null : BigInt(upToId));
  return narrower === null ? BY_PLACE : { ...walk, upToId: String(narrower), expected: null };
}

const BY_PLACE: IdPosition = { ...ID_START, byPlace: true };

/** A smaller upper end of the range: half of what the page showed lies below it. Null: there is no smaller one. */
function narrowed(ids: bigint[], low: bigint, high: bigint | null): bigint | null {
  const inside = ids.filter((id) => id > low && (high === null || id <= high)).toSorted((a, b) => (a < b ? -1 : 1));
  const median = inside[Math.ceil(inside.length / 2) - 1];
  if (median !== undefined && (high === null || median < high)) return median;
  const middle = high === null ? null : (low + high) / 2n;
  return middle !== null && middle > low && middle !== high ? middle : null;
}

function numberOf(id: string | null): bigint | null {
  return id !== null && /^\d{1,30}$/.test(id) ? BigInt(id) : null;
}
