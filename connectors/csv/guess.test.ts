import { gzipSync } from "node:zlib";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeGuess } from "./describe.ts";
import { guessFile, guessHead, type GuessOptions } from "./guess.ts";
import { applyOverrides, missingFields } from "./overrides.ts";
import { LONDON, withFolder } from "./testing.ts";

const guessOf = (content: string | Buffer, options: Partial<GuessOptions> = {}) =>
  guessHead(Buffer.from(content), { ...LONDON, fileName: "export.csv", cut: false, ...options });

/** What Excel on a German Windows saves. */
const cp1252 = (text: string) => Buffer.from(text.replaceAll("€", "\u0080"), "latin1");

const TILL = [
  "Bon-Nr;Datum;Uhrzeit;Kundenkarte;Betrag;Währung;Filiale",
  "1001;05.03.2025;10:12;K-77;1.234,56 €;EUR;Köln",
  "1002;06.03.2025;11:12;;-12,00 €;EUR;Köln",
].join("\r\n");

const MEMBERS = [
  "Kundennummer;Anrede;Vorname;Nachname;E-Mail;E-Mail 2;Telefon;PLZ;Ort;Land;Newsletter;Einwilligung am;Angelegt am",
  "1;Frau;Änne;Müller;anne@lindenblatt.de;;+49 30 123456;10115;Berlin;Deutschland;ja;13.04.2025;01.02.2020",
  "2;Herr;Bo;Weber;;bo@lindenblatt.de;030 7654321;10117;Berlin;DE;nein;14.04.2025;01.02.2021",
].join("\n");

describe("guessing how a file is to be read", () => {
  it("reads a German till export: Windows encoding, semicolons, decimal commas, date and time apart", async () => {
    const guess = await guessOf(cp1252(TILL));
    expect(guess).toMatchObject({
      kind: "orders",
      encoding: "windows-1252",
      delimiter: ";",
      decimal: ",",
      dayOrder: "dmy",
      defaultChannel: "store",
    });
    expect(guess.mapping).toEqual({
      order_id: ["Bon-Nr"],
      placed_at: ["Datum", "Uhrzeit"],
      loyalty_id: ["Kundenkarte"],
      amount: ["Betrag"],
      currency: ["Währung"],
    });
    expect(guess.unused).toEqual(["Filiale"]);
    expect(missingFields(guess)).toEqual([]);
  });

  it("reads a German customer list, both e-mail columns and the consent", async () => {
    const guess = await guessOf(MEMBERS);
    expect(guess).toMatchObject({ kind: "people", encoding: "utf-8", delimiter: ";" });
    expect(guess.mapping).toEqual({
      id: ["Kundennummer"],
      first_name: ["Vorname"],
      last_name: ["Nachname"],
      email: ["E-Mail", "E-Mail 2"],
      phone: ["Telefon"],
      postcode: ["PLZ"],
      city: ["Ort"],
      country: ["Land"],
      consent_email: ["Newsletter"],
      consent_at: ["Einwilligung am"],
      created_at: ["Angelegt am"],
    });
  });

  it.each([
    ["utf-16le with mark", Buffer.from(`\ufeff${MEMBERS}`, "utf16le"), "utf-16le"],
    ["utf-16le without mark", Buffer.from(MEMBERS.replaceAll("ä", "a"), "utf16le"), "utf-16le"],
    ["utf-16be", Buffer.from(`\ufeff${MEMBERS}`, "utf16le").swap16(), "utf-16be"],
    ["utf-8 with mark", Buffer.from(`\ufeff${MEMBERS}`), "utf-8"],
  ] as const)("reads %s", async (_, content, encoding) => {
    const guess = await guessOf(content);
    expect(guess.encoding).toBe(encoding);
    expect(guess.mapping.id).toEqual(["Kundennummer"]);
    expect(guess.sample[0]).toMatchObject({ Nachname: "Müller" });
  });

  it("takes a few cells of nothing but NUL for damage, and not for an encoding", async () => {
    expect((await guessOf("a,b\n\0,\0\n\0,\0\n", { kind: "people" })).encoding).toBe("utf-8");
  });

  it.each([
    [
      "French",
      "Numéro client|Prénom|Nom|Courriel|Téléphone|Code postal|Ville|Pays",
      "7|Zoé|Dupré|zoe@tilleul.fr|+33 1 23 45 67 89|75001|Paris|France",
    ],
    [
      "Italian",
      "Codice cliente|Nome|Cognome|Indirizzo email|Cellulare|CAP|Città|Paese",
      "7|Ugo|Neri|ugo@tiglio.it|+39 06 1234567|00100|Roma|Italia",
    ],
    [
      "Spanish",
      "Número de cliente|Nombre|Apellidos|Correo electrónico|Móvil|Código postal|Ciudad|País",
      "7|Eva|Gil|eva@tilo.es|+34 612 345 678|28001|Madrid|España",
    ],
  ])("knows %s headers", async (_, header, row) => {
    const { kind, delimiter, mapping } = await guessOf(`${header}\n${row}\n`);
    expect({ kind, delimiter }).toEqual({ kind: "people", delimiter: "|" });
    expect(Object.keys(mapping).toSorted()).toEqual([
      "city",
      "country",
      "email",
      "first_name",
      "id",
      "last_name",
      "phone",
      "postcode",
    ]);
    expect(missingFields(await guessOf(`${header}\n${row}\n`))).toEqual([]);
  });

  it("reads events", async () => {
    const guess = await guessOf(
      "timestamp\temail\tevent\tutm_campaign\n1714557600\ta@brightleaf.co.uk\topened\tSpring\n",
    );
    expect(guess).toMatchObject({ kind: "touchpoints", delimiter: "\t" });
    expect(guess.mapping).toEqual({ at: ["timestamp"], email: ["email"], type: ["event"], campaign: ["utm_campaign"] });
  });

  it("sees that an order's total is repeated on each of its rows, and says so", async () => {
    const guess = await guessOf(
      "Name,Email,Created at,Total,Lineitem quantity,Lineitem price\n" +
        "#1,a@brightleaf.co.uk,2024-05-01 10:00:00 -0400,30,1,10\n#1,a@brightleaf.co.uk,2024-05-01 10:00:00 -0400,,2,10\n" +
        "#2,b@brightleaf.co.uk,2024-05-02 10:00:00 -0400,5,1,5\n#2,b@brightleaf.co.uk,2024-05-02 10:00:00 -0400,5,1,0\n",
    );
    expect(guess.mapping).toMatchObject({ order_id: ["Name"], amount: ["Total"], placed_at: ["Created at"] });
    expect(guess.amountPer).toBe("order");
    expect(guess.remarks.join(" ")).toContain('"Total" repeats the order\'s total');
  });

  it("decides day and month by the dates that leave no doubt, and admits doubt otherwise", async () => {
    const dated = (dates: string[], options: Partial<GuessOptions> = {}) =>
      guessOf(`order id,date,total\n${dates.map((date, n) => `${n},${date},5.00`).join("\n")}\n`, options);
    expect((await dated(["03/04/2025", "04/25/2025"])).dayOrder).toBe("mdy");
    const sure = await dated(["03/04/2025", "25/04/2025"], { country: "US" });
    expect(sure.dayOrder).toBe("dmy");
    expect(sure.questions).toEqual([]);
    const open = await dated(["03/04/2025", "05/06/2025"]);
    expect(open.dayOrder).toBe("dmy");
    expect(open.questions).toEqual([
      {
        about: "dates",
        text: "Dates like 03/04/2025 could be either way: are they day/month (dates=dmy) or month/day (dates=mdy)?",
      },
    ]);
    expect(applyOverrides(open, ["dates=mdy"])).toMatchObject({ dayOrder: "mdy", questions: [] });
    expect((await dated(["03/04/2025"], { country: "US" })).dayOrder).toBe("mdy");
  });

  it("names columns by position where there is no header, and numbers repeated names", async () => {
    const bare = await guessOf("7,ann@brightleaf.co.uk,2024-05-01\n8,bo@brightleaf.co.uk,2024-05-02\n");
    expect(bare.header).toBe(false);
    expect(bare.mapping.email).toEqual(["column 2"]);
    const repeated = await guessOf("id,email,email,\n1,a@brightleaf.co.uk,b@brightleaf.co.uk,x\n");
    expect(repeated.columns.map((column) => column.column)).toEqual(["id", "email", "email (2)", "column 4"]);
    expect(repeated.mapping.email).toEqual(["email", "email (2)"]);
  });

  it("does not believe a name whose values disagree", async () => {
    const guess = await guessOf("id,email,phone,newsletter\n1,yes,blue,2024-01-01\n2,no,red,2024-01-02\n");
    expect(guess.mapping).toEqual({ id: ["id"] });
  });

  it("reads only the head of a long compressed file", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "long.csv.gz");
      const rows = Array.from({ length: 60_000 }, (_, n) => `${n},p${n}@brightleaf.co.uk`);
      await writeFile(path, gzipSync(["id,email", ...rows].join("\n")));
      const guess = await guessFile(path, LONDON);
      expect(guess.mapping).toEqual({ id: ["id"], email: ["email"] });
    });
  });

  it("survives files that are no tables", async () => {
    for (const content of ["", "\n\n", "\u0000\u0001\u0002", '"', "just words"]) {
      expect(missingFields(await guessOf(content))).toHaveLength(1);
    }
  });
});

