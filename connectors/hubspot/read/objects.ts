/** Reading one object type to the end: lists first, then changes by search. Used by all three streams. */
import type { Reject } from "../../core/contract.ts";
import { ConnectorError } from "../../core/errors.ts";
import { Operator } from "../client.ts";
import type { HubspotClient, ObjectType } from "../client.ts";
import { LIST_PAGE, SEARCH_PAGE } from "../limits.ts";
import { modifiedAtOf } from "../mapping.ts";
import { objectRow } from "../schema.ts";
import type { ObjectRow } from "../schema.ts";
import type { RawPage } from "../../core/stream.ts";
import type { ObjectCursor } from "./cursor.ts";

/** What sets one object type apart. */
export interface ObjectReading<Raw> {
  type: ObjectType;
  properties: string[];
  modifiedProperty: "lastmodifieddate" | "hs_lastmodifieddate";
  /** Adds what the row itself does not hold. */
  live(rows: ObjectRow[]): Promise<{ raw: Raw[]; rejects?: Reject[] }>;
  archived(rows: ObjectRow[]): Promise<Raw[]>;
}

type Page<Raw> = RawPage<ObjectCursor> & { raw: Raw[] };

/**
 * A full read (null) lists the live records, then the archived ones, whose absence from search would hide deletions. An
 * incremental read searches by modified date, then looks through the archived list, which has no useful order and is
 * therefore read whole; only what was archived lately is passed on.
 */
export async function* readObjects<Raw>(
  client: HubspotClient,
  reading: ObjectReading<Raw>,
  cursor: ObjectCursor | null,
): AsyncGenerator<Page<Raw>> {
  let page = await readPage(client, reading, cursor);
  while (!page.atEnd) {
    yield page;
    page = await readPage(client, reading, page.next);
  }
  yield page;
}

async function readPage<Raw>(
  client: HubspotClient,
  reading: ObjectReading<Raw>,
  cursor: ObjectCursor | null,
): Promise<Page<Raw>> {
  switch (cursor?.phase) {
    case undefined:
    case "live":
      return listLive(client, reading, cursor ?? null);
    case "archived":
      return listArchived(client, reading, cursor);
    case "rest":
      return searchChanges(client, reading, {
        phase: "changes",
        from: cursor.settledAt,
        since: cursor.settledAt,
        settledAt: null,
      });
    case "changes":
      return searchChanges(client, reading, cursor);
    case "ties":
      return searchTies(client, reading, cursor);
  }
}

async function listLive<Raw>(
  client: HubspotClient,
  reading: ObjectReading<Raw>,
  cursor: Extract<ObjectCursor, { phase: "live" }> | null,
): Promise<Page<Raw>> {
  const startedAt = client.now();
  const page = await list(client, reading, cursor?.after ?? null, false);
  const settledAt = cursor?.settledAt ?? settled(client, startedAt, page.servedAt);
  const { rows, rejects } = checked(page.results);
  const live = await reading.live(rows);
  return {
    raw: live.raw,
    rejects: [...rejects, ...(live.rejects ?? [])],
    next:
      page.after === null
        ? { phase: "archived", after: null, settledAt, since: null }
        : { phase: "live", after: page.after, settledAt },
    atEnd: false,
  };
}

async function listArchived<Raw>(
  client: HubspotClient,
  reading: ObjectReading<Raw>,
  cursor: Extract<ObjectCursor, { phase: "archived" }>,
): Promise<Page<Raw>> {
  const { settledAt, since } = cursor;
  const page = await list(client, reading, cursor.after, true);
  const { rows, rejects } = checked(page.results);
  const news = rows.filter(
    (row) => since === null || row.archivedAt === undefined || Date.parse(row.archivedAt) >= since,
  );
  const raw = news.length === 0 ? [] : await reading.archived(news);
  if (page.after !== null) return { raw, rejects, next: { ...cursor, after: page.after }, atEnd: false };
  return { raw, rejects, next: { phase: "rest", settledAt }, atEnd: true, fullScan: since === null };
}

type Changes = Omit<Extract<ObjectCursor, { phase: "changes" }>, "settledAt"> & { settledAt: number | null };

/**
 * Changes from an instant on, oldest first, always the first page of a narrower query: paging one query by offset ends
 * at 10,000 rows, and a record changed meanwhile moves to the end and pushes another one across the page border unseen.
 */
