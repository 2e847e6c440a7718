import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { splitName } from "./person.ts";
import { fileOf, readAll, recordsOf, rejectsOf, withFolder } from "./testing.ts";

const read = (content: string | Buffer, overrides: string[] = [], sharedIds = false) =>
  withFolder(async (folder) => {
    const file = await fileOf(join(folder, "people.csv"), content, { kind: "people", overrides });
    return readAll([file], "people", null, { sharedIds });
  });

describe("people from a file", () => {
  it("becomes a person with every address, the country as a code and the customer number as an external id", async () => {
    const pages = await read(
      "id,email,email 2,mobile,name,country,joined,loyalty card\n17.0,a@brightleaf.co.uk; b@brightleaf.co.uk,c@brightleaf.co.uk,07700 900123,Anna van der Berg,Deutschland,2024-05-01,L9\n",
    );
    expect(recordsOf(pages)).toEqual([
      {
        kind: "person",
        id: "17",
        updatedAt: null,
        deleted: false,
        createdAt: "2024-04-30T23:00:00.000Z",
        emails: ["a@brightleaf.co.uk", "b@brightleaf.co.uk", "c@brightleaf.co.uk"],
        phones: ["07700 900123"],
        firstName: "Anna",
        lastName: "van der Berg",
        company: null,
        country: "DE",
        postcode: null,
        city: null,
        externalIds: [
          { kind: "account_id", value: "17", scope: "connection" },
          { kind: "loyalty_id", value: "L9", scope: "connection" },
        ],
        mergedInto: null,
      },
    ]);
  });

  it.each([
    ["Nachname, Vorname", "Falk Ute"],
    ["Nachname, Vorname", "Falk, Ute"],
    ["Name Vorname", "Falk Ute"],
    ["Apellidos, Nombre", "Falk, Ute"],
    ["Vor- und Nachname", "Ute Falk"],
  ])("reads both names under %s: %s", async (header, name) => {
    expect(recordsOf(await read(`E-Mail;Ort;${header}\nute@lindenblatt.de;Kiel;${name}\n`))).toMatchObject([
      { firstName: "Ute", lastName: "Falk" },
    ]);
  });

  it("never uses an address as an id, and gives a couple with one address two records", async () => {
    const pages = await read(
      "email,first name,last name\nhome@brightleaf.co.uk,Ann,Lee\nhome@brightleaf.co.uk,Bob,Lee\nHOME@brightleaf.co.uk,ann,LEE\n",
    );
    const ids = recordsOf(pages).map((record) => record.id);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^email-[0-9a-f]{32}$/);
    const [person] = recordsOf(await read("customer id,name\nann@brightleaf.co.uk,Ann Lee\n"));
    expect(person).toMatchObject({ emails: ["ann@brightleaf.co.uk"], externalIds: [] });
    expect(person?.id).not.toContain("@");
  });

  it("shares ids across connections only where told", async () => {
    const [person] = recordsOf(await read("id,email\n7,a@brightleaf.co.uk\n", [], true));
    expect(person).toMatchObject({ externalIds: [{ kind: "account_id", value: "7", scope: "workspace" }] });
  });

  it("takes consent for what it says, in the person's language, and for the person's own word only with a date and a way", async () => {
    const pages = await read(
      "id,email,mobile,newsletter,sms consent,consent date,consent source\n" +
        "1,a@brightleaf.co.uk,07700900001,ja,no,01/05/2024,Double opt-in\n" +
        "2,b@brightleaf.co.uk,,Abgemeldet,,02/05/2024,imported\n" +
        "3,c@brightleaf.co.uk,,oui,,,web form\n" +
        "4,d@brightleaf.co.uk,,,,,\n" +
        "5,e@brightleaf.co.uk,,perhaps,,,\n",
    );
    const consents = recordsOf(pages).filter((record) => record.kind === "consent");
    expect(
      consents.map(({ person, channel, state, basis, explicit, address }) => [
        person.id,
        channel,
        state,
        basis,
        explicit,
        address,
      ]),
    ).toEqual([
      ["1", "email", "granted", "opt_in", true, "a@brightleaf.co.uk"],
      ["1", "sms", "denied", "none", true, "07700900001"],
      ["2", "email", "withdrawn", "none", false, "b@brightleaf.co.uk"],
      ["3", "email", "granted", "opt_in", false, "c@brightleaf.co.uk"],
      ["5", "email", "unknown", "none", false, "e@brightleaf.co.uk"],
    ]);
    expect(consents[0]).toMatchObject({
      effectiveAt: "2024-04-30T23:00:00.000Z",
      person: { stream: "people", id: "1" },
    });
    expect(consents[0]?.proof).toBe('Column "newsletter" of an imported file says granted; captured by double opt-in.');
    for (const consent of consents) expect(consent.proof).not.toContain("@");
    expect(rejectsOf(pages)).toEqual([
      expect.objectContaining({
        ref: "line 6",
        reason:
          'Kept without consent: Column "newsletter" says "perhaps", which is neither yes nor no; an earlier yes is suspended.',
      }),
    ]);
  });

  it("keeps a person whose date cannot be read, and rejects a row about nobody", async () => {
    const pages = await read(
      "id,email,joined\n1,a@brightleaf.co.uk,2024-01-01\n2,b@brightleaf.co.uk,soon\n,,2024-01-02\n3,c@brightleaf.co.uk,2024-01-03\n",
    );
    expect(recordsOf(pages).map((record) => record.id)).toEqual(["1", "2", "3"]);
    expect(rejectsOf(pages).map(({ ref, reason }) => [ref, reason])).toEqual([
      ["line 3", 'Kept without created_at: Column "joined" is not a date.'],
      ["line 4", "The row has no id, e-mail, phone, loyalty id or name."],
    ]);
  });

  it("keeps the person and says so where NUL characters had to go", async () => {
    const pages = await read("id,email,city\n1,a@brightleaf.co.uk,Ba\u0000th\n");
    expect(recordsOf(pages)[0]).toMatchObject({ city: "Bath" });
    expect(rejectsOf(pages)[0]?.reason).toBe("Kept after removing NUL characters.");
    expect(JSON.stringify(rejectsOf(pages))).not.toContain("\\u0000");
  });

  it.each([
    ["Anna Weber", "Anna", "Weber"],
    ["Weber, Anna", "Anna", "Weber"],
    ["María del Carmen", "María", "del Carmen"],
    ["Cher", "Cher", null],
    ["George Hale Jr.", "George", "Hale Jr."],
    ["Tom Senior", "Tom", "Senior"],
    ["Hale III, George", "George", "Hale III"],
  ])("splits %s", (full, firstName, lastName) => {
    expect(splitName(full)).toEqual({ firstName, lastName });
  });
});
