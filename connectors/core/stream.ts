/** A stream as its connector defines it, and as the framework runs it: rows checked one by one, walks that end. */
import { z } from "zod";
import type { FoundRecords, RecordNews, RecordPage, Reject, ReplacedDay, Stream } from "./contract.ts";
import { ConnectorError } from "./errors.ts";
import { goneRecord } from "./gone.ts";
import type { Tombstone } from "./gone.ts";
import { workedAhead } from "./prefetched.ts";
import type { CanonicalRecord } from "./records.ts";
import { cursorGuard } from "./walk.ts";

/** A page as the vendor sent it. */
export interface RawPage<Cursor> {
  /** The vendor's rows, unchecked. */
  raw: unknown[];
  /** What the connector itself could not read or understand. */
  rejects?: Reject[];
  /** Where to go on after this page, also the checkpoint: reading again from here gives exactly what follows. */
  next: Cursor;
  /** Days whose figures are all on this page: they take the place of what was held of them. Only of figures. */
  days?: Omit<ReplacedDay, "whole">[];
  /** The vendor says there is nothing more now. `next` is then where the next incremental read starts. */
  atEnd: boolean;
  /** Set on the last page of a full read that listed everything. */
  fullScan?: boolean;
}

export interface StreamSpec<Client, Row, Cursor, Extra = undefined> extends Pick<
  Stream<Client>,
  "title" | "kind" | "deletes"
> {
  /** Flat and JSON-safe. */
  cursor: z.ZodType<Cursor>;
  /** The form of one vendor row, the parts we read. A row that does not fit is rejected, alone. */
  row: z.ZodType<Row>;
  /** The vendor id of a row, checked or not; null: it has none. Left out: the row's `id`. */
  idOf?(raw: unknown): string | null;
  /** What a row says when all it says is that its record is gone (`{ id, deleted: true }`); null for any other row. */
  tombstone?(raw: unknown): Tombstone | null;
  /** Where rows say whether they are real: those of the other mode are refused. Null: no saying. */
  mode?: { expected(client: Client): Mode | null; of(raw: unknown): Mode | null };
  /** Yields pages from the cursor on; null is a full read from the start. Ends after the page with `atEnd`. */
  read(client: Client, cursor: Cursor | null): AsyncGenerator<RawPage<Cursor>>;
  /**
   * Reads single records as they stand now, in rows of the same form; at most 1,000 of different ids. `gone`: the vendor itself says
   * that it does not have them. Whoever is in neither was not answered for. Left out: they cannot be asked for by id.
   */
  find?(client: Client, news: readonly RecordNews[]): Promise<FoundRows>;
  /** Asks for what the rows of a page lack. Its `rejects` are remarks beside the rows, such as a missing permission. */
  enrich?(client: Client, rows: Row[]): Promise<{ extra: Extra; rejects?: Reject[] }>;
  /** Pure. The stream's main kind, and others with it (a contact also yields consent). A throw rejects that one row. */
  toRecords(row: Row, extra: Extra): CanonicalRecord[];
  count?(client: Client): Promise<number | null>;
}

export interface FoundRows {
  /** Unchecked. */
  raw: unknown[];
  rejects?: Reject[];
  /** Ids. */
  gone?: string[];
}

export type Mode = "live" | "test";

/** Binds a typed stream to the framework's view. */
export function defineStream<Client, Row, Cursor, Extra = undefined>(
  spec: StreamSpec<Client, Row, Cursor, Extra>,
): Stream<Client> {
  return {
    title: spec.title,
    kind: spec.kind,
    deletes: spec.deletes,
    finds: spec.find !== undefined,
    find: (client, news) => findRecords(spec, client, news),
    read: (client, cursor) => readStream(spec, client, cursor),
    count: async (client) => (spec.count === undefined ? null : spec.count(client)),
  };
}

/** Pages being read or completed at a time: what rows lack is one or two calls more, each as long as that for the page. */
const PAGES_AT_ONCE = 2;

async function* readStream<Client, Row, Cursor, Extra>(
  spec: StreamSpec<Client, Row, Cursor, Extra>,
  client: Client,
  cursor: unknown,
): AsyncGenerator<RecordPage> {
  const guard = cursorGuard(spec.title, cursor);
  let gap = false;
  let seen = 0;
  const complete = async (page: RawPage<Cursor>) => {
    if (page.fullScan === true && (spec.deletes !== "full-scan" || !page.atEnd))
      throw new ConnectorError("contract", `${spec.title} must not report a full scan: it declares "${spec.deletes}".`);
    if (!page.atEnd) guard(page.next, page.raw.length);
    const before = seen;
    seen += page.raw.length;
    return { page, ...(await recordsOf(spec, client, page, before)) };
  };
  const pages = spec.read(client, parseCursor(spec.cursor, cursor));
  // The vendor is asked for further pages while the rows of one are completed and understood.
  for await (const { page, records, rejects, rawCount, pageGap } of workedAhead(pages, PAGES_AT_ONCE, complete)) {
    gap ||= pageGap;
    yield {
      records,
      rejects,
      rawCount,
      next: page.next,
      atEnd: page.atEnd,
      fullScan: page.fullScan === true && !gap,
      ...(pageGap ? { gap: true } : {}),
      ...(page.days === undefined ? {} : { days: daysOf(page.days, rejects) }),
    };
    if (page.atEnd) return;
  }
  throw new ConnectorError("contract", `${spec.title} stopped without the vendor saying that nothing more is there.`);
}

