import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { OrderRecord } from "../core/records.ts";
import { guessFile, type GuessOptions } from "./guess.ts";
import { missingFields } from "./overrides.ts";
import { fileOf, LONDON, readAll, recordsOf, rejectsOf, withFolder } from "./testing.ts";
import { writeFile } from "node:fs/promises";

type Options = Partial<GuessOptions> & { overrides?: string[] };

const read = (content: string, options: Options = {}) =>
  withFolder(async (folder) => {
    const file = await fileOf(join(folder, "sales.csv"), content, options);
    const pages = await readAll([file], "orders");
    const orders = recordsOf(pages).filter((record): record is OrderRecord => record.kind === "order");
    return {
      file,
      orders,
      money: orders.map((order) => [order.id, order.amountMinor, order.refundedMinor, order.currency, order.status]),
      rejects: rejectsOf(pages).map(({ ref, reason }) => `${ref}: ${reason}`),
    };
  });

const asked = (content: string, options: Partial<GuessOptions> = {}) =>
  withFolder(async (folder) => {
    const path = join(folder, "sales.csv");
    await writeFile(path, content);
    const guess = await guessFile(path, { ...LONDON, ...options });
    return { kind: guess.kind, questions: guess.questions.map(({ about }) => about), stopped: missingFields(guess) };
  });

const table = (header: string, ...rows: string[]): string => `${[header, ...rows].join("\n")}\n`;
const BUYER = "ann.bee@brightleaf.co.uk";

describe("whether rows repeat an order's total", () => {
  it.each([
    [
      "equal lines of goods",
      "Receipt No,Date,Item,Amount",
      ["R1,2026-03-01,Mug,5.00", "R1,2026-03-01,Mug,5.00", "R2,2026-03-01,Tea,4.00", "R2,2026-03-01,Tea,4.00"],
      [1000, 800],
    ],
    [
      "a column called the order's",
      "Order ID,Date,Item,Order Total",
      ["1,2026-03-01,Mug,30.00", "1,2026-03-01,Tea,30.00"],
      [3000],
    ],
    [
      "a column called the line's",
      "Order ID,Date,Item,Line Total",
      ["1,2026-03-01,Mug,30.00", "1,2026-03-01,Tea,30.00"],
      [6000],
    ],
    [
      "lines that are quantity times price",
      "Order ID,Date,Item,Qty,Price,Total",
      ["1,2026-03-01,Mug,2,5.00,10.00", "1,2026-03-01,Tea,1,10.00,10.00"],
      [2000],
    ],
    [
      "a total that is the sum of quantity times price",
      "Order ID,Date,Item,Qty,Price,Total",
      ["1,2026-03-01,Mug,2,5.00,20.00", "1,2026-03-01,Tea,1,10.00,20.00"],
      [2000],
    ],
    [
      "a total on the first row alone",
      "Order ID,Date,Item,Total",
      ["1,2026-03-01,Mug,30.00", "1,2026-03-01,Tea,"],
      [3000],
    ],
    [
      "a total on the last row alone",
      "Order ID,Date,Item,Total",
      ["1,2026-03-01,Mug,", "1,2026-03-01,Tea,30.00"],
      [3000],
    ],
    [
      "rows of an order apart from each other",
      "Order ID,Date,Item,Order Total",
      ["1,2026-03-01,Mug,30.00", "2,2026-03-01,Tea,7.00", "1,2026-03-01,Pot,30.00"],
      [3000, 700],
    ],
  ])("is seen from %s", async (_, header, rows, amounts) => {
    const { money, rejects } = await read(table(header, ...rows));
    expect(money.map(([, amount]) => amount)).toEqual(amounts);
    expect(rejects).toEqual([]);
  });

  it("is asked where nothing tells, and answered by an override", async () => {
    const content = table("Order ID,Date,Amount", "1,2026-03-01,5.00", "1,2026-03-01,5.00");
    expect((await asked(content)).questions).toEqual(["amount-per"]);
    expect((await read(content, { overrides: ["amount-per=order"] })).money).toEqual([["1", 500, 0, "GBP", "paid"]]);
    expect((await read(content, { overrides: ["amount-per=row"] })).money).toEqual([["1", 1000, 0, "GBP", "paid"]]);
  });
});

