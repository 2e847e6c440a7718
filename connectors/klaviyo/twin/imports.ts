/** Import jobs: taken at once, done later, and strict about what is in them. */
import { z } from "zod";
import type { Call, Reply } from "#connectors/core/twin/route.ts";
import type { JobRow, KlaviyoAccount } from "./account.ts";
import { invalid, klaviyoError, notFound } from "./errors.ts";
import { instant, linkTo } from "./lists.ts";

const MOST_BYTES = 5_000_000;
const MOST_BYTES_EACH = 100_000;
const MOST_PROFILES = 10_000;
const KEPT_MS = 7 * 24 * 3_600_000;

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]);
const entry = z.strictObject({
  type: z.literal("profile"),
  id: z.string().optional(),
  attributes: z.strictObject({
    email: z.string().nullish(),
    phone_number: z.string().nullish(),
    external_id: z.string().nullish(),
    first_name: z.string().nullish(),
    last_name: z.string().nullish(),
    properties: z.record(z.string(), scalar).optional(),
  }),
  meta: z
    .strictObject({
      patch_properties: z.strictObject({ unset: z.union([z.string(), z.array(z.string())]).optional() }),
    })
    .optional(),
});
const body = z.strictObject({
  data: z.strictObject({
    type: z.literal("profile-bulk-import-job"),
    attributes: z.strictObject({ profiles: z.strictObject({ data: z.array(entry).min(1).max(MOST_PROFILES) }) }),
  }),
});

export function startImport(account: KlaviyoAccount, call: Call): Reply {
  if (Buffer.byteLength(call.text) > MOST_BYTES)
    throw klaviyoError(413, "payload_too_large", "Payload too large.", "The request is larger than 5MB.");
  const { data } = call.body(body).data.attributes.profiles;
  for (const [place, profile] of data.entries()) {
    const pointer = `/data/attributes/profiles/data/${place}`;
    if (Buffer.byteLength(JSON.stringify(profile)) > MOST_BYTES_EACH)
      throw invalid("A profile is larger than 100KB.", { pointer });
    // Everything or nothing: one that cannot be identified keeps all from being imported.
    if (profile.id === undefined && !profile.attributes.email)
      throw invalid("One or more identifiers are required.", { pointer: `${pointer}/attributes` });
  }
  const id = `JOB${String(account.next("jobs")).padStart(6, "0")}`;
  const job: JobRow = { id, status: "queued", createdAt: account.now(), entries: data, completed: 0, errors: [] };
  account.jobs.put(job);
  return { status: 202, body: { data: present(job, "queued"), links: { self: linkTo(call, null) } } };
}

export function readImport(account: KlaviyoAccount, call: Call): Reply {
  const job = jobOf(account, call.params.id ?? "");
  const { jobStatus } = account.faults;
  if (jobStatus !== null && job.status === "queued") return { status: 200, body: { data: present(job, jobStatus) } };
  const now = job.status === "queued" ? account.finish(job) : job;
  return { status: 200, body: { data: present(now, now.status) } };
}

export function readImportErrors(account: KlaviyoAccount, call: Call): Reply {
  const { errors, entries } = jobOf(account, call.params.id ?? "");
  const size = Number(call.query.get("page[size]") ?? 20);
  if (size < 1 || size > 100) throw invalid("Page size must be between 1 and 100.", { parameter: "page[size]" });
  const from = Number(call.query.get("page[cursor]")?.replace(/^~+/, "") ?? 0);
  const data = errors
    .slice(from, from + Math.min(size, account.faults.shortPage))
    .map(({ id, code, detail, place }) => ({
      ...{ type: "import-error", id },
      attributes: {
        ...{ code, title: "Invalid input.", detail, source: { pointer: `/data/attributes/profiles/data/${place}` } },
        original_payload: entries[place],
      },
    }));
  const end = from + data.length;
  return {
    status: 200,
    body: {
      data,
      links: { self: linkTo(call, null), next: end < errors.length ? linkTo(call, String(end)) : null, prev: null },
    },
  };
}

function jobOf(account: KlaviyoAccount, id: string): JobRow {
  const job = account.jobs.get(id);
  if (job === undefined || account.now() - job.createdAt > KEPT_MS)
    throw notFound(`A profile bulk import job with id ${id} does not exist.`);
  return job;
}

function present({ id, createdAt, entries, completed, errors, status: real }: JobRow, status: string) {
  const ended = real === "complete";
  return {
    ...{ type: "profile-bulk-import-job", id },
    attributes: {
      ...{ status, created_at: instant(createdAt), total_count: entries.length },
      ...{ completed_count: completed, failed_count: errors.length },
      ...{
        completed_at: ended ? instant(createdAt) : null,
        expires_at: instant(createdAt + KEPT_MS),
        started_at: null,
      },
    },
    links: { self: `https://a.klaviyo.com/api/profile-bulk-import-jobs/${id}/` },
  };
}
