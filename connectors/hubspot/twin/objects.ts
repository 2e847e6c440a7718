/** `/crm/v3/objects/{type}`: list and read, and how a record looks. */
import { pageAfter } from "#connectors/core/twin/paging.ts";
import { ok } from "#connectors/core/twin/route.ts";
import type { Call, Reply } from "#connectors/core/twin/route.ts";
import { valueOf } from "./account.ts";
import type { HubspotAccount, ObjectRow, ObjectType } from "./account.ts";
import { invalidInput, notFound } from "./errors.ts";
import { modifiedProperty } from "./properties.ts";

/** What comes back when nothing is asked for. Source: https://developers.hubspot.com/docs/api-reference/search/guide (2026-11). */
const DEFAULT_PROPERTIES: Record<ObjectType, string[]> = {
  contacts: ["email", "firstname", "lastname"],
  companies: ["name", "domain"],
  deals: ["dealname", "amount", "closedate", "pipeline", "dealstage"],
};

/** Shows records with the properties asked for; unknown names are silently ignored. */
export function presenter(
  account: HubspotAccount,
  type: ObjectType,
  asked: string[],
  history: string[] = [],
): (object: ObjectRow) => Record<string, unknown> {
  const wanted = asked.length === 0 ? DEFAULT_PROPERTIES[type] : asked;
  const always = ["createdate", "hs_object_id", modifiedProperty(type)];
  const names = [...wanted.filter((name) => account.property(type, name) !== undefined), ...always];
  return (object) => {
    const properties: Record<string, string | null> = {};
    for (const name of names) properties[name] = valueOf(type, object, name);
    const shown: Record<string, unknown> = {
      id: object.id,
      properties,
      createdAt: new Date(object.createdAt).toISOString(),
      updatedAt: new Date(object.modifiedAt).toISOString(),
      archived: object.archivedAt !== null,
    };
    if (object.archivedAt !== null) shown.archivedAt = new Date(object.archivedAt).toISOString();
    if (history.length > 0)
      shown.propertiesWithHistory = Object.fromEntries(history.map((name) => [name, historyOf(type, object, name)]));
    return shown;
  };
}

/** The twin keeps the time of the last change for the opt-out alone; other properties show the record's. */
function historyOf(type: ObjectType, object: ObjectRow, name: string): unknown[] {
  const value = valueOf(type, object, name);
  if (value === null) return [];
  const at = name === "hs_email_optout" ? (object.optoutAt ?? object.createdAt) : object.modifiedAt;
  return [{ value, timestamp: new Date(at).toISOString(), sourceType: "CRM_UI" }];
}

export function listObjects(account: HubspotAccount, type: ObjectType, { query }: Call): Reply {
  const limit = Number(query.get("limit") ?? "10");
  const after = Number(query.get("after") ?? "0");
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw invalidInput("limit must be between 1 and 100");
  if (!Number.isSafeInteger(after) || after < 0) throw invalidInput("The after cursor is not valid.");
  const { live, archived } = account.stores[type];
  const view = query.get("archived") === "true" ? archived : live;
  const { rows, more } = pageAfter(view, after, Math.min(limit, account.faults.shortPage));
  const present = presenter(account, type, namesIn(query, "properties"));
  const last = rows.at(-1);
  const next =
    more && last !== undefined ? { paging: { next: { after: last.id, link: "https://api.hubapi.com/next" } } } : {};
  return ok({ results: rows.map(present), ...next });
}

export function getObject(account: HubspotAccount, type: ObjectType, id: string, query: URLSearchParams): Reply {
  const found = account.stores[type].table.get(id);
  if (found === undefined) throw notFound();
  const object = account.winnerOf(found);
  const archived = query.get("archived") === "true";
  if ((object.archivedAt !== null) !== archived || object.forgotten === true) throw notFound();
  return ok(presenter(account, type, namesIn(query, "properties"))(object));
}

function namesIn(query: URLSearchParams, key: string): string[] {
  return query
    .getAll(key)
    .flatMap((value) => value.split(","))
    .filter((name) => name !== "");
}