describe("money that went back", () => {
  it.each([
    [
      "rows called refunds with positive amounts",
      "Type",
      ["1,2026-01-02,Sale,50.00", "1,2026-01-10,Refund,50.00", "2,2026-01-04,Sale,20.00", "2,2026-01-04,Refund,5.00"],
      1500,
    ],
    [
      "negative ones",
      "Type",
      ["1,2026-01-02,Sale,50.00", "1,2026-01-10,Refund,-50.00", "2,2026-01-04,Sale,20.00", "2,2026-01-04,Refund,-5.00"],
      1500,
    ],
    ["a refund above its sale", "Transaction Type", ["1,2026-01-10,Return,5.00", "1,2026-01-02,Sale,20.00"], 1500],
    [
      "a refund far below its sale",
      "Type",
      ["1,2026-01-02,Sale,50.00", "2,2026-01-04,Sale,20.00", "1,2026-01-10,Refund,50.00"],
      2000,
    ],
    ["a refund without its sale", "Vorgang", ["1,2026-01-02,Verkauf,50.00", "9,2026-01-04,Gutschrift,20.00"], 3000],
    [
      "states instead of kinds",
      "Status",
      ["1,2026-01-02,Completed,50.00", "1,2026-01-10,Refunded,50.00", "2,2026-01-04,Completed,20.00"],
      2000,
    ],
    [
      "states of rows far below",
      "Status",
      ["1,2026-01-02,Completed,50.00", "2,2026-01-04,Completed,20.00", "1,2026-01-10,Refunded,50.00"],
      2000,
    ],
    [
      "an order given back as a whole",
      "Status",
      ["1,2026-01-02,Refunded,30.00", "1,2026-01-02,Refunded,20.00", "2,2026-01-04,Paid,20.00"],
      2000,
    ],
    [
      "payments beside sales",
      "Type",
      [
        "1,2026-01-02,Sale,50.00",
        "1,2026-01-02,Payment,50.00",
        "2,2026-01-04,Sale,20.00",
        "2,2026-01-04,Payment,20.00",
      ],
      7000,
    ],
    [
      "payments that are the sales",
      "Type",
      ["1,2026-01-02,Payment,50.00", "2,2026-01-04,Payment,20.00", "2,2026-01-04,Refund,20.00"],
      5000,
    ],
    [
      "fees and payouts between",
      "Type",
      ["1,2026-01-02,Charge,50.00", "p1,2026-01-03,Payout,-48.00", "f1,2026-01-02,Stripe Fee,-2.00"],
      5000,
    ],
  ])("is taken off: %s", async (_, column, rows, net) => {
    const { orders } = await read(table(`Order ID,Date,${column},Amount`, ...rows));
    expect(orders.reduce((sum, order) => sum + order.amountMinor - order.refundedMinor, 0)).toBe(net);
  });

  it("keeps the day of the sale, not of the refund above it", async () => {
    const { orders } = await read(
      table("Order ID,Date,Type,Amount", "1,2026-01-10,Refund,5.00", "1,2026-01-02,Sale,20.00"),
    );
    expect(orders.map(({ id, placedAt }) => [id, placedAt])).toEqual([["1", "2026-01-02T00:00:00.000Z"]]);
  });

  it("does not sell what was voided, and refuses an order with a kind of row nobody knows", async () => {
    const { money, rejects } = await read(
      table(
        "Order ID,Date,Type,Amount",
        "1,2026-01-02,Sale,50.00",
        "1,2026-01-02,Void,50.00",
        "2,2026-01-02,Sale,5.00",
        "2,2026-01-02,Wibble,1.00",
        "3,2026-01-02,Refund,1.00",
      ),
    );
    expect(money.filter(([, , , , status]) => status !== "cancelled")).toEqual([
      ["3/refund", 0, 100, "GBP", "refunded"],
    ]);
    expect(rejects).toEqual([
      "line 4: Another row of this order cannot be used, so that the order was left out whole.",
      'line 5: Column "Type" holds a kind of row we do not know.',
    ]);
  });
});

