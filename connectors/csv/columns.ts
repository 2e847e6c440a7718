/** Finding our fields in a row: the mapping names columns, a file has positions. */
import { ConnectorError } from "../core/errors.ts";
import type { Reject } from "../core/contract.ts";
import type { CanonicalRecord } from "../core/records.ts";
import type { Row } from "./rows.ts";
import { sensitiveCategoryOf, SENSITIVE_NAMES } from "../core/sensitive.ts";
import { isCalled } from "./header-words.ts";
import type { CsvFile, Field, Mapping } from "./settings.ts";
import { zoneInName } from "./date-words.ts";
import { knownExport } from "./exports/index.ts";
import { cleanCell, foldWords } from "./words.ts";

/** What some rows that belong together came to. */
export interface Unit {
  /** Rows used, so that what went in can be reconciled with what came out. */
  rows: number;
  /** Of these, rows that say again what another row has said. */
  collapsed: number;
  records: CanonicalRecord[];
  /** Reasons that begin with "Kept" are warnings about rows that were used. */
  rejects: Reject[];
}

/** Turns rows, given in the order of the file, into units. */
export interface Assembler {
  /** Whether the row opens a new unit, so that the rows before it are complete. */
  begins(row: Row): boolean;
  add(row: Row): void;
  /** Rejects of the open unit: a run of bad rows must not pile up. */
  readonly openRejects: number;
  close(): Unit;
}

/** Names stand in reasons and proofs. Characters. */
const NAME_LIMIT = 100;

/** The header's names, each once: blank ones by position, repeated ones numbered. */
export function columnNames(header: readonly string[], named: boolean): string[] {
  const used = new Set<string>();
  return header.map((cell, index) => {
    const plain =
      (named ? cell.replaceAll("\u0000", "").trim().slice(0, NAME_LIMIT).toWellFormed() : "") || `column ${index + 1}`;
    let name = plain;
    for (let count = 2; used.has(name); count++) name = `${plain} (${count})`;
    used.add(name);
    return name;
  });
}

export interface Columns {
  names: readonly string[];
  /** Whether the file has a header. */
  named: boolean;
  has(field: Field): boolean;
  /** Whether the file tells of people more than names, addresses and numbers. */
  hasFurther: boolean;
  /** Cleaned text of the field's first column that is not blank; "" where there is none. */
  text(cells: readonly string[], field: Field): string;
  /** All cleaned texts of the field that are not blank. */
  texts(cells: readonly string[], field: Field): string[];
  /** The field's columns as one text: a date and the time of day beside it. */
  joined(cells: readonly string[], field: Field): string;
  /** The time zone the name of the field's column gives; null: none. */
  zone(field: Field): string | null;
  /** Whether the name of the field's column says that it holds a day: `Paid on`. */
  isDay(field: Field): boolean;
  /** Column "Betrag", for reasons. */
  label(field: Field): string;
  reject(row: Row, reason: string): Reject;
  /** Label of a used column whose cell is longer than any value of it; null: none is. */
  overlong(cells: readonly string[]): string | null;
}

const DAY = /\b(?:on|at|date|am|le|il|el|op|datum|data|fecha|zahlungseingang|\w+(?:datum|dato))\b/;
const NOWHERE: number[] = [];
/** Longer ones are no name, number or date, and no record could hold them. Characters. */
const VALUE_LIMIT = 300;
const LIMITS: Partial<Record<Field, number>> = {
  ...{ id: 255, customer_id: 255, loyalty_id: 255 },
  // Several in a cell.
  ...{ email: 500, phone: 500 },
  campaign: 1_000,
};

/** Of a date and the time of day beside it, either names the zone. */
function zoneOf(names: readonly string[]): string | null {
  return names.map(zoneInName).find((zone) => zone !== null) ?? null;
}

