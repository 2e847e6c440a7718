/** Sales in words we may not know: read as sales, or asked about, never taken for a list of people in silence. */
import { describe, expect, it } from "vitest";
import { guessHead, type GuessOptions } from "./guess.ts";
import { applyOverrides, missingFields } from "./overrides.ts";
import { LONDON } from "./testing.ts";

const guessOf = (rows: readonly string[], options: Partial<GuessOptions> = {}) =>
  guessHead(Buffer.from(rows.join("\n")), { ...LONDON, fileName: "export.csv", cut: false, ...options });

describe("sales in other words", () => {
  it.each([
    ["a currency in the name", "Bestellnr;Datum;Kunde;Betrag CHF", "B1;04.03.2026;Ute Falk;1'234.50", "Betrag CHF"],
    ["a sign in the name", "Bestellnr;Datum;Kunde;Summe €", "B1;04.03.2026;Ute Falk;12,00 €", "Summe €"],
    ["Polish", "Numer zamówienia;Data;E-mail;Kwota", "1;4 marca 2026;jan@lipowa.pl;10,00 zł", "Kwota"],
    ["Turkish", "Sipariş No;Tarih;E-posta;Tutar", "1;4 Mart 2026;can@yaprak.net;10,00", "Tutar"],
    ["Danish", "Ordrenr;Dato;E-mail;Beløb", "1;4. marts 2026;bo@birkelund.dk;20,00 kr.", "Beløb"],
    ["Portuguese", "Número do pedido;Data;E-mail;Valor total", "1;2026-03-04;rui@amieiro.pt;20,00", "Valor total"],
  ])("are read as sales: %s", async (_, header, row, amount) => {
    const guess = await guessOf([header, row]);
    expect(guess).toMatchObject({ kind: "orders", mapping: { amount: [amount] } });
    expect(missingFields(guess)).toEqual([]);
  });

  it.each([
    ["dates and money", "E-Mail,Wann,Wieviel", "ute@lindenblatt.de,2026-03-04,12.50"],
    ["money with a sign", "Kontakt,Zeitpkt,Erlös", "ute@lindenblatt.de,04.03.2026,12 €"],
    ["a number and an amount without a day", "Order,Month,Email,Total", "1,Mar 2026,ute@lindenblatt.de,10.00"],
    ["dates nobody can read", "order|when|mail|sum", "1|2026-W10-3|ute@lindenblatt.de|10.00"],
  ])("are asked about: %s", async (_, header, row) => {
    const guess = await guessOf([header, row, row]);
    expect(guess.kind).toBe("people");
    expect(missingFields(guess)).toEqual([expect.stringContaining("--kind people, orders or touchpoints")]);
    expect(missingFields(await guessOf([header, row, row], { kind: "people" }))).toEqual([]);
  });

  it.each([
    [
      "sums and days of a person",
      "Name,Email,Total Spent,Last order",
      "Ada Voss,ada@brightleaf.co.uk,120.00,2026-03-04",
    ],
    ["a birthday and a balance", "Name,Email,Balance,Birthday", "Ada Voss,ada@brightleaf.co.uk,12.50,1980-03-04"],
    ["a fee beside consent", "Name,Email,Fee,From,Newsletter", "Ada Voss,ada@brightleaf.co.uk,9.50,2026-03-04,yes"],
  ])("are not seen in a list of people: %s", async (_, header, row) => {
    const guess = await guessOf([header, row]);
    expect(guess.kind).toBe("people");
    expect(missingFields(guess)).toEqual([]);
  });

  it("are asked about where no column's name is known", async () => {
    const header = "注文番号,注文日,顧客名,メールアドレス,合計";
    const guess = await guessOf([header, "1,2026/03/04,山田,yamada@kaede.co.jp,1200"]);
    expect(missingFields(guess)).toEqual([expect.stringContaining("--kind people, orders or touchpoints")]);
  });

  it("are found beneath headers that come again and page numbers", async () => {
    const header = "Date,Receipt,Email,Total";
    const rows = ["2026-03-01,P1,,10.00", "Page 1 of 2,,,", header, "2026-03-02,P2,,20.00", "Page 2 of 2,,,"];
    expect(await guessOf([header, ...rows])).toMatchObject({ kind: "orders", mapping: { amount: ["Total"] } });
  });
});

