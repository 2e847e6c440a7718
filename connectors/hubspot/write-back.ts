/** Our values onto contacts: fields made where missing, batches written, one answer per record, live values read. */
import {
  PropertyCreateFieldTypeEnum,
  PropertyCreateTypeEnum,
} from "@hubspot/api-client/lib/codegen/crm/properties/models/PropertyCreate.js";
import type {
  FieldDefinition,
  FieldReport,
  LiveRecord,
  RecordWrite,
  WriteBack,
  WriteResult,
} from "../core/contract.ts";
import { ConnectorError } from "../core/errors.ts";
import type { HubspotClient } from "./client.ts";
import { refusedValuesOf } from "./errors.ts";
import { BATCH_SIZE, LONGEST_VALUE } from "./limits.ts";
import { chunked } from "./read/chunked.ts";
import type { PropertyReply } from "./schema.ts";

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

export const writeBack: WriteBack<HubspotClient> = {
  object: "contact",
  stream: "contacts",
  batchSize: BATCH_SIZE,
  maxValueLength: LONGEST_VALUE,
  ensureFields,
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
  const missing = (field.options ?? []).filter(({ value }) => found.options.every((option) => option.value !== value));
  if (missing.length === 0) return { name, outcome: "exists" };
  // Replaces the whole list, so what the customer added or renamed goes in again as it is.
  await client.setOptions(name, [...found.options, ...missing]);
  return { name, outcome: "updated" };
}

async function readLive(client: HubspotClient, ids: string[], fields: string[]): Promise<LiveRecord[]> {
  const records = new Map<string, LiveRecord>();
  const valuesOf = (properties: Record<string, string | null>) =>
    Object.fromEntries(fields.map((field) => [field, properties[field] || null]));
  for (const part of chunked([...new Set(ids)], BATCH_SIZE)) {
    const rows = new Map((await client.readBatch("contacts", part, fields)).map((row) => [row.id, row]));
    for (const id of part) {
      const row = rows.get(id);
      if (row !== undefined)
        records.set(id, { id, state: row.archived === true ? "gone" : "live", values: valuesOf(row.properties) });
      else {
        // Few: deleted ones, and merged ones, whose id alone still answers with the winner.
        const winner = await client.read(id, []);
        const state = winner === null ? "gone" : winner.id === id ? "live" : "merged";
        const values = valuesOf({});
        records.set(
          id,
          state === "merged" && winner !== null ? { id, state, mergedInto: winner.id, values } : { id, state, values },
        );
      }
    }
  }
  return ids.flatMap((id) => records.get(id) ?? []);
}

async function write(client: HubspotClient, writes: RecordWrite[]): Promise<WriteResult[]> {
  const results = new Map<string, WriteResult>();
  const inputs = new Map<string, Record<string, string>>();
  for (const { id, values } of writes) {
    const refused = Object.keys(values).find((name) => CONSENT_PROPERTY.test(name));
    if (refused === undefined)
      inputs.set(id, {
        ...inputs.get(id),
        ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? ""])),
      });
    else results.set(id, { id, outcome: "rejected", reason: `${refused} carries consent; it is never written.` });
  }
  // One input per id: a repeated one makes HubSpot refuse the batch.
  const batch = [...inputs].filter(([id]) => !results.has(id)).map(([id, properties]) => ({ id, properties }));
  for (const part of chunked(batch, BATCH_SIZE)) await writeBatch(client, part, results);
  return writes.map(
    ({ id }) => results.get(id) ?? { id, outcome: "retry", reason: "HubSpot did not answer for this record." },
  );
}

type Input = { id: string; properties: Record<string, string> };

/** Writes a batch; refused as a whole it is halved until the record at fault stands alone. */
async function writeBatch(client: HubspotClient, batch: Input[], results: Map<string, WriteResult>): Promise<void> {
  if (batch.length === 0) return;
  try {
    const { results: written, failures } = await client.updateBatch(batch);
    for (const { id } of written) results.set(id, { id, outcome: "written" });
    for (const [id, category] of failures) results.set(id, failureOf(id, category));
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    if (error.kind === "invalid_record") {
      await splitBatch(client, batch, results, error);
      return;
    }
    // Part of the work is done and answered for: the rest is told to come again instead of losing those answers.
    if (!error.retryable || results.size === 0) throw error;
    for (const { id } of batch) results.set(id, { id, outcome: "retry", reason: error.message });
  }
}

async function splitBatch(
  client: HubspotClient,
  batch: Input[],
  results: Map<string, WriteResult>,
  error: ConnectorError,
): Promise<void> {
  const { codes, properties } = refusedValuesOf(error);
  // A property that is missing or read-only fails for every record that names it: no need to find them by halving.
  const hopeless = codes.every((code) => code === "PROPERTY_DOESNT_EXIST" || code === "READ_ONLY_VALUE")
    ? properties
    : [];
  const [only] = batch;
  if (batch.length === 1 && only !== undefined) {
    results.set(
      only.id,
      error.details.status === 404 ? gone(only.id) : { id: only.id, outcome: "rejected", reason: error.message },
    );
    return;
  }
  const doomed = batch.filter((input) => hopeless.some((name) => name in input.properties));
  if (doomed.length > 0) {
    for (const { id } of doomed) results.set(id, { id, outcome: "rejected", reason: error.message });
    await writeBatch(
      client,
      batch.filter((input) => !doomed.includes(input)),
      results,
    );
    return;
  }
  const middle = Math.ceil(batch.length / 2);
  await writeBatch(client, batch.slice(0, middle), results);
  await writeBatch(client, batch.slice(middle), results);
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
