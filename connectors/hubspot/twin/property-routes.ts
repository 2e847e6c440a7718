/** `/crm/v3/properties/contacts` with its groups. */
import { z } from "zod";
import { ok } from "#connectors/core/twin/route.ts";
import type { Reply, Routes } from "#connectors/core/twin/route.ts";
import type { GroupRow, HubspotAccount } from "./account.ts";
import { hubspotError, invalidInput, notFound } from "./errors.ts";
import type { PropertyRow } from "./properties.ts";

const PATH = "/crm/v3/properties/contacts";
const READ = "crm.schemas.contacts.read";
const WRITE = "crm.schemas.contacts.write";

const TYPES: Record<string, string[]> = {
  string: ["text", "textarea", "file", "phonenumber", "html"],
  number: ["number", "calculation_equation"],
  enumeration: ["select", "radio", "checkbox", "booleancheckbox", "calculation_equation"],
  datetime: ["date"],
  date: ["date"],
  bool: ["booleancheckbox", "calculation_equation"],
};

const name = z.string().regex(/^[a-z][a-z0-9_]*$/);

const option = z.strictObject({
  label: z.string().min(1),
  value: z.string().min(1),
  hidden: z.boolean(),
  displayOrder: z.number().int().optional(),
  description: z.string().optional(),
});

const createBody = z.strictObject({
  name: name.max(100),
  label: z.string().min(1),
  groupName: z.string(),
  type: z.string(),
  fieldType: z.string(),
  description: z.string().optional(),
  options: z.array(option).optional(),
  displayOrder: z.number().optional(),
  hidden: z.boolean().optional(),
  formField: z.boolean().optional(),
  hasUniqueValue: z.boolean().optional(),
  externalOptions: z.boolean().optional(),
});
const patchBody = createBody.omit({ name: true, hasUniqueValue: true, externalOptions: true }).partial();
const groupBody = z.strictObject({ name, label: z.string().min(1), displayOrder: z.number().optional() });

export function propertyRoutes(account: HubspotAccount): Routes {
  const contacts = () => [...account.properties.values()].filter(({ id }) => id.startsWith("contacts."));
  return {
    [`GET ${PATH}`]: {
      permission: READ,
      handle: ({ query }) => {
        const archived = query.get("archived") === "true";
        return ok({ results: contacts().flatMap((each) => (each.archived === archived ? [shown(each)] : [])) });
      },
    },
    [`GET ${PATH}/:name`]: {
      permission: READ,
      handle: ({ params, query }) => {
        const found = account.properties.get(`contacts.${params.name ?? ""}`);
        if (found === undefined || found.archived !== (query.get("archived") === "true"))
          throw notFound(`Property ${params.name ?? ""} does not exist`);
        return ok(shown(found));
      },
    },
    [`POST ${PATH}`]: { permission: WRITE, handle: (call) => create(account, call.body(createBody)) },
    [`PATCH ${PATH}/:name`]: {
      permission: WRITE,
      handle: (call) => patch(account, call.params.name ?? "", call.body(patchBody)),
    },
    [`GET ${PATH}/groups/:name`]: {
      permission: READ,
      handle: ({ params }) => {
        const found = account.groups.get(params.name ?? "");
        if (found === undefined) throw notFound(`Property group ${params.name ?? ""} does not exist`);
        return ok(shownGroup(found));
      },
    },
    [`POST ${PATH}/groups`]: {
      permission: WRITE,
      handle: (call) => {
        const { name: id, label, displayOrder = -1 } = call.body(groupBody);
        if (account.groups.get(id) !== undefined)
          throw hubspotError(409, "CONFLICT", `A group named '${id}' already exists.`);
        account.groups.put({ id, label, displayOrder });
        return { status: 201, body: shownGroup({ id, label, displayOrder }) };
      },
    },
  };
}

function create(account: HubspotAccount, body: z.infer<typeof createBody>): Reply {
  const { name, label, groupName, type, fieldType, description = "", options = [], hidden = false } = body;
  if (account.properties.get(`contacts.${name}`) !== undefined)
    throw hubspotError(409, "CONFLICT", `A property named '${name}' already exists.`, {
      subCategory: "Properties.PROPERTY_EXISTS",
    });
  if (account.groups.get(groupName) === undefined) throw invalidInput(`Property group ${groupName} does not exist.`);
  if (TYPES[type]?.includes(fieldType) !== true)
    throw invalidInput(`fieldType ${fieldType} does not go with type ${type}.`);
  const property: PropertyRow = {
    ...{ id: `contacts.${name}`, name, label, description, groupName, type, fieldType },
    options: checkedOptions(options),
    ...{ hidden, hubspotDefined: false, readOnly: false, archived: false },
  };
  account.properties.put(property);
  return { status: 201, body: shown(property) };
}

function patch(account: HubspotAccount, name: string, body: z.infer<typeof patchBody>): Reply {
  const found = account.property("contacts", name);
  if (found === undefined) throw notFound(`Property ${name} does not exist`);
  if (found.hubspotDefined) throw invalidInput(`${name} is defined by HubSpot and cannot be changed.`);
  const property: PropertyRow = {
    ...found,
    label: body.label ?? found.label,
    description: body.description ?? found.description,
    hidden: body.hidden ?? found.hidden,
    options: body.options === undefined ? found.options : checkedOptions(body.options),
  };
  account.properties.put(property);
  return ok(shown(property));
}

function checkedOptions(options: z.infer<typeof option>[]): PropertyRow["options"] {
  for (const key of ["value", "label"] as const)
    if (new Set(options.map((each) => each[key].toLowerCase())).size < options.length)
      throw invalidInput(`Property options must have unique ${key}s.`);
  return options.map((each, n) => ({ ...each, displayOrder: each.displayOrder ?? n }));
}

function shown({ readOnly, ...property }: PropertyRow): unknown {
  return {
    ...{ ...property, id: undefined },
    ...{ formField: false, calculated: false, displayOrder: -1, hasUniqueValue: false },
    modificationMetadata: { archivable: true, readOnlyDefinition: false, readOnlyValue: readOnly },
  };
}

function shownGroup({ id, label, displayOrder }: GroupRow): unknown {
  return { name: id, label, displayOrder, archived: false };
}
