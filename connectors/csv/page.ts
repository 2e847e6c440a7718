/** A page under way. */
import type { Reject } from "../core/contract.ts";
import type { CanonicalRecord, PersonRecord } from "../core/records.ts";
import type { Unit } from "./columns.ts";
import { mergePersons } from "./person.ts";
import type { Position, Tally } from "./settings.ts";
import { NOTHING, plus, type RowCounter } from "./tally.ts";

/** One row of a file; the records of rows that belong together hang on the first. */
export interface CsvRow {
  records: CanonicalRecord[];
}

export interface FilePage {
  raw: CsvRow[];
  rejects: Reject[];
  tally: Tally;
  /** Where to go on; null: the file is done. */
  at: Position | null;
}

const NO_RECORDS: CsvRow = { records: [] };

/** Collects units into a page; a person named by many sales of one page is handed over once. */
export class PageBuilder {
  readonly #merging: boolean;
  readonly #counter: RowCounter;
  #tally = NOTHING;
  readonly #raw: CsvRow[] = [];
  readonly #rejects: Reject[] = [];
  /** Where on the page a person stands. */
  readonly #persons = new Map<string, { row: CsvRow; index: number; record: PersonRecord }>();

  constructor(merging: boolean, counter: RowCounter) {
    this.#merging = merging;
    this.#counter = counter;
  }

  get size(): number {
    return this.#raw.length + this.#rejects.length;
  }

  take(unit: Unit): void {
    this.#tally = plus(this.#tally, this.#counter.count(unit));
    this.#rejects.push(...unit.rejects);
    if (unit.rows === 0) return;
    const row: CsvRow = { records: [] };
    for (const record of unit.records) {
      if (this.#merging && record.kind === "person") this.#takePerson(row, record);
      else row.records.push(record);
    }
    this.#raw.push(row);
    for (let more = 1; more < unit.rows; more++) this.#raw.push(NO_RECORDS);
  }

  #takePerson(row: CsvRow, record: PersonRecord): void {
    const known = this.#persons.get(record.id);
    if (known === undefined) {
      this.#persons.set(record.id, { row, index: row.records.length, record });
      row.records.push(record);
      return;
    }
    known.record = mergePersons(known.record, record);
    known.row.records[known.index] = known.record;
  }

  build(at: Position | null): FilePage {
    return { raw: this.#raw, rejects: this.#rejects, tally: this.#tally, at };
  }
}
