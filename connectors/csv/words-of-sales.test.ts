/** Names of columns and states of orders as systems and languages write them: money is neither missed nor made up. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { OrderRecord } from "../core/records.ts";
import { guessFile, type GuessOptions } from "./guess.ts";
import { missingFields } from "./overrides.ts";
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