describe("overriding a guess", () => {
  it("maps, unmaps and sets, and the table shows it", async () => {
    const guess = applyOverrides(await guessOf(cp1252(TILL)), [
      "loyalty_id=",
      "customer_id=kundenkarte",
      "currency=CHF",
      "timezone=Europe/Berlin",
    ]);
    expect(guess.mapping.loyalty_id).toBeUndefined();
    expect(guess.mapping).toMatchObject({ customer_id: ["Kundenkarte"], currency: ["Währung"] });
    expect(guess).toMatchObject({ defaultCurrency: "CHF", timeZone: "Europe/Berlin" });
    expect(describeGuess(guess)).toMatch(/Kundenkarte +customer_id +100 % +you said so/);
  });

  it("says what there is where an override names something else", async () => {
    const guess = await guessOf(MEMBERS);
    expect(() => applyOverrides(guess, ["email=Mail"])).toThrow(
      'There is no column "Mail" for email. The file has: Kundennummer, Anrede, Vorname',
    );
    expect(() => applyOverrides(guess, ["amount=PLZ"])).toThrow(
      'A file of people has no field "amount". There are: id, email',
    );
    expect(() => applyOverrides(guess, ["timezone=Mars"])).toThrow('"Mars" is not a value for timezone');
    expect(() => applyOverrides(guess, ["email"])).toThrow("not of the form field=column");
  });

  it("says what is missing before a file can be imported", async () => {
    const guess = applyOverrides(await guessOf(cp1252(TILL)), ["amount="]);
    expect(missingFields(guess)).toEqual([
      "No column says what an order cost: add amount=COLUMN, or quantity=COLUMN and unit_price=COLUMN.",
    ]);
    expect(describeGuess(guess)).toContain("! No column says what an order cost");
  });
});
