/** Searches, each walked in the order of ids to its end. */
import type { Filter } from "@hubspot/api-client/lib/codegen/crm/objects/models/Filter.js";
import { ID_START, nextIdPosition } from "../../core/id-walk.ts";
import type { IdPosition } from "../../core/id-walk.ts";
import { cursorGuard } from "../../core/walk.ts";
import { FilterOperatorEnum as Operator } from "@hubspot/api-client/lib/codegen/crm/objects/models/Filter.js";
import type { HubspotClient, Listed, ObjectType } from "../client.ts";
import { SEARCH_CAP } from "../limits.ts";

export interface Query {
  type: ObjectType;
  properties: string[];
  filters: Filter[];
  /** And one of these. */
  anyOf?: Filter[];
}

type FoundPage = Listed & { next: IdPosition | null };

/**
 * One page, and where the next begins; null: HubSpot says there is none. Its total lags, so it proves nothing; but where it
 * names more than came, one looks behind the last row, and asks again what was answered with nothing.
 */
export async function searchPage(client: HubspotClient, query: Query, position: IdPosition): Promise<FoundPage> {
  const { type, properties, filters, anyOf } = query;
  const all = [...filters, ...rangeOf(position)];
  const groups = anyOf?.map((one) => [...all, one]) ?? [all];
  const ask = () => client.search(type, properties, groups, position.after);
  const first = await ask();
  const page = first.results.length === 0 && first.after === null && (first.total ?? 0) > 0 ? await ask() : first;
  return { ...page, next: nextIdPosition(position, { ...page, cap: SEARCH_CAP }) };
}

function rangeOf({ afterId, upToId, byPlace }: IdPosition): Filter[] {
  if (byPlace) return [];
  const propertyName = "hs_object_id";
  const above = { propertyName, operator: Operator.Gt, value: afterId };
  return upToId === null ? [above] : [above, { propertyName, operator: Operator.Lte, value: upToId }];
}

/** Every row, for queries whose answer is small. */
export async function searchAll(client: HubspotClient, query: Query): Promise<unknown[]> {
  const rows: unknown[] = [];
  const guard = cursorGuard(`HubSpot's search of ${query.type}`, ID_START);
  for (let position: IdPosition | null = ID_START; position !== null;) {
    const { results, next }: FoundPage = await searchPage(client, query, position);
    rows.push(...results);
    if (next !== null) guard(next, results.length);
    position = next;
  }
  return rows;
}
