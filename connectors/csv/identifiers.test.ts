import * as fc from "fast-check";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isBystander } from "./bystanders.ts";
import { emailsOf, phonesOf } from "./identifiers.ts";
import { fileOf, readAll, recordsOf, rejectsOf, withFolder } from "./testing.ts";

const people = (content: string, settings: { sharedIds?: boolean } = {}) =>
  withFolder(async (folder) => {
    const file = await fileOf(join(folder, "people.csv"), content, { kind: "people" });
    return readAll([file], "people", null, settings);
  });

const orders = (content: string) =>
  withFolder(async (folder) => readAll([await fileOf(join(folder, "sales.csv"), content)], "orders"));

const ids = (pages: Awaited<ReturnType<typeof people>>) =>
  recordsOf(pages)
    .filter((record) => record.kind === "person")
    .map(({ id }) => id);

describe("addresses in a cell", () => {
  it.each([
    ["Jane Doe <jane.doe@millbrook.net>", ["jane.doe@millbrook.net"]],
    ["Doe, Jane <jane.doe@millbrook.net>", ["jane.doe@millbrook.net"]],
    ['"Doe, Jane" <jane.doe@millbrook.net>, bo@millbrook.net', ["jane.doe@millbrook.net", "bo@millbrook.net"]],
    ["a@millbrook.net; b@millbrook.net", ["a@millbrook.net", "b@millbrook.net"]],
    ["a@millbrook.net / b@millbrook.net", ["a@millbrook.net", "b@millbrook.net"]],
    ["a@millbrook.net/b@millbrook.net", ["a@millbrook.net", "b@millbrook.net"]],
    ["a@millbrook.net|b@millbrook.net", ["a@millbrook.net", "b@millbrook.net"]],
    ["lia@millbrook.net (work)", ["lia@millbrook.net"]],
    ["mailto:lia@millbrook.net", ["lia@millbrook.net"]],
    ["MAILTO:Lia@millbrook.net?subject=Hi", ["Lia@millbrook.net"]],
    ["E-Mail: lia@millbrook.net", ["lia@millbrook.net"]],
    ["'lia@millbrook.net'", ["lia@millbrook.net"]],
    ["o'neil@millbrook.net", ["o'neil@millbrook.net"]],
    ["nina@müller-handel.de", ["nina@müller-handel.de"]],
    ["noemail@noemail.com", []],
    ["none", []],
    ["call her", []],
    ["jane@localhost", []],
  ])("%s", (cell, expected) => {
    expect(emailsOf([cell]).value).toEqual(expected);
  });

  it("keeps a column of numbers with extensions, links and several in a cell", async () => {
    const pages = await people(
      "name,phone\nAnn Bee,020 7123 0101 ext. 12\nBob Elm,020 7123 0101 x13\nCy Fir,tel:+447400661101\nDi Gum,07400 661102 / 07400 661103\n",
    );
    const phones = recordsOf(pages).flatMap((record) => (record.kind === "person" ? [record.phones] : []));
    expect(phones).toEqual([
      ["020 7123 0101 ext. 12"],
      ["020 7123 0101 x13"],
      ["+447400661101"],
      ["07400 661102", "07400 661103"],
    ]);
  });

  it("uses customer ids also where most rows are of strangers", async () => {
    const pages = await orders(
      "Order No,Date,Customer ID,Total\n1,2026-03-01,GUEST,1.00\n2,2026-03-02,GUEST,2.00\n3,2026-03-03,walk in,3.00\n4,2026-03-04,C-77,4.00\n",
    );
    expect(ids(pages)).toEqual(["customer-C-77"]);
  });

  it("splits numbers, and drops what a spreadsheet destroyed", () => {
    expect(phonesOf(["07400 661101; 07400 661102 / 07400 661103"]).value).toEqual([
      "07400 661101",
      "07400 661102",
      "07400 661103",
    ]);
    expect(phonesOf(["4.47911E+11", "4,47911E+11", "0000000000", "447911123499.0"])).toEqual({
      value: ["447911123499"],
      refused: ["a number shortened by a spreadsheet", "a number shortened by a spreadsheet", "a placeholder"],
    });
  });

  it("takes no longer than the cell is long", () => {
    const before = process.cpuUsage();
    for (const text of [
      `${".:".repeat(200_000)}x@y.de`,
      "@".repeat(400_000),
      "/@".repeat(1_000),
      "a/".repeat(1_000),
      "<".repeat(1_999),
    ])
      emailsOf([text]);
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) =>
        emailsOf([text]).value.every((address) => address.includes("@")),
      ),
      { numRuns: 2_000 },
    );
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });
});

describe("columns about somebody else", () => {
  it.each([
    "Owner Email",
    "Contact owner email",
    "Sales Rep Email",
    "Account Manager E-Mail",
    "Employee Email",
    "Cashier Email",
    "Vendor email",
    "Store Email",
    "Created by email",
    "Billing from email",
    "E-Mail Betreuer",
    "Verkäufer E-Mail",
    "Email du vendeur",
    "Correo del vendedor",
    "Email negozio",
    "E-mail verkoper",
    "Referrer Email",
    "BCC email",
  ])("%s is not the customer's e-mail", (name) => {
    expect(isBystander("email", name)).toBe(true);
  });
  it.each([
    "Store Phone",
    "Shop telephone",
    "Fax",
    "Fax Number",
    "Branch Phone",
    "Filiale Telefon",
    "Emergency phone",
    "Phone Count",
  ])("%s is not the customer's phone", (name) => {
    expect(isBystander("phone", name)).toBe(true);
  });
  it.each([
    "Loyalty Points",
    "Total Orders",
    "Punktestand",
    "Customer Lifetime Value",
    "Points fidélité",
    "Loyalty balance",
    "Member Since",
    "Customer Status",
  ])("%s is no id", (name) => {
    expect(isBystander("loyalty_id", name)).toBe(true);
    expect(isBystander("customer_id", name)).toBe(true);
  });
  it.each([
    ["email", "Customer Email"],
    ["email", "Contact Email"],
    ["email", "Billing Email"],
    ["email", "Kunden E-Mail"],
    ["phone", "Mobile Phone"],
    ["full_name", "Customer Name"],
    ["loyalty_id", "Loyalty Card Number"],
    ["customer_id", "Customer Number"],
    ["city", "Billing City"],
  ] as const)("%s of %s is", (field, name) => {
    expect(isBystander(field, name)).toBe(false);
  });
});

