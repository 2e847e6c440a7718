/**
 * From text to rows, with line numbers, in flat memory, without letting one stray quote eat the rest of the file.
 *
 * Quotes are read strictly. Where that fails (a quote inside a field, one never closed, a row over several lines that
 * does not have the header's number of cells) the row's first line is read again on its own: with lenient quotes, then
 * with quotes as plain characters; if it still does not fit, that one line is bad. Reading goes on at the next line.
 */
import { parse, type Parser } from "csv-parse";
import { parse as parseSync } from "csv-parse/sync";
import { LINE_LIMIT, shortLines } from "./lines.ts";
import { plainRows } from "./plain-rows.ts";
import type { Delimiter, Position } from "./settings.ts";

/** A longer row is taken for an unclosed quote. Bytes. */
const ROW_LIMIT = 256 * 1024;
/** What a spreadsheet's cell can hold. Characters. */
const CELL_LIMIT = 32_767;
/** Of a row that cannot be used, so much is kept to be shown. */
const FAULTY_CELLS_KEPT = 200;
/** Text handed to the parser at once: small, because a broken row costs reading the rest of its slice again. */
const SLICE_BYTES = 16 * 1024;

export interface Row {
  cells: string[];
  /** First line of the row in the file, from 1. */
  line: number;
  /** Text offset and last line after the row: reading can go on from here. */
  endOffset: number;
  endLine: number;
  /** Why the row cannot be used; its cells are then what could be read of it. */
  fault: string | null;
}

export interface RowOptions {
  delimiter: Delimiter;
  /** Cells per row; null: whatever the first row has. */
  width: number | null;
  offset: number;
  /** Lines before `offset`. */
  line: number;
}

/** Rows in batches, blank lines left out. `text` begins at `options.offset`. */
export async function* readRows(
  text: AsyncIterable<Buffer> | Iterable<Buffer>,
  options: RowOptions,
): AsyncGenerator<Row[]> {
  let splitter = new Splitter(options);
  for await (const piece of shortLines(text)) {
    if ("cut" in piece) {
      const rows = await splitter.end();
      const { offset, line } = splitter.position;
      const after = { offset: offset + piece.cut, line: line + 1 };
      const fault = `The line is longer than ${LINE_LIMIT} bytes.`;
      yield [...rows, { cells: [], line: after.line, endOffset: after.offset, endLine: after.line, fault }];
      splitter = new Splitter({ ...options, ...after, width: splitter.width });
      continue;
    }
    const plain = splitter.takePlain(piece.text);
    if (plain !== null) {
      if (plain.length > 0) yield plain;
      continue;
    }
    for (let at = 0; at < piece.text.length; at += SLICE_BYTES) {
      const rows = await splitter.push(piece.text.subarray(at, at + SLICE_BYTES));
      if (rows.length > 0) yield rows;
    }
  }
  const rows = await splitter.end();
  if (rows.length > 0) yield rows;
}

/** State with a life cycle: the parser, and the text since the last whole row, kept for a second look. */
class Splitter {
  readonly #delimiter: Delimiter;
  #width: number | null;
  #offset: number;
  #line: number;
  #kept: Buffer = Buffer.alloc(0);
  #parser: Parser | null = null;
  /** The parser gave up at the start of what is kept. */
  #broken = false;
  #found: Row[] = [];

  constructor(options: RowOptions) {
    this.#delimiter = options.delimiter;
    this.#width = options.width;
    this.#offset = options.offset;
    this.#line = options.line;
  }

