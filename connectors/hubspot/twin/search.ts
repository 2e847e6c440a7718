/** `POST /crm/v3/objects/{type}/search`. Source: https://developers.hubspot.com/docs/api-reference/search/guide (2026-11). */
import { z } from "zod";
import type { Account } from "./account.ts";
import type { ObjectType } from "./journal.ts";
import { firstIndex, valueOf } from "./object-store.ts";
import type { ObjectStore, StoredObject } from "./object-store.ts";
import { modifiedProperty } from "./properties.ts";
import { invalidInput } from "./vendor-error.ts";

const OPERATORS = [
  "EQ",
  "NEQ",
  "LT",
  "LTE",
  "GT",
  "GTE",
  "BETWEEN",
  "IN",
  "NOT_IN",
  "HAS_PROPERTY",
  "NOT_HAS_PROPERTY",
] as const;

const filter = z.strictObject({
  propertyName: z.string(),
  operator: z.enum(OPERATORS),
  value: z.string().optional(),
  highValue: z.string().optional(),
  values: z.array(z.string()).max(100).optional(),
});
type Filter = z.infer<typeof filter>;

const sortRule = z.union([
  z.string().transform((name) => ({
    propertyName: name.replace(/^-/, ""),
    direction: name.startsWith("-") ? "DESCENDING" : "ASCENDING",
  })),
  z.strictObject({ propertyName: z.string(), direction: z.enum(["ASCENDING", "DESCENDING"]) }),
]);

export const searchBody = z.strictObject({
  query: z.string().max(3000).optional(),
  limit: z.number().int().min(1).max(200).default(10),
  after: z.string().regex(/^\d*$/).optional(),
  // One sort rule is all a query may have.
  sorts: z.array(sortRule).max(1).default([]),
  properties: z.array(z.string()).default([]),
  filterGroups: z
    .array(z.strictObject({ filters: z.array(filter).max(6) }))
    .max(5)
    .default([]),
});
type SearchBody = z.infer<typeof searchBody>;
type Sort = SearchBody["sorts"][number];

/** Sorted views of one time range, so that paging through thousands of equal timestamps does not sort them each time. */
const views = new WeakMap<ObjectStore, { key: string; rows: StoredObject[] }>();

export function search(
  account: Account,
  type: ObjectType,
  body: SearchBody,
  cap: number,
): { total: number; page: StoredObject[]; after?: string } {
  for (const group of body.filterGroups)
    for (const { propertyName } of group.filters)
      if (account.catalogues[type].live(propertyName) === undefined)
        throw invalidInput(`There was a problem with the request. Unknown property: ${propertyName}`);
  const filterCount = body.filterGroups.reduce((sum, group) => sum + group.filters.length, 0);
  if (filterCount > 18) throw invalidInput("There was a problem with the request: more than 18 filters.");
  const offset = Number(body.after ?? "0");
  if (offset + body.limit > cap && offset > 0)
    throw invalidInput(`You cannot page beyond ${cap} results. Narrow the search with filters.`);

  const rows = matching(account, type, body);
  const page = rows.page(offset, Math.min(offset + body.limit, cap));
  const end = offset + page.length;
  return { total: rows.total, page, ...(end < rows.total ? { after: String(end) } : {}) };
}

/** Rows found, cut out on demand: a page must not cost a copy of the whole range. */
interface Found {
  total: number;
  page(from: number, to: number): StoredObject[];
}

function listed(rows: StoredObject[], start = 0): Found {
  return { total: rows.length - start, page: (from, to) => rows.slice(start + from, start + to) };
}

function matching(account: Account, type: ObjectType, body: SearchBody): Found {
  const index = account.stores[type].index();
  const sort = body.sorts[0];
  if (body.filterGroups.length <= 1 && body.query === undefined)
    return matchingAll(account, type, body.filterGroups[0]?.filters ?? [], sort);
  const text = body.query?.toLowerCase();
  const rows = index
    .map((entry) => entry.object)
    .filter(
      (object) =>
        body.filterGroups.length === 0 ||
        body.filterGroups.some(({ filters }) => filters.every((each) => passes(type, object, each))),
    )
    .filter(
      (object) =>
        text === undefined || Object.values(object.properties).some((value) => value?.toLowerCase().includes(text)),
    );
  return listed(sorted(type, rows, sort));
}

