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
 * Events become visible late and out of order, so each read reaches back by the overlap, counted from when the last one
 * began: what was late for that one is in this window, however long the walk took. Reading an event twice is
 * harmless: it carries its time, and older versions never overwrite newer ones.
 */
import { z } from "zod";
import type { Reject } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { formOf } from "#connectors/core/stream.ts";
import type { RawPage } from "#connectors/core/stream.ts";
import { walkPages } from "#connectors/core/walk.ts";
import { latestChanges } from "./changes.ts";
import type { Change } from "./changes.ts";
import type { Page, PageQuery, Resource, StripeClient } from "./client.ts";
import { ofOneRow } from "./detail.ts";
import { isMissing } from "./errors.ts";
import { inParallel } from "#connectors/core/in-parallel.ts";
import { EVENT_RETENTION_SECONDS, PARALLEL_CALLS } from "./limits.ts";
import { withReading } from "./row.ts";
import { API_VERSION, eventBody, listedObject } from "./schema.ts";

const seconds = z.number().int();

export const cursor = z.discriminatedUnion("mode", [
  /** The list up to and with `after`, created at `at`. Begun at `startedAt`, from where the events will be read. */
  z.strictObject({ mode: z.literal("list"), startedAt: seconds, after: z.string(), at: seconds.nullable() }),
  /** Events since `since` less the overlap; or, within a read begun at `startedAt`, those newer than event `after`. */
  z.strictObject({ mode: z.literal("events"), since: seconds }),
  z.strictObject({ mode: z.literal("newer"), startedAt: seconds, after: z.string() }),
]);
export type Cursor = z.infer<typeof cursor>;
type ListCursor = Extract<Cursor, { mode: "list" }>;
type EventsCursor = Exclude<Cursor, { mode: "list" }>;

export interface Source {
  title: string;
  resource: Resource;
  /** At most 20: more are refused by Stripe. */
  eventTypes: readonly string[];
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
    const page = await nextOfList(client, source.resource, position);
    const startedAt: number = position?.startedAt ?? page.settledAt;
    const raw = page.rows.map((body) => withReading(body, { changedAt: null }));
    if (!page.hasMore) {
      const next: Cursor = { mode: "events", since: startedAt };
      yield { raw, next, atEnd: true, fullScan: source.listsAll === true };
      return;
    }
    position = { mode: "list", startedAt, after: lastId(page), at: lastTime(page) ?? position?.at ?? null };
    yield { raw, next: position, atEnd: false };
  }
}

async function nextOfList(client: StripeClient, resource: Resource, position: ListCursor | null): Promise<Page> {
  if (position === null) return client.list(resource, {});
  try {
    return await client.list(resource, { starting_after: position.after });
  } catch (error) {
    if (!isLostPlace(error) || position.at === null) throw error;
    // The last object of the previous page was deleted since: go on by time; that second's rows come twice.
    return client.list(resource, { created: { lte: position.at } });
  }
}

/** The last row that has an id: after one without, its neighbours come twice. */
function lastId({ rows }: Pick<Page, "rows">): string {
  const last = rows.findLast((row) => listedObject.safeParse(row).success);
  if (last === undefined) throw new ConnectorError("contract", "Stripe lists a page of rows none of which has an id.");
  return listedObject.parse(last).id;
}

function lastTime({ rows }: Page): number | undefined {
  for (const row of rows.toReversed()) {
    const created = listedObject.safeParse(row).data?.created;
    if (created !== undefined) return created;
  }
  return undefined;
}

async function* readEvents(client: StripeClient, source: Source, from: EventsCursor) {
  let startedAt = from.mode === "newer" ? from.startedAt : undefined;
  for await (const page of walk(client, source, from)) {
    startedAt ??= page.settledAt;
    const { changes, rejects } = changesOf(page, source);
    const raw = await inParallel(changes, PARALLEL_CALLS, (change) => rawOf(client, source, change).catch(ofOneRow));
    const missing = changes.flatMap(({ id }, index) => missingOf(source, id, raw[index]));
    const next: Cursor = page.hasMore
      ? { mode: "newer", startedAt, after: newestId(page) }
      : { mode: "events", since: startedAt };
    yield {
      raw: raw.filter((row) => row !== null && !(row instanceof Error)),
      rejects: [...rejects, ...missing],
      next,
      atEnd: !page.hasMore,
    };
    if (!page.hasMore) return;
  }
}

