/** The reading position through a connection's files: pages of records, resumable after each. */
import { ConnectorError } from "../core/errors.ts";
import type { RawPage } from "../core/stream.ts";
import { columnNames, columnsOf, type Assembler, type Columns } from "./columns.ts";
import { OrderAssembler } from "./orders.ts";
import { assemblePeople } from "./people.ts";
import { PageBuilder, type FilePage } from "./page.ts";
import { park, takeParked, type ReadState } from "./parked.ts";
import { readRows, type Row } from "./rows.ts";
import { setAside } from "./set-aside.ts";
import {
  refSuffixOf,
  type CsvCursor,
  type CsvFile,
  type CsvSettings,
  type FileKind,
  type Position,
} from "./settings.ts";
import { hashFile, openText } from "./text.ts";
import { NOTHING, plus, RowCounter } from "./tally.ts";
import { assembleTouchpoints } from "./touchpoints.ts";

const PAGE_ROWS = 2_000;
/** A header with more is no header. */
export const COLUMNS_LIMIT = 2_000;

type CsvPage = RawPage<CsvCursor>;

const START = { offset: 0, line: 0 };

/**
 * All rows of the files of one kind that were not read yet. A file is known by its content: one read to the end costs
 * nothing, a changed one is read anew.
 *
 * @throws ConnectorError `contract` where a file is missing, lacks a mapped column, or is not what was imported
 */
export async function* readFiles(
  settings: CsvSettings,
  kind: FileKind,
  cursor: CsvCursor | null,
): AsyncGenerator<CsvPage> {
  const mine = settings.files.filter((file) => file.kind === kind);
  // What no setting names any more need not be remembered.
  const known = new Set(mine.map((file) => file.contentHash));
  let done = (cursor?.done ?? []).filter((hash) => known.has(hash));
  let tallies = Object.fromEntries(Object.entries(cursor?.tallies ?? {}).filter(([hash]) => known.has(hash)));
  const todo = mine.filter((file) => !done.includes(file.contentHash));
  if (todo.length === 0) yield { raw: [], next: { done, hash: null, ...START, tallies }, atEnd: true };
  // The one under way goes first, or its place would be forgotten.
  todo.sort((a, b) => Number(b.contentHash === cursor?.hash) - Number(a.contentHash === cursor?.hash));
  for (const [index, file] of todo.entries()) {
    const { contentHash } = file;
    if (done.includes(contentHash)) continue;
    const underWay = cursor?.hash === contentHash;
    const from = underWay ? { offset: cursor.offset, line: cursor.line } : START;
    if (!underWay) tallies = { ...tallies, [contentHash]: NOTHING };
    const refSuffix = refSuffixOf(settings.files, file);
    for await (const page of readFile(file, { from, refSuffix, sharedIds: settings.sharedIds })) {
      if (page.at === null) done = [...done, contentHash];
      tallies = { ...tallies, [contentHash]: plus(tallies[contentHash] ?? NOTHING, page.tally) };
      const next = { done, hash: page.at === null ? null : contentHash, ...(page.at ?? START), tallies };
      const rest = todo.slice(index + 1).every((later) => done.includes(later.contentHash));
      yield { raw: page.raw, rejects: page.rejects, next, atEnd: page.at === null && rest };
    }
  }
}

interface FileContext {
  from: Position;
  refSuffix: string;
  sharedIds: boolean;
}

async function* readFile(file: CsvFile, context: FileContext): AsyncGenerator<FilePage> {
  if ((await hashFile(file.file)) !== file.contentHash) {
    throw new ConnectorError("contract", `The file ${file.name} is not the one that was imported; import it again.`);
  }
  const first = await firstRow(file);
  if (first === null) {
    yield { raw: [], rejects: [], tally: NOTHING, at: null };
    return;
  }
  if (first.cells.length > COLUMNS_LIMIT || (first.fault !== null && first.cells.length === 0)) {
    throw new ConnectorError("contract", `The first row of ${file.name} is no header of a table.`);
  }
  const width = first.cells.length;
  const columns = columnsOf(file, columnNames(first.cells, file.header), context.refSuffix);
  const body = file.header ? { offset: first.endOffset, line: first.endLine } : file.start;
  const from = context.from.offset > body.offset ? context.from : body;
  /** In batches: a turn of the event loop for every row would cost as much as reading it. */
  async function* rowsFrom(position: Position): AsyncGenerator<Row[]> {
    const text = openText(file.file, file.encoding, position.offset);
    for await (const rows of readRows(text, { delimiter: file.delimiter, width, ...position })) {
      for (const row of rows) setAside(row, file.kind, columns);
      yield rows;
    }
  }
  const fresh = { assembler: assemblerOf(file, columns, context.sharedIds), counter: new RowCounter() };
  const state = takeParked(file, from) ?? (await caughtUp(fresh, from, rowsFrom(body)));
  const { assembler, counter } = state;

  const merging = file.kind !== "people";
  let page = new PageBuilder(merging, counter);
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
            page = new PageBuilder(merging, counter);
          }
        }
        assembler.add(row);
        position = { offset: row.endOffset, line: row.endLine };
      }
    }
  } finally {
    if (handedOut) park(file, position, state);
  }
  page.take(assembler.close());
  yield page.build(null);
}

/** The first row with something in it: the header, or what tells how many cells rows have. */
async function firstRow(file: CsvFile): Promise<Row | null> {
  const text = openText(file.file, file.encoding, file.start.offset);
  for await (const [row] of readRows(text, { delimiter: file.delimiter, width: null, ...file.start }))
    return row ?? null;
  return null;
}

function assemblerOf(file: CsvFile, columns: Columns, sharedIds: boolean): Assembler {
  if (file.kind === "orders") return new OrderAssembler(file, columns, sharedIds);
  return file.kind === "people"
    ? assemblePeople(file, columns, sharedIds)
    : assembleTouchpoints(file, columns, sharedIds);
}

/** A run of bad rows is cut as well, or one unit could be the whole file. */
function isBoundary(assembler: Assembler, row: Row): boolean {
  return assembler.begins(row) || assembler.openRejects >= PAGE_ROWS;
}

/** Shows a read the rows before `from`: which ids a file has had decides how later rows are named and counted. */
async function caughtUp(state: ReadState, from: Position, batches: AsyncIterable<Row[]>): Promise<ReadState> {
  const { assembler, counter } = state;
  for await (const rows of batches) {
    for (const row of rows) {
      if (row.endOffset > from.offset) {
        counter.count(assembler.close());
        return state;
      }
      if (isBoundary(assembler, row)) counter.count(assembler.close());
      assembler.add(row);
    }
  }
  counter.count(assembler.close());
  return state;
}
