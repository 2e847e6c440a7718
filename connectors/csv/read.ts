/** The reading position through a connection's files: pages of records, resumable after each. */
import { basename } from "node:path";
import { ConnectorError } from "../core/errors.ts";
import type { RawPage, Reject } from "../core/contract.ts";
import type { CanonicalRecord, PersonRecord } from "../core/records.ts";
import { columnNames, columnsOf, type Assembler, type Columns, type Unit } from "./columns.ts";
import { OrderAssembler } from "./orders.ts";
import { assemblePeople } from "./people.ts";
import { mergePersons } from "./person.ts";
import { readRows, type Row } from "./rows.ts";
import type { CsvCursor, CsvFile, CsvSettings, FileKind } from "./settings.ts";
import { hashFile, openText } from "./text.ts";
import { assembleTouchpoints } from "./touchpoints.ts";

const PAGE_ROWS = 2_000;

/** One row of a file; the records of rows that belong together hang on the first. */
export interface CsvRow {
  records: CanonicalRecord[];
}

type CsvPage = RawPage<CsvRow, CsvCursor>;

const START = { offset: 0, line: 0 };
const NO_RECORDS: CsvRow = { records: [] };

/**
 * All rows of the files of one kind that were not read yet. A file is known by its content: one read to the end costs
 * nothing, a changed one is read anew.
 *
 * @throws ConnectorError `contract` where a file is missing, lacks a mapped column, or is not what was imported
 */
export async function* readFiles(settings: CsvSettings, kind: FileKind, cursor: CsvCursor | null): AsyncGenerator<CsvPage> {
  const mine = settings.files.filter((file) => file.kind === kind);
  // What no setting names any more need not be remembered.
  const known = new Set(mine.map((file) => file.contentHash));
  let done = (cursor?.done ?? []).filter((hash) => known.has(hash));
  const todo = mine.filter((file) => !done.includes(file.contentHash));
  if (todo.length === 0) yield { raw: [], next: { done, hash: null, ...START }, atEnd: true };
  // The one under way goes first, or its place would be forgotten.
  todo.sort((a, b) => Number(b.contentHash === cursor?.hash) - Number(a.contentHash === cursor?.hash));
  for (const [index, file] of todo.entries()) {
    const { contentHash } = file;
    if (done.includes(contentHash)) continue;
    const from = cursor?.hash === contentHash ? { offset: cursor.offset, line: cursor.line } : START;
    const refSuffix = settings.files.length > 1 ? ` of ${basename(file.file)}` : "";
    for await (const page of readFile(file, { from, refSuffix, sharedIds: settings.sharedIds })) {
      if (page.at === null) done = [...done, contentHash];
      const next = { done, hash: page.at === null ? null : contentHash, ...(page.at ?? START) };
      const rest = todo.slice(index + 1).every((later) => done.includes(later.contentHash));
      yield { raw: page.raw, rejects: page.rejects, next, atEnd: page.at === null && rest };
    }
  }
}

interface Position {
  offset: number;
  line: number;
}

interface FilePage {
  raw: CsvRow[];
  rejects: Reject[];
  /** Where to go on; null: the file is done. */
  at: Position | null;
}

interface FileContext {
  from: Position;
  refSuffix: string;
  sharedIds: boolean;
}

async function* readFile(file: CsvFile, context: FileContext): AsyncGenerator<FilePage> {
  if ((await hashFile(file.file)) !== file.contentHash) {
    throw new ConnectorError("contract", `The file ${basename(file.file)} is not the one that was imported; import it again.`);
  }
  const first = await firstRow(file);
  if (first === null) {
    yield { raw: [], rejects: [], at: null };
    return;
  }
  const width = first.cells.length;
  const columns = columnsOf(file, columnNames(first.cells, file.header), context.refSuffix);
  const body = file.header ? { offset: first.endOffset, line: first.endLine } : START;
  const from = context.from.offset > body.offset ? context.from : body;
  const rowsFrom = (position: Position) =>
    readRows(openText(file.file, file.encoding, position.offset), { delimiter: file.delimiter, width, ...position });
  const fresh = assemblerOf(file, columns, context.sharedIds);
  const assembler = takeParked(file, from) ?? (await caughtUp(fresh, from, file.kind === "orders" ? rowsFrom(body) : null));

  const merging = file.kind !== "people";
  let page = new PageBuilder(merging);
  let position = from;
  let handedOut = false;
  try {
    for await (const rows of rowsFrom(from)) {
      for (const row of rows) {
        if (isBoundary(assembler, row)) {
          page.take(assembler.close());
          if (page.size >= PAGE_ROWS) {
            handedOut = true;
            yield page.build(position);
            handedOut = false;
            page = new PageBuilder(merging);
          }
        }
        assembler.add(row);
        position = { offset: row.endOffset, line: row.endLine };
      }
    }
  } finally {
    if (handedOut) park(file, position, assembler);
  }
  page.take(assembler.close());
  yield page.build(null);
}

