/** Our values onto contacts: fields made where missing, batches written, one answer per record, live values read. */
import {
  PropertyCreateFieldTypeEnum,
  PropertyCreateTypeEnum,
} from "@hubspot/api-client/lib/codegen/crm/properties/models/PropertyCreate.js";
import { chunked, inBatches } from "../core/batches.ts";
import type {
  FieldDefinition,
  FieldFacts,
  FieldReport,
  LiveRecord,
  RecordRef,
  RecordWrite,
  WriteBack,
  WriteResult,
} from "../core/contract.ts";
import { ConnectorError } from "../core/errors.ts";
import type { HubspotClient } from "./client.ts";
import { refusedValuesOf } from "./errors.ts";
import { BATCH_SIZE, LONGEST_VALUE } from "./limits.ts";
import { CONTACT_PROPERTIES, SENSITIVE_PROPERTIES } from "./mapping.ts";
import type { ObjectRow, PropertyReply } from "./schema.ts";

const GROUP = { name: "tributary", label: "Tributary" };

/** Our field types in HubSpot's; the first field type is made, the others hold the same values and are left as they are. */
const TYPES = {
  text: {
    type: PropertyCreateTypeEnum.String,
    fieldTypes: [PropertyCreateFieldTypeEnum.Text, PropertyCreateFieldTypeEnum.Textarea],
  },
  number: { type: PropertyCreateTypeEnum.Number, fieldTypes: [PropertyCreateFieldTypeEnum.Number] },
  enumeration: {
    type: PropertyCreateTypeEnum.Enumeration,
    fieldTypes: [PropertyCreateFieldTypeEnum.Select, PropertyCreateFieldTypeEnum.Radio],
  },
  datetime: { type: PropertyCreateTypeEnum.Datetime, fieldTypes: [PropertyCreateFieldTypeEnum.Date] },
} as const;

/** Properties that carry subscriptions or their legal ground. Written never. */
const CONSENT_PROPERTY = /^hs_(email_optout|legal_basis|whatsapp|marketable|sms)/;

/** https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide, read 2026-11-20. */
const PROPERTY_NAME = /^[a-z][a-z0-9_]{0,99}$/;

export const writeBack: WriteBack<HubspotClient> = {
  stream: "contacts",
  batchSize: BATCH_SIZE,
  readSize: BATCH_SIZE,
  maxValueLength: LONGEST_VALUE,
  ensureFields,
  describeField,
  readLive,
  write,
};

async function ensureFields(client: HubspotClient, fields: FieldDefinition[]): Promise<FieldReport[]> {
  if (!(await client.group(GROUP.name))) await orExists(client.createGroup(GROUP.name, GROUP.label));
  const existing = new Map((await client.properties(false)).map((property) => [property.name, property]));
  const reports: FieldReport[] = [];
  for (const field of fields) {
    try {
      reports.push(await ensureField(client, field, existing.get(field.name)));
    } catch (error) {
      // One field HubSpot does not take (a label used twice, say) must not keep the others from being made.
      if (!(error instanceof ConnectorError) || error.kind !== "invalid_record") throw error;
      const reason = `${error.message} Check the name, label and options of ${field.name}.`;
      reports.push({ name: field.name, outcome: "conflict", reason });
    }
  }
  return reports;
}

async function ensureField(
  client: HubspotClient,
  field: FieldDefinition,
  known: PropertyReply | undefined,
): Promise<FieldReport> {
  if (known !== undefined) return reconcile(client, field, known);
  const { type, fieldTypes } = TYPES[field.type];
  const created = await orExists(
    client.createProperty({
      name: field.name,
      label: field.label,
      description: field.description,
      groupName: GROUP.name,
      type,
      fieldType: fieldTypes[0],
      formField: false,
      hidden: false,
      ...(field.options === undefined
        ? {}
        : { options: field.options.map((option, n) => ({ ...option, hidden: false, displayOrder: n })) }),
    }),
  );
  if (created) return { name: field.name, outcome: "created" };
  // The name is taken after all: somebody was faster, or an archived property holds it.
  try {
    return await reconcile(client, field, await client.property(field.name));
  } catch (error) {
    if (!isRefusal(error, 404)) throw error;
    const reason = `An archived HubSpot property is named ${field.name}. Restore it in HubSpot (Settings, Properties, Archived) or delete it for good.`;
    return { name: field.name, outcome: "conflict", reason };
  }
}

