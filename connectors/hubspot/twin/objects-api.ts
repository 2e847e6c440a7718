/** `/crm/v3/objects/{type}`: list, read, batch read, batch update, merge, and `/crm/v4/associations`. */
import { z } from "zod";
import { effectiveValues } from "./account.ts";
import type { Account } from "./account.ts";
import type { HubspotFaults } from "./faults.ts";
import type { Change, ObjectType, PropertyDefinition } from "./journal.ts";
import { valueOf } from "./object-store.ts";
import type { StoredObject } from "./object-store.ts";
import { modifiedProperty } from "./properties.ts";
import { invalidInput, notFound, VendorError } from "./vendor-error.ts";

/** An answer: status and body. */
export interface Answer {
  status: number;
  body: unknown;
}

/** What comes back when nothing is asked for. Source: https://developers.hubspot.com/docs/api-reference/search/guide (2026-11). */
const DEFAULT_PROPERTIES: Record<ObjectType, string[]> = {
  contacts: ["email", "firstname", "lastname"],
  companies: ["name", "domain"],
  deals: ["dealname", "amount", "closedate", "pipeline", "dealstage"],
};

const LONGEST_VALUE = 65_536;
/** Associated records per object and page. */
const ASSOCIATION_PAGE = 500;

export function present(
  account: Account,
  type: ObjectType,
  object: StoredObject,
  asked: string[],
  view: "now" | "search" = "now",
  history: string[] = [],
): unknown {
  const catalogue = account.catalogues[type];
  const properties: Record<string, string | null> = {};
  for (const name of asked.length === 0 ? DEFAULT_PROPERTIES[type] : asked)
    // Unknown names are ignored without a word.
    if (catalogue.live(name) !== undefined) properties[name] = valueOf(type, object, name, view);
  for (const name of ["createdate", "hs_object_id", modifiedProperty(type)])
    properties[name] = valueOf(type, object, name, view);
  return {
    id: object.id,
    properties,
    ...(history.length === 0
      ? {}
      : { propertiesWithHistory: Object.fromEntries(history.map((name) => [name, historyOf(type, object, name)])) }),
    createdAt: new Date(object.createdAt).toISOString(),
    updatedAt: new Date(view === "search" ? (object.behind ?? object).modifiedAt : object.modifiedAt).toISOString(),
    archived: object.archivedAt !== null,
    ...(object.archivedAt === null ? {} : { archivedAt: new Date(object.archivedAt).toISOString() }),
  };
}

/** The twin keeps the time of the last change for the opt-out alone; other properties show the record's. */
function historyOf(type: ObjectType, object: StoredObject, name: string): unknown[] {
  const value = valueOf(type, object, name);
  if (value === null) return [];
  const at = name === "hs_email_optout" ? (object.optoutAt ?? object.createdAt) : object.modifiedAt;
  return [{ value, timestamp: new Date(at).toISOString(), sourceType: "CRM_UI" }];
}

export function listObjects(account: Account, type: ObjectType, query: URLSearchParams): Answer {
  const limit = Number(query.get("limit") ?? "10");
  const after = Number(query.get("after") ?? "0");
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw invalidInput("limit must be between 1 and 100");
  if (!Number.isSafeInteger(after) || after < 0) throw invalidInput("The after cursor is not valid.");
  const { page, more } = account.stores[type].list(query.get("archived") === "true", after, limit);
  const asked = namesIn(query, "properties");
  const last = page.at(-1);
  return {
    status: 200,
    body: {
      results: page.map((object) => present(account, type, object, asked)),
      ...(more && last !== undefined
        ? { paging: { next: { after: last.id, link: "https://api.hubapi.com/next" } } }
        : {}),
    },
  };
}

export function getObject(account: Account, type: ObjectType, id: string, query: URLSearchParams): Answer {
  const found = account.stores[type].byId.get(id);
  if (found === undefined) throw notFound();
  const object = account.winnerOf(found);
  if ((object.archivedAt !== null) !== (query.get("archived") === "true")) throw notFound();
  return { status: 200, body: present(account, type, object, namesIn(query, "properties")) };
}

