/** Reading one object type to the end: lists first, then changes by search. Used by all three streams. */
import { z } from "zod";
import { ConnectorError } from "../../core/errors.ts";
import type { Tombstone } from "../../core/gone.ts";
import { ID_START } from "../../core/id-walk.ts";
import { idOf } from "../../core/stream.ts";
import type { RawPage } from "../../core/stream.ts";
import { settledAt } from "../../core/walk.ts";
import { FilterOperatorEnum as Operator } from "@hubspot/api-client/lib/codegen/crm/objects/models/Filter.js";
import type { HubspotClient, ObjectType } from "../client.ts";
import { FILTER_GROUPS, FILTER_VALUES, LIST_PAGE } from "../limits.ts";
import { objectRow } from "../schema.ts";
import { searchPage } from "./search.ts";
import type { ObjectCursor } from "./cursor.ts";

/** What sets one object type apart. */
export interface ObjectReading {
  type: ObjectType;
  properties: string[];
  modifiedProperty: "lastmodifieddate" | "hs_lastmodifieddate";
}

/** Pages of archived records taken as one: a search for whom they live on in, and few may be made a second, does for all of them. */
const ARCHIVED_PAGES = (FILTER_GROUPS * FILTER_VALUES) / LIST_PAGE;

type Page = RawPage<ObjectCursor>;
type At<Phase extends ObjectCursor["phase"]> = Extract<ObjectCursor, { phase: Phase }>;

/**
 * A full read (null) lists the live records, then the archived ones, whose absence from search would hide deletions. An
 * incremental read searches by modified date, then looks through the archived list, which has no useful order and is
 * therefore read whole; only what was archived lately is passed on.
 */
export async function* readObjects(
  client: HubspotClient,
  reading: ObjectReading,
  cursor: ObjectCursor | null,
): AsyncGenerator<Page> {
  for (let position = cursor; ;) {
    const page = await readPage(client, reading, position);
    yield page;
    if (page.atEnd) return;
    position = page.next;
  }
}

async function readPage(client: HubspotClient, reading: ObjectReading, cursor: ObjectCursor | null): Promise<Page> {
  switch (cursor?.phase) {
    case undefined:
    case "live":
      return listLive(client, reading, cursor ?? null);
    case "archived":
      return listArchived(client, reading, cursor);
    case "rest":
      return searchChanges(client, reading, {
        ...ID_START,
        phase: "changes",
        since: cursor.settledAt,
        settledAt: null,
      });
    case "changes":
      return searchChanges(client, reading, cursor);
  }
}

async function listLive(client: HubspotClient, reading: ObjectReading, cursor: At<"live"> | null): Promise<Page> {
  const startedAt = client.now();
  const { results, after, servedAt } = await list(client, reading, cursor?.after ?? null, false);
  const settled = cursor?.settledAt ?? settledOf(client, startedAt, servedAt);
  const next: ObjectCursor =
    after === null
      ? { phase: "archived", after: null, settledAt: settled, since: null }
      : { phase: "live", after, settledAt: settled };
  return { raw: results, next, atEnd: false };
}

async function listArchived(client: HubspotClient, reading: ObjectReading, cursor: At<"archived">): Promise<Page> {
  const { since } = cursor;
  const raw: unknown[] = [];
  let { after } = cursor;
  for (let pages = 0; pages < ARCHIVED_PAGES && (pages === 0 || after !== null); pages += 1) {
    const page = await list(client, reading, after, true);
    raw.push(...page.results.map(markArchived).filter((row) => since === null || archivedSince(row, since)));
    after = page.after;
  }
  if (after !== null) return { raw, next: { ...cursor, after }, atEnd: false };
  return { raw, next: { phase: "rest", settledAt: cursor.settledAt }, atEnd: true, fullScan: since === null };
}

/** `settledAt` null: this read has only begun. */
type Changes = Omit<At<"changes">, "settledAt"> & { settledAt: number | null };

async function searchChanges(client: HubspotClient, reading: ObjectReading, cursor: Changes): Promise<Page> {
  const startedAt = client.now();
  const { phase: _, since, settledAt: known, ...position } = cursor;
  const changed = { propertyName: reading.modifiedProperty, operator: Operator.Gte, value: String(since) };
  const query = { ...reading, filters: [changed] };
  const { results, servedAt, next } = await searchPage(client, query, position);
  const settled = known ?? settledOf(client, startedAt, servedAt);
  return {
    raw: results,
    next:
      next === null
        ? { phase: "archived", after: null, settledAt: settled, since }
        : { ...next, phase: "changes", settledAt: settled, since },
    atEnd: false,
  };
}

async function list(client: HubspotClient, reading: ObjectReading, after: string | null, archived: boolean) {
  try {
    return await client.list(reading.type, reading.properties, after, LIST_PAGE, archived);
  } catch (error) {
    if (
      after !== null &&
      error instanceof ConnectorError &&
      error.kind === "invalid_record" &&
      error.details.status === 400
    )
      throw new ConnectorError(
        "cursor_expired",
        "HubSpot no longer knows the saved reading position; a full read follows.",
        error.details,
      );
    throw error;
  }
}

function settledOf(client: HubspotClient, startedAt: number, servedAt: number | null): number {
  return settledAt({ startedAt, servedAt, overlapMs: client.settings.overlapMinutes * 60_000 });
}

/**
 * What stands in the archived list is archived, also where the row does not say so; one that says the contrary was restored
 * meanwhile, or the list is not the one asked for: no deletion is sure then.
 */
function markArchived(row: unknown): unknown {
  if (typeof row !== "object" || row === null) return row;
  return "archived" in row && row.archived === false ? row : { ...row, archived: true };
}

const goneRow = z.object({ archived: z.boolean().optional(), deleted: z.boolean().optional() });

/** `{ id, archived: true }` and nothing else: all there is to say is that the record is gone. */
export function tombstoneOf(raw: unknown): Tombstone | null {
  const stub = goneRow.safeParse(raw).data;
  const id = idOf(raw);
  const isGone = stub?.archived === true || stub?.deleted === true;
  return id === null || !isGone || objectRow.safeParse(raw).success ? null : { id, at: null };
}

/** In doubt it is news. */
function archivedSince(row: unknown, since: number): boolean {
  const at: unknown = typeof row === "object" && row !== null && "archivedAt" in row ? row.archivedAt : undefined;
  const ms = at instanceof Date ? at.getTime() : typeof at === "string" ? Date.parse(at) : Number.NaN;
  return !(ms < since);
}