/** Pages of events, newest first as they come, each newer than the one before; the last one has no more after it. */
async function* walk(client: StripeClient, source: Source, from: EventsCursor): AsyncGenerator<Page> {
  const listed = (query: PageQuery) => client.events([...source.eventTypes], query);
  let after = from.mode === "newer" ? from.after : null;
  if (from.mode === "events") {
    const start = from.since - client.settings.overlapMinutes * 60;
    const newest = await listed({ created: { gte: start } });
    if (newest.servedAt - from.since > LONGEST_GAP_SECONDS) {
      throw new ConnectorError(
        "cursor_expired",
        "Stripe keeps events for 30 days and the last read is older; a full read follows.",
      );
    }
    if (!newest.hasMore) {
      yield newest;
      return;
    }
    const before = await listed({ created: { lt: start }, limit: 1 });
    if (before.rows.length > 0) after = newestId(before);
    else {
      const oldest = await oldestPage(source, newest, listed);
      yield { ...oldest, hasMore: true };
      after = newestId(oldest);
    }
  }
  while (after !== null) {
    const page: Page = await listed({ ending_before: after });
    yield page;
    after = page.hasMore ? newestId(page) : null;
  }
}

/** Only for an account whose every event lies in the window: nothing older to start from, so the end is walked to. */
async function oldestPage(source: Source, newest: Page, listed: (query: PageQuery) => Promise<Page>): Promise<Page> {
  let oldest = newest;
  const pages = walkPages(source.title, async (after) => {
    const page = after === null ? newest : await listed({ starting_after: after });
    return { ...page, next: page.hasMore ? lastId(page) : null };
  });
  for await (const page of pages) oldest = page;
  return { ...oldest, servedAt: newest.servedAt, settledAt: newest.settledAt };
}

function newestId({ rows }: Page): string {
  return lastId({ rows: rows.toReversed() });
}

function changesOf({ rows }: Page, source: Source): { changes: Change[]; rejects: Reject[] } {
  const rejects: Reject[] = [];
  // Oldest first: of two in one second the later listed is the older.
  const events = rows.toReversed().flatMap((raw) => {
    const parsed = eventBody.safeParse(raw);
    if (parsed.success) return source.eventTypes.includes(parsed.data.type) ? [parsed.data] : [];
    const ref = listedObject.safeParse(raw).data?.id ?? "an event without an id";
    rejects.push({ ref, reason: `${source.title}, ${ref}: ${formOf(parsed.error)}.`, raw });
    return [];
  });
  return { changes: latestChanges(events), rejects };
}

/** As the event shows it where that is enough, else as it stands at Stripe now; null: Stripe has no such object. */
async function rawOf(client: StripeClient, source: Source, change: Change): Promise<unknown> {
  const { id, body, apiVersion, deleted, ...read } = change;
  if (deleted) return withReading({ ...body, id, deleted }, read);
  const enough = body !== null && source.eventsLackDetail !== true && apiVersion === API_VERSION;
  return withReading(enough ? body : await client.retrieve(source.resource, id), read);
}

/** The dead letter of an object that could not be read; none where it was found. */
export function missingOf({ title }: Pick<Source, "title">, id: string, found: unknown): Reject[] {
  if (found !== null && !(found instanceof Error)) return [];
  const why = found === null ? "an event tells of it, but Stripe has no such object." : found.message;
  return [{ ref: id, id, reason: `${title}, ${id}: ${why}`, raw: { id } }];
}

function isLostPlace(error: unknown): boolean {
  return isMissing(error) || (error instanceof ConnectorError && error.details.vendorCode === "lost_place");
}
