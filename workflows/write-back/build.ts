/** Making a plan: the values we want against the values the destination has now. */
import { chunked } from "#connectors/core/batches.ts";
import type { Connector, OpenConnection } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import type { PlanId, RecordId, WorkspaceId } from "#profile/ids.ts";
import { diffRecord } from "#profile/plan/diff.ts";
import { allows } from "#profile/consent/decide.ts";
import { desiredValues, usesOf, type Mapping, type WrittenFields } from "#profile/plan/fields.ts";
import { mappingOf } from "#profile/plan/mapping.ts";
import type { FieldValues, Ownership, PlanChange } from "#profile/plan/types.ts";
import type { Candidate, NewsCursor, NewsPage } from "#profile/store/plan/candidates.ts";
import type { DestinationField } from "#profile/store/plan/fields.ts";
import type { PlanStore } from "#profile/store/plan/store.ts";
import { prefetched } from "#connectors/core/prefetched.ts";
import { refOf } from "./read-back.ts";

/** Profiles looked at together for records that have news. */
const PORTION = 2_500;

/** Records compared together, and kept as such: what a failed attempt has to do again is less than that. */
const COMPARED = 1_000;

/** Records put in order of their creation together: a few megabytes. With fewer, neighbours would be read apart more often. */
const WINDOW = 100_000;

export interface BuildInput {
  plans: PlanStore;
  workspaceId: WorkspaceId;
  planId: PlanId;
  connector: Connector;
  connection: OpenConnection;
  fields: readonly DestinationField[];
  onPortion(counts: { compared: number; changes: number }): Promise<void>;
}

/**
 * Compares every record with news and stores what has to change, portion by portion: an attempt that fails leaves what it
 * has compared to the next one. The plan is left open, to be sealed. While the vendor
 * answers for some records, the next ones are looked up and the changes of those before are stored.
 */
export async function buildChanges(input: BuildInput): Promise<void> {
  const { plans, workspaceId, planId, connection } = input;
  const fields = input.fields.map(({ field }) => field);
  const rules = rulesOf(input.fields);
  let stored = Promise.resolve();
  const store = async (compared: Wanted[], changes: PlanChange[]): Promise<void> => {
    await plans.addChanges(workspaceId, planId, changes, compared);
    await input.onPortion({ compared: compared.length, changes: changes.length });
  };
  try {
    for await (const wanted of prefetched(wantedRecords(input))) {
      const live = new Map((await connection.readLive(wanted.map(refOf), fields)).map((record) => [record.id, record]));
      const changes = wanted.flatMap((record): PlanChange[] => {
        const found = live.get(record.vendorId);
        return found?.state === "live" ? changeOf(record, found.values, rules) : [];
      });
      await stored;
      stored = store(wanted, changes);
      // Observed with the next or at the end; until then a rejection must not count as unhandled.
      stored.catch(() => undefined);
    }
    await stored;
  } finally {
    // Another attempt goes on from what there is of the plan: nothing of this one may come after.
    await stored.catch(() => undefined);
  }
}

/** In order of creation, as many together as the vendor is best asked for. */
async function* wantedRecords({ plans, workspaceId, planId, connector, fields }: BuildInput): AsyncGenerator<Wanted[]> {
  const { stream, readSize, maxValueLength } = writeBackOf(connector);
  const limits = { ...wantedFields(fields), maxValueLength };
  for await (const records of windows((after) => plans.news(workspaceId, planId, stream, { after, limit: PORTION }))) {
    for (const portion of chunked(records, Math.max(COMPARED, readSize))) {
      const found = await plans.candidates(workspaceId, planId, portion);
      yield found.map((candidate) => wantedOf(candidate, limits));
    }
  }
}

/** Records with news, many at a time, each lot in order of creation. */
async function* windows(pageAfter: (after: NewsCursor | null) => Promise<NewsPage>): AsyncGenerator<RecordId[]> {
  let window: NewsPage["records"] = [];
  for (let after: NewsCursor | null = null; ;) {
    const { records, next } = await pageAfter(after);
    window.push(...records);
    if (window.length >= WINDOW || next === null) {
      yield window.toSorted(byAge).map(({ recordId }) => recordId);
      window = [];
    }
    if (next === null) return;
    after = next;
  }
}

const byAge = (a: NewsPage["records"][number], b: NewsPage["records"][number]): number =>
  (a.createdAt?.getTime() ?? Infinity) - (b.createdAt?.getTime() ?? Infinity) || (a.recordId < b.recordId ? -1 : 1);

export function writeBackOf(connector: Connector): NonNullable<Connector["writeBack"]> {
  if (connector.writeBack !== undefined) return connector.writeBack;
  throw new ConnectorError("contract", `${connector.title} does not support write-back.`);
}

/** Which properties are to hold what, and which nothing any more. */
export const wantedFields = (fields: readonly DestinationField[]): Omit<WrittenFields, "maxValueLength"> => ({
  fields: fields.filter(({ enabled }) => enabled).map(({ field }) => field),
  cleared: fields.filter(({ clearing }) => clearing).map(({ field }) => field),
  mapping: mappingOf(fields),
});

export interface Rules {
  ownership: Readonly<Record<string, Ownership>>;
  mapping: Mapping;
}

/** Who decides each property's value. One that is given up is emptied only where it is still as we left it. */
export const rulesOf = (fields: readonly DestinationField[]): Rules => ({
  ownership: Object.fromEntries(
    fields.map(({ field, ownership, clearing }) => [field, clearing ? "until-edited" : ownership]),
  ),
  mapping: mappingOf(fields),
});

/** What a record should hold. */
export interface Wanted extends Omit<Candidate, "traits" | "consents" | "addresses"> {
  desired: FieldValues;
}

/** Only what may be written to this record, with the addresses it has. */
export function wantedOf({ traits, consents, addresses, ...record }: Candidate, limits: WrittenFields): Wanted {
  return { ...record, desired: desiredValues(traits, (uses) => allows(consents, uses, addresses), limits) };
}

/** What to write to one record, if anything. */
export function changeOf(
  { vendorId, recordId, profileId, createdAt, desired, lastDelivered }: Wanted,
  live: FieldValues,
  { ownership, mapping }: Rules,
): PlanChange[] {
  const change = diffRecord({ live, desired, ownership, lastDelivered, mapping });
  return change === null
    ? []
    : [{ vendorId, recordId, profileId, createdAt, ...change, uses: usesOf(change.after, desired, mapping) }];
}
