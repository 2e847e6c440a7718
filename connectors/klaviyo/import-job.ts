/** How an import job ended, and what that says of each profile in it. */
import { lookUntil } from "#connectors/core/look-until.ts";
import { walkPages } from "#connectors/core/walk.ts";
import type { KlaviyoClient } from "./client.ts";
import type { Encoded } from "./encode.ts";
import { JOB_PAUSES_MS } from "./limits.ts";
import { importErrorRow } from "./schema.ts";
import type { ImportError, JobReply } from "./schema.ts";

/** Whether this attempt began the job, or an earlier one of which some records are still open. */
export type Whose = "fresh" | "resumed";

/** `running` also for a word we do not know: it is neither an end nor a success. */
export type JobEnd = JobReply | "running" | "cancelled" | "forgotten";

/** Looks until it has ended, or for as long as one attempt may take. One just begun may not be known at once. */
export async function endOf(client: KlaviyoClient, job: string, whose: Whose): Promise<JobEnd> {
  const end = (state: JobReply | null): JobEnd => {
    if (state === null) return whose === "resumed" ? "forgotten" : "running";
    if (state.status === "cancelled") return "cancelled";
    return state.status === "complete" ? state : "running";
  };
  const look = async () => end(await client.importJob(job));
  return lookUntil(look, (state) => state !== "running", JOB_PAUSES_MS, client.pause);
}

export interface Verdict {
  /** Klaviyo's code, by profile id. */
  failures: ReadonlyMap<string, string>;
  /** Its counts add up, so whoever is not among the failures was done. Else each has to be looked at. */
  vouched: boolean;
}

/**
 * A job that is `complete` may have failed for some, or have done nothing: only counts that add up speak for the others.
 *
 * @param entries of a resumed job a part, whose places in it are not known
 */
export async function verdictOn(
  client: KlaviyoClient,
  job: string,
  entries: readonly Encoded[],
  end: JobReply,
  whose: Whose,
): Promise<Verdict> {
  const { total_count: total, completed_count: completed, failed_count: failed } = end;
  const failures = new Map<string, string>();
  let unclear = 0;
  if (failed !== 0)
    for await (const { rows } of walkPages("Klaviyo's import errors", (after) => client.importErrors(job, after)))
      for (const row of rows) {
        const error = importErrorRow.safeParse(row).data?.attributes;
        const id = error === undefined ? undefined : profileOf(error, whose === "fresh" ? entries : []);
        if (error === undefined || id === undefined) unclear += 1;
        else failures.set(id, wordOf(error.code));
      }
  const known = typeof total === "number" && typeof completed === "number" && typeof failed === "number";
  const addsUp = known && completed + failed === total && failures.size === failed && unclear === 0;
  return { failures, vouched: addsUp && (whose === "fresh" ? total === entries.length : total >= entries.length) };
}

/** The profile that an error is about: by the payload it quotes, else by its place in the request. */
function profileOf(
  { original_payload: payload, source }: ImportError,
  entries: readonly Encoded[],
): string | undefined {
  if (typeof payload?.id === "string") return payload.id;
  const place = /\/data\/(\d+)(?:\/|$)/.exec(source?.pointer ?? "")?.[1];
  return place === undefined ? undefined : entries[Number(place)]?.id;
}

const wordOf = (code: string): string => (/^[\w.-]{1,60}$/.test(code) ? code : "no code");
