import * as fc from "fast-check";
import { expect, it } from "vitest";
import { plainRows } from "./plain-rows.ts";
import { readRows, type Row } from "./rows.ts";

const START = { offset: 0, line: 0 };
/** A row of three cells that only the parser reads, and with it all that stands in the same piece of text. */
const QUOTED = Buffer.from('"q",,\n');

async function rowsOf(text: Buffer): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of readRows([text], { delimiter: ",", width: 3, ...START })) rows.push(...batch);
  return rows;
}

const cell = fc.string({ unit: fc.constantFrom("a", "7", " ", "é", "😀", "\u0000", "\ufeff", "'", ";"), maxLength: 6 });
const cells = fc.oneof(
  { weight: 8, arbitrary: fc.array(cell, { minLength: 3, maxLength: 3 }) },
  fc.array(cell, { maxLength: 5 }),
);
const line = fc.tuple(cells, fc.constantFrom("\n", "\r\n")).map(([row, end]) => row.join(",") + end);
/** Valid text, and bytes that are none. */
const lines = fc.tuple(fc.array(line, { maxLength: 20 }), fc.constantFrom("utf8", "latin1"));

it("lines without a quote are read as the parser reads them", async () => {
  await fc.assert(
    fc.asyncProperty(lines, async ([written, encoding]) => {
      const text = Buffer.from(written.join(""), encoding as BufferEncoding);
      const [quoted, ...parsed] = await rowsOf(Buffer.concat([QUOTED, text]));
      expect(quoted?.cells).toEqual(["q", "", ""]);
      const moved = (await rowsOf(text)).map((row) => ({
        ...row,
        line: row.line + 1,
        endLine: row.endLine + 1,
        endOffset: row.endOffset + QUOTED.length,
      }));
      expect(moved).toEqual(parsed);
    }),
  );
});

it.each(['1,"2"\n', "1,2\r3,4\n", "1,2", "1,2\n3,4\r"])("%j is left to the parser", (text) => {
  expect(plainRows(Buffer.from(text), ",", START)).toBeNull();
});
