/** `POST /crm/v3/objects/{type}/search`. Source: https://developers.hubspot.com/docs/api-reference/search/guide (2026-11). */
import { z } from "zod";
import { pageAt } from "#connectors/core/twin/paging.ts";
import { ok } from "#connectors/core/twin/route.ts";
import type { Call, Reply } from "#connectors/core/twin/route.ts";
import { firstIndex } from "#connectors/core/twin/table.ts";
import { valueOf } from "./account.ts";
import type { HubspotAccount, ObjectRow, ObjectStore, ObjectType } from "./account.ts";
import { invalidInput } from "./errors.ts";
import { presenter } from "./objects.ts";
import { modifiedProperty } from "./properties.ts";

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

const searchBody = z.strictObject({
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

/** Rows found, cut out on demand: a page must not cost a copy of the whole range. */
interface Found {
  length: number;
  slice(from: number, to: number): ObjectRow[];
}

/** Sorted ranges of a view, so that paging through thousands of equal timestamps does not sort them each time. */
const ranges = new WeakMap<ObjectStore, { key: string; rows: ObjectRow[] }>();

export function searchObjects(account: HubspotAccount, type: ObjectType, call: Call): Reply {
  const body = call.body(searchBody);
  const filters = body.filterGroups.flatMap((group) => group.filters);
  const unknown = filters.find(({ propertyName }) => account.property(type, propertyName) === undefined);
  if (unknown !== undefined)
    throw invalidInput(`There was a problem with the request. Unknown property: ${unknown.propertyName}`);
  if (filters.length > 18) throw invalidInput("There was a problem with the request: more than 18 filters.");
  const { searchCap, shortPage } = account.faults;
  const offset = Number(body.after ?? "0");
  if (offset + body.limit > searchCap && offset > 0)
    throw invalidInput(`You cannot page beyond ${searchCap} results. Narrow the search with filters.`);
  const found = matching(account, account.stores[type], body);
  const to = Math.min(offset + Math.min(body.limit, shortPage), searchCap);
  const { rows, more } = pageAt(found, offset, to);
  const next = more ? { paging: { next: { after: String(offset + rows.length) } } } : {};
  return ok({ total: found.length, results: rows.map(presenter(account, type, body.properties)), ...next });
}

function matching(account: HubspotAccount, store: ObjectStore, body: SearchBody): Found {
  const sort = body.sorts[0];
  if (body.query === undefined && body.filterGroups.length > 0 && body.filterGroups.every(asksForWinners))
    return winners(account, store, body.filterGroups, sort);
  if (body.filterGroups.length <= 1 && body.query === undefined)
    return matchingAll(account, store, body.filterGroups[0]?.filters ?? [], sort);
  const text = body.query?.toLowerCase();
  const rows = store.search
    .slice(0, store.search.length)
    .filter(
      (object) =>
        body.filterGroups.length === 0 ||
        body.filterGroups.some(({ filters }) => filters.every((each) => passes(store.type, object, each))),
    )
    .filter(
      (object) =>
        text === undefined || Object.values(object.properties).some((value) => value?.toLowerCase().includes(text)),
    );
  return sorted(store.type, rows, sort);
}

function matchingAll(account: HubspotAccount, store: ObjectStore, filters: Filter[], sort: Sort | undefined): Found {
  const { type, search } = store;
  const { low, high, rest } = timeRange(filters, modifiedProperty(type));
  // A record that kept an old place shows a new time there: what the filters say of it is decided row by row.
  const ordered = account.faults.misplacedRow;
  const start = ordered ? 0 : search.firstFrom(low);
  const end = ordered ? search.length : search.firstFrom(high + 1);
  const open = ordered ? filters : rest;
  if (open.length === 0 && inOrderOfChange(type, sort))
    return { length: end - start, slice: (from, to) => search.slice(start + from, Math.min(start + to, end)) };
  const key = `${search.generation}:${start}:${end}:${sort?.propertyName ?? ""}:${sort?.direction ?? ""}`;
  let range = ranges.get(store);
  if (range?.key !== key) {
    range = { key, rows: sorted(type, search.slice(start, end), sort) };
    ranges.set(store, range);
  }
  const [only] = open;
  if (open.length === 1 && only?.propertyName === "hs_object_id" && only.operator === "GT" && byId(sort)) {
    const after = Number(only.value);
    return range.rows.slice(firstIndex(range.rows, (object) => object.number > after));
  }
  return open.length === 0
    ? range.rows
    : range.rows.filter((object) => open.every((each) => passes(type, object, each)));
}

function inOrderOfChange(type: ObjectType, sort: Sort | undefined): boolean {
  return sort === undefined || (sort.propertyName === modifiedProperty(type) && sort.direction === "ASCENDING");
}

function byId(sort: Sort | undefined): boolean {
  return sort?.propertyName === "hs_object_id" && sort.direction === "ASCENDING";
}

type Group = SearchBody["filterGroups"][number];

const isOfMerged = ({ propertyName, operator }: Filter): boolean =>
  propertyName === "hs_merged_object_ids" && operator === "IN";

const asksForWinners = ({ filters }: Group): boolean => filters.some(isOfMerged);

/** Found by the ids of the losers, without a look at everybody. */
function winners(account: HubspotAccount, store: ObjectStore, groups: Group[], sort: Sort | undefined): ObjectRow[] {
  const found = new Set<ObjectRow>();
  for (const { filters } of groups) {
    for (const id of filters.find(isOfMerged)?.values ?? []) {
      const loser = store.table.get(id);
      if (loser === undefined || loser.mergedInto === null) continue;
      const winner = store.search.get(account.winnerOf(loser).id);
      if (winner !== undefined && filters.every((each) => passes(store.type, winner, each))) found.add(winner);
    }
  }
  return sorted(store.type, [...found], sort);
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

function sorted(type: ObjectType, rows: ObjectRow[], sort: Sort | undefined): ObjectRow[] {
  if (sort === undefined || inOrderOfChange(type, sort)) return rows;
  const sign = sort.direction === "ASCENDING" ? 1 : -1;
  const key = (object: ObjectRow) => comparable(valueOf(type, object, sort.propertyName) ?? "");
  const keyed = rows.map((object) => ({ object, key: key(object) }));
  keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : 0));
  return keyed.map(({ object }) => object);
}

function passes(
  type: ObjectType,
  object: ObjectRow,
  { propertyName, operator, value, highValue, values }: Filter,
): boolean {
  const actual = valueOf(type, object, propertyName);
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