async function reconcile(client: HubspotClient, field: FieldDefinition, found: PropertyReply): Promise<FieldReport> {
  const { name } = field;
  const { type, fieldTypes }: { type: string; fieldTypes: readonly string[] } = TYPES[field.type];
  if (found.hubspotDefined === true)
    return { name, outcome: "conflict", reason: `${name} is one of HubSpot's own properties; choose another name.` };
  if (found.type !== type || !fieldTypes.includes(found.fieldType)) {
    const reason = `HubSpot has ${name} as ${found.type}/${found.fieldType}, we need ${type}/${fieldTypes[0]}. Rename or delete that property in HubSpot, or choose another name here.`;
    return { name, outcome: "conflict", reason };
  }
  const obstacle = obstacleIn(found);
  if (obstacle !== null) return { name, outcome: "conflict", reason: `${name} ${obstacle}; choose another name here.` };
  const missing = (field.options ?? []).filter(({ value }) => found.options.every((option) => option.value !== value));
  if (missing.length === 0) return { name, outcome: "exists" };
  // Replaces the whole list, so what the customer added or renamed goes in again as it is.
  await client.setOptions(name, [...found.options, ...missing]);
  return { name, outcome: "updated" };
}

async function describeField(client: HubspotClient, name: string): Promise<FieldFacts> {
  const refused = (reason: string): FieldFacts => ({ state: "refused", reason });
  if (CONSENT_PROPERTY.test(name)) return refused(`${name} carries consent; it is never written.`);
  if (CONTACT_PROPERTIES.includes(name) || Object.values(SENSITIVE_PROPERTIES).includes(name))
    return refused(`Tributary reads ${name} as a fact about the person; what it computes must not be written there.`);
  if (!PROPERTY_NAME.test(name))
    return refused(
      `"${name}" is no name of a HubSpot property: small letters, digits and underscores, a letter first, at most 100 in all. It is the internal name, not the label.`,
    );
  const found = (await client.properties(false)).find((property) => property.name === name);
  if (found === undefined) {
    const archived = (await client.properties(true)).some((property) => property.name === name);
    return archived
      ? refused(
          `An archived HubSpot property is named ${name}. Restore it in HubSpot (Settings, Properties, Archived).`,
        )
      : { state: "absent" };
  }
  const obstacle = obstacleIn(found);
  return {
    ...{ state: "present", name, label: found.label ?? name, typeName: `${found.type}/${found.fieldType}` },
    ...{ type: typeOf(found), options: found.options.map(({ value }) => value) },
    ours: found.groupName === GROUP.name && found.hubspotDefined !== true,
    ...(obstacle === null ? {} : { obstacle }),
  };
}

const typeOf = ({ type, fieldType }: PropertyReply): FieldDefinition["type"] | "other" =>
  (["text", "number", "enumeration", "datetime"] as const).find((ours) => {
    const known: { type: string; fieldTypes: readonly string[] } = TYPES[ours];
    return known.type === type && known.fieldTypes.includes(fieldType);
  }) ?? "other";

/** What would make HubSpot refuse our values, however well the type fits; null: nothing. */
function obstacleIn(found: PropertyReply): string | null {
  if (found.calculated === true) return "is calculated by HubSpot";
  if (found.modificationMetadata?.readOnlyValue === true) return "is read-only in HubSpot";
  if (found.hasUniqueValue === true) return "takes each value for one contact only";
  if (found.externalOptions === true) return "takes its options from another tool";
  return null;
}

async function readLive(client: HubspotClient, wanted: RecordRef[], fields: string[]): Promise<LiveRecord[]> {
  const ids = wanted.map(({ id }) => id);
  const records = new Map<string, LiveRecord>();
  for (const part of chunked([...new Set(ids)], BATCH_SIZE)) {
    const { rows } = await client.readBatch("contacts", part, fields);
    const byId = new Map(rows.map((row) => [row.id, row]));
    // Few are left out: deleted ones, and merged ones, whose id alone still answers with the winner.
    for (const id of part) records.set(id, liveOf(id, byId.get(id) ?? (await client.read(id, fields)), fields));
  }
  return ids.flatMap((id) => records.get(id) ?? []);
}

