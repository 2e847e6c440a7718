/** `POST /crm/v3/objects/{type}/search`. Source: https://developers.hubspot.com/docs/api-reference/search/guide (2026-11). */
import { z } from "zod";
import type { Account } from "./account.ts";
import type { ObjectType } from "./journal.ts";
import { firstIndex, valueOf } from "./object-store.ts";
import type { ObjectStore, StoredObject } from "./object-store.ts";
import { modifiedProperty } from "./properties.ts";
import { invalidInput } from "./vendor-error.ts";

const OPERATORS = ["EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY"] as const;

const filter = z.strictObject({
  propertyName: z.string(),
  operator: z.enum(OPERATORS),
  value: z.string().optional(),
  highValue: z.string().optional(),
  values: z.array(z.string()).max(100).optional(),
});
type Filter = z.infer<typeof filter>;

const sortRule = z.union([
  z.string().transform((name) => ({ propertyName: name.replace(/^-/, ""), direction: name.startsWith("-") ? "DESCENDING" : "ASCENDING" })),
  z.strictObject({ propertyName: z.string(), direction: z.enum(["ASCENDING", "DESCENDING"]) }),
]);

export const searchBody = z.strictObject({
  query: z.string().max(3000).optional(),
  limit: z.number().int().min(1).max(200).default(10),
  after: z.string().regex(/^\d*$/).optional(),
  // One sort rule is all a query may have.
  sorts: z.array(sortRule).max(1).default([]),
  properties: z.array(z.string()).default([]),
  filterGroups: z.array(z.strictObject({ filters: z.array(filter).max(6) })).max(5).default([]),
});
export type SearchBody = z.infer<typeof searchBody>;

/** Sorted views of one time range, so that paging through thousands of equal timestamps does not sort them each time. */
const views = new WeakMap<ObjectStore, { key: string; rows: StoredObject[] }>();

export function search(account: Account, type: ObjectType, body: SearchBody, cap: number): { total: number; page: StoredObject[]; after?: string } {
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
  const page = rows.slice(offset, Math.min(offset + body.limit, cap));
  const end = offset + page.length;
  return { total: rows.length, page, ...(end < rows.length ? { after: String(end) } : {}) };
}

function matching(account: Account, type: ObjectType, body: SearchBody): StoredObject[] {
  const store = account.stores[type];
  const index = store.index();
  const [group] = body.filterGroups;
  const sort = body.sorts[0];
  const modified = modifiedProperty(type);
  if (body.filterGroups.length <= 1 && body.query === undefined) {
    const filters = group?.filters ?? [];
    const merged = filters.find((each) => each.propertyName === "hs_merged_object_ids" && each.operator === "IN");
    if (merged !== undefined) return winners(account, type, merged.values ?? [], filters);
    const { low, high, rest } = timeRange(filters, modified);
    const from = firstIndex(index, (entry) => entry.at >= low);
    const to = firstIndex(index, (entry) => entry.at > high);
    const key = `${store.generation}:${from}:${to}:${sort?.propertyName ?? ""}:${sort?.direction ?? ""}`;
    let view = views.get(store);
    if (view?.key !== key) {
      view = { key, rows: sorted(type, index.slice(from, to).map((entry) => entry.object), sort) };
      views.set(store, view);
    }
    return rest.length === 0 ? view.rows : view.rows.filter((object) => rest.every((each) => passes(type, object, each)));
  }
  const text = body.query?.toLowerCase();
  const rows = index
    .map((entry) => entry.object)
    .filter((object) => body.filterGroups.length === 0 || body.filterGroups.some(({ filters }) => filters.every((each) => passes(type, object, each))))
    .filter((object) => text === undefined || Object.values(object.properties).some((value) => value?.toLowerCase().includes(text)));
  return sorted(type, rows, sort);
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

function sorted(type: ObjectType, rows: StoredObject[], sort: SearchBody["sorts"][number] | undefined): StoredObject[] {
  if (sort === undefined || (sort.propertyName === modifiedProperty(type) && sort.direction === "ASCENDING")) return rows;
  const sign = sort.direction === "ASCENDING" ? 1 : -1;
  const key = (object: StoredObject) => comparable(valueOf(type, object, sort.propertyName, "search") ?? "");
  const keyed = rows.map((object) => ({ object, key: key(object) }));
  keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : 0));
  return keyed.map(({ object }) => object);
}

function passes(type: ObjectType, object: StoredObject, { propertyName, operator, value, highValue, values }: Filter): boolean {
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
