/** What somebody could get wrong here; `npm run test:mutation` makes each and sees that a contract test notices. */
import { mistake } from "#connectors/core/contract-suite/mistake.ts";
import type { Mistake } from "#connectors/core/contract-suite/mistake.ts";

export const mistakes: readonly Mistake[] = [
  mistake("only the days that are new are read", "reading.ts", [
    "return [unsettled < corrected ? unsettled : corrected, yesterday] as const;",
    "return [from.day, yesterday] as const;",
  ]),
  mistake("the last page's rows are all that is taken of a day", "day.ts", [
    "const rows = pages.flatMap((page) =>",
    "const rows = pages.slice(-1).flatMap((page) =>",
  ]),
  mistake("a short page is taken for the end", "day.ts", [
    "pages.length === 0 || offset < expected;",
    "pages.length === 0 || (offset < expected && offset % 50_000 === 0);",
  ]),
  mistake("today counts as a day that is over", "reading.ts", [
    "const yesterday = dayAfter(today, -1);",
    "const yesterday = today;",
  ]),
  mistake("our clock says which day it is", "reading.ts", [
    "Math.min(client.now(), servedAt ?? Infinity)",
    "client.now()",
  ]),
  mistake("a day is never settled", "reading.ts", ["settled: day <= corrected", "settled: false"]),
  mistake("revenue is taken for minor units", "reading.ts", [
    "return { value: micros, currency }",
    "return { value: micros / 10_000, currency }",
  ]),
  mistake("addresses in page paths are kept", "day.ts", [
    "const clean = withoutPeople(dimensionValues);",
    "const clean = dimensionValues;",
  ]),
  mistake("days without rows are passed over", "reading.ts", [
    "days: [{ account: client.property, day, settled: day <= corrected, flags }]",
    "days: rows.length === 0 ? [] : [{ account: client.property, day, settled: day <= corrected, flags }]",
  ]),
  mistake("a day begins where it begins for us", "reading.ts", [
    "today: dayAt(Math.min(client.now(), servedAt ?? Infinity), timeZone)",
    'today: dayAt(Math.min(client.now(), servedAt ?? Infinity), "Pacific/Kiritimati")',
  ]),
  mistake("days on which nobody read are passed over", "reading.ts", [
    "return [unsettled < corrected ? unsettled : corrected, yesterday] as const;",
    "return [corrected, yesterday] as const;",
  ]),
];
