/** Reading: a query checked as strictly as Klaviyo's description allows, then a page by cursor. */
import type { Call, Reply } from "#connectors/core/twin/route.ts";
import type { KlaviyoAccount } from "./account.ts";
import { invalid } from "./errors.ts";
import { meets, parseFilter } from "./filter.ts";
import type { Condition } from "./filter.ts";

export interface Listing<Item> {
  /** Every parameter the endpoint takes besides `filter`, `sort`, and those of paging. */
  parameters: Record<string, readonly string[]>;
  filters: Record<string, readonly string[]>;
  /** By the field to sort by, ascending; the first is the usual one. */
  sorts: Record<string, (account: KlaviyoAccount) => readonly Item[]>;
  page: { usual: number; most: number } | null;
  /** A field to filter or sort by: milliseconds or text. */
  value(item: Item, field: string): string | number | null;
  present(item: Item, fields: (type: string) => readonly string[] | null, extra: (name: string) => boolean): unknown;
  include?(items: readonly Item[], fields: (type: string) => readonly string[] | null): unknown[];
}

export function list<Item extends { id: string }>(
  account: KlaviyoAccount,
  call: Call,
  listing: Listing<Item>,
  among: (item: Item) => boolean = () => true,
): Reply {
  const { query } = call;
  for (const name of query.keys()) {
    const known = name in listing.parameters || ["filter", "sort", "page[cursor]"].includes(name);
    if (!known && !(name === "page[size]" && listing.page !== null))
      throw invalid(`'${name}' is not a valid parameter of this endpoint.`, { parameter: name });
  }
  const listed = (name: string): readonly string[] | null => query.get(name)?.split(",") ?? null;
  for (const [name, allowed] of Object.entries(listing.parameters))
    for (const value of listed(name) ?? [])
      if (!allowed.includes(value))
        throw invalid(`'${value}' is not a valid value for '${name}'.`, { parameter: name });
  const size = Number(query.get("page[size]") ?? listing.page?.usual ?? 200);
  if (!Number.isInteger(size) || size < 1 || size > (listing.page?.most ?? 200))
    throw invalid(`Page size must be an integer between 1 and ${listing.page?.most}.`, { parameter: "page[size]" });
  const conditions = query.has("filter") ? parseFilter(query.get("filter") ?? "", listing.filters) : [];
  const sort = query.get("sort") ?? Object.keys(listing.sorts)[0] ?? "";
  const sorted = listing.sorts[sort];
  if (sorted === undefined) throw invalid(`'${sort}' is not a valid sort.`, { parameter: "sort" });
  const all = sorted(account).filter((item) => among(item) && holds(listing, item, conditions));
  const from = placeAfter(account, query.get("page[cursor]"), all, (item) => listing.value(item, sort));
  const rows = all.slice(from, from + Math.min(size, account.faults.shortPage));
  const last = rows.at(-1);
  const more = from + rows.length < all.length && last !== undefined;
  const fields = (type: string) => listed(`fields[${type}]`);
  const extra = (name: string) => (listed("additional-fields[profile]") ?? []).includes(name);
  return {
    status: 200,
    body: {
      data: rows.map((row) => listing.present(row, fields, extra)),
      links: {
        self: linkTo(call, query.get("page[cursor]")),
        next: more ? linkTo(call, cursorOf(last.id, listing.value(last, sort))) : null,
        prev: null,
      },
      ...(listing.include === undefined || !query.has("include") ? {} : { included: listing.include(rows, fields) }),
    },
  };
}

const holds = <Item>({ value }: Listing<Item>, item: Item, conditions: readonly Condition[]): boolean =>
  conditions.every((condition) => meets(value(item, condition.field), condition));

/** As Klaviyo's own: the place of the last row, not its position, so that rows that move away shift nothing. */
export const cursorOf = (id: string, key: string | number | null): string =>
  Buffer.from(JSON.stringify([id, key])).toString("base64url");

function placeAfter<Item extends { id: string }>(
  account: KlaviyoAccount,
  cursor: string | null,
  items: readonly Item[],
  keyOf: (item: Item) => string | number | null,
): number {
  if (cursor === null) return 0;
  const [id, key] = account.faults.cursorsExpired ? [] : readCursor(cursor);
  if (id === undefined) throw invalid("Invalid page cursor.", { parameter: "page[cursor]" });
  const same = items.findIndex((item) => item.id === id);
  const found = items[same];
  if (found !== undefined && keyOf(found) === key) return same + 1;
  const after = items.findIndex((item) => {
    const other = keyOf(item) ?? "";
    return other > (key ?? "") || (other === key && item.id > id);
  });
  return after < 0 ? items.length : after;
}

function readCursor(cursor: string): [id?: string, key?: string | number | null] {
  try {
    // A tilde in front is how the same place is written in another way.
    const read: unknown = JSON.parse(Buffer.from(cursor.replace(/^~+/, ""), "base64url").toString());
    return Array.isArray(read) && typeof read[0] === "string" ? [read[0], read[1] as string | number | null] : [];
  } catch {
    return [];
  }
}

/** An address on Klaviyo's own host, as in its description, wherever the call came in. */
export function linkTo({ path, query }: Call, cursor: string | null): string {
  const parameters = new URLSearchParams(query);
  parameters.delete("page[cursor]");
  if (cursor !== null) parameters.set("page[cursor]", cursor);
  return `https://a.klaviyo.com${path}?${parameters.toString()}`;
}

/** `2026-03-01T09:00:00+00:00` */
export const instant = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