  /** After the last row handed out; after `end`, the end of the text. */
  get position(): Position {
    return { offset: this.#offset, line: this.#line };
  }

  get width(): number | null {
    return this.#width;
  }

  /** Null: these lines, or what came before them, need the parser. */
  takePlain(lines: Buffer): Row[] | null {
    const found = this.#kept.length > 0 ? null : plainRows(lines, this.#delimiter, this.position);
    if (found === null) return null;
    // It counts from where it began.
    this.#parser = null;
    this.#found = found;
    const rows: Row[] = [];
    this.#take(rows);
    return rows;
  }

  async push(slice: Buffer): Promise<Row[]> {
    const rows: Row[] = [];
    for (let todo = slice; ;) {
      this.#kept = this.#kept.length === 0 ? todo : Buffer.concat([this.#kept, todo]);
      if (!this.#broken) {
        const whole = await this.#parse(todo);
        if (this.#take(rows) && whole) return rows;
        this.#broken = true;
      }
      // The broken line may go on in the next slice.
      if (!holdsWholeLine(this.#kept)) return rows;
      todo = this.#rescue(rows);
      if (todo.length === 0) return rows;
    }
  }

  async end(): Promise<Row[]> {
    const rows: Row[] = [];
    for (;;) {
      if (!this.#broken) {
        const whole = await this.#finish();
        if (this.#take(rows) && whole) return rows;
      }
      for (let todo = this.#rescue(rows); todo.length > 0; todo = todo.subarray(SLICE_BYTES)) {
        rows.push(...(await this.push(todo.subarray(0, SLICE_BYTES))));
      }
    }
  }

  /** Moves finished rows out; false at the first that must be looked at again. */
  #take(rows: Row[]): boolean {
    const found = this.#found;
    this.#found = [];
    for (const row of found) {
      const blank = row.cells.length === 1 && row.cells[0] === "";
      if (!blank) {
        this.#width ??= row.cells.length;
        if (row.cells.length !== this.#width) {
          if (row.endLine > row.line) return false;
          row.fault = misfit(row.cells.length, this.#width);
        }
        this.#push(rows, row);
      }
      this.#advance(row.endOffset, row.endLine);
    }
    return true;
  }

  /** Reads the first kept line on its own; returns the text after it, to be read from the start by a new parser. */
  #rescue(rows: Row[]): Buffer {
    this.#parser = null;
    this.#found = [];
    this.#broken = false;
    const length = lineLength(this.#kept);
    const text = this.#kept
      .subarray(0, length)
      .toString()
      .replace(/\r?\n$|\r$/, "");
    const rest = this.#kept.subarray(length);
    const cells = this.#reread(text);
    const fits = this.#width === null || cells.length === this.#width;
    const fault = fits
      ? null
      : "The quotes in this row do not match, and without them it has the wrong number of cells.";
    if (text !== "") {
      const [endOffset, endLine] = [this.#offset + length, this.#line + 1];
      this.#push(rows, { cells, line: endLine, endOffset, endLine, fault });
    }
    this.#advance(this.#offset + length, this.#line + 1);
    this.#kept = Buffer.alloc(0);
    return rest;
  }

  /** Looks for a cell beyond any length where the row is long enough to have one. */
  #push(rows: Row[], row: Row): void {
    const long = row.endOffset - this.#offset > CELL_LIMIT && row.cells.some((cell) => cell.length > CELL_LIMIT);
    if (long) row.fault ??= `A cell of the row is longer than ${CELL_LIMIT} characters.`;
    if (row.fault !== null && row.cells.length > FAULTY_CELLS_KEPT) row.cells.length = FAULTY_CELLS_KEPT;
    rows.push(row);
  }

  #reread(text: string): string[] {
    const shared = { delimiter: this.#delimiter, relax_column_count: true, record_delimiter: "\n" };
    for (const quoting of [{ relax_quotes: true }, { quote: null }]) {
      try {
        const [cells] = parseSync(text, { ...shared, ...quoting });
        if (cells !== undefined && (this.#width === null || cells.length === this.#width)) return cells;
      } catch {
        // An unclosed quote: the next way of reading has no quotes.
      }
    }
    return text.split(this.#delimiter);
  }

  #advance(offset: number, line: number): void {
    this.#kept = this.#kept.subarray(offset - this.#offset);
    this.#offset = offset;
    this.#line = line;
  }

  /** False: the parser gave up. */
  async #parse(slice: Buffer): Promise<boolean> {
    const parser = (this.#parser ??= this.#begin());
    return new Promise((resolve) => {
      parser.write(slice, (error) => resolve(error === null || error === undefined));
    });
  }

  async #finish(): Promise<boolean> {
    const parser = this.#parser;
    this.#parser = null;
    if (parser === null) return true;
    return new Promise((resolve) => {
      parser.once("error", () => resolve(false));
      parser.once("end", () => resolve(true));
      parser.resume();
      parser.end();
    });
  }

  #begin(): Parser {
    const offset = this.#offset;
    let line = this.#line;
    const base = line;
    const parser = parse({
      delimiter: this.#delimiter,
      relax_column_count: true,
      // Not discovered from the first row: files glued together mix their line ends.
      record_delimiter: ["\r\n", "\n", "\r"],
      max_record_size: ROW_LIMIT,
      on_record: (cells: string[], info) => {
        const endLine = base + info.lines;
        this.#found.push({ cells, line: line + 1, endOffset: offset + info.bytes_records, endLine, fault: null });
        line = endLine;
        return null; // taken here: the stream's own queue would lose which line and offset the row came from
      },
    });
    parser.on("error", () => undefined); // reported by the callbacks of write and end
    return parser;
  }
}

function misfit(found: number, expected: number): string {
  return `The row has ${found} ${found === 1 ? "cell" : "cells"} where the header has ${expected}.`;
}

function holdsWholeLine(text: Buffer): boolean {
  const length = lineLength(text);
  return text[length - 1] === 10 || (text[length - 1] === 13 && length < text.length);
}

function lineLength(text: Buffer): number {
  const feed = text.indexOf(10);
  const end = feed === -1 ? text.length : feed + 1;
  const ret = text.subarray(0, end).indexOf(13);
  // A lone carriage return ends a line as well; the parser sees it so.
  return ret === -1 || ret + 1 >= end || text[ret + 1] === 10 ? end : ret + 1;
}