describe("columns of sales", () => {
  it.each(["Summe Brutto", "Gross", "Total amount incl. VAT", "Gesamt brutto", "Importo lordo"])(
    "takes %s for the amount",
    async (name) => {
      const guess = await guessOf([`Belegnummer;Datum/Uhrzeit;${name}`, "B-1;2026-03-04T09:15:00;12,00"]);
      expect(guess).toMatchObject({ kind: "orders", mapping: { amount: [name] } });
    },
  );

  it("asks where a list of receipts has money that no name tells", async () => {
    const receipts = await guessOf(["Belegnummer;Zeit;Erlös;Kundenkarte", "B-1;2026-03-04;12,00;K000123"]);
    expect(missingFields(receipts)).toEqual([expect.stringContaining('"Erlös"')]);
  });

  it("asks about a state under a longer name, and not about those of parcels and customers", async () => {
    const guessStatus = (name: string) =>
      guessOf([`Order,Date,Total,${name}`, "1,2026-03-04,9.00,Em aberto", "2,2026-03-05,8.00,Pago"]);
    expect((await guessStatus("Status do Pedido")).mapping.status).toEqual(["Status do Pedido"]);
    const longer = await guessStatus("Status atual da venda");
    expect(missingFields(longer)).toEqual([expect.stringContaining('"Status atual da venda" may say which orders')]);
    expect(missingFields(applyOverrides(longer, ["status="]))).toEqual([]);
    expect(missingFields(await guessStatus("Customer VIP status"))).toEqual([]);
    expect(missingFields(await guessStatus("Ship State"))).toEqual([]);
  });

  it("takes Auftrag Nr. for the order's number, as Auftrag alone", async () => {
    const guess = await guessOf(["Auftrag Nr.;Datum;Rechnungsbetrag (CHF)", "A-1;04.03.2026;80.50"]);
    expect(guess.mapping).toMatchObject({ order_id: ["Auftrag Nr."], amount: ["Rechnungsbetrag (CHF)"] });
  });

  it("takes a bare number for the order's, unless it counts rows or comes again", async () => {
    const columnOf = async (...numbers: string[]) => {
      const rows = numbers.map((number) => `${number};04.03.2026;Ugo Neri;122,00`);
      return (await guessOf(["Numero;Data;Cliente;Totale", ...rows])).mapping.order_id;
    };
    expect(await columnOf("1/2026", "2/2026")).toEqual(["Numero"]);
    expect(await columnOf("1", "2", "3")).toBeUndefined();
    expect(await columnOf("77", "77", "78")).toBeUndefined();
  });

  it("joins a time of day to dates in words and above a total", async () => {
    const words = await guessOf(["Order number,Date created,Time,Total", '7,"Mar 4, 2026",10:15:00 AM,25.00']);
    expect(words.mapping.placed_at).toEqual(["Date created", "Time"]);
    const totalled = await guessOf(["Date,Time,Receipt,Total", "2026-03-04,10:15,1,9.00", "Total,,,9.00"]);
    expect(totalled.mapping.placed_at).toEqual(["Date", "Time"]);
  });

  it("asks about pence", async () => {
    const guess = await guessOf(["Sale,Date,Email,Amount (pence)", "1,2026-03-01,ada@brightleaf.co.uk,1250"]);
    expect(missingFields(guess)).toEqual([expect.stringContaining('"Amount (pence)" counts hundredths')]);
    const whole = await guessOf(["Sale,Date,Email,Amount (cents)", "1,2026-03-01,ada@brightleaf.co.uk,12.50"]);
    expect(missingFields(whole)).toEqual([]);
  });

  it("asks whose the one address of all rows is", async () => {
    const rows = [1, 2, 3, 4, 5].map((n) => `${n},2026-03-0${n},till@larchandloom.co.uk,10.00`);
    const guess = await guessOf(["Transaction ID,Date,Email,Total", ...rows]);
    expect(missingFields(guess)).toEqual([expect.stringContaining("same address")]);
    expect(missingFields(applyOverrides(guess, ["email="]))).toEqual([]);
    expect(missingFields(await guessOf(["Transaction ID,Date,Email,Total", ...rows.slice(1)]))).toEqual([]);
    const lines = rows.map((row) => row.replace(/^\d/, "1"));
    expect(missingFields(await guessOf(["Transaction ID,Date,Email,Line total", ...lines]))).toEqual([]);
  });

  it("says which column it passes over though its name is known", async () => {
    const guess = await guessOf(["Name,Phone,Email", "Ada Voss,by post only,ada@brightleaf.co.uk"]);
    expect(guess.remarks).toContainEqual(expect.stringContaining('Column "Phone" is not used'));
  });
});