function namesIn(query: URLSearchParams, key: string): string[] {
  return query
    .getAll(key)
    .flatMap((value) => value.split(","))
    .filter((name) => name !== "");
}

const batchReadBody = z.strictObject({
  properties: z.array(z.string()),
  propertiesWithHistory: z.array(z.string()),
  idProperty: z.string().optional(),
  inputs: z
    .array(z.strictObject({ id: z.string() }))
    .min(1)
    .max(100),
});

export function batchRead(account: Account, type: ObjectType, input: unknown, archived: boolean): Answer {
  const body = parsed(batchReadBody, input);
  if (body.propertiesWithHistory.length > 0 && body.inputs.length > 50)
    throw invalidInput("The maximum number of inputs supported in a batch request with history is 50.");
  if (body.idProperty !== undefined) throw invalidInput(`${body.idProperty} is not a unique property here.`);
  refuseRepeats(body.inputs);
  const found = new Set<StoredObject>();
  const missing: string[] = [];
  for (const { id } of body.inputs) {
    const object = account.stores[type].byId.get(id);
    // A merged id answers with the record it lives on in.
    const current = object === undefined || archived ? object : account.winnerOf(object);
    if (current === undefined || (current.archivedAt !== null) !== archived) missing.push(id);
    else found.add(current);
  }
  const results = [...found].map((object) =>
    present(account, type, object, body.properties, "now", body.propertiesWithHistory),
  );
  return multiStatus(results, missing.length === 0 ? [] : [gone(type, missing)]);
}

const batchUpdateBody = z.strictObject({
  inputs: z
    .array(
      z.strictObject({
        id: z.string(),
        idProperty: z.string().optional(),
        objectWriteTraceId: z.string().optional(),
        properties: z.record(z.string(), z.string()),
      }),
    )
    .min(1)
    .max(100),
});

export function batchUpdate(account: Account, type: ObjectType, input: unknown, faults: HubspotFaults): Answer {
  const { inputs } = parsed(batchUpdateBody, input);
  refuseRepeats(inputs);
  const problems = inputs.flatMap(({ properties }) =>
    Object.entries(properties).flatMap(([name, value]) =>
      problemWith(account.catalogues[type].live(name), name, value),
    ),
  );
  if (problems.length > 0) throw invalidInput("Property values were not valid", { errors: unique(problems) });
  if (inputs.some(({ id }) => faults.poisonIds.has(id))) throw invalidInput("Invalid input JSON");
  const missing = inputs.filter(({ id }) => account.stores[type].byId.get(id)?.archivedAt !== null).map(({ id }) => id);
  if (missing.length > 0 && faults.wholeBatch404) throw notFound();
  const failing = inputs.filter(({ id }) => faults.failingIds.has(id) && !missing.includes(id)).map(({ id }) => id);
  const changes: Change[] = [];
  const written: StoredObject[] = [];
  for (const { id, properties } of inputs) {
    const object = account.stores[type].byId.get(id);
    if (object === undefined || missing.includes(id) || failing.includes(id)) continue;
    const values = effectiveValues(object, properties, faults);
    if (Object.keys(values).length > 0) changes.push({ op: "set", type, id, at: account.now, values });
    written.push(object);
  }
  account.commit(changes);
  const errors = [
    ...(missing.length === 0 ? [] : [gone(type, missing)]),
    ...failing.map((id) => ({
      status: "error",
      category: "VALIDATION_ERROR",
      message: "A validation rule of this account refused the value.",
      context: { ids: [id] },
      errors: [],
      links: {},
    })),
  ];
  const names = [...new Set(inputs.flatMap(({ properties }) => Object.keys(properties)))];
  return multiStatus(
    written.map((object) => present(account, type, object, names)),
    errors,
  );
}

