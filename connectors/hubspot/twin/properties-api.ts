/** `/crm/v3/properties/contacts` with its groups. */
import { z } from "zod";
import type { Account } from "./account.ts";
import type { PropertyDefinition } from "./journal.ts";
import { parsed } from "./objects-api.ts";
import type { Answer } from "./objects-api.ts";
import { invalidInput, notFound, VendorError } from "./vendor-error.ts";

const TYPES: Record<string, string[]> = {
  string: ["text", "textarea", "file", "phonenumber", "html"],
  number: ["number", "calculation_equation"],
  enumeration: ["select", "radio", "checkbox", "booleancheckbox", "calculation_equation"],
  datetime: ["date"],
  date: ["date"],
  bool: ["booleancheckbox", "calculation_equation"],
};

const option = z.strictObject({
  label: z.string().min(1),
  value: z.string().min(1),
  hidden: z.boolean(),
  displayOrder: z.number().int().optional(),
  description: z.string().optional(),
});

const createBody = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/)
    .max(100),
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

const groupBody = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]*$/),
  label: z.string().min(1),
  displayOrder: z.number().optional(),
});

export function listProperties(account: Account, archived: boolean): Answer {
  const all = [...account.catalogues.contacts.definitions.values()];
  return { status: 200, body: { results: all.filter((definition) => definition.archived === archived).map(shown) } };
}

export function getProperty(account: Account, name: string, archived: boolean): Answer {
  const found = account.catalogues.contacts.definitions.get(name);
  if (found === undefined || found.archived !== archived) throw notFound(`Property ${name} does not exist`);
  return { status: 200, body: shown(found) };
}

export function createProperty(account: Account, input: unknown): Answer {
  const body = parsed(createBody, input);
  const { contacts } = account.catalogues;
  if (contacts.definitions.has(body.name))
    throw new VendorError(409, "CONFLICT", `A property named '${body.name}' already exists.`, {
      subCategory: "Properties.PROPERTY_EXISTS",
    });
  if (!contacts.groups.has(body.groupName)) throw invalidInput(`Property group ${body.groupName} does not exist.`);
  if (TYPES[body.type]?.includes(body.fieldType) !== true)
    throw invalidInput(`fieldType ${body.fieldType} does not go with type ${body.type}.`);
  const definition: PropertyDefinition = {
    name: body.name,
    label: body.label,
    description: body.description ?? "",
    groupName: body.groupName,
    type: body.type,
    fieldType: body.fieldType,
    options: checkedOptions(body.options ?? []),
    hubspotDefined: false,
    readOnly: false,
    archived: false,
  };
  account.commit([{ op: "property", definition }]);
  return { status: 201, body: shown(definition) };
}

export function patchProperty(account: Account, name: string, input: unknown): Answer {
  const body = parsed(patchBody, input);
  const found = account.catalogues.contacts.live(name);
  if (found === undefined) throw notFound(`Property ${name} does not exist`);
  if (found.hubspotDefined) throw invalidInput(`${name} is defined by HubSpot and cannot be changed.`);
  const definition: PropertyDefinition = {
    ...found,
    label: body.label ?? found.label,
    description: body.description ?? found.description,
    options: body.options === undefined ? found.options : checkedOptions(body.options),
  };
  account.commit([{ op: "property", definition }]);
  return { status: 200, body: shown(definition) };
}

export function getGroup(account: Account, name: string): Answer {
  const found = account.catalogues.contacts.groups.get(name);
  if (found === undefined) throw notFound(`Property group ${name} does not exist`);
  return { status: 200, body: { ...found, archived: false } };
}

export function createGroup(account: Account, input: unknown): Answer {
  const body = parsed(groupBody, input);
  if (account.catalogues.contacts.groups.has(body.name))
    throw new VendorError(409, "CONFLICT", `A group named '${body.name}' already exists.`);
  const group = { name: body.name, label: body.label, displayOrder: body.displayOrder ?? -1 };
  account.commit([{ op: "group", group }]);
  return { status: 201, body: { ...group, archived: false } };
}

function checkedOptions(options: z.infer<typeof option>[]): PropertyDefinition["options"] {
  for (const key of ["value", "label"] as const)
    if (new Set(options.map((each) => each[key].toLowerCase())).size < options.length)
      throw invalidInput(`Property options must have unique ${key}s.`);
  return options.map((each, n) => ({ ...each, displayOrder: each.displayOrder ?? n }));
}

function shown({ readOnly, ...definition }: PropertyDefinition): unknown {
  return {
    ...definition,
    hidden: false,
    formField: false,
    calculated: false,
    displayOrder: -1,
    hasUniqueValue: false,
    modificationMetadata: { archivable: true, readOnlyDefinition: false, readOnlyValue: readOnly },
  };
}
