import { existsSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OrderRecord } from "../core/records.ts";
import { fileOf, readAll, readByPage, recordsOf, rejectsOf, withFolder } from "./testing.ts";

const HEADER = "order id,order date,customer id,quantity,unit price,currency";

const read = (content: string, overrides: string[] = []) =>
  withFolder(async (folder) =>
    readAll([await fileOf(join(folder, "orders.csv"), content, { kind: "orders", overrides })], "orders"),
  );

const ordersOf = (pages: Awaited<ReturnType<typeof readAll>>): OrderRecord[] =>
  recordsOf(pages).filter((record) => record.kind === "order");

const money = (pages: Awaited<ReturnType<typeof readAll>>) =>
  ordersOf(pages).map(({ id, amountMinor, refundedMinor, status }) => [id, amountMinor, refundedMinor, status]);

describe("orders from a file", () => {
  it("adds the rows of an order up exactly and in its currency's units", async () => {
    const pages = await read(
      `${HEADER}\n1,2024-01-01,7,3,0.1,EUR\n1,2024-01-01,7,1,0.005,EUR\n2,2024-01-02,7,2,150,JPY\n`,
    );
    expect(money(pages)).toEqual([
      ["1", 31, 0, "paid"],
      ["2", 300, 0, "paid"],
    ]);
  });

  it("counts what came back against the customer, and cancels what came to nothing", async () => {
    const pages = await read(
      `${HEADER}\n1,2024-01-01,7,3,10,GBP\nC2,2024-01-02,7,-1,10,GBP\n3,2024-01-03,7,2,5,GBP\n3,2024-01-03,7,-2,5,GBP\n`,
    );
    expect(money(pages)).toEqual([
      ["1", 3000, 0, "paid"],
      ["C2", 0, 1000, "refunded"],
      ["3", 0, 0, "cancelled"],
    ]);
    const net = ordersOf(pages).reduce((sum, order) => sum + order.amountMinor - order.refundedMinor, 0);
    expect(net).toBe(2000);
  });

  it("reads totals, refunds and states from their own columns", async () => {
    const pages = await read(
      "order id,date,total,refunded,status,email\n1,2024-01-01,30.00,10.00,paid,a@brightleaf.co.uk\n2,2024-01-01,30.00,30.00,,a@brightleaf.co.uk\n" +
        "3,2024-01-01,30.00,,Storniert,a@brightleaf.co.uk\n4,2024-01-01,30.00,,refunded,a@brightleaf.co.uk\n5,2024-01-01,30.00,,sideways,a@brightleaf.co.uk\n",
    );
    expect(money(pages)).toEqual([
      ["1", 3000, 1000, "paid"],
      ["2", 3000, 3000, "refunded"],
      ["3", 3000, 0, "cancelled"],
      ["4", 3000, 3000, "refunded"],
    ]);
    expect(rejectsOf(pages)).toEqual([
      expect.objectContaining({ ref: "line 6", reason: 'Column "status" holds a status we do not know.' }),
    ]);
  });

  it("counts a total once where it is repeated, and leaves out whole an order that gives two", async () => {
    const pages = await read(
      "order id,date,total,email\n1,2024-01-01,30.00,a@brightleaf.co.uk\n1,2024-01-01,,a@brightleaf.co.uk\n1,2024-01-01,30.00,a@brightleaf.co.uk\n3,2024-01-01,30.00,a@brightleaf.co.uk\n3,2024-01-01,31.00,a@brightleaf.co.uk\n2,2024-01-02,5.00,a@brightleaf.co.uk\n",
      ["amount-per=order"],
    );
    expect(money(pages)).toEqual([
      ["1", 3000, 0, "paid"],
      ["2", 500, 0, "paid"],
    ]);
    expect(rejectsOf(pages).map(({ ref, reason }) => `${ref}: ${reason}`)).toEqual([
      'line 5: Column "total" gives another total than the order\'s first row.',
      "line 6: Another row of this order cannot be used, so that the order was left out whole.",
    ]);
  });

  it("neither doubles nor overwrites an order that comes again further down", async () => {
    const pages = await read(
      `${HEADER}\n1,2024-01-01,7,1,10,GBP\n2,2024-01-01,7,1,20,GBP\n1,2024-01-01,7,1,30,GBP\n1,2024-01-01,7,1,5,GBP\n`,
    );
    expect(money(pages)).toEqual([
      ["1", 1000, 0, "paid"],
      ["2", 2000, 0, "paid"],
      ["1/2", 3500, 0, "paid"],
    ]);
  });

  it("names the buyer by the best the row has, once per page, and never by an address", async () => {
    const pages = await read(
      "order id,date,total,customer id,loyalty card,email,phone\n1,2024-01-01,1,17850.0,,a@brightleaf.co.uk,\n2,2024-01-02,1,17850,,,07700 900001\n" +
        "3,2024-01-03,1,,L5,,\n4,2024-01-04,1,,,B@brightleaf.co.uk,\n5,2024-01-05,1,,,b@brightleaf.co.uk,\n6,2024-01-06,1,,,,\n",
    );
    const people = recordsOf(pages).filter((record) => record.kind === "person");
    expect(people[0]).toMatchObject({
      id: "customer-17850",
      emails: ["a@brightleaf.co.uk"],
      phones: ["07700 900001"],
      externalIds: [{ kind: "account_id", value: "17850", scope: "connection" }],
    });
    expect(people.map((person) => person.id.replace(/[0-9a-f]{32}/, "HASH"))).toEqual([
      "customer-17850",
      "loyalty-L5",
      "email-HASH",
    ]);
    expect(ordersOf(pages).map((order) => order.person?.id ?? null)).toEqual([
      "customer-17850",
      "customer-17850",
      "loyalty-L5",
      people[2]?.id,
      people[2]?.id,
      null,
    ]);
  });

  it("says of each bad row what is wrong with it, and leaves its order out whole", async () => {
    const pages = await read(
      `${HEADER}\n1,2024-01-01,7,1,10,GBP\n1,2024-01-01,7,one,10,GBP\n,2024-01-01,7,1,10,GBP\n1,2024-01-01,7,2,10,GBP\n` +
        "2,someday,7,1,10,GBP\n3,2024-01-01,7,1,-10,GBP\n4,2024-01-01,7,1,10,gold\n5,2024-01-01\n6,2024-01-01,7,1,,GBP\n",
    );
    expect(money(pages)).toEqual([]);
    expect(rejectsOf(pages).map(({ ref, reason }) => `${ref}: ${reason}`)).toEqual([
      "line 2: Another row of this order cannot be used, so that the order was left out whole.",
      'line 3: Column "quantity" is not a number.',
      'line 4: Column "order id" is blank.',
      "line 5: Another row of this order cannot be used, so that the order was left out whole.",
      'line 6: Column "order date" is not a date.',
      'line 7: Column "unit price" is negative.',
      'line 8: Column "currency" is not a currency.',
      "line 9: The row has 2 cells where the header has 6.",
      'line 10: Column "unit price" is blank.',
    ]);
    expect(rejectsOf(pages)[1]?.raw).toMatchObject({ "order id": "1", quantity: "one" });
  });

  it("tells equal sales apart where the file has no order ids", async () => {
    const content =
      "date,total,email\n2024-01-01,5,a@brightleaf.co.uk\n2024-01-01,5,a@brightleaf.co.uk\n2024-01-01,6,a@brightleaf.co.uk\n";
    const [once, twice] = [ordersOf(await read(content)), ordersOf(await read(content))];
    expect(new Set(once.map((order) => order.id)).size).toBe(3);
    expect(twice).toEqual(once);
  });

  it("gives exactly the rest when taken up after any page", async () => {
    const line = fc.tuple(
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: -3, max: 9 }),
      fc.constantFrom("", "7", "8"),
      fc.integer({ min: 0, max: 40 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 300, maxLength: 500 }), fc.boolean(), async (lines, compressed) => {
        const rows = lines.flatMap(([id, quantity, customer, repeat]) =>
          Array.from(
            { length: 1 + repeat },
            () => `${id},${repeat === 9 ? "never" : "2024-01-01"},${customer},${quantity},1.25,GBP`,
          ),
        );
        const content = [HEADER, ...rows].join("\n");
        await withFolder(async (folder) => {
          const path = join(folder, compressed ? "orders.csv.gz" : "orders.csv");
          const file = await fileOf(path, compressed ? gzipSync(content) : content, { kind: "orders" });
          const pages = await readAll([file], "orders");
          expect(pages.length).toBeGreaterThan(1);
          expect(await readByPage([file], "orders")).toEqual(pages);
          for (const [index, page] of pages.entries()) {
            const stored: unknown = JSON.parse(JSON.stringify(page.next));
            const rest = await readAll([file], "orders", stored);
            expect(recordsOf(rest)).toEqual(recordsOf(pages.slice(index + 1)));
            expect(rejectsOf(rest)).toEqual(rejectsOf(pages.slice(index + 1)));
          }
        });
      }),
      { numRuns: 4 },
    );
  });
});

