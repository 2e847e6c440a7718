/** Our values as fields of people: fields made where missing, batches written, one answer for each record. */
import { inBatches } from "#connectors/core/batches.ts";
import type {
  FieldDefinition,
  FieldFacts,
  FieldReport,
  LiveRecord,
  RecordRef,
  RecordWrite,
  WriteBack,
  WriteContext,
  WriteResult,
} from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { TYPES } from "./client.ts";
import type { AcmeClient, FieldValues } from "./client.ts";
import { BATCH_SIZE, LONGEST_VALUE } from "./limits.ts";
import type { Field } from "./schema.ts";

export const writeBack: WriteBack<AcmeClient> = {
  stream: "people",
  batchSize: BATCH_SIZE,
  readSize: BATCH_SIZE,
  maxValueLength: LONGEST_VALUE,
  ensureFields,
  describeField: async (client, name) => factsOf(await client.fields(), name),
  readLive,
  write,
};

async function ensureFields(client: AcmeClient, wanted: FieldDefinition[]): Promise<FieldReport[]> {
  const present = new Map((await client.fields()).map((field) => [field.name, field]));
  const reports: FieldReport[] = [];
  for (const { name, label, description, type, options = [] } of wanted) {
    const found = present.get(name);
    if (found === undefined) {
      const values = options.map(({ value }) => value);
      await client.createField({ name, label, type: TYPES[type], options: values }, description);
    }
    if (found === undefined || found.type === TYPES[type])
      reports.push({ name, outcome: found === undefined ? "created" : "exists" });
    else
      reports.push({
        ...{ name, outcome: "conflict" },
        reason: `Acme has a field ${name} of type ${found.type}; rename or delete it there.`,
      });
  }
  return reports;
}

function factsOf(fields: readonly Field[], name: string): FieldFacts {
  const found = fields.find((field) => field.name === name);
  if (found === undefined) return { state: "absent" };
  const { label, type: typeName, options, ours } = found;
  const type = (["text", "number", "datetime", "enumeration"] as const).find((word) => TYPES[word] === typeName);
  return { state: "present", name, label, type: type ?? "other", typeName, options, ours };
}

async function readLive(client: AcmeClient, wanted: RecordRef[], names: string[]): Promise<LiveRecord[]> {
  return inBatches<RecordRef, LiveRecord>(wanted, {
    size: BATCH_SIZE,
    keyOf: ({ id }) => id,
    async send(batch) {
      const rows = await client.lookup(batch.map(({ id }) => id));
      return new Map(rows.map((row) => [row.id, liveOf(row, names)]));
    },
    refused: (_, error) => {
      throw error;
    },
    // Silence does not mean that somebody is gone.
    unanswered: ({ id }) => {
      throw new ConnectorError("transient", `Acme did not answer for person ${id}.`);
    },
  });
}

function liveOf(row: Awaited<ReturnType<AcmeClient["lookup"]>>[number], names: readonly string[]): LiveRecord {
  const held = row.deleted ? {} : row.fields;
  const values = Object.fromEntries(names.map((name) => [name, textOf(held[name])]));
  return { id: row.id, state: row.deleted ? "gone" : "live", values };
}

const textOf = (value: string | number | null = null): string | null => (value === null ? null : String(value));

async function write(client: AcmeClient, writes: RecordWrite[], { types }: WriteContext): Promise<WriteResult[]> {
  return inBatches<RecordWrite, WriteResult>(writes, {
    size: BATCH_SIZE,
    keyOf: ({ id }) => id,
    async send(batch) {
      const results = await client.update(batch.map(({ id, values }) => ({ id, fields: typed(values, types) })));
      return new Map(results.map(({ id, status }) => [id, resultOf(id, status)]));
    },
    refused: ({ id }, { message }) => ({ id, outcome: "rejected", reason: message }),
    unanswered: ({ id }) => ({ id, outcome: "retry", reason: "Acme did not answer for this person." }),
    interrupted: ({ id }, { message }) => ({ id, outcome: "retry", reason: message }),
  });
}

/** A field's type decides how its value is sent. */
function typed(values: RecordWrite["values"], types: WriteContext["types"]): FieldValues {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    value !== null && types[name] === "number" ? Number(value) : value,
  ]);
  return Object.fromEntries(entries);
}

function resultOf(id: string, status: string): WriteResult {
  if (status === "updated") return { id, outcome: "written" };
  if (status === "not_found") return { id, outcome: "gone", reason: "Acme no longer has this person." };
  if (status === "busy") return { id, outcome: "retry", reason: "Acme was busy with this person." };
  return { id, outcome: "rejected", reason: "Acme refused the values for this person." };
}