async function findRecords<Client, Row, Cursor, Extra>(
  spec: StreamSpec<Client, Row, Cursor, Extra>,
  client: Client,
  news: readonly RecordNews[],
): Promise<FoundRecords> {
  if (spec.find === undefined) throw new ConnectorError("contract", `${spec.title} cannot be asked for by id.`);
  const { raw, rejects: unread = [], gone = [] } = await spec.find(client, news);
  const { records, rejects, rawCount } = await recordsOf(spec, client, { raw, rejects: unread }, 0);
  const happenedAt = new Map(news.map(({ id, at }) => [id, at]));
  const tombstones = gone.flatMap((id) => goneRecord(spec.kind, { id, at: happenedAt.get(id) ?? null }) ?? []);
  return { records: [...records, ...tombstones], rejects, rawCount: rawCount + gone.length };
}

/** A row that was refused may be one that seems to be missing. */
function daysOf(days: Omit<ReplacedDay, "whole">[], rejects: Reject[]): ReplacedDay[] {
  const refused = rejects.some(({ kept }) => kept !== true);
  return refused ? days.map((day) => ({ ...day, whole: false })) : days;
}

async function recordsOf<Client, Row, Cursor, Extra>(
  spec: StreamSpec<Client, Row, Cursor, Extra>,
  client: Client,
  page: Pick<RawPage<Cursor>, "raw" | "rejects">,
  /** Rows of the pages before, so that two rows without an id are not taken for one. */
  before: number,
) {
  const rejects: Reject[] = [...(page.rejects ?? [])];
  const read: ({ place: number; row: Row } | { gone: CanonicalRecord })[] = [];
  const rejectAt = (place: number, why: string) => rejects.push(rejectOf(spec, page.raw[place], before + place, why));
  for (const [place, raw] of page.raw.entries()) {
    const reject = (why: string) => rejectAt(place, why);
    const foreign = foreignMode(spec, client, raw);
    const stub = foreign === null ? (spec.tombstone?.(raw) ?? null) : null;
    const gone = stub === null ? null : goneRecord(spec.kind, stub);
    if (foreign !== null) reject(foreign);
    else if (gone !== null) read.push({ gone });
    else if (stub !== null) reject("the row only says that it is deleted");
    else {
      const parsed = spec.row.safeParse(raw);
      if (parsed.success) read.push({ place, row: parsed.data });
      else reject(formOf(parsed.error));
    }
  }
  const enriched = await spec.enrich?.(
    client,
    read.flatMap((entry) => ("row" in entry ? [entry.row] : [])),
  );
  // In the vendor's order: of two rows on one record the later one is the newer.
  const records = read.flatMap((entry) => {
    if ("gone" in entry) return [entry.gone];
    try {
      return spec.toRecords(entry.row, enriched?.extra as Extra);
    } catch (error) {
      rejectAt(entry.place, error instanceof z.ZodError ? formOf(error) : wordsOf(error));
      return [];
    }
  });
  const pageGap = rejects.some(({ id }) => id === undefined);
  for (const remark of enriched?.rejects ?? []) rejects.push({ ...remark, kept: true });
  return { records, rejects, rawCount: page.raw.length + (page.rejects?.length ?? 0), pageGap };
}

function foreignMode<Client, Row, Cursor, Extra>(
  { mode }: StreamSpec<Client, Row, Cursor, Extra>,
  client: Client,
  raw: unknown,
): string | null {
  const [expected, found] = [mode?.expected(client) ?? null, mode?.of(raw) ?? null];
  if (expected === null || found === null || expected === found) return null;
  return `this is a ${found} record and the connection is for ${expected} ones; it is refused`;
}

/** Names stream, record and fields; never a value. */
function rejectOf<Client, Row, Cursor, Extra>(
  spec: StreamSpec<Client, Row, Cursor, Extra>,
  raw: unknown,
  position: number,
  why: string,
): Reject {
  const id = (spec.idOf ?? idOf)(raw);
  const ref = id ?? `row ${position}`;
  return { ref, ...(id === null ? {} : { id }), reason: `${spec.title}, ${ref}: ${why}.`, raw };
}

/** The `id` of a row of whatever form; null where there is none that could name a record. */
export function idOf(raw: unknown): string | null {
  const id = typeof raw === "object" && raw !== null && "id" in raw ? raw.id : undefined;
  const text = typeof id === "number" && Number.isSafeInteger(id) ? String(id) : id;
  return typeof text === "string" && text !== "" && text.length <= 255 ? text : null;
}

/** Where a reply or a row does not have the form we know. */
export function formOf(error: z.ZodError): string {
  const where = error.issues.slice(0, 5).map((issue) => issue.path.join(".") || "(the whole)");
  return `unknown form at ${[...new Set(where)].join(", ")}`;
}

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}

function parseCursor<Cursor>(schema: z.ZodType<Cursor>, cursor: unknown): Cursor | null {
  if (cursor === null) return null;
  const parsed = schema.safeParse(cursor);
  if (parsed.success) return parsed.data;
  throw new ConnectorError("cursor_expired", "The saved reading position has an outdated form; a full read follows.");
}
