/**
 * Our fields as custom properties of profiles, by import jobs: Klaviyo takes a batch and works on it later. An import sets
 * properties of profiles that exist and nothing else. No call that subscribes or unsubscribes anybody is made in this folder.
 */
import { chunkedBy, inBatches } from "#connectors/core/batches.ts";
import type {
  LiveRecord,
  RecordRef,
  RecordWrite,
  WriteBack,
  WriteContext,
  WriteResult,
} from "#connectors/core/contract.ts";
import { freeFields } from "#connectors/core/free-fields.ts";
import { walkPages } from "#connectors/core/walk.ts";
import type { KlaviyoClient } from "./client.ts";
import { encoded, encodedImport } from "./encode.ts";
import type { Encoded } from "./encode.ts";
import { endOf, verdictOn } from "./import-job.ts";
import type { Whose } from "./import-job.ts";
import { FILTER_BYTES, IMPORT_BYTES, IMPORT_PROFILES, LONGEST_VALUE, PROFILE_PAGE, WRITE_BATCH } from "./limits.ts";
import { liveRow } from "./schema.ts";

/** Klaviyo's own properties begin with `$`, among them some that hold consent. */
const OURS = /^(?!.*(consent|subscri))[a-z][a-z0-9_ -]{0,99}$/i;

const flawOf = (name: string): string | null =>
  OURS.test(name)
    ? null
    : `"${name}" could be one of Klaviyo's own properties: a custom one that is written begins with a letter and has letters, digits, spaces, hyphens and underscores, at most 100, and says nothing of consent or subscriptions.`;

export const writeBack: WriteBack<KlaviyoClient> = {
  stream: "profiles",
  batchSize: WRITE_BATCH,
  readSize: PROFILE_PAGE,
  maxValueLength: LONGEST_VALUE,
  // A property's type is that of the value.
  ...freeFields(flawOf),
  readLive,
  write,
};

async function readLive(client: KlaviyoClient, wanted: RecordRef[], fields: string[]): Promise<LiveRecord[]> {
  const found = new Map<string, LiveRecord>();
  const ids = [...new Set(wanted.map(({ id }) => id))];
  for (const part of chunkedBy(ids, PROFILE_PAGE, { of: bytesInFilter, most: FILTER_BYTES })) {
    for await (const { rows } of walkPages("Klaviyo's profiles by id", (after) => client.properties(part, after)))
      for (const row of rows) {
        const live = liveRow.safeParse(row).data;
        if (live !== undefined) found.set(live.id, liveOf(live.id, live, fields));
      }
    // Silence is no answer: whoever is left out is asked about alone.
    for (const id of part) if (!found.has(id)) found.set(id, liveOf(id, await client.profile(id), fields));
  }
  return wanted.flatMap(({ id }) => found.get(id) ?? []);
}

const bytesInFilter = (id: string): number => encodeURIComponent(JSON.stringify(id)).length + 3;

function liveOf(
  id: string,
  row: { id: string; attributes: { properties: Record<string, unknown> } } | null,
  fields: string[],
): LiveRecord {
  const here = row?.id === id ? row.attributes.properties : {};
  const values = Object.fromEntries(fields.map((field) => [field, textOf(here[field])]));
  // The source of a merge is deleted; should its id answer with the other one, nothing is written to that.
  if (row !== null && row.id !== id) return { id, state: "merged", mergedInto: row.id, values };
  return { id, state: row === null ? "gone" : "live", values };
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined || value === "") return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

type Results = Map<string, WriteResult>;