function liveOf(id: string, row: ObjectRow | null, fields: string[]): LiveRecord {
  const here = row?.id === id;
  const values = Object.fromEntries(fields.map((field) => [field, (here && row.properties[field]) || null]));
  if (row !== null && !here) return { id, state: "merged", mergedInto: row.id, values };
  return { id, state: row === null || row.archived === true ? "gone" : "live", values };
}

type Input = { id: string; properties: Record<string, string> };

async function write(client: HubspotClient, writes: RecordWrite[]): Promise<WriteResult[]> {
  const inputs = new Map<string, Input>();
  const never = new Map<string, WriteResult>();
  for (const { id, values } of writes) {
    const refused = Object.keys(values).find((name) => CONSENT_PROPERTY.test(name));
    if (refused !== undefined)
      never.set(id, { id, outcome: "rejected", reason: `${refused} carries consent; it is never written.` });
    const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? ""]));
    // One input per id: a repeated one makes HubSpot refuse the batch.
    inputs.set(id, { id, properties: { ...inputs.get(id)?.properties, ...texts } });
  }
  const batch = [...inputs.values()].filter(({ id }) => !never.has(id));
  const results = await inBatches<Input, WriteResult>(batch, {
    size: BATCH_SIZE,
    keyOf: ({ id }) => id,
    send: (part) => writeBatch(client, part),
    refused: ({ id }, { details, message }) =>
      details.status === 404 ? gone(id) : { id, outcome: "rejected", reason: message },
    unanswered: ({ id }) => ({ id, outcome: "retry", reason: "HubSpot did not answer for this record." }),
    hopeless: isHopeless,
    // Part of the work is done and answered for: the rest is told to come again instead of losing those answers.
    interrupted: ({ id }, { message }) => ({ id, outcome: "retry", reason: message }),
  });
  const answers = new Map([...never, ...results.map((result) => [result.id, result] as const)]);
  return writes.flatMap(({ id }) => answers.get(id) ?? []);
}

async function writeBatch(client: HubspotClient, batch: Input[]): Promise<Map<string, WriteResult>> {
  const { rows, problems } = await client.updateBatch(batch);
  const results = new Map<string, WriteResult>(rows.map(({ id }) => [id, { id, outcome: "written" }]));
  const [only] = batch;
  for (const { category = "UNKNOWN", context } of problems) {
    const named = [context?.ids, context?.id].flat().filter((id) => typeof id === "string");
    // An error that names nobody can mean only the one that was sent; of several it leaves all to be asked again.
    const meant = named.length === 0 && batch.length === 1 && only !== undefined ? [only.id] : named;
    for (const id of meant) results.set(id, failureOf(id, category));
  }
  return results;
}

/** A property that is missing or read-only fails for every record that names it: no need to find them by halving. */
function isHopeless(input: Input, error: ConnectorError): boolean {
  const { codes, properties } = refusedValuesOf(error);
  const ofAll = codes.every((code) => code === "PROPERTY_DOESNT_EXIST" || code === "READ_ONLY_VALUE");
  return ofAll && properties.some((name) => name in input.properties);
}

function failureOf(id: string, category: string): WriteResult {
  if (category === "OBJECT_NOT_FOUND") return gone(id);
  if (category === "RATE_LIMITS" || category === "INTERNAL_ERROR")
    return { id, outcome: "retry", reason: `HubSpot answered ${category} for this record.` };
  return {
    id,
    outcome: "rejected",
    reason: `HubSpot refused this record (${category}); a rule of the account may forbid the value.`,
  };
}

function gone(id: string): WriteResult {
  return { id, outcome: "gone", reason: "HubSpot no longer has this contact." };
}

/** @returns false when it was there already */
async function orExists(creation: Promise<void>): Promise<boolean> {
  try {
    await creation;
    return true;
  } catch (error) {
    if (isRefusal(error, 409)) return false;
    throw error;
  }
}

function isRefusal(error: unknown, status: number): boolean {
  return error instanceof ConnectorError && error.details.status === status;
}
