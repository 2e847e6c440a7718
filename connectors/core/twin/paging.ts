/** The ways in which vendors cut a list into pages. Each page costs its own length, whatever lies before it. */
import type { Place, Row, View } from "./table.ts";

export interface Page<Item> {
  rows: Item[];
  more: boolean;
}

/** After a key, oldest first: `after=<last id>`. */
export function pageAfter<Item extends Row>(view: View<Item>, after: number, limit: number): Page<Item> {
  const from = view.firstFrom(after + 1);
  return { rows: view.slice(from, from + limit), more: from + limit < view.length };
}

/** By position: `offset=200&limit=100`. */
export function pageAt<Item>(
  found: { length: number; slice(from: number, to: number): Item[] },
  at: number,
  to: number,
) {
  const rows = found.slice(at, to);
  return { rows, more: at + rows.length < found.length };
}

/**
 * By an opaque token that holds the last row's place in the order: rows that move away meanwhile shift no others. Rows of one
 * key need a `tie` that outlives a restart. Null: no token of ours.
 *
 * @param from the least key; where the token leads behind it, the token counts
 */
export function pageByPlace<Item extends Row>(
  view: View<Item>,
  { token, from, limit }: { token: string | null; from?: number | undefined; limit: number },
): { rows: Item[]; next: string | null } | null {
  const place = token === null ? null : placeIn(token);
  if (place === undefined) return null;
  const start = place === null ? (from === undefined ? 0 : view.firstFrom(from)) : view.firstBehind(place);
  const { rows, more } = pageAt(view, start, start + limit);
  const last = view.placeAt(start + rows.length - 1);
  return { rows, next: more && last !== undefined ? tokenOf(last) : null };
}

const tokenOf = ({ key, tie }: Place): string => Buffer.from(`${key}/${tie}`).toString("base64url");

/**
 * A tilde in front is the same place written in another way, as a page without rows needs it; alone it is the beginning.
 * Undefined: no token of ours.
 */
function placeIn(token: string): Place | null | undefined {
  const bare = token.replace(/^~+/, "");
  if (bare === "" && token !== "") return null;
  const [, key, tie] = /^(-?\d+)\/(-?\d+)$/.exec(Buffer.from(bare, "base64url").toString()) ?? [];
  return key === undefined || tie === undefined ? undefined : { key: Number(key), tie: Number(tie) };
}

export interface IdCursor<Item> {
  limit: number;
  startingAfter?: string | undefined;
  endingBefore?: string | undefined;
  /** Bounds of the key, both inclusive. */
  from?: number | undefined;
  to?: number | undefined;
  matches?: ((row: Item) => boolean) | undefined;
}

/** Newest first, from a record onwards: `starting_after=<id>`, or back: `ending_before=<id>`. Null: no such record. */
export function pageByIdCursor<Item extends Row>(view: View<Item>, request: IdCursor<Item>): Page<Item> | null {
  let low = request.from === undefined ? 0 : view.firstFrom(request.from);
  let high = request.to === undefined ? view.length : view.firstFrom(request.to + 1);
  const pivot = request.startingAfter ?? request.endingBefore;
  if (pivot !== undefined) {
    const position = view.positionOf(pivot);
    if (position === undefined) return null;
    if (request.startingAfter === undefined) low = Math.max(low, position + 1);
    else high = Math.min(high, position);
  }
  const upwards = request.startingAfter === undefined && request.endingBefore !== undefined;
  const rows: Item[] = [];
  for (let step = 0; step < high - low && rows.length <= request.limit; step += 1) {
    const row = view.at(upwards ? low + step : high - 1 - step);
    if (row !== undefined && (request.matches?.(row) ?? true)) rows.push(row);
  }
  const more = rows.length > request.limit;
  if (more) rows.pop();
  return { rows: upwards ? rows.reverse() : rows, more };
}
