/** The one way to write many rows: one statement over `unnest`, sorted and deduplicated by key. */
import type { QueryResultRow } from "pg";
import type { Transaction } from "./database.ts";

export type Cell = string | number | boolean | Date | null | undefined;

export interface Column<Row> {
  /** Element type of the array parameter. */
  type: "uuid" | "text" | "int4" | "int8" | "float8" | "bool" | "timestamptz";
  /** Turns the parameter into the column's type, where an array cannot carry it: jsonb, bytea, uuid[]. */
  cast?: string;
  /** SQL, where a cast will not do. */
  picked?: string;
  /** SQL of the value after a conflict, made from the stored and the new one; left out: the new one. */
  merged?: string;
  of(row: Row): Cell;
}

export interface Insertion<Row> {
  table: string;
  /** By name; `workspace_id` goes without saying. */
  columns: Readonly<Record<string, Column<Row>>>;
  /** Columns with one value for all rows, given with each call. */
  constants?: readonly string[];
  /**
   * Columns and constants that, within the workspace, name a row. Rows are written in their order, so that two writers lock in the same
   * one, and of several rows with one key the last is written.
   */
  key: readonly string[];
  /** `update` sets every column that is not part of the key. */
  onConflict: "fail" | "ignore" | "update";
  /** SQL assignments besides the columns on a conflict; the stored row is `stored`. */
  also?: string;
  /** SQL condition for updating on a conflict. */
  when?: string;
  /** SQL of what each written row gives back. */
  returning?: string;
}

/** @returns a function that writes rows and gives back what `returning` asks for, of the rows written */
export function insertInto<Row, Returned extends QueryResultRow = Record<string, never>>(insertion: Insertion<Row>) {
  const columns = Object.values(insertion.columns);
  const keys = insertion.key.flatMap((name) => insertion.columns[name]?.of ?? []);
  const joined = statementOf(insertion, ({ type }, place) =>
    type === "text" ? `string_to_array(${place}, '${SEPARATOR}', '${NULL}')` : `${place}::${type}[]`,
  );
  const quoted = statementOf(insertion, ({ type }, place) => `${place}::${type}[]`);
  return async (
    transaction: Transaction,
    rows: readonly Row[],
    constants: readonly unknown[] = [],
  ): Promise<Returned[]> => {
    if (rows.length === 0) return [];
    const sorted = sortedByKey(rows, keys);
    const values = columns.map((column) => sorted.map((row) => column.of(row) ?? null));
    const joins = columns.every(({ type }, at) => type !== "text" || canBeJoined(values[at] ?? []));
    const parameters = columns.map(({ type }, at) => parameterOf(type, values[at] ?? [], joins));
    return transaction.query<Returned>(joins ? joined : quoted, [transaction.workspaceId, ...constants, ...parameters]);
  };
}

function statementOf<Row>(
  insertion: Insertion<Row>,
  arrayOf: (column: Column<Row>, placeholder: string) => string,
): string {
  const { table, constants = [], key, onConflict, also, when, returning } = insertion;
  const columns = Object.entries(insertion.columns);
  const names = columns.map(([name]) => `"${name}"`);
  const shared = ["workspace_id", ...constants];
  const taken = columns.map(
    ([name, { cast, picked }]) => picked ?? `"${name}"${cast === undefined ? "" : `::${cast}`}`,
  );
  const arrays = columns.map(([, column], index) => arrayOf(column, `$${shared.length + index + 1}`));
  const updates = [
    ...columns.flatMap(([name, { merged }]) =>
      key.includes(name) ? [] : [`"${name}" = ${merged ?? `excluded."${name}"`}`],
    ),
    ...(also === undefined ? [] : [also]),
  ];
  const conflict = {
    fail: "",
    ignore: " ON CONFLICT DO NOTHING",
    update: ` ON CONFLICT (${["workspace_id", ...key].join(", ")}) DO UPDATE SET ${updates.join(", ")}`,
  }[onConflict];
  return (
    `INSERT INTO ${table} AS stored (${[...shared, ...names].join(", ")})
     SELECT ${[...shared.map((_, index) => `$${index + 1}`), ...taken].join(", ")}
     FROM unnest(${arrays.join(", ")}) AS incoming (${names.join(", ")})${conflict}` +
    (when === undefined ? "" : ` WHERE ${when}`) +
    (returning === undefined ? "" : ` RETURNING ${returning}`)
  );
}

function sortedByKey<Row>(rows: readonly Row[], keys: readonly ((row: Row) => Cell)[]): readonly Row[] {
  const [only] = keys;
  const keyOf =
    only !== undefined && keys.length === 1
      ? (row: Row) => String(only(row))
      : (row: Row) => keys.map((of) => of(row)).join("\u0000");
  const named = rows.map(keyOf);
  // As most callers have them.
  if (named.every((key, at) => at === 0 || (named[at - 1] ?? "") < key)) return rows;
  const byKey = new Map(rows.map((row, at) => [named[at] ?? "", row]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/**
 * Quoting every text for an array, JSON above all, costs more than working it out. Joined by a control character that JSON
 * never and text hardly ever contains, nothing needs quoting.
 */
const SEPARATOR = "\u001f";
const NULL = "\u001e";

const hasControl = (value: Cell): boolean =>
  typeof value === "string" && (value.includes(SEPARATOR) || value.includes(NULL));

/** A lone empty text cannot either: Postgres reads it as no text at all. */
const canBeJoined = (values: readonly Cell[]): boolean =>
  !(values.length === 1 && values[0] === "") && values.every((value) => value === null || !hasControl(value));

function parameterOf(type: Column<never>["type"], values: readonly Cell[], joins: boolean): unknown {
  if (type !== "text") return `{${values.map(plain).join()}}`;
  return joins ? values.map((value) => String(value ?? NULL)).join(SEPARATOR) : values;
}

/** Numbers, ids, times and truth values need no quotes in an array. */
const plain = (value: Cell): string => (value instanceof Date ? value.toISOString() : String(value ?? "NULL"));
