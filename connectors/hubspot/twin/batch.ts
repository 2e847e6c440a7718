/** Calls that answer for many records at once: batch read and update, associations, subscription statuses. */
import { z } from "zod";
import { strikes } from "#connectors/core/twin/faults.ts";
import type { Call, Reply } from "#connectors/core/twin/route.ts";
import type { HubspotAccount, ObjectRow, ObjectType } from "./account.ts";
import { invalidInput, notFound } from "./errors.ts";
import { presenter } from "./objects.ts";
import type { PropertyRow } from "./properties.ts";

const LONGEST_VALUE = 65_536;
/** Associated records per object and page. */
const ASSOCIATION_PAGE = 500;

const listOf = <Item extends z.ZodType>(item: Item, most: number) => z.array(item).min(1).max(most);

const readBody = z.strictObject({
  properties: z.array(z.string()),
  propertiesWithHistory: z.array(z.string()),
  idProperty: z.string().optional(),
  inputs: listOf(z.strictObject({ id: z.string() }), 100),
});

export function batchRead(account: HubspotAccount, type: ObjectType, call: Call): Reply {
  const { properties, propertiesWithHistory, idProperty, inputs } = call.body(readBody);
  const archived = call.query.get("archived") === "true";
  if (propertiesWithHistory.length > 0 && inputs.length > 50)
    throw invalidInput("The maximum number of inputs supported in a batch request with history is 50.");
  if (idProperty !== undefined) throw invalidInput(`${idProperty} is not a unique property here.`);
  refuseRepeats(inputs);
  const found = new Set<ObjectRow>();
  const missing: string[] = [];
  for (const { id } of inputs) {
    const object = account.stores[type].table.get(id);
    // A merged id answers with the record it lives on in.
    const current = object === undefined || archived ? object : account.winnerOf(object);
    const isShown = current !== undefined && (current.archivedAt !== null) === archived && current.forgotten !== true;
    if (!isShown) missing.push(id);
    else found.add(current);
  }
  const present = presenter(account, type, properties, propertiesWithHistory);
  return multiStatus([...found].map(present), gone(type, missing));
}

const updateBody = z.strictObject({
  inputs: listOf(
    z.strictObject({
      id: z.string(),
      idProperty: z.string().optional(),
      objectWriteTraceId: z.string().optional(),
      properties: z.record(z.string(), z.string()),
    }),
    100,
  ),
});

export function batchUpdate(account: HubspotAccount, call: Call): Reply {
  const { inputs } = call.body(updateBody);
  const { faults } = account;
  const { table } = account.stores.contacts;
  refuseRepeats(inputs);
  const problems = new Map<string, Problem>();
  for (const { properties } of inputs)
    for (const [name, value] of Object.entries(properties)) {
      const problem = problemWith(account.property("contacts", name), name, value);
      if (problem !== null) problems.set(problem.message, problem);
    }
  if (problems.size > 0) throw invalidInput("Property values were not valid", { errors: [...problems.values()] });
  if (inputs.some(({ id }) => faults.poisonIds.has(id))) throw invalidInput("Invalid input JSON");
  const missing = new Set(inputs.filter(({ id }) => table.get(id)?.archivedAt !== null).map(({ id }) => id));
  if (missing.size > 0 && faults.wholeBatch404) throw notFound();
  const written = inputs.filter(({ id }) => !missing.has(id) && !faults.entryError.has(id));
  // Left out of the answer because it was left undone.
  if (strikes(faults, "partial207")) written.pop();
  for (const { id, properties } of written) {
    const object = table.get(id);
    const values = object === undefined ? {} : account.effective(object, properties);
    if (Object.keys(values).length > 0) account.change("contacts", id, values);
  }
  const refused = inputs
    .filter(({ id }) => faults.entryError.has(id) && !missing.has(id))
    .map(({ id }) => entryError("VALIDATION_ERROR", "A validation rule of this account refused the value.", [id]));
  const present = presenter(account, "contacts", [
    ...new Set(inputs.flatMap(({ properties }) => Object.keys(properties))),
  ]);
  return multiStatus(written.flatMap(({ id }) => table.get(id) ?? []).map(present), [
    ...gone("contacts", [...missing]),
    ...refused,
  ]);
}

interface Problem {
  message: string;
  code: string;
  context: Record<string, string[]>;
}

