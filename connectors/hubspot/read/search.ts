/**
 * Searches in the order of ids.
 *
 * A record that changes during a search can stand at its old place showing its new time, so no bound is ever taken from a
 * time on a page (https://github.com/estuary/connectors/issues/2210, read 2026-11). An id never changes. Each page is the
 * first of a query above the ids already read: paging one query by offset ends at 10,000 rows and shifts under changes.
 */
import type { Filter } from "@hubspot/api-client/lib/codegen/crm/objects/models/Filter.js";
import { z } from "zod";
import { ConnectorError } from "../../core/errors.ts";
import { idOf } from "../../core/stream.ts";
import { cursorGuard } from "../../core/walk.ts";
import { Operator } from "../client.ts";
import type { HubspotClient, Listed, ObjectType } from "../client.ts";

export const searchPosition = z.strictObject({
  /** All ids up to this one are done. */
  afterId: z.string(),
  /** Set after a page that was not in the order of ids: narrowed until everything in the range fits on a page. */
  upToId: z.string().nullable(),
  /** HubSpot's own place, for a page without a row that can be told apart. */
  after: z.string().nullable(),
});
export type SearchPosition = z.infer<typeof searchPosition>;

export const SEARCH_START: SearchPosition = { afterId: "0", upToId: null, after: null };

export interface Query {
  type: ObjectType;
  properties: string[];
  filters: Filter[];
}

/** One page, and where the next begins; null: HubSpot says there is none. How many rows there are is not asked: totals lag. */
export async function searchPage(
  client: HubspotClient,
  { type, properties, filters }: Query,
  position: SearchPosition,
): Promise<Listed & { next: SearchPosition | null }> {
  const propertyName = "hs_object_id";
  const page = await client.search(
    type,
    properties,
    [
      ...filters,
      { propertyName, operator: Operator.Gt, value: position.afterId },
      ...(position.upToId === null ? [] : [{ propertyName, operator: Operator.Lte, value: position.upToId }]),
    ],
    position.after,
  );
  return { ...page, next: nextPosition(type, position, page) };
}

/** Every row, for queries whose answer is small. */
export async function searchAll(client: HubspotClient, query: Query): Promise<unknown[]> {
  const rows: unknown[] = [];
  const guard = cursorGuard(`HubSpot's search of ${query.type}`, SEARCH_START);
  for (let position: SearchPosition | null = SEARCH_START; position !== null;) {
    const { results, next }: { results: unknown[]; next: SearchPosition | null } = await searchPage(
      client,
      query,
      position,
    );
    rows.push(...results);
    if (next !== null) guard(next, results.length);
    position = next;
  }
  return rows;
}

function nextPosition(type: ObjectType, position: SearchPosition, { results, after }: Listed): SearchPosition | null {
  const { afterId, upToId } = position;
  if (after === null) return upToId === null ? null : { afterId: upToId, upToId: null, after: null };
  const ids = results.flatMap((row) => numberOf(idOf(row)) ?? []);
  if (ids.length === 0) return { ...position, after };
  const low = BigInt(afterId);
  const inOrder = ids.every((id, n) => id > (ids[n - 1] ?? low));
  if (inOrder) return { afterId: String(ids.at(-1)), upToId, after: null };
  const narrower = narrowed(ids, low, upToId === null ? null : BigInt(upToId));
  if (narrower !== null) return { afterId, upToId: String(narrower), after: null };
  throw new ConnectorError(
    "contract",
    `HubSpot's search of ${type} lists again what was read; the walk would not end.`,
  );
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
