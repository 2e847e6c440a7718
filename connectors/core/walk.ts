/** Walking a vendor's pages: only the vendor ends a walk, and one that goes round in circles is an error. */
import { ConnectorError } from "./errors.ts";

/** So many pages without a row, one after the other, are a vendor going round in circles under changing cursors. */
const EMPTY_PAGES = 1_000;

/**
 * Watches the positions of one walk.
 *
 * @returns what to call with each next position, and how many rows led there
 * @throws ConnectorError `contract` when a position comes back, or when nothing has come for a thousand pages
 */
export function cursorGuard(what: string, start: unknown): (next: unknown, rows: number) => void {
  const seen = new Set([JSON.stringify(start)]);
  let empty = 0;
  return (next, rows) => {
    const position = JSON.stringify(next);
    if (seen.has(position)) {
      throw new ConnectorError(
        "contract",
        `${what}: the vendor's next page is one that was read already, so the read would not end.`,
      );
    }
    seen.add(position);
    empty = rows === 0 ? empty + 1 : 0;
    if (empty < EMPTY_PAGES) return;
    throw new ConnectorError("contract", `${what}: the vendor goes on to further pages and lists nothing on them.`);
  };
}

/**
 * Every page of a list, until the vendor names no next one: a short or an empty page is not the end.
 *
 * @param page asks for one page; `next` null: it was the last
 */
export async function* walkPages<Page extends { rows: readonly unknown[]; next: string | null }>(
  what: string,
  page: (after: string | null) => Promise<Page>,
): AsyncGenerator<Page> {
  const guard = cursorGuard(what, null);
  for (let after: string | null = null; ;) {
    const current: Page = await page(after);
    if (current.next !== null) guard(current.next, current.rows.length);
    yield current;
    if (current.next === null) return;
    after = current.next;
  }
}

/**
 * Up to when a vendor's data was surely visible to a read that began at `startedAt`: where the next one takes up.
 * The earlier of both clocks counts, for one running ahead would skip changes; `servedAt` null: the vendor did not tell.
 * All in milliseconds.
 */
export function settledAt({
  startedAt,
  servedAt,
  overlapMs,
}: Record<"startedAt" | "overlapMs", number> & { servedAt: number | null }): number {
  return Math.min(startedAt, servedAt ?? startedAt) - overlapMs;
}
