/** The ways in which vendors cut a list into pages. Each page costs its own length, whatever lies before it. */
import type { Row, View } from "./table.ts";

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

/** By an opaque token that holds the position: `page_token=...`. Null: no token of ours. */
export function pageByToken<Item extends Row>(
  view: View<Item>,
  token: string | null,
  limit: number,
): { rows: Item[]; next: string | null } | null {
  const at = token === null ? 0 : Number(Buffer.from(token, "base64url").toString());
  if (!Number.isSafeInteger(at) || at < 0) return null;
  const { rows, more } = pageAt(view, at, at + limit);
  return { rows, next: more ? Buffer.from(String(at + rows.length)).toString("base64url") : null };
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