function problemWith(
  definition: PropertyDefinition | undefined,
  name: string,
  value: string,
): { message: string; code: string; context: Record<string, string[]> }[] {
  const context = { propertyName: [name] };
  const problem = (code: string, message: string) => [{ message, code, context }];
  if (definition === undefined) return problem("PROPERTY_DOESNT_EXIST", `Property "${name}" does not exist`);
  if (definition.readOnly)
    return problem("READ_ONLY_VALUE", `"${name}" is a read only property; its value cannot be set.`);
  if (value === "") return [];
  if (value.length > LONGEST_VALUE)
    return problem("INVALID_STRING_LENGTH", `"${name}" is longer than ${LONGEST_VALUE} characters`);
  if (definition.type === "number" && !Number.isFinite(Number(value)))
    return problem("INVALID_NUMBER", `${value} was not a valid number.`);
  if (definition.type === "datetime" && Number.isNaN(Date.parse(value)) && !/^\d+$/.test(value))
    return problem("INVALID_DATE", `${value} was not a valid date.`);
  if (
    definition.type === "enumeration" &&
    definition.options.length > 0 &&
    value.split(";").some((part) => definition.options.every((option) => option.value !== part))
  )
    return problem("INVALID_OPTION", `${value} was not one of the allowed options`);
  return [];
}

const mergeBody = z.strictObject({ primaryObjectId: z.string(), objectIdToMerge: z.string() });

export function mergeContacts(account: Account, input: unknown): Answer {
  const { primaryObjectId: winner, objectIdToMerge: loser } = parsed(mergeBody, input);
  if (winner === loser || account.contact(winner)?.archivedAt !== null || account.contact(loser)?.archivedAt !== null)
    throw notFound();
  account.commit([{ op: "merge", winner, loser, at: account.now }]);
  return getObject(account, "contacts", winner, new URLSearchParams());
}

const associationsBody = z.strictObject({
  inputs: z
    .array(z.strictObject({ id: z.string(), after: z.string().optional() }))
    .min(1)
    .max(1000),
});

export function associations(account: Account, from: "companies" | "deals", input: unknown): Answer {
  const { inputs } = parsed(associationsBody, input);
  const results: unknown[] = [];
  const without: string[] = [];
  for (const { id, after } of inputs) {
    const live = (account.stores[from].byId.get(id)?.contactIds ?? []).filter(
      (contact) => account.contact(contact)?.archivedAt === null,
    );
    if (live.length === 0) without.push(id);
    else {
      const start = Number(after ?? "0");
      const to = live.slice(start, start + ASSOCIATION_PAGE);
      const end = start + to.length;
      results.push({
        from: { id },
        to: to.map((contact) => ({
          toObjectId: Number(contact),
          associationTypes: [{ category: "HUBSPOT_DEFINED", typeId: 280, label: null }],
        })),
        ...(end < live.length ? { paging: { next: { after: String(end), link: "" } } } : {}),
      });
    }
  }
  const errors = without.map((id) => ({
    status: "error",
    category: "OBJECT_NOT_FOUND",
    subCategory: "crm.associations.NO_ASSOCIATIONS_FOUND",
    message: `No contact is associated with ${from} ${id}.`,
    context: { fromObjectId: [id] },
    errors: [],
    links: {},
  }));
  return multiStatus(results, errors);
}

/** Parses a body as strictly as the vendor: what it does not know it refuses. */
export function parsed<Body>(schema: z.ZodType<Body>, input: unknown): Body {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const where = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  throw invalidInput(`Invalid input JSON: ${where}`);
}

function refuseRepeats(inputs: { id: string }[]): void {
  if (new Set(inputs.map(({ id }) => id)).size < inputs.length)
    throw invalidInput("Duplicate IDs found in batch input: IDs must be unique");
}

function gone(type: ObjectType, ids: string[]): unknown {
  const message = `Could not get some ${type.toUpperCase()} objects, they may be deleted or not exist. Check that ids are valid.`;
  return { status: "error", category: "OBJECT_NOT_FOUND", message, context: { ids }, errors: [], links: {} };
}

export function multiStatus(results: unknown[], errors: unknown[]): Answer {
  const at = new Date().toISOString();
  const body = { status: "COMPLETE", results, startedAt: at, completedAt: at };
  return errors.length === 0
    ? { status: 200, body }
    : { status: 207, body: { ...body, numErrors: errors.length, errors } };
}

function unique<Problem extends { message: string }>(problems: Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()];
}

/** An endpoint that exists for other methods only. */
export function methodNotAllowed(): VendorError {
  return new VendorError(405, "METHOD_NOT_ALLOWED", "The method is not allowed for this endpoint.");
}
