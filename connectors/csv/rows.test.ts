import { stringify } from "csv-stringify/sync";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRows, type Row } from "./rows.ts";

async function rowsOf(
  text: string | Buffer,
  slice = 64 * 1024,
  at = { offset: 0, line: 0 },
  width: number | null = null,
) {
  const bytes = Buffer.from(text).subarray(at.offset);
  const chunks: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += slice) chunks.push(bytes.subarray(from, from + slice));
  const rows: Row[] = [];
  for await (const batch of readRows(chunks, { delimiter: ",", width, ...at })) rows.push(...batch);
  return rows;
}

const brief = (rows: Row[]) =>
  rows.map(({ line, cells, fault }) => (fault === null ? [line, ...cells] : [line, "BAD"]));

describe("reading rows", () => {
  it("counts lines through quoted line breaks, blank lines and all three line ends", async () => {
    const text = 'a,b\r\n1,"two\nlines"\n\n2,"with, comma"\r3,"say ""hi"""';
    expect(brief(await rowsOf(text))).toEqual([
      [1, "a", "b"],
      [2, "1", "two\nlines"],
      [5, "2", "with, comma"],
      [6, "3", 'say "hi"'],
    ]);
  });

  it("rejects a row of the wrong width with its line and reads the others", async () => {
    const rows = await rowsOf("a,b\n1,2\n3\n4,5,6\n7,8\n");
    expect(brief(rows)).toEqual([
      [1, "a", "b"],
      [2, "1", "2"],
      [3, "BAD"],
      [4, "BAD"],
      [5, "7", "8"],
    ]);
    expect(rows[2]?.fault).toBe("The row has 1 cell where the header has 2.");
  });

  it("reads quotes inside plain fields, as inches are written", async () => {
    expect(brief(await rowsOf('a,b\n1,12" ruler\n2,"7" record"\n3,x\n'))).toEqual([
      [1, "a", "b"],
      [2, "1", '12" ruler'],
      [3, "2", '"7" record"'],
      [4, "3", "x"],
    ]);
  });

  it("loses one line, not the rest of the file, to a quote that is never closed", async () => {
    const later = Array.from({ length: 30_000 }, (_, n) => `${n},plain`);
    const rows = await rowsOf(["a,b", '1,"open', "2,x,y", '3,"open again,', ...later].join("\n"));
    expect(brief(rows.slice(0, 4))).toEqual([
      [1, "a", "b"],
      [2, "1", '"open'],
      [3, "BAD"],
      [4, "BAD"],
    ]);
    expect(rows).toHaveLength(30_004);
    expect(rows.at(-1)).toMatchObject({ line: 30_004, cells: ["29999", "plain"], fault: null });
  });

  it("does not let a stray quote swallow rows that would fit", async () => {
    expect(brief(await rowsOf('a,b\n1,"x\n2,y\n3,z"w\n4,v\n'))).toEqual([
      [1, "a", "b"],
      [2, "1", '"x'],
      [3, "2", "y"],
      [4, "3", 'z"w'],
      [5, "4", "v"],
    ]);
  });

  const cell = fc.string({
    unit: fc.constantFrom("a", "é", "€", "😀", ",", '"', "\n", "\r\n", " ", "'", ";"),
    maxLength: 6,
  });
  const grid = fc
    .integer({ min: 2, max: 4 })
    .chain((width) =>
      fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 12 }),
    );

  it("reads back whatever was written properly, cut into chunks anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(
        grid,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom("\n" as const, "\r\n" as const),
        async (cells, slice, end) => {
          const rows = await rowsOf(stringify(cells, { record_delimiter: end, quoted: true }), slice);
          expect(rows.map((row) => row.cells)).toEqual(cells);
          expect(rows.every((row) => row.fault === null)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("goes on from the end of any row exactly where it was, even in a broken file", async () => {
    const noise = fc.string({ unit: fc.constantFrom("a", "b", ",", '"', "\n", "\r\n", "é"), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(noise, async (text) => {
        const rows = await rowsOf(`h,i\n${text}`);
        for (const [index, row] of rows.entries()) {
          const rest = await rowsOf(`h,i\n${text}`, 7, { offset: row.endOffset, line: row.endLine }, 2);
          expect(rest).toEqual(rows.slice(index + 1));
        }
      }),
      { numRuns: 60 },
    );
  });
});