describe("states", () => {
  it.each([
    ["Partially Refunded", 10_000, 2500, "paid"],
    ["partially_refunded", 10_000, 2500, "paid"],
    ["Teilweise erstattet", 10_000, 2500, "paid"],
    ["captured", 10_000, 2500, "paid"],
    ["wc-completed", 10_000, 2500, "paid"],
    ["wc-processing", 10_000, 2500, "paid"],
    ["Processing", 10_000, 2500, "pending"],
    ["ON_HOLD", 10_000, 2500, "pending"],
    ["Partially Paid", 6000, 2500, "paid"],
    ["voided", 10_000, 2500, "cancelled"],
    ["Declined", 10_000, 2500, "failed"],
  ])("%s is understood", async (state, amount, refunded, status) => {
    const { money } = await read(
      table("Order ID,Date,Status,Total,Refunded,Amount Paid", `1,2026-01-02,${state},100.00,25.00,60.00`),
    );
    expect(money).toEqual([["1", amount, refunded, "GBP", status]]);
  });

  it("keeps an order whose first row has a state and whose others have none", async () => {
    const rows = ["S1,2026-03-01,captured,10.00", "S1,2026-03-01,,5.00"];
    expect((await read(table("Receipt No,Date,Status,Amount", ...rows))).money).toEqual([
      ["S1", 1500, 0, "GBP", "paid"],
    ]);
  });
});

describe("an order with a row that cannot be used", () => {
  it("is left out whole, wherever the row stands and whatever is wrong with it", async () => {
    const { money, rejects } = await read(
      table(
        "Order ID,Date,Item,Amount",
        ...[
          "1,2026-01-02,Mug,x",
          "1,2026-01-02,Tea,5.00",
          "2,2026-01-02,Mug,5.00",
          "2,2026-01-02,Tea",
          "3,2026-01-02,Mug",
        ],
        ...["3,2026-01-02,Tea,5.00", "4,2026-01-02,Mug,5.00", "4,2026-01-02,Tea,6.00"],
      ),
    );
    expect(money).toEqual([["4", 1100, 0, "GBP", "paid"]]);
    expect(rejects.map((reject) => reject.split(":")[0])).toEqual([
      "line 2",
      "line 3",
      "line 4",
      "line 5",
      "line 6",
      "line 7",
    ]);
  });
});

describe("the currency of each cell", () => {
  it.each([
    ["$(5.25)", 0, 525, "USD"],
    ["US$12.00", 1200, 0, "USD"],
    ["CA$12.00", 1200, 0, "CAD"],
    ["$12.00 USD", 1200, 0, "USD"],
    ["(RM 50.00)", 0, 5000, "MYR"],
    ["RM 1,234.56", 123_456, 0, "MYR"],
    ["12.50-", 0, 1250, "GBP"],
    ["£12", 1200, 0, "GBP"],
    ["€15", 1500, 0, "EUR"],
    ["Rs.12", null, null, null],
    ["kr 5.00", null, null, null],
    ["¥1200", 1200, 0, "JPY"],
    ["KWD 1.234", 1234, 0, "KWD"],
    ["HUF 12.50", 1250, 0, "HUF"],
    ["12.50 apples", null, null, null],
  ])("%s", async (cell, amount, refunded, currency) => {
    // Among pounds, so that no sign decides for the whole file.
    const { money } = await read(
      table("Order ID,Date,Total", "0,2026-01-02,£1.00", "00x,2026-01-02,€1.00", `7,2026-01-02,"${cell}"`),
    );
    const found = money.find(([id]) => id === "7");
    expect(found?.slice(1, 4)).toEqual(amount === null ? undefined : [amount, refunded, currency]);
  });

  it("takes a sign that several share for the business's own where it is one of them", async () => {
    const content = table("Order ID,Date,Total", "1,2026-01-02,$20.00", "2,2026-01-02,kr 9.00");
    expect((await read(content, { currency: "CAD" })).money).toEqual([["1", 2000, 0, "CAD", "paid"]]);
    expect((await read(content)).money).toEqual([["1", 2000, 0, "USD", "paid"]]);
    expect((await read(content, { currency: "SEK" })).money).toEqual([
      ["1", 2000, 0, "USD", "paid"],
      ["2", 900, 0, "SEK", "paid"],
    ]);
  });

  it("refuses an amount whose sign contradicts the currency column, and an order in two currencies", async () => {
    const { money, rejects } = await read(
      table(
        "Order ID,Date,Currency,Total",
        "1,2026-01-02,EUR,£5.00",
        "2,2026-01-02,AUD,$5.00",
        "3,2026-01-02,EUR,5.00",
        "3,2026-01-02,USD,6.00",
      ),
    );
    expect(money).toEqual([["2", 500, 0, "AUD", "paid"]]);
    expect(rejects).toHaveLength(3);
  });
});