describe("who a row is about", () => {
  it("never joins on a placeholder or a destroyed id, says so for each column, and keeps the rows", async () => {
    const pages = await people(
      "Customer ID,Name,Email\n0,Ann Lee,ann@brightleaf.co.uk\n0,Bo Fry,bo@brightleaf.co.uk\n7.1E+12,Cy Day,cy@brightleaf.co.uk\n7.1E+12,Di Eck,di@brightleaf.co.uk\n5,Ed Fox,ed@brightleaf.co.uk\n",
    );
    expect(new Set(ids(pages)).size).toBe(5);
    const accounts = recordsOf(pages).flatMap((record) => (record.kind === "person" ? record.externalIds : []));
    expect(accounts.map(({ value }) => value)).toEqual(["5"]);
    expect(rejectsOf(pages).map(({ reason }) => reason)).toEqual([
      'Kept without id: Column "Customer ID" holds a placeholder.',
      'Kept without id: Column "Customer ID" holds a placeholder.',
      'Kept without id: Column "Customer ID" holds a number shortened by a spreadsheet.',
      'Kept without id: Column "Customer ID" holds a number shortened by a spreadsheet.',
    ]);
  });

  it("takes long numbers that all end in zeros for what a spreadsheet left of them", async () => {
    const rows = ["1234567890123450", "1234567890123450", "9876543210987650", "9876543210987650"];
    const pages = await people(
      `Customer ID,Email\n${rows.map((id, n) => `${id},p${n}@brightleaf.co.uk`).join("\n")}\n`,
    );
    expect(new Set(ids(pages)).size).toBe(4);
    expect(rejectsOf(pages)[0]?.reason).toBe(
      'Kept without id: Column "Customer ID" holds a number shortened by a spreadsheet.',
    );
    const sales = await orders(
      `Order ID,Date,Email,Total\n${rows.map((id, n) => `${id},2026-03-0${n + 1},p${n}@brightleaf.co.uk,5.00`).join("\n")}\n`,
    );
    expect(recordsOf(sales).filter((record) => record.kind === "order")).toHaveLength(4);
    const whole = await people(
      "Customer ID,Email\n1234567890123450,a@brightleaf.co.uk\n1234567890123457,b@brightleaf.co.uk\n",
    );
    expect(ids(whole)).toEqual(["1234567890123450", "1234567890123457"]);
  });

  it("never makes one of two rows that share a name alone, and one of a line that stands there twice", async () => {
    const pages = await people("name,city\nJohn Smith,Leeds\nJohn Smith,York\nJohn Smith,York\n");
    expect(new Set(ids(pages)).size).toBe(2);
    expect(ids(await people("name,email\nGuest,none\nWalk-in,n/a\n"))).toEqual([]);
  });

  it("keeps a list's row number as the record's key alone", async () => {
    const account = async (header: string) => {
      const [person] = recordsOf(await people(`${header},email\n7,ann@brightleaf.co.uk\n`, { sharedIds: true }));
      return person?.kind === "person" ? [person.id, person.externalIds.length] : [];
    };
    expect(await account("Nr")).toEqual(["7", 0]);
    expect(await account("Record ID")).toEqual(["7", 0]);
    expect(await account("Customer ID")).toEqual(["7", 1]);
  });

  it("gives guests' sales to whom they name, and strangers' sales to nobody", async () => {
    const pages = await orders(
      "Receipt No,Date,Customer ID,Email,Phone,Total\n" +
        "1,2026-03-01,0,ann@brightleaf.co.uk,,10.00\n2,2026-03-01,0,bo@brightleaf.co.uk,,10.00\n3,2026-03-02,guest,noemail@noemail.com,,10.00\n" +
        "4,2026-03-02,,none,0000000000,10.00\n5,2026-03-03,,info@oramfoods.net,,10.00\n6,2026-03-04,,,07400 661101,10.00\n",
    );
    const sales = recordsOf(pages).filter((record) => record.kind === "order");
    expect(sales.map(({ person }) => person?.id.split("-")[0] ?? null)).toEqual([
      "email",
      "email",
      null,
      null,
      null,
      "phone",
    ]);
    expect(new Set(ids(pages)).size).toBe(3);
  });

  it("leaves out the address that looks after every row, whatever its column is called", async () => {
    const rows = Array.from(
      { length: 6 },
      (_, n) => `${n + 1},2026-03-0${n + 1},p${n}@brightleaf.co.uk,desk@harrowgoods.net,10.00`,
    );
    const pages = await orders(`Order ID,Date,Customer Email,Handled,Total\n${rows.join("\n")}\n`);
    const emails = recordsOf(pages).flatMap((record) => (record.kind === "person" ? record.emails : []));
    expect(emails).not.toContain("desk@harrowgoods.net");
    expect(emails).toHaveLength(6);
  });
});
