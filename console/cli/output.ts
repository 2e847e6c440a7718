/** What the command line prints: a table for people, JSON for programs. Standard output holds the answer and nothing else. */

export interface OutputOptions {
  json?: boolean;
}

type Cell = string | number | null;

/** Prints `data` as JSON where asked, else what `render` makes of it. */
export function print<Data>(options: OutputOptions, data: Data, render: (data: Data) => string): void {
  process.stdout.write(options.json ? `${JSON.stringify(data, null, 2)}\n` : `${harmless(render(data))}\n`);
}

/** For the person, not for the program that reads the answer. */
export function note(text: string): void {
  process.stderr.write(`${harmless(text)}\n`);
}

/**
 * A customer may be called anything, also a sequence that moves the cursor or turns the text around: what steers a
 * terminal is shown as a replacement character.
 */
export function harmless(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** Columns padded to their widest cell; columns of numbers to the right. */
export function table(headers: string[], rows: Cell[][]): string {
  const cells = [headers, ...rows.map((row) => row.map(textOf))];
  const widths = headers.map((_, column) => Math.max(...cells.map((row) => lengthOf(row[column] ?? ""))));
  const right = headers.map((_, column) => isNumeric(rows.map((row) => row[column] ?? null)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => {
          const space = " ".repeat(Math.max(0, (widths[column] ?? 0) - lengthOf(cell)));
          return right[column] ? space + cell : cell + space;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** In characters, not code units: most letters beyond the basic plane and their marks take one column. */
function lengthOf(text: string): number {
  return [...new Intl.Segmenter().segment(text)].length;
}

function isNumeric(column: Cell[]): boolean {
  return column.some((cell) => typeof cell === "number") && column.every((cell) => typeof cell !== "string");
}

function textOf(cell: Cell): string {
  if (cell === null) return "-";
  return typeof cell === "number" ? cell.toLocaleString("en") : cell;
}

const MOMENT = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" } as const;
const moment = new Intl.DateTimeFormat("en-GB", MOMENT);
const zoned = new Intl.DateTimeFormat("en-GB", { ...MOMENT, timeZoneName: "short" });

/** In the reader's own time zone, for a column whose head names the zone. */
export const moments = (instant: Date | string | null): string =>
  instant === null ? "never" : moment.format(new Date(instant));

/** In the reader's own time zone, naming it. */
export const when = (instant: Date | string | null): string =>
  instant === null ? "never" : zoned.format(new Date(instant));

/** The reader's time zone as `when` names it now. */
export const zone = (): string =>
  zoned.formatToParts(new Date()).find(({ type }) => type === "timeZoneName")?.value ?? "local time";

export function heading(text: string): string {
  return `\n${text}\n${"─".repeat(lengthOf(text))}`;
}

export const count = (value: number): string => value.toLocaleString("en");

export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

const UNITS = ["KB", "MB", "GB", "TB"];

/** As disks are sold: 1 KB is 1,000 bytes. */
export function bytes(value: number): string {
  let [size, unit] = [value, "bytes"];
  for (const next of UNITS) {
    if (size < 1_000) break;
    [size, unit] = [size / 1_000, next];
  }
  return `${unit === "bytes" || size >= 100 ? Math.round(size) : size.toFixed(1)} ${unit}`;
}