function problemWith(definition: PropertyRow | undefined, name: string, value: string): Problem | null {
  const problem = (code: string, message: string) => ({ message, code, context: { propertyName: [name] } });
  if (definition === undefined) return problem("PROPERTY_DOESNT_EXIST", `Property "${name}" does not exist`);
  if (definition.readOnly)
    return problem("READ_ONLY_VALUE", `"${name}" is a read only property; its value cannot be set.`);
  if (value === "") return null;
  if (value.length > LONGEST_VALUE)
    return problem("INVALID_STRING_LENGTH", `"${name}" is longer than ${LONGEST_VALUE} characters`);
  const { type, options } = definition;
  if (type === "number" && !Number.isFinite(Number(value)))
    return problem("INVALID_NUMBER", `${value} was not a valid number.`);
  if (type === "datetime" && Number.isNaN(Date.parse(value)) && !/^\d+$/.test(value))
    return problem("INVALID_DATE", `${value} was not a valid date.`);
  const allowed = (part: string) => options.some((option) => option.value === part);
  if (type === "enumeration" && options.length > 0 && !value.split(";").every(allowed))
    return problem("INVALID_OPTION", `${value} was not one of the allowed options`);
  return null;
}

const associationsBody = z.strictObject({
  inputs: listOf(z.strictObject({ id: z.string(), after: z.string().optional() }), 1000),
});

export function associations(account: HubspotAccount, from: "companies" | "deals", call: Call): Reply {
  const results: unknown[] = [];
  const errors: unknown[] = [];
  for (const { id, after } of call.body(associationsBody).inputs) {
    const ids = account.stores[from].table.get(id)?.contactIds ?? [];
    const live = ids.filter((contact) => account.contact(contact)?.archivedAt === null);
    if (live.length === 0) {
      errors.push({
        ...entryError("OBJECT_NOT_FOUND", `No contact is associated with ${from} ${id}.`, []),
        subCategory: "crm.associations.NO_ASSOCIATIONS_FOUND",
        context: { fromObjectId: [id] },
      });
      continue;
    }
    const start = Number(after ?? "0");
    const end = start + Math.min(ASSOCIATION_PAGE, account.faults.shortPage);
    const types = [{ category: "HUBSPOT_DEFINED", typeId: 280, label: null }];
    results.push({
      from: { id },
      to: live.slice(start, end).map((contact) => ({ toObjectId: Number(contact), associationTypes: types })),
      ...(end < live.length ? { paging: { next: { after: String(end), link: "" } } } : {}),
    });
  }
  return multiStatus(results, errors);
}

const statusesBody = z.strictObject({ inputs: listOf(z.string().min(1), 100) });

export function readStatuses(account: HubspotAccount, call: Call): Reply {
  const channel = call.query.get("channel");
  if (channel !== "EMAIL") throw invalidInput("channel must be EMAIL");
  const { inputs } = call.body(statusesBody);
  if (inputs.some((email) => !/^[^\s@]+@[^\s@]+$/.test(email)))
    throw invalidInput("One of the addresses is not valid.");
  const types = [...account.subscriptionTypes.values()];
  const results = inputs.map((email) => {
    const stated = account.contactsByEmail(email.trim().toLowerCase()).at(-1)?.statuses ?? [];
    const statuses = types.map(({ id, label }) => {
      const found = stated.find(({ subscriptionId }) => subscriptionId === id);
      return {
        ...{ businessUnitId: 0, channel, subscriberIdString: email, subscriptionId: Number(id) },
        subscriptionName: label,
        status: found?.status ?? "NOT_SPECIFIED",
        source: found?.source ?? "",
        legalBasis: found?.legalBasis ?? null,
        legalBasisExplanation: found?.legalBasisExplanation ?? null,
        timestamp: found?.timestamp ?? null,
      };
    });
    return { subscriberIdString: email, statuses };
  });
  return multiStatus(results, []);
}

function refuseRepeats(inputs: { id: string }[]): void {
  if (new Set(inputs.map(({ id }) => id)).size < inputs.length)
    throw invalidInput("Duplicate IDs found in batch input: IDs must be unique");
}

function gone(type: ObjectType, ids: string[]): unknown[] {
  const message = `Could not get some ${type.toUpperCase()} objects, they may be deleted or not exist. Check that ids are valid.`;
  return ids.length === 0 ? [] : [entryError("OBJECT_NOT_FOUND", message, ids)];
}

function entryError(category: string, message: string, ids: string[]) {
  return { status: "error", category, message, context: { ids }, errors: [], links: {} };
}

function multiStatus(results: unknown[], errors: unknown[]): Reply {
  const at = new Date().toISOString();
  const body = { status: "COMPLETE", results, startedAt: at, completedAt: at };
  return errors.length === 0
    ? { status: 200, body }
    : { status: 207, body: { ...body, numErrors: errors.length, errors } };
}
