/**
 * Reading a stream: a full list first, events from then on.
 *
 * The list is newest first, 100 a page, checkpoint = last id. What appears meanwhile is not seen by it; the events read
 * next start before the list did, so they bring it.
 *
 * Events are listed newest first too, which makes a bad checkpoint: what lies between two reads is not known to be done
 * until the oldest was reached. So they are walked oldest first with `ending_before`, which answers the page just newer
 * than an event: one page in memory, any event a checkpoint, no call spent twice. One call does it when all fits on a page,
 * as nearly always; otherwise one more finds the event just before the window to start from. (Halving time windows
 * until they fit on a page was the alternative: it costs twice the calls, and a busy second never fits.)
 *
 * Events become visible late and out of order, so each read reaches back by the overlap. Reading an event twice is
 * harmless: it carries its time, and older versions never overwrite newer ones.
 */
import { z } from "zod";
import type { RawPage } from "#connectors/core/stream.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { API_VERSION } from "./client.ts";
import type { Listed, Page, PageQuery, Resource, StripeClient } from "./client.ts";
import { latestChanges } from "./changes.ts";
import type { Change } from "./changes.ts";
import { inParallel } from "./in-parallel.ts";
import { EVENT_RETENTION_SECONDS, PARALLEL_CALLS } from "./limits.ts";
import type { StripeRow } from "./mapping.ts";
import type { StripeEvent } from "./schema.ts";

const seconds = z.number().int();

export const cursor = z.discriminatedUnion("mode", [
  /** The list up to and with `after`, created at `at`. Begun at `startedAt`, from where the events will be read. */
  z.strictObject({ mode: z.literal("list"), startedAt: seconds, after: z.string(), at: seconds }),
  /** Events since `since` less the overlap; or, within a read, those newer than event `after`. */
  z.strictObject({ mode: z.literal("events"), since: seconds, after: z.string().nullable() }),
]);
export type Cursor = z.infer<typeof cursor>;
type ListCursor = Extract<Cursor, { mode: "list" }>;
type EventsCursor = Extract<Cursor, { mode: "events" }>;

export interface Source {
  resource: Resource;
  /** At most 20: more are refused by Stripe. */
  eventTypes: string[];
  /** The object inside an event lacks what the mapping needs, so it is always fetched by id. */
  eventsLackDetail?: boolean;
  /** What the list leaves out is gone. */
  listsAll?: boolean;
}

/** The gap at which events no longer tell everything; an hour's margin for the read itself. */
const LONGEST_GAP_SECONDS = EVENT_RETENTION_SECONDS - 3600;

export async function* read(
  client: StripeClient,
  source: Source,
  from: Cursor | null,
): AsyncGenerator<RawPage<Cursor>> {
  if (from === null || from.mode === "list") yield* readList(client, source, from);
  else yield* readEvents(client, source, from);
}

async function* readList(client: StripeClient, source: Source, from: ListCursor | null) {
  let position = from;
  for (;;) {
    const page: Page<Listed> = await nextOfList(client, source.resource, position);
    const startedAt: number = position?.startedAt ?? page.servedAt;
    const raw = page.rows.map(({ id, body }): StripeRow => ({ id, body, changedAt: null, deleted: false }));
    const last = page.rows.at(-1);
    if (!page.hasMore || last === undefined) {
      const next: Cursor = { mode: "events", since: startedAt, after: null };
      yield { raw, next, atEnd: true, fullScan: source.listsAll === true };
      return;
    }
    position = { mode: "list", startedAt, after: last.id, at: last.created };
    yield { raw, next: position, atEnd: false };
  }
}

async function nextOfList(client: StripeClient, resource: Resource, position: ListCursor | null) {
  if (position === null) return client.list(resource, {});
  try {
    return await client.list(resource, { starting_after: position.after });
  } catch (error) {
    if (!isLostPlace(error)) throw error;
    // The last object of the previous page was deleted since: go on by time; that second's rows come twice.
    return client.list(resource, { created: { lte: position.at } });
  }
}

async function* readEvents(client: StripeClient, source: Source, from: EventsCursor) {
  if (client.now() / 1000 - from.since > LONGEST_GAP_SECONDS) {
    throw new ConnectorError(
      "cursor_expired",
      "Stripe keeps events for 30 days and the last read is older; a full read follows.",
    );
  }
  let position = from;
  for await (const page of walk(client, source, from)) {
    const newest = page.rows.at(-1);
    const atEnd = !page.hasMore || newest === undefined;
    position = atEnd ? { mode: "events", since: page.servedAt, after: null } : { ...position, after: newest.id };
    const raw = await rowsOf(client, source, latestChanges(page.rows));
    yield { raw, next: position, atEnd };
    if (atEnd) return;
  }
}

/** Pages of events oldest first, each in order of time; the last one says that nothing newer is there. */
async function* walk(client: StripeClient, source: Source, from: EventsCursor): AsyncGenerator<Page<StripeEvent>> {
  const listed = (query: PageQuery) => client.events(source.eventTypes, query);
  let { after } = from;
  if (after === null) {
    const start = from.since - client.settings.overlapMinutes * 60;
    const newest = await listed({ created: { gte: start } });
    if (!newest.hasMore) {
      yield oldestFirst(newest);
      return;
    }
    const before = await listed({ created: { lt: start }, limit: 1 });
    after = before.rows[0]?.id ?? null;
    if (after === null) {
      const oldest = await oldestPage(newest, listed);
      yield { ...oldestFirst(oldest), hasMore: true };
      after = oldest.rows[0]?.id ?? null;
    }
  }
  while (after !== null) {
    const page: Page<StripeEvent> = await listed({ ending_before: after });
    yield oldestFirst(page);
    after = page.rows[0]?.id ?? null;
  }
}

/** Only for an account whose every event lies in the window: nothing older to start from, so the end is walked to. */
async function oldestPage(newest: Page<StripeEvent>, listed: (query: PageQuery) => Promise<Page<StripeEvent>>) {
  let page = newest;
  for (let last = page.rows.at(-1); page.hasMore && last !== undefined; last = page.rows.at(-1)) {
    page = await listed({ starting_after: last.id });
  }
  return page;
}

function oldestFirst(page: Page<StripeEvent>): Page<StripeEvent> {
  return { ...page, rows: page.rows.toReversed() };
}

async function rowsOf(client: StripeClient, source: Source, changes: Change[]): Promise<StripeRow[]> {
  const rows = await inParallel(changes, PARALLEL_CALLS, async (change): Promise<StripeRow[]> => {
    const { apiVersion, ...row } = change;
    if (row.deleted) return [row];
    if (source.eventsLackDetail !== true && apiVersion === API_VERSION) return [row];
    const body = await client.retrieve(source.resource, row.id);
    // Gone since: the event that says so follows, or a full read finds it missing.
    return body === null || isDeletedStub(body) ? [] : [{ ...row, body }];
  });
  return rows.flat();
}

function isDeletedStub(body: unknown): boolean {
  return typeof body === "object" && body !== null && "deleted" in body && body.deleted === true;
}

function isLostPlace(error: unknown): boolean {
  return error instanceof ConnectorError && error.details.vendorCode === "resource_missing";
}