/** The first row with something in it: the header, or what tells how many cells rows have. */
async function firstRow(file: CsvFile): Promise<Row | null> {
  const text = openText(file.file, file.encoding);
  for await (const [row] of readRows(text, { delimiter: file.delimiter, width: null, ...START })) return row ?? null;
  return null;
}

function assemblerOf(file: CsvFile, columns: Columns, sharedIds: boolean): Assembler {
  if (file.kind === "orders") return new OrderAssembler(file, columns, sharedIds);
  return file.kind === "people" ? assemblePeople(file, columns, sharedIds) : assembleTouchpoints(file, columns, sharedIds);
}

/** A run of bad rows is cut as well, or one unit could be the whole file. */
function isBoundary(assembler: Assembler, row: Row): boolean {
  return assembler.begins(row) || assembler.openRejects >= PAGE_ROWS;
}

/** Shows an assembler the rows before `from`: which order ids a file has had decides how later rows are named. */
async function caughtUp(assembler: Assembler, from: Position, rows: AsyncIterable<Row[]> | null): Promise<Assembler> {
  if (rows === null) return assembler;
  for await (const batch of rows) {
    for (const row of batch) {
      if (row.endOffset > from.offset) return assembler;
      if (isBoundary(assembler, row)) assembler.close();
      assembler.add(row);
      if (row.endOffset === from.offset) {
        assembler.close();
        return assembler;
      }
    }
  }
  return assembler;
}

/** Collects units into a page; a person named by many sales of one page is handed over once. */
class PageBuilder {
  readonly #merging: boolean;
  readonly #raw: CsvRow[] = [];
  readonly #rejects: Reject[] = [];
  readonly #persons = new Map<string, { row: CsvRow; index: number; record: PersonRecord }>();

  constructor(merging: boolean) {
    this.#merging = merging;
  }

  get size(): number {
    return this.#raw.length + this.#rejects.length;
  }

  take(unit: Unit): void {
    this.#rejects.push(...unit.rejects);
    if (unit.rows === 0) return;
    const row: CsvRow = { records: [] };
    for (const record of unit.records) {
      if (!this.#merging || record.kind !== "person" || !this.#mergedIn(record)) row.records.push(record);
      const index = row.records.length - 1;
      if (this.#merging && record.kind === "person" && row.records[index] === record) {
        this.#persons.set(record.id, { row, index, record });
      }
    }
    this.#raw.push(row);
    for (let more = 1; more < unit.rows; more++) this.#raw.push(NO_RECORDS);
  }

  #mergedIn(record: PersonRecord): boolean {
    const known = this.#persons.get(record.id);
    if (known === undefined) return false;
    known.record = mergePersons(known.record, record);
    known.row.records[known.index] = known.record;
    return true;
  }

  build(at: Position | null): FilePage {
    return { raw: this.#raw, rejects: this.#rejects, at };
  }
}

/**
 * Assemblers of reads that stopped between two pages, to be taken up where they stopped: without them each pass over a
 * long file would begin by reading it from the start. Losing one costs time, nothing else.
 */
const parked = new Map<string, Assembler>();
const PARKED_KEPT = 4;

/** A place in a file as one reads it: another mapping makes other orders of the same bytes. */
function placeOf(file: CsvFile, at: Position): string {
  return JSON.stringify([file, at.offset]);
}

function park(file: CsvFile, at: Position, assembler: Assembler): void {
  const [oldest] = parked.keys();
  if (parked.size >= PARKED_KEPT && oldest !== undefined) parked.delete(oldest);
  parked.set(placeOf(file, at), assembler);
}

function takeParked(file: CsvFile, at: Position): Assembler | undefined {
  const place = placeOf(file, at);
  const found = parked.get(place);
  parked.delete(place);
  return found;
}
