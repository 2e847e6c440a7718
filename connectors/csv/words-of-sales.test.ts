/** Names of columns and states of orders as systems and languages write them: money is neither missed nor made up. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { OrderRecord } from "../core/records.ts";
import { guessFile, type GuessOptions } from "./guess.ts";
import { missingFields, readAs } from "./overrides.ts";
import { stateOf } from "./order-words.ts";
import { fileOf, LONDON, readAll, recordsOf, rejectsOf, withFolder } from "./testing.ts";

const table = (header: string, ...rows: string[]): string => `${[header, ...rows].join("\n")}\n`;
const BUYER = "ann.bee@brightleaf.co.uk";

const read = (content: string, options: Partial<GuessOptions> = {}) =>
  withFolder(async (folder) => {
    const file = await fileOf(join(folder, "sales.csv"), content, options);
    const pages = await readAll([file], "orders");
    const records = recordsOf(pages);
    const orders = records.filter((record): record is OrderRecord => record.kind === "order");
    return {
      kind: file.kind,
      people: records.filter((record) => record.kind === "person").length,
      money: orders.map(({ id, amountMinor, refundedMinor, status }) => [id, amountMinor, refundedMinor, status]),
      rejects: rejectsOf(pages).length,
    };
  });

const asked = (content: string) =>
  withFolder(async (folder) => {
    const path = join(folder, "list.csv");
    await writeFile(path, content);
    const guess = await guessFile(path, LONDON);
    return { kind: guess.kind, stopped: missingFields(guess).join(" ") };
  });

describe("what a state says about the money", () => {
  it.each([
    ["Komplett bezahlt", "paid"],
    ["Der Vorgang wurde abgebrochen.", "cancelled"],
    ["Überfällig", "pending"],
    ["nicht bezahlt", "pending"],
    ["Zahlung fehlgeschlagen", "failed"],
    ["Teilweise zurückerstattet", "partly_refunded"],
    ["En attente de paiement", "pending"],
    ["Expédiée", "paid"],
    ["Non payée", "pending"],
    ["Erreur de paiement", "failed"],
    ["Remboursement partiel", "partly_refunded"],
    ["Pagamento accettato", "paid"],
    ["In attesa di pagamento", "pending"],
    ["Errore di pagamento", "failed"],
    ["Rimborsata", "refunded"],
    ["Pendiente de pago", "pending"],
    ["Entregado", "paid"],
    ["Impagado", "pending"],
    ["Devuelta", "refunded"],
    ["Betaald", "paid"],
    ["Niet betaald", "pending"],
    ["Geannuleerd", "cancelled"],
    ["Terugbetaald", "refunded"],
    ["Closed Won", "paid"],
    ["closedlost", "cancelled"],
    ["Appointment Scheduled", "pending"],
    ["FAIL", "failed"],
    ["Not yet paid", "pending"],
    ["Payment declined", "failed"],
    ["Order shipped", "paid"],
    ["Payment Review", "pending"],
    ["On backorder (not paid)", "pending"],
    ["wc-checkout-draft", "pending"],
    ["En attente du paiement par chèque", "pending"],
    ["Awaiting Shipment", "paid"],
    ["Manual Verification Required", "pending"],
    // Nobody knows: the row is refused, not counted.
    ["Zorbified", null],
    ["Not zorbified", null],
    ["Order", null],
  ])("%s", (text, state) => {
    expect(stateOf(text, null)).toBe(state);
  });
});

describe("columns of sales under other names", () => {
  it.each([
    ["N° de commande;Date;E-mail;Total TTC", "C1;2026-03-04;%;12,50", "C1"],
    ["Nº pedido;Fecha;Correo;Importe", "P1;2026-03-04;%;12,50", "P1"],
    ["Bestelnr.;Besteldatum;E-mail;Totaal incl. btw", "B1;2026-03-04;%;€ 12,50", "B1"],
    ["Rechnungs-Nr.;Rechnungsdatum;E-Mail;Bruttobetrag", "R1;2026-03-04;%;12,50", "R1"],
    ["Order #,Order Date,Email,Total Paid", "E1,2026-03-04,%,12.50", "E1"],
    [
      "Order ID,Order Date,Order Time,Email,Subtotal (ex tax),Order Total (inc tax)",
      "1,2026-03-04,10:00:00,%,10.00,12.50",
      "1",
    ],
    ["Document No,Date,Email,Subtotal,Grand Total (Base)", "D1,2026-03-04,%,10.00,12.50", "D1"],
  ])("%s", async (header, row, id) => {
    expect(await read(table(header, row.replace("%", BUYER)))).toEqual({
      kind: "orders",
      people: 1,
      money: [[id, 1250, 0, "paid"]],
      rejects: 0,
    });
  });

  it("counts a deal that is open or lost as no sale, by its stage", async () => {
    const deals = table(
      "Record ID,Deal Name,Deal Stage,Close Date,Amount,Associated Contact",
      `71,Van,Closed Won,2026-01-05 10:00,120.00,Ann Bee (${BUYER})`,
      `72,Bike,Closed Lost,2026-01-06 10:00,40.00,Ann Bee (${BUYER})`,
      `73,Car,Contract Sent,2026-01-07 10:00,90.00,Ann Bee (${BUYER})`,
      `74,Boat,Thinking,2026-01-07 10:00,90.00,Ann Bee (${BUYER})`,
    );
    expect(await read(deals)).toMatchObject({
      money: [
        ["71", 12_000, 0, "paid"],
        ["72", 4000, 0, "cancelled"],
        ["73", 9000, 0, "pending"],
      ],
      rejects: 1,
    });
  });

  it("gives all back where a column says so and that of partial refunds is nought", async () => {
    const sales = table(
      "Purchase ID,Purchase Date,Purchase Time (UTC timezone),Buyer Email,Sale Price ($),Refunded?,Partial Refund ($)",
      `P1,2026-07-04,22:15:00,${BUYER},30.00,1,0.00`,
      `P2,2026-07-05,10:15:00,${BUYER},40.00,0,15.00`,
    );
    expect((await read(sales)).money).toEqual([
      ["P1", 3000, 3000, "refunded"],
      ["P2", 4000, 1500, "paid"],
    ]);
  });

  it("counts an invoice without its day of payment as open, unless a status knows better", async () => {
    const invoices = table(
      "Rechnungsnr.;Rechnungsdatum;Brutto;Bezahlt am",
      "R1;04.03.2026;119,00;05.03.2026",
      "R2;14.03.2026;50,00;",
      "R3;15.03.2026;-19,00;",
    );
    expect((await read(invoices)).money).toEqual([
      ["R1", 11_900, 0, "paid"],
      ["R2", 5000, 0, "pending"],
      ["R3", 0, 1900, "refunded"],
    ]);
    const orders = table(
      "Order ID,Order Date,Total,Status,Paid on",
      "O1,2026-03-04,9.00,completed,",
      "O2,2026-03-05,8.00,,",
    );
    expect((await read(orders)).money).toEqual([
      ["O1", 900, 0, "paid"],
      ["O2", 800, 0, "pending"],
    ]);
    const only = table("Order ID,Paid at,Total", "O1,2026-03-04,9.00", "O2,2026-03-05,8.00");
    expect((await read(only)).money).toEqual([
      ["O1", 900, 0, "paid"],
      ["O2", 800, 0, "paid"],
    ]);
  });

  it.each([
    ["Shipped - Delivered to Buyer", "paid"],
    ["Pending - Waiting for Pick Up", "pending"],
    ["Shipped - Returned to Seller", null],
    ["Completed - partially refunded", null],
    ["Versendet – storniert", null],
  ])("reads a state with more about it: %s", (text, state) => {
    expect(stateOf(text, null)).toBe(state);
  });

  it("counts a payment that failed as none, by its result", async () => {
    const payments = table(
      "Payment Date,Payment ID,Order ID,Result,Amount,Email",
      `2026-03-07 14:15,P1,O1,SUCCESS,21.20,${BUYER}`,
      `2026-03-07 15:16,P3,O2,FAIL,99.00,${BUYER}`,
    );
    expect((await read(payments)).money).toEqual([
      ["O1", 2120, 0, "paid"],
      ["O2", 9900, 0, "failed"],
    ]);
  });

  it("asks about a file with columns of sales whose money it does not find, and takes it for no list of people", async () => {
    const file = table("Order No.,Order Date,Email,Outlay", `1,2026-03-04,${BUYER},12.50`);
    const { stopped } = await asked(file);
    expect(stopped).toContain('Columns "Order No." and "Order Date" are those of sales');
    expect(await asked(table("Email,Name,Order No.", `${BUYER},Ann Bee,7`))).toEqual({ kind: "people", stopped: "" });
  });
});

describe("names of records over several exports", () => {
  const HEADER = "Order ID,Type,Date,Email,Total";
  const sale = (id: string) => `${id},Sale,2026-01-02,${BUYER},50.00`;
  const refund = `1,Refund,2026-02-02,${BUYER},20.00`;

  it("gives a refund that stands apart its own name, wherever in the file it stands", async () => {
    const short = await read(table(HEADER, sale("1"), sale("2"), refund));
    const longer = await read(table(HEADER, sale("0"), sale("1"), sale("2"), sale("3"), refund));
    for (const { money } of [short, longer]) expect(money).toContainEqual(["1/refund", 0, 2000, "refunded"]);
  });

  it("does not replace a sale by its refund where a later file has nothing else of it", async () => {
    expect((await read(table(HEADER, refund))).money).toEqual([["1/refund", 0, 2000, "refunded"]]);
    const receipts = table("Receipt No,Type,Date,Total", "R9,Refund,2026-02-02,20.00");
    expect((await read(receipts)).money).toEqual([["R9", 0, 2000, "refunded"]]);
  });
});

describe("a loyalty column", () => {
  const card = async (name: string, ...values: string[]) => {
    const rows = values.map((value, at) => `O${at},2026-01-0${at + 1},${value},10.00`);
    return (await read(table(`Order No,Date,${name},Total`, ...rows))).people;
  };

  it("of points names nobody; of cards it does", async () => {
    expect(await card("Loyalty", "250", "250", "100")).toBe(0);
    expect(await card("Loyalty", "Gold", "Gold", "Silver")).toBe(0);
    expect(await card("Loyalty", "9780012345", "9780012345", "9780099999")).toBe(2);
    expect(await card("Loyalty", "K-77", "K-77", "K-78")).toBe(2);
    expect(await card("Loyalty Card", "77", "77", "78")).toBe(2);
  });
});

describe("columns that answer yes or no about an order", () => {
  const states = async (header: string, ...rows: string[]) =>
    (
      await read(
        table(
          `Order ID,Date,Email,Total,${header}`,
          ...rows.map((row, at) => `${at + 1},2026-01-02,${BUYER},10.00,${row}`),
        ),
      )
    ).money.map(([, amount, refunded, status]) => [amount, refunded, status]);
  const paid = [1000, 0, "paid"];
  const cancelled = [1000, 0, "cancelled"];
  const pending = [1000, 0, "pending"];
  const refunded = [1000, 1000, "refunded"];

  it.each([
    ["Voided", ["No", "Yes", ""], [paid, cancelled, paid]],
    ["Is Cancelled", ["0", "1"], [paid, cancelled]],
    ["Cancelled at", ["", "2026-01-04 10:00", "0000-00-00 00:00:00"], [paid, cancelled, paid]],
    ["Storniert", ["nein", "ja", "x"], [paid, cancelled, cancelled]],
    ["Paid", ["Yes", "No", "Unpaid"], [paid, pending, pending]],
    ["Bezahlt", ["ja", "nein"], [paid, pending]],
    ["Pagado", ["sí", "no"], [paid, pending]],
    ["Refunded", ["false", "true"], [paid, refunded]],
    ["Refunded", ["0", "1"], [paid, refunded]],
    ["Refunded", ["0.00", "4.00"], [paid, [1000, 400, "paid"]]],
    ["Refund date", ["", "2026-02-01"], [paid, refunded]],
    ["Test order", ["No", "Yes"], [paid]],
    ["Status,Paid", ["Shipped,No", "New,Yes", "Cancelled,Yes"], [pending, paid, cancelled]],
    ["Voided,Cancelled at", ["No,", "No,2026-01-04"], [paid, cancelled]],
    // Neither of these says so.
    ["Cancelled by", ["Yes", "No"], [paid, paid]],
    ["Paid", ["10.00", "4.00"], [paid, paid]],
    ["Paid with", ["Card", "Cash"], [paid, paid]],
  ])("%s: %j", async (header, rows, expected) => {
    expect(await states(header, ...rows)).toEqual(expected);
  });

  it("refuses a row whose answer is none", async () => {
    const sales = table(
      "Order ID,Date,Total,Voided",
      "1,2026-01-02,10.00,No",
      "2,2026-01-02,10.00,perhaps",
      "3,2026-01-02,1.00,No",
    );
    expect(await read(sales)).toMatchObject({
      rejects: 1,
      money: [
        ["1", 1000, 0, "paid"],
        ["3", 100, 0, "paid"],
      ],
    });
  });

  it("takes a cancelled line off its order, and a cancelled order away as a whole", async () => {
    const lines = (...flags: string[]) =>
      read(
        table(
          "Order,Date,Item,Amount,Void",
          ...flags.map((flag, at) => `1,2026-01-02,Item ${at},${at + 1}.00,${flag}`),
        ),
      );
    expect((await lines("No", "Yes", "No")).money).toEqual([["1", 400, 0, "paid"]]);
    expect((await lines("", "Yes", "")).money).toEqual([["1", 400, 0, "paid"]]);
    expect((await lines("Yes", "", "")).money).toEqual([["1", 600, 0, "cancelled"]]);
    expect((await lines("Yes", "Yes", "Yes")).money).toEqual([["1", 600, 0, "cancelled"]]);
  });

  it("reads a credit note of any name as money back", async () => {
    const sales = table(
      "Invoice No,Type,Date,Total",
      "1,Sales invoice,2026-01-02,50.00",
      "2,Sales credit note,2026-01-03,20.00",
    );
    expect((await read(sales)).money).toEqual([
      ["1", 5000, 0, "paid"],
      ["2/refund", 0, 2000, "refunded"],
    ]);
  });

  it("takes the currency from a row of units below the header", async () => {
    const sales = table("Order,Date,Total", ",(dd/mm/yyyy),(EUR)", "1,13/01/2026,10.00");
    await withFolder(async (folder) => {
      const file = await fileOf(join(folder, "sales.csv"), sales);
      expect(file.defaultCurrency).toBe("EUR");
    });
  });
});

describe("numbers and addresses of nobody in particular", () => {
  const peopleMapping = async (content: string) =>
    withFolder(async (folder) => (await fileOf(join(folder, "list.csv"), content)).mapping);

  it("takes a row's number for no id: in the next export it is somebody else's", async () => {
    const rows = (name: string, ...numbers: string[]) =>
      peopleMapping(table(`${name},Name,Email`, ...numbers.map((no, at) => `${no},Ann Bee,ann${at}@brightleaf.co.uk`)));
    for (const name of ["No.", "Nr", "#", "Row", "Lfd. Nr."]) {
      expect((await rows(name, "1", "2", "3")).id).toBeUndefined();
    }
    expect((await rows("No.", "1007", "1003", "1021")).id).toEqual(["No."]);
    expect((await rows("Customer No.", "1", "2", "3")).id).toEqual(["Customer No."]);
  });

  it("takes a second address that many rows share for nobody's", async () => {
    const list = (second: string) =>
      peopleMapping(
        table("Email,Email,Name", `a@brightleaf.co.uk,${second},Ann Bee`, `b@brightleaf.co.uk,${second},Bo Cee`),
      );
    expect((await list("office@harrowgoods.com")).email).toEqual(["Email"]);
  });

  it("reads a number that a formula keeps as text", async () => {
    expect((await read(table("Order ID,Date,Total", '"=""00123""",2026-01-02,"=""10.00"""'))).money).toEqual([
      ["00123", 1000, 0, "paid"],
    ]);
  });
});

describe("payments beside sales", () => {
  it("sells nothing by a payment that stands alone where the file lists sales, and says so", async () => {
    const rows = table(
      "Date,Transaction Type,Invoice No,Email,Amount",
      `2026-01-13,Invoice,1001,${BUYER},100.00`,
      `2026-01-15,Payment,1003,${BUYER},100.00`,
      `2026-01-16,Sales Receipt,1004,${BUYER},10.00`,
    );
    expect(await read(rows)).toMatchObject({
      rejects: 1,
      money: [
        ["1001", 10_000, 0, "paid"],
        ["1004", 1000, 0, "paid"],
      ],
    });
  });

  it("takes payments for the sales where the file has nothing else", async () => {
    const rows = table("Date,Type,Transaction ID,Amount", "2026-01-13,Payment,T1,10.00", "2026-01-15,Refund,T2,4.00");
    expect((await read(rows)).money).toEqual([
      ["T1", 1000, 0, "paid"],
      ["T2", 0, 400, "refunded"],
    ]);
  });
});

describe("a column that a later export of a source has gained", () => {
  it("is read where nothing fed its field, and said", async () => {
    await withFolder(async (folder) => {
      const before = await fileOf(join(folder, "a.csv"), table("Order ID,Date,Total,Info", "1,2026-01-02,10.00,x"));
      const path = join(folder, "b.csv");
      await writeFile(path, table("Order ID,Date,Total,Info,Status,Voided", "1,2026-01-02,10.00,x,Refunded,No"));
      const guess = readAs(await guessFile(path, LONDON), before);
      expect(guess.mapping).toMatchObject({ ...before.mapping, status: ["Status"], is_cancelled: ["Voided"] });
      expect(guess.remarks.join(" ")).toContain('Column "Status" is new: it is read as status.');
    });
  });

  it("is not read where the earlier file had it and somebody left it out", async () => {
    await withFolder(async (folder) => {
      const sales = table("Order ID,Date,Total,Status", "1,2026-01-02,10.00,Refunded");
      const before = await fileOf(join(folder, "a.csv"), sales, { overrides: ["status="] });
      const path = join(folder, "b.csv");
      await writeFile(path, sales);
      expect(readAs(await guessFile(path, LONDON), before).mapping.status).toBeUndefined();
    });
  });
});
