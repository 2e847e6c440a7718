import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectorError } from "../core/errors.ts";
import { csvFileOf, guessFile } from "./guess.ts";
import { FILE_KINDS } from "./settings.ts";
import { isKept } from "./tally.ts";
import { LONDON, readAll, rejectsOf, tallyAfter, withFolder } from "./testing.ts";

const HEADERS = [
  "Order ID,Order Date,Email,Total",
  "Receipt No,Date,Item,Qty,Price,Total,Status,Type,Email",
  "Name,Email,Financial Status,Created at,Currency,Total,Lineitem name,Refunded Amount,Outstanding Balance",
  "Date,Time,Time Zone,Item,Qty,Gross Sales,Net Sales,Transaction ID,Event Type,Customer ID,Customer Name",
  "id,Created (UTC),Amount,Amount Refunded,Currency,Status,Mode,Customer ID,Customer Email",
  "Date,Receipt Number,Line Type,Customer Code,Total,Status,Register",
  "Email,First Name,Last Name,Phone,Postcode,Country,Accepts Email Marketing,Unsubscribed",
  "Customer ID,Name,Email,Phone,Marketing Consent,Consent Date",
  "Email Address,LEID,EUID,OPTIN_TIME,CONFIRM_TIME,UNSUB_TIME",
  "Date,Event,Email,Campaign",
  ",,Email,,",
  "a,b,c",
];

const CELLS = [
  ...[
    "",
    " ",
    "0",
    "1",
    "2",
    "R-1",
    "R-1",
    "#2001",
    "5.50001E+12",
    "TOTAL",
    "none",
    "N/A",
    "\u0000",
    "'=1+1",
    "=cmd()",
  ],
  ...["2026-03-04", "03/04/2026", "2026-03-04 10:15:00 -0500", "45384", "7 March 2026", "yesterday", "99/99/9999"],
  ...["5.00", "-5.00", "$(5.25)", "€ 1.234,50", "1,234.50", "1e9", "999999999999", "ten", "US$12", "12,-", "Rs.1"],
  ...[
    "paid",
    "Refunded",
    "partially_refunded",
    "wibble",
    "Sale",
    "Refund",
    "Payment",
    "Void",
    "Fee",
    "EUR",
    "usd",
    "gold",
  ],
  ...[
    "ann@brightleaf.co.uk",
    "Ann Lee <ann@brightleaf.co.uk>",
    "@",
    "+44 7911 123456",
    "yes",
    "no",
    "STOP",
    "\u2717",
    "GB",
  ],
  ...[
    "Eastern Time (US & Canada)",
    "PDT",
    "Moon Base",
    "x".repeat(300),
    "\ud83d",
    "Müller",
    "مرحبا",
    "a\nb",
    'say "hi"',
  ],
];

const DELIMITERS = [",", ";", "\t", "|"];
const quoted = (cell: string, delimiter: string): string =>
  /["\r\n]/.test(cell) || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell;

/** A file as a tool writes it, and how many rows it has; then perhaps what happens to files on their way. */
const file = fc.record({
  header: fc.constantFrom(...HEADERS),
  rows: fc.array(fc.array(fc.constantFrom(...CELLS), { minLength: 1, maxLength: 12 }), { maxLength: 12 }),
  fitting: fc.boolean(),
  delimiter: fc.constantFrom(...DELIMITERS),
  lineEnd: fc.constantFrom("\n", "\r\n"),
  kind: fc.constantFrom(null, ...FILE_KINDS),
  damage: fc.option(
    fc.record({
      at: fc.nat(400),
      text: fc.constantFrom('"', '""', "\n", "\r", ",", "\u0000", "x".repeat(2_000), '"\n"'),
    }),
    { nil: null, freq: 3 },
  ),
});

describe("any file", () => {
  it("comes out as rows taken, collapsed and refused, without an error and in bounded time", async () => {
    await withFolder(async (folder) => {
      let number = 0;
      let imports = 0;
      await fc.assert(
        fc.asyncProperty(file, async ({ header, rows, fitting, delimiter, lineEnd, kind, damage }) => {
          const names = header.split(",");
          const table = rows.map((cells) => (fitting ? names.map((_, at) => cells[at % cells.length] ?? "") : cells));
          const text = [names, ...table]
            .map((cells) => cells.map((cell) => quoted(cell, delimiter)).join(delimiter) + lineEnd)
            .join("");
          const content = damage === null ? text : text.slice(0, damage.at) + damage.text + text.slice(damage.at);
          const before = process.cpuUsage();
          const path = join(folder, `${number++}.csv`);
          await writeFile(path, content);
          const guess = await guessFile(path, { ...LONDON, ...(kind === null ? {} : { kind }) }).catch(onlyOurs);
          if (guess === null) return;
          imports++;
          const imported = await csvFileOf(path, guess);
          const pages = await readAll([imported], guess.kind);
          const refused = rejectsOf(pages).filter((reject) => !isKept(reject));
          const tally = tallyAfter(pages, imported);
          expect(tally.taken + tally.collapsed + tally.refused).toBe(tally.rows);
          expect(refused).toHaveLength(tally.refused);
          expect(new Set(refused.map(({ ref }) => ref)).size).toBe(tally.refused);
          expect(tally.taken).toBeGreaterThanOrEqual(0);
          const whole = damage === null && guess.header && guess.start.offset === 0 && guess.delimiter === delimiter;
          if (whole && fitting && names.length > 1) expect(tally.rows).toBe(rows.length);
          expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
        }),
        { numRuns: 2_000 },
      );
      expect(imports).toBeGreaterThan(1_500);
    });
  }, 600_000);
});

function onlyOurs(error: unknown): null {
  if (error instanceof ConnectorError) return null;
  throw error;
}