async function write(client: KlaviyoClient, writes: RecordWrite[], context: WriteContext): Promise<WriteResult[]> {
  const results: Results = new Map();
  const open = new Map<string, { entry: Encoded; job: string | undefined }>();
  for (const [id, { values, job }] of merged(writes)) {
    const strange = Object.keys(values).find((name) => !OURS.test(name));
    const entry = strange === undefined ? encoded(id, values, context.types) : `"${strange}" is no property of ours.`;
    if (typeof entry === "string") results.set(id, { id, outcome: "rejected", reason: entry });
    else open.set(id, { entry, job });
  }
  for (const [job, entries] of resumed(open))
    for (const [id, result] of await resultsOf(client, job, entries, "resumed")) {
      results.set(id, result);
      open.delete(id);
    }
  const sent = await inBatches<Encoded, WriteResult>(
    [...open.values()].map(({ entry }) => entry),
    {
      size: Math.min(IMPORT_PROFILES, WRITE_BATCH),
      weight: { of: ({ bytes }) => bytes, most: IMPORT_BYTES },
      keyOf: ({ id }) => id,
      send: (batch) => sendJob(client, batch, context),
      // One bad profile makes Klaviyo refuse the whole of an import.
      refused: ({ id }, { message }) => ({ id, outcome: "rejected", reason: message }),
      unanswered: ({ id }) => ({ id, outcome: "retry", reason: "Klaviyo did not answer for this profile." }),
      interrupted: ({ id }, { message }) => ({ id, outcome: "retry", reason: message }),
    },
  );
  for (const result of sent) results.set(result.id, result);
  return writes.flatMap(({ id }) => results.get(id) ?? []);
}

/** One entry per profile; of two writes to one the later values count. */
function merged(writes: RecordWrite[]): Map<string, Pick<RecordWrite, "values" | "job">> {
  const entries = new Map<string, Pick<RecordWrite, "values" | "job">>();
  for (const { id, values, job } of writes) {
    const before = entries.get(id);
    // Together they are another write than the one the job was left with.
    const sole = before === undefined && job !== undefined ? { job } : {};
    entries.set(id, { values: { ...before?.values, ...values }, ...sole });
  }
  return entries;
}

function resumed(open: ReadonlyMap<string, { entry: Encoded; job: string | undefined }>): Map<string, Encoded[]> {
  const jobs = new Map<string, Encoded[]>();
  for (const { entry, job } of open.values()) if (job !== undefined) jobs.set(job, [...(jobs.get(job) ?? []), entry]);
  return jobs;
}

async function sendJob(client: KlaviyoClient, batch: Encoded[], context: WriteContext): Promise<Results> {
  const job = await client.startImport(encodedImport(batch));
  const ids = batch.map(({ id }) => id);
  await context.begun(job, ids);
  return resultsOf(client, job, batch, "fresh");
}

/** An entry that is left out has to be sent (again). */
async function resultsOf(client: KlaviyoClient, job: string, entries: Encoded[], whose: Whose): Promise<Results> {
  const results: Results = new Map();
  const say = (id: string, outcome: WriteResult["outcome"], reason: string) => results.set(id, { id, outcome, reason });
  const end = await endOf(client, job, whose);
  if (typeof end === "string") {
    if (end === "running") for (const { id } of entries) say(id, "retry", "Klaviyo is still at the import.");
    else if (whose === "fresh") for (const { id } of entries) say(id, "retry", "Klaviyo cancelled the import.");
    return results;
  }
  const { failures, vouched } = await verdictOn(client, job, entries, end, whose);
  const looked = entries.filter(({ id }) => failures.has(id) || !vouched);
  const names = vouched ? [] : [...new Set(entries.flatMap((entry) => entry.names))];
  const live = new Map((await readLive(client, looked, names)).map((record) => [record.id, record]));
  for (const entry of entries) {
    const { id } = entry;
    const code = failures.get(id);
    const now = live.get(id);
    if (now !== undefined && now.state !== "live") say(id, "gone", "Klaviyo no longer has this profile.");
    else if (code !== undefined) say(id, "rejected", `Klaviyo refused this profile in an import (${code}).`);
    else if (now === undefined || holds(now, entry)) results.set(id, { id, outcome: "written" });
    else if (whose === "fresh") say(id, "retry", "Klaviyo ended the import and does not vouch for this profile.");
  }
  return results;
}

const holds = ({ values }: LiveRecord, { shown }: Encoded): boolean =>
  Object.entries(shown).every(([name, value]) => (values[name] ?? null) === value);