async function searchChanges<Raw>(
  client: HubspotClient,
  reading: ObjectReading<Raw>,
  cursor: Changes,
): Promise<Page<Raw>> {
  const startedAt = client.now();
  const filters = [{ propertyName: reading.modifiedProperty, operator: Operator.Gte, value: String(cursor.from) }];
  const { results, servedAt } = await client.search(
    reading.type,
    reading.properties,
    filters,
    reading.modifiedProperty,
  );
  const settledAt = cursor.settledAt ?? settled(client, startedAt, servedAt);
  const { since } = cursor;
  const { rows, rejects } = checked(results);
  if (results.length < SEARCH_PAGE) {
    const live = await reading.live(rows);
    return {
      raw: live.raw,
      rejects: [...rejects, ...(live.rejects ?? [])],
      next: { phase: "archived", after: null, settledAt, since },
      atEnd: false,
    };
  }
  const last = rows.at(-1);
  if (last === undefined)
    throw new ConnectorError("contract", `HubSpot answered a search of ${reading.type} with rows we cannot read.`);
  const upTo = Date.parse(modifiedAtOf(last));
  if (upTo <= cursor.from)
    return searchTies(client, reading, { phase: "ties", at: cursor.from, afterId: "0", settledAt, since });
  // Of the last instant more may follow: all of it comes with the next page.
  const live = await reading.live(rows.filter((row) => Date.parse(modifiedAtOf(row)) < upTo));
  return {
    raw: live.raw,
    rejects: [...rejects, ...(live.rejects ?? [])],
    next: { phase: "changes", from: upTo, settledAt, since },
    atEnd: false,
  };
}

/** A query may have one sort rule only, so records of one instant are a query of their own, in the order of their ids. */
async function searchTies<Raw>(
  client: HubspotClient,
  reading: ObjectReading<Raw>,
  cursor: Extract<ObjectCursor, { phase: "ties" }>,
): Promise<Page<Raw>> {
  const { at, afterId, settledAt, since } = cursor;
  const propertyName = reading.modifiedProperty;
  const filters = [
    { propertyName, operator: Operator.Gte, value: String(at) },
    { propertyName, operator: Operator.Lte, value: String(at) },
    { propertyName: "hs_object_id", operator: Operator.Gt, value: afterId },
  ];
  const { results } = await client.search(reading.type, reading.properties, filters, "hs_object_id");
  const { rows, rejects } = checked(results);
  const live = await reading.live(rows);
  const last = rows.at(-1);
  const more = results.length === SEARCH_PAGE && last !== undefined;
  return {
    raw: live.raw,
    rejects: [...rejects, ...(live.rejects ?? [])],
    next: more ? { ...cursor, afterId: last.id } : { phase: "changes", from: at + 1, settledAt, since },
    atEnd: false,
  };
}

async function list<Raw>(client: HubspotClient, reading: ObjectReading<Raw>, after: string | null, archived: boolean) {
  try {
    return await client.list(reading.type, reading.properties, after, LIST_PAGE, archived);
  } catch (error) {
    if (after !== null && error instanceof ConnectorError && error.details.status === 400)
      throw new ConnectorError(
        "cursor_expired",
        "HubSpot no longer knows the saved reading position; a full read follows.",
        error.details,
      );
    throw error;
  }
}

/** The earlier of both clocks counts: one running ahead must not skip changes. */
function settled(client: HubspotClient, startedAt: number, servedAt: number | null): number {
  return Math.min(startedAt, servedAt ?? startedAt) - client.settings.overlapMinutes * 60_000;
}

function checked(results: unknown[]): { rows: ObjectRow[]; rejects: Reject[] } {
  const rows: ObjectRow[] = [];
  const rejects: Reject[] = [];
  for (const [n, result] of results.entries()) {
    const parsed = objectRow.safeParse(result);
    if (parsed.success) rows.push(parsed.data);
    else
      rejects.push({
        ref: refOf(result, n),
        reason: `HubSpot's row lacks what we read: ${parsed.error.issues.map((issue) => issue.path.join(".")).join(", ")}.`,
        raw: result,
      });
  }
  return { rows, rejects };
}

/** The rows of a reply that can be read. */
export function checkedRows(results: unknown[]): ObjectRow[] {
  return checked(results).rows;
}

function refOf(result: unknown, position: number): string {
  const id = typeof result === "object" && result !== null && "id" in result ? result.id : undefined;
  return typeof id === "string" || typeof id === "number" ? String(id) : `row ${position}`;
}
