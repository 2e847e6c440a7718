/** Profiles: all of them by id, then what changed, what was suppressed, and whose consent an event says has changed. */
import { z } from "zod";
import { chunked } from "#connectors/core/batches.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { defineStream } from "#connectors/core/stream.ts";
import type { RawPage } from "#connectors/core/stream.ts";
import { walkPages } from "#connectors/core/walk.ts";
import type { KlaviyoClient, Listed } from "../client.ts";
import { idsIn } from "../filter.ts";
import { PROFILE_PAGE } from "../limits.ts";
import { profileToRecords } from "../mapping.ts";
import type { ProfileExtra } from "../mapping.ts";
import { isConsentMetric } from "../metrics.ts";
import { eventRow, metricRow, profileRow } from "../schema.ts";
import type { ProfileRow } from "../schema.ts";
import { findProfiles } from "./find.ts";
import { pageOrAnew, placeInWindow, secondAfter, secondBefore, settledOf, WINDOW_START } from "./windows.ts";

const instantMs = z.number().int();
const place = { settledAt: instantMs, fullAt: instantMs };

/**
 * All times are epoch milliseconds. `settledAt`: the next incremental read begins there. `fullAt`: when the last read of
 * everything began. `since` to `until` is the window of an incremental read; what changes meanwhile leaves it and comes
 * with the next one, so that an edit of everybody does not keep this one from ending.
 */
const cursor = z.discriminatedUnion("phase", [
  z.strictObject({ phase: z.literal("all"), after: z.string(), ...place }),
  z.strictObject({
    phase: z.literal("changed"),
    ...placeInWindow,
    since: instantMs,
    until: instantMs,
    ...place,
  }),
  z.strictObject({ phase: z.literal("suppressed"), ...placeInWindow, since: instantMs, ...place }),
  /** `metric`: events of those before it are done. */
  z.strictObject({
    phase: z.literal("consented"),
    metric: z.string(),
    ...placeInWindow,
    since: instantMs,
    ...place,
  }),
  z.strictObject({ phase: z.literal("rest"), ...place }),
]);
type Cursor = z.infer<typeof cursor>;
type At<Phase extends Cursor["phase"]> = Extract<Cursor, { phase: Phase }>;
type Page = RawPage<Cursor>;

export const profiles = defineStream<KlaviyoClient, ProfileRow, Cursor, ProfileExtra>({
  title: "Profiles",
  kind: "person",
  cursor,
  deletes: "full-scan",
  row: profileRow,
  read: readProfiles,
  find: findProfiles,
  enrich: async (client, rows) => ({ extra: { askedAgain: await askedAgain(client, rows) } }),
  toRecords: profileToRecords,
});

/**
 * Subscriptions of those whose row came without, though they were asked for: a yes that is once called unknown does not
 * come back with its old date, so one bad answer must not be enough. Who is left out again is unknown.
 */
async function askedAgain(client: KlaviyoClient, rows: ProfileRow[]): Promise<ProfileExtra["askedAgain"]> {
  const silent = rows.flatMap(({ id, attributes }) => (attributes.subscriptions == null ? id : []));
  const found = new Map<string, ProfileRow["attributes"]["subscriptions"]>();
  for (const part of chunked(silent, PROFILE_PAGE))
    for (const raw of await profilesById(client, part)) {
      const row = profileRow.safeParse(raw).data;
      if (row !== undefined) found.set(row.id, row.attributes.subscriptions);
    }
  return found;
}

async function* readProfiles(client: KlaviyoClient, from: Cursor | null): AsyncGenerator<Page> {
  // Asked for once, however many pages of events there are.
  let metrics: Promise<string[]> | undefined;
  const consentMetrics = () => (metrics ??= consentMetricsOf(client));
  for (let position = from; ;) {
    const page = await readPage(client, position, consentMetrics);
    // In a quiet hour nothing is found three times over: that is one page.
    if (page.raw.length > 0 || page.atEnd || page.next.phase === position?.phase) yield page;
    if (page.atEnd) return;
    position = page.next;
  }
}

async function readPage(
  client: KlaviyoClient,
  position: Cursor | null,
  consentMetrics: () => Promise<string[]>,
): Promise<Page> {
  switch (position?.phase) {
    case undefined:
    case "all":
      return all(client, position ?? null);
    case "rest":
      return changed(client, begin(client, position));
    case "changed":
      return changed(client, position);
    case "suppressed":
      return suppressed(client, position);
    case "consented":
      return consented(client, position, await consentMetrics());
  }
}