function matchingAll(account: Account, type: ObjectType, filters: Filter[], sort: Sort | undefined): Found {
  const store = account.stores[type];
  const index = store.index();
  const merged = filters.find((each) => each.propertyName === "hs_merged_object_ids" && each.operator === "IN");
  if (merged !== undefined) return listed(winners(account, type, merged.values ?? [], filters));
  const { low, high, rest } = timeRange(filters, modifiedProperty(type));
  const start = firstIndex(index, (entry) => entry.at >= low);
  const end = firstIndex(index, (entry) => entry.at > high);
  if (rest.length === 0 && inIndexOrder(type, sort))
    return {
      total: end - start,
      page: (from, to) => index.slice(start + from, Math.min(start + to, end)).map((entry) => entry.object),
    };
  const key = `${store.generation}:${start}:${end}:${sort?.propertyName ?? ""}:${sort?.direction ?? ""}`;
  let view = views.get(store);
  if (view?.key !== key) {
    const objects = index.slice(start, end).map((entry) => entry.object);
    view = { key, rows: sorted(type, objects, sort) };
    views.set(store, view);
  }
  const [only] = rest;
  if (rest.length === 1 && only?.propertyName === "hs_object_id" && only.operator === "GT" && byId(sort)) {
    const after = Number(only.value);
    return listed(
      view.rows,
      firstIndex(view.rows, (object) => object.number > after),
    );
  }
  return rest.length === 0
    ? listed(view.rows)
    : listed(view.rows.filter((object) => rest.every((each) => passes(type, object, each))));
}

function inIndexOrder(type: ObjectType, sort: Sort | undefined): boolean {
  return sort === undefined || (sort.propertyName === modifiedProperty(type) && sort.direction === "ASCENDING");
}

function byId(sort: Sort | undefined): boolean {
  return sort?.propertyName === "hs_object_id" && sort.direction === "ASCENDING";
}

function winners(account: Account, type: ObjectType, ids: string[], filters: Filter[]): StoredObject[] {
  const found = new Set<StoredObject>();
  for (const id of ids) {
    const loser = account.stores[type].byId.get(id);
    if (loser === undefined || loser.mergedInto === null) continue;
    const winner = account.winnerOf(loser);
    if (winner.entry !== null && filters.every((each) => passes(type, winner, each))) found.add(winner);
  }
  return [...found];
}

function timeRange(filters: Filter[], modified: string): { low: number; high: number; rest: Filter[] } {
  let low = -Infinity;
  let high = Infinity;
  const rest: Filter[] = [];
  for (const each of filters) {
    const at = each.propertyName === modified ? instantOf(each.value ?? "") : Number.NaN;
    if (Number.isNaN(at)) rest.push(each);
    else if (each.operator === "GTE") low = Math.max(low, at);
    else if (each.operator === "GT") low = Math.max(low, at + 1);
    else if (each.operator === "LTE") high = Math.min(high, at);
    else if (each.operator === "LT") high = Math.min(high, at - 1);
    else if (each.operator === "EQ") [low, high] = [Math.max(low, at), Math.min(high, at)];
    else rest.push(each);
  }
  return { low, high, rest };
}

function sorted(type: ObjectType, rows: StoredObject[], sort: Sort | undefined): StoredObject[] {
  if (sort === undefined || inIndexOrder(type, sort)) return rows;
  const sign = sort.direction === "ASCENDING" ? 1 : -1;
  const key = (object: StoredObject) => comparable(valueOf(type, object, sort.propertyName, "search") ?? "");
  const keyed = rows.map((object) => ({ object, key: key(object) }));
  keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : 0));
  return keyed.map(({ object }) => object);
}

function passes(
  type: ObjectType,
  object: StoredObject,
  { propertyName, operator, value, highValue, values }: Filter,
): boolean {
  const actual = valueOf(type, object, propertyName, "search");
  if (operator === "HAS_PROPERTY") return actual !== null;
  if (operator === "NOT_HAS_PROPERTY") return actual === null;
  if (operator === "IN" || operator === "NOT_IN") {
    const parts = (actual ?? "").toLowerCase().split(";");
    return (values ?? []).some((wanted) => parts.includes(wanted.toLowerCase())) === (operator === "IN");
  }
  if (value === undefined) throw invalidInput(`The operator ${operator} needs a value.`);
  if (actual === null) return operator === "NEQ";
  const left = comparable(actual);
  const right = comparable(value);
  if (operator === "EQ") return left === right;
  if (operator === "NEQ") return left !== right;
  if (operator === "LT") return left < right;
  if (operator === "LTE") return left <= right;
  if (operator === "GT") return left > right;
  if (operator === "GTE") return left >= right;
  return left >= right && left <= comparable(highValue ?? "");
}

function comparable(value: string): number | string {
  const at = instantOf(value);
  return Number.isNaN(at) ? value.toLowerCase() : at;
}

/** Epoch milliseconds or ISO text, the two forms a filter takes; plain numbers pass through. */
function instantOf(value: string): number {
  if (/^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return /^\d{4}-\d{2}-\d{2}T/.test(value) ? Date.parse(value) : Number.NaN;
}