describe("a file nobody can be sure about", () => {
  it.each([
    [
      "dates",
      table("Order No,Order Date,Email,Total", `1,some day,${BUYER},10.00`, `2,early April,${BUYER},12.00`),
      /Column "Order Date" should hold a date.*"aaaa aaa"/,
    ],
    [
      "money",
      table("Order No,Order Date,Email,Total", `1,2026-03-01,${BUYER},ten pounds`),
      /Column "Total" should hold an amount of money.*"aaa aaaaaa"/,
    ],
    [
      "a total, though the subtotal can be read",
      table("Order No,Order Date,Email,Subtotal,Total", `1,2026-03-01,${BUYER},8.00,10.00 each`),
      /Column "Total"/,
    ],
    [
      "what a row is",
      table(
        "First Name,Last Name,Postcode,City,Order Date,Order Total,Email",
        `Ann,Lee,N1,London,2026-01-02,10.00,${BUYER}`,
      ),
      /--kind/,
    ],
    [
      "events with money",
      table("Date,Event,Email,Revenue", `2026-01-01,purchase,${BUYER},10.00`, `2026-01-02,visit,${BUYER},`),
      /--kind/,
    ],
  ])("is stopped by %s, which is named", async (_, content, why) => {
    expect((await asked(content)).stopped.join(" ")).toMatch(why);
  });

  it("is not stopped by money in a list of people, and its dates are asked about where both ways can be", async () => {
    expect(
      await asked(
        table(
          "Email,First Name,Last Name,Total Spent,Created At,Last Order Date",
          `${BUYER},Ann,Lee,10.00,2026-01-01,2026-01-09`,
        ),
      ),
    ).toEqual({
      ...{ kind: "people", questions: [], stopped: [] },
    });
    expect((await asked(table("Order ID,Date,Total", "1,03/04/2026,5.00"))).questions).toEqual(["dates"]);
    expect((await asked(table("Order ID,Date,Total", "1,23/04/2026,5.00"))).questions).toEqual([]);
    expect((await asked(table("Order ID,Date,Total", '1,2026-04-03,"1,234"'))).questions).toEqual(["decimal"]);
  });

  it("reads dates whose format a spreadsheet lost, in the workspace's zone", async () => {
    const { orders } = await read(table("Order ID,Order Date,Total", "1,45384,5.00", "2,45385.34789351852,5.00"));
    expect(orders.map(({ placedAt }) => placedAt)).toEqual(["2024-04-01T23:00:00.000Z", "2024-04-03T07:20:58.000Z"]);
  });

  it("never joins orders by an id a spreadsheet shortened", async () => {
    const { money, rejects } = await read(
      table("Order ID,Date,Total", "5.50001E+12,2026-01-02,5.00", "5.50001E+12,2026-01-02,6.00"),
    );
    expect(money.map(([, amount]) => amount)).toEqual([500, 600]);
    expect(rejects[0]).toContain("was shortened by a spreadsheet");
  });
});