async function all(client: KlaviyoClient, position: At<"all"> | null): Promise<Page> {
  const startedAt = client.now();
  const page = await client.profiles({ sort: "id", after: position?.after ?? null });
  const settledAt = position?.settledAt ?? settledOf(client, startedAt, page);
  const fullAt = position?.fullAt ?? startedAt;
  if (page.next === null)
    return { raw: page.rows, next: { phase: "rest", settledAt, fullAt }, atEnd: true, fullScan: true };
  return { raw: page.rows, next: { phase: "all", after: page.next, settledAt, fullAt }, atEnd: false };
}

type Begun = Omit<At<"changed">, "settledAt"> & { settledAt: number | null };

function begin(client: KlaviyoClient, { settledAt, fullAt }: At<"rest">): Begun {
  const now = client.now();
  if (now - fullAt >= client.settings.fullReadHours * 3_600_000)
    throw new ConnectorError(
      "cursor_expired",
      `All profiles are read again, as every ${client.settings.fullReadHours} hours: Klaviyo does not tell which were deleted.`,
    );
  return { phase: "changed", ...WINDOW_START, since: settledAt, until: now, settledAt: null, fullAt };
}

async function changed(client: KlaviyoClient, position: Begun): Promise<Page> {
  const { since, until, fullAt } = position;
  const startedAt = client.now();
  const filter = `and(greater-than(updated,${secondBefore(since)}),less-than(updated,${secondAfter(until)}))`;
  const page = await pageOrAnew(position, (after) => client.profiles({ filter, sort: "updated", after }));
  const settledAt = position.settledAt ?? Math.min(settledOf(client, startedAt, page), until);
  const next: Cursor =
    page.next === null
      ? { phase: "suppressed", ...WINDOW_START, since, settledAt, fullAt }
      : { phase: "changed", after: page.next, anew: page.anew, since, until, settledAt, fullAt };
  return { raw: page.rows, next, atEnd: false };
}

/** That a suppression moves a profile's `updated` is not documented. */
async function suppressed(client: KlaviyoClient, position: At<"suppressed">): Promise<Page> {
  const { since, settledAt, fullAt } = position;
  const field = "subscriptions.email.marketing.suppression.timestamp";
  const filter = `greater-than(${field},${secondBefore(since)})`;
  const page = await pageOrAnew(position, (after) => client.profiles({ filter, sort: field, after }));
  const next: Cursor =
    page.next === null
      ? { phase: "consented", metric: "", ...WINDOW_START, since, settledAt, fullAt }
      : { ...position, after: page.next, anew: page.anew };
  return { raw: page.rows, next, atEnd: false };
}

/** Nor is it of other changes of consent: their events name the profiles. */
async function consented(client: KlaviyoClient, position: At<"consented">, metrics: readonly string[]): Promise<Page> {
  const { since, settledAt, fullAt } = position;
  const isOpen = (id: string) => id > position.metric || (id === position.metric && position.after !== null);
  const metric = metrics.find(isOpen);
  if (metric === undefined) return { raw: [], next: { phase: "rest", settledAt, fullAt }, atEnd: true };
  const filter = `and(equals(metric_id,${JSON.stringify(metric)}),greater-or-equal(datetime,${secondBefore(since)}))`;
  const place = position.metric === metric ? position : WINDOW_START;
  const events = await pageOrAnew(place, (after) => client.events(filter, after));
  const next: Cursor = { ...position, metric, after: events.next, anew: events.anew };
  if (events.rows.length === 0 && events.next === null) return consented(client, next, metrics);
  return { raw: await profilesOf(client, events), next, atEnd: false };
}

async function profilesOf(client: KlaviyoClient, events: Listed): Promise<unknown[]> {
  const ids = events.rows.flatMap(
    (row) => eventRow.omit({ metric: true }).safeParse(row).data?.relationships?.profile?.data?.id ?? [],
  );
  const rows: unknown[] = [];
  for (const part of chunked([...new Set(ids)], PROFILE_PAGE)) rows.push(...(await profilesById(client, part)));
  return rows;
}

/** At most a page of ids. */
export async function profilesById(client: KlaviyoClient, ids: readonly string[]): Promise<unknown[]> {
  const rows: unknown[] = [];
  const pages = walkPages("Klaviyo's profiles by id", (after) => client.profiles({ filter: idsIn(ids), after }));
  for await (const page of pages) rows.push(...page.rows);
  return rows;
}

/** In the order of their ids. */
async function consentMetricsOf(client: KlaviyoClient): Promise<string[]> {
  const ids: string[] = [];
  for await (const { rows } of walkPages("Klaviyo's metrics", (after) => client.metrics(after)))
    for (const row of rows) {
      const metric = metricRow.safeParse(row).data;
      if (isConsentMetric(metric?.attributes.name ?? "")) ids.push(metric?.id ?? "");
    }
  return [...new Set(ids)].toSorted();
}