/** @throws ConnectorError `contract` where the mapping names a column the file does not have */
export function columnsOf(file: CsvFile, names: readonly string[], refSuffix: string): Columns {
  const positions = new Map<Field, number[]>();
  for (const [field, wanted] of Object.entries(file.mapping) as [Field, string[]][]) {
    // Object.entries forgets the key type.
    const found = wanted.map((name) => names.indexOf(name));
    const missing = wanted[found.indexOf(-1)];
    if (missing !== undefined) {
      throw new ConnectorError("contract", `The file ${file.name} has no column "${missing}" for ${field}.`);
    }
    positions.set(field, found);
  }
  const at = (field: Field): number[] => positions.get(field) ?? NOWHERE;
  const lackPlus = knownExport(file.export)?.phonesLackPlus === true;
  const texts = (cells: readonly string[], field: Field): string[] => {
    const found: string[] = [];
    for (const position of at(field)) {
      const text = cleanCell(cells[position] ?? "");
      if (text !== "") found.push(lackPlus && field === "phone" && /^\d{8,15}$/.test(text) ? `+${text}` : text);
    }
    return found;
  };
  const zones = new Map([...positions.keys()].map((field) => [field, zoneOf(file.mapping[field] ?? [])]));
  const days = new Set([...positions.keys()].filter((field) => DAY.test(foldWords(file.mapping[field]?.[0] ?? ""))));
  const kept = new Set(names.filter((name) => isKeptRaw(name, file.mapping)));
  const label = (field: Field): string => `Column "${file.mapping[field]?.[0] ?? field}"`;
  const used = [...positions].flatMap(([field, found]) => found.map((position) => ({ field, position })));
  return {
    names,
    named: file.header,
    overlong(cells) {
      const long = used.find(({ field, position }) => (cells[position]?.length ?? 0) > (LIMITS[field] ?? VALUE_LIMIT));
      return long === undefined ? null : label(long.field);
    },
    has: (field) => positions.has(field),
    hasFurther: FURTHER.some((field) => positions.has(field)),
    text(cells, field) {
      for (const position of at(field)) {
        const text = cleanCell(cells[position] ?? "");
        if (text !== "") return text;
      }
      return "";
    },
    texts,
    zone: (field) => zones.get(field) ?? null,
    isDay: (field) => days.has(field),
    joined: (cells, field) => texts(cells, field).join(" "),
    label,
    reject: (row, reason) => ({
      ref: `line ${row.line}${refSuffix}`,
      reason,
      // Where cells are missing or too many, a number may stand in any of them.
      raw: row.cells.length === names.length || kept.size === names.length ? namedCells(names, row.cells, kept) : {},
      ...(reason.startsWith("Kept") ? { kept: true as const } : {}),
    }),
  };
}

const FURTHER: readonly Field[] = [
  ...(["middle_name", "previous_name", "street", "house_number", "address_line_2", "region", "occupation"] as const),
  ...SENSITIVE_NAMES,
];

/** Whether cells of a column may lie with rows that are refused: numbers of persons and what nobody asked for may not. */
function isKeptRaw(name: string, mapping: Mapping): boolean {
  if (sensitiveCategoryOf(name) !== null) return false;
  return !SENSITIVE_NAMES.some((field) => mapping[field]?.includes(name) === true || isCalled(field, name));
}

const RAW_CELL_LIMIT = 10_000;
const RAW_CELLS_LIMIT = 1_000;

/**
 * The row as it came, by column name; sensitive columns stay blank. Cells beyond the header are named by position.
 */
function namedCells(
  names: readonly string[],
  cells: readonly string[],
  kept: ReadonlySet<string>,
): Record<string, string> {
  const named = cells.slice(0, RAW_CELLS_LIMIT).map((cell, index) => {
    const name = names[index];
    if (name === undefined) return [`column ${index + 1}`, storable(cell)];
    return [name, kept.has(name) ? storable(cell) : ""];
  });
  return Object.fromEntries(named);
}

/** What jsonb takes: no NUL, and no half character where the text was cut. */
function storable(cell: string): string {
  return cell.slice(0, RAW_CELL_LIMIT).replaceAll("\u0000", "").toWellFormed();
}

/** Removes the NUL characters Postgres cannot store; tells whether there were any. */
export function stripNul(row: Row): boolean {
  if (!row.cells.some((cell) => cell.includes("\u0000"))) return false;
  row.cells = row.cells.map((cell) => cell.replaceAll("\u0000", ""));
  return true;
}
