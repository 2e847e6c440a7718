/** Rows of lines without a quote, as most lines of most files are: they need no parser. */
import type { Row } from "./rows.ts";
import type { Delimiter, Position } from "./settings.ts";

const FEED = 10;
const RETURN = 13;
const QUOTE = 34;

/**
 * The rows as the parser would read them, blank lines among them.
 *
 * @param lines whole lines, from `start` on
 * @returns null where a quote or a lone carriage return needs the parser, or the last line is not at its end
 */
export function plainRows(lines: Buffer, delimiter: Delimiter, start: Position): Row[] | null {
  if (lines.at(-1) !== FEED || lines.includes(QUOTE)) return null;
  const rows: Row[] = [];
  let { line } = start;
  for (let at = 0; at < lines.length;) {
    const feed = lines.indexOf(FEED, at);
    const end = feed > at && lines[feed - 1] === RETURN ? feed - 1 : feed;
    // Line by line: cells cut from a larger text would keep the whole of it in memory.
    const text = lines.toString("utf8", at, end);
    if (text.includes("\r")) return null;
    at = feed + 1;
    line += 1;
    rows.push({ cells: text.split(delimiter), line, endOffset: start.offset + at, endLine: line, fault: null });
  }
  return rows;
}