const RETAIL = new URL("../../../shared/data/online_retail/online_retail.csv.gz", import.meta.url);

describe("the head of a wholesaler's two years", () => {
  it("is understood without a word from us, to the penny", async ({ skip }) => {
    skip(!existsSync(RETAIL), "the Online Retail file is not on this machine");
    const lines = gunzipSync(await readFile(RETAIL))
      .toString()
      .split("\n")
      .slice(0, 20_001);
    await withFolder(async (folder) => {
      const file = await fileOf(join(folder, "retail.csv"), lines.join("\n"));
      expect(file.mapping).toEqual({
        order_id: ["InvoiceNo"],
        customer_id: ["CustomerID"],
        quantity: ["Quantity"],
        unit_price: ["UnitPrice"],
        placed_at: ["InvoiceDate"],
        country: ["Country"],
      });
      const pages = await readAll([file], "orders");
      expect(pages.reduce((sum, page) => sum + page.rawCount, 0)).toBe(20_000);
      // The same sum by a plain split from the right: only descriptions hold commas.
      const cents = lines.slice(1).reduce((sum, text) => {
        const [quantity = "", , price = ""] = text.split(",").slice(-5);
        return sum + Math.round(Number(quantity) * Number(price) * 100);
      }, 0);
      const net = ordersOf(pages).reduce((sum, order) => sum + order.amountMinor - order.refundedMinor, 0);
      expect(net).toBe(cents);
      expect(recordsOf(pages).find((record) => record.kind === "person")).toMatchObject({
        id: "customer-17850",
        country: "GB",
      });
    });
  });
});
