/** What the command line prints: a table for people, JSON for programs. */

export interface OutputOptions {
  json?: boolean;
}

/** Prints `data` as JSON where asked, else what `render` makes of it. */
export function print<Data>(options: OutputOptions, data: Data, render: (data: Data) => string): void {
  process.stdout.write(options.json ? `${JSON.stringify(data, null, 2)}\n` : `${render(data)}\n`);
}

/** Columns padded to their widest cell; numbers to the right. */
export function table(headers: string[], rows: (string | number | null)[][]): string {
  const cells = [headers, ...rows.map((row) => row.map(textOf))];
  const widths = headers.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const right = headers.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"));
  return cells
    .map((row) =>
      row
        .map((cell, column) => (right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function textOf(cell: string | number | null): string {
  if (cell === null) return "-";
  return typeof cell === "number" ? cell.toLocaleString("en") : cell;
}

const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

/** In the reader's own time zone. */
export function when(instant: Date | string | null): string {
  return instant === null ? "never" : moment.format(new Date(instant));
}

export function money(minor: number, currency: string): string {
  const format = new Intl.NumberFormat("en-GB", { style: "currency", currency });
  return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

export function heading(text: string): string {
  return `\n${text}\n${"─".repeat(text.length)}`;
}
