/**
 * Walking a search in the order of ids, where neither its order nor its totals can be trusted.
 *
 * A record that changes during a search can stand at its old place showing its new time, so no bound is ever taken from a
 * time on a page (https://github.com/estuary/connectors/issues/2210, read 2026-11). An id never changes. Each page is the
 * first of a query above the ids already read: paging one query by offset ends at a cap and shifts under changes.
 */
import { z } from "zod";
import { ConnectorError } from "./errors.ts";
import { idOf } from "./stream.ts";

export const idPosition = z.strictObject({
  /** All ids up to this one are done. */
  afterId: z.string(),
  /** Set after a page that was not in the order of ids: narrowed until everything in the range fits on a page. */
  upToId: z.string().nullable(),
  /** The vendor's own place, for a page without a row that can be told apart. */
  after: z.string().nullable(),
});
export type IdPosition = z.infer<typeof idPosition>;

export const ID_START: IdPosition = { afterId: "0", upToId: null, after: null };

/**
 * Where the next query begins; null: the vendor says there is nothing more. For ids that are whole numbers.
 *
 * @param after the vendor's next place; null: it names none
 * @param more it names none, yet counts more rows than it listed
 * @throws ConnectorError `contract` when the walk would not end
 */
export function nextIdPosition(
  what: string,
  position: IdPosition,
  { results, after, more = false }: { results: unknown[]; after: string | null; more?: boolean },
): IdPosition | null {
  const { afterId, upToId } = position;
  const ids = results.flatMap((row) => numberOf(idOf(row)) ?? []);
  const low = BigInt(afterId);
  const inOrder = ids.every((id, n) => id > (ids[n - 1] ?? low));
  // A count is worth one more look, never an error: it may lag or lie.
  const isLast = after === null && !(more && inOrder && ids.length > 0);
  if (isLast) return upToId === null ? null : { afterId: upToId, upToId: null, after: null };
  if (ids.length === 0) return { ...position, after };
  if (inOrder) return { afterId: String(ids.at(-1)), upToId, after: null };
  const narrower = narrowed(ids, low, upToId === null ? null : BigInt(upToId));
  if (narrower !== null) return { afterId, upToId: String(narrower), after: null };
  throw new ConnectorError("contract", `${what} lists again what was read, so the read would not end.`);
}

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
