import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PersonRecord } from "../core/records.ts";
import { sensitiveCategoryOf } from "../core/sensitive.ts";
import { describeGuess } from "./describe.ts";
import { guessHead, type GuessOptions } from "./guess.ts";
import { applyOverrides } from "./overrides.ts";
import { fileOf, LONDON, readAll, recordsOf, rejectsOf, withFolder } from "./testing.ts";

const guessOf = (content: string, options: Partial<GuessOptions> = {}) =>
  guessHead(Buffer.from(content), { ...LONDON, fileName: "people.csv", cut: false, ...options });

const read = (content: string, overrides: string[] = [], options: Partial<GuessOptions> = {}) =>
  withFolder(async (folder) => {
    const file = await fileOf(join(folder, "people.csv"), content, { kind: "people", overrides, ...options });
    return readAll([file], "people");
  });

const peopleOf = async (...given: Parameters<typeof read>): Promise<PersonRecord[]> =>
  recordsOf(await read(...given)).filter((record) => record.kind === "person");

const FEBRL = [
  "rec_id, given_name, surname, street_number, address_1, address_2, suburb, postcode, state, date_of_birth, soc_sec_id",
  "rec-7-org, mara, quill, 7, wattle place, delmar, cleveland, 2119, sa, 19560409, 1804974",
  "rec-8-dup-3, tom, reed, 177, pridham street, , marsden, 3165, nsw, 19080431, 6089216",
].join("\n");

describe("a list that knows more of its people", () => {
  it("has its columns found whatever is sensitive, and feeds what is not", async () => {
    const guess = await guessOf(FEBRL);
    expect(guess.mapping).toEqual({
      ...{ id: ["rec_id"], first_name: ["given_name"], last_name: ["surname"], house_number: ["street_number"] },
      ...{
        street: ["address_1"],
        address_line_2: ["address_2"],
        city: ["suburb"],
        postcode: ["postcode"],
        region: ["state"],
      },
    });
    expect(guess.withheld).toEqual([
      { field: "birth_date", columns: ["date_of_birth"] },
      { field: "national_id", columns: ["soc_sec_id"] },
    ]);
    const shown = describeGuess(guess);
    expect(shown).toContain("--map birth_date=date_of_birth keeps it");
    expect(shown).toMatch(/soc_sec_id +\(left out\)/);
  });

  it("becomes records with all that was asked for; a day that is none is noted", async () => {
    const overrides = ["birth_date=date_of_birth", "national_id=soc_sec_id", "country=AU"];
    const pages = await read(FEBRL, overrides);
    expect(recordsOf(pages)).toMatchObject([
      {
        ...{
          id: "rec-7-org",
          firstName: "mara",
          lastName: "quill",
          city: "cleveland",
          postcode: "2119",
          country: "AU",
        },
        ...{ street: "7 wattle place", addressLine2: "delmar", region: "sa", birthDate: "1956-04-09", externalIds: [] },
        nationalIds: [{ kind: "social_security", value: "1804974" }],
      },
      { id: "rec-8-dup-3", street: "177 pridham street" },
    ]);
    expect(recordsOf(pages)[1]).not.toHaveProperty("birthDate");
    expect(recordsOf(pages)[1]).not.toHaveProperty("addressLine2");
    expect(rejectsOf(pages)).toMatchObject([
      { ref: "line 3", reason: 'Kept without birth_date: Column "date_of_birth" is not a day.', kept: true },
    ]);
  });

  it("leaves nothing sensitive with rows that were noted or refused", async () => {
    for (const overrides of [[], ["birth_date=date_of_birth", "national_id=soc_sec_id"]]) {
      const pages = await read(`${FEBRL}\nrec-9, a, b, c, d, 19560409, 1804974\n,,,,,,,,,19560410,1804975`, overrides);
      const rejects = rejectsOf(pages);
      expect(rejects.map(({ ref }) => ref)).toEqual(expect.arrayContaining(["line 4", "line 5"]));
      expect(JSON.stringify(rejects)).not.toMatch(/1804974|6089216|1804975|1956|1908/);
    }
  });

  it("keeps what the workspace uses anyway without asking", async () => {
    const guess = await guessOf(FEBRL, { sensitive: new Set(["birth_date"]) });
    expect(guess.mapping.birth_date).toEqual(["date_of_birth"]);
    expect(guess.withheld.map(({ field }) => field)).toEqual(["national_id"]);
  });

  it.each([
    [
      "English",
      "First name,Maiden name,Street address,House No.,County,Date of birth,Place of birth,Sex,Occupation,SSN",
    ],
    ["German", "Vorname,Geburtsname,Straße,Hausnummer,Bundesland,Geburtsdatum,Geburtsort,Geschlecht,Beruf,Steuer-ID"],
    [
      "French",
      "Prénom,Nom de jeune fille,Rue,Numéro de rue,Département,Date de naissance,Lieu de naissance,Sexe,Profession,NIR",
    ],
    [
      "Italian",
      "Nome,Cognome da nubile,Indirizzo,Numero civico,Provincia,Data di nascita,Luogo di nascita,Sesso,Professione,Codice fiscale",
    ],
    [
      "Spanish",
      "Nombre,Apellido de soltera,Dirección,Número de casa,Provincia,Fecha de nacimiento,Lugar de nacimiento,Sexo,Profesión,DNI",
    ],
    ["Dutch", "Voornaam,Meisjesnaam,Straat,Huisnummer,Provincie,Geboortedatum,Geboorteplaats,Geslacht,Beroep,BSN"],
  ])("knows %s headers", async (_, header) => {
    const guess = await guessOf(`${header}\nAnna,Stone,Mill Lane,4,Kent,1984-05-11,Leeds,f,potter,QQ123456C\n`);
    expect(Object.keys(guess.mapping).toSorted()).toEqual([
      ...["first_name", "house_number", "occupation", "previous_name", "region", "street"],
    ]);
    expect(guess.withheld.map(({ field }) => field)).toEqual(["birth_date", "birth_place", "gender", "national_id"]);
  });

  it("writes the number where the country does", async () => {
    const list = "id,street,house number,country\n1,Hauptstr.,7,DE\n2,Mill Lane,7,GB\n";
    expect((await peopleOf(list)).map(({ street }) => street)).toEqual(["Hauptstr. 7", "7 Mill Lane"]);
  });

  it("finds postcodes by their values where the name says it by halves", async () => {
    expect((await guessOf("id,postcode_fake\n1,ts19 0sh\n2,ts5 7hb\n")).mapping.postcode).toEqual(["postcode_fake"]);
  });
});

describe("dates of birth", () => {
  const births = (...dates: string[]) =>
    `email,joined,dob\n${dates.map((date, at) => `p${at}@brightleaf.co.uk,05/06/2024,${date}`).join("\n")}\n`;
  const map = ["birth_date=dob", "dates=dmy"];

  it.each([
    ["19560409", "1956-04-09"],
    ["1956-04-09", "1956-04-09"],
    ["1956-04-09 00:00:00", "1956-04-09"],
    ["1956-04-09T00:00:00Z", "1956-04-09"],
    ["09.04.1956", "1956-04-09"],
    ["9 April 1956", "1956-04-09"],
    ["09/04/56", "1956-04-09"],
    ["09/04/12", "2012-04-09"],
    ["1855-01-04", "1855-01-04"],
  ])("%s is %s", async (written, day) => {
    expect(await peopleOf(births(written), map)).toMatchObject([{ birthDate: day }]);
  });

  it.each(["1956-02-30", "1956", "soon", "0956-04-09"])("%s is none", async (written) => {
    const [person] = await peopleOf(births(written), map);
    expect(person).toMatchObject({ emails: ["p0@brightleaf.co.uk"] });
    expect(person).not.toHaveProperty("birthDate");
  });

  it("are read as their own column shows, whatever the other dates are like", async () => {
    const people = await peopleOf(births("04/09/1956", "04/23/1984"), map);
    expect(people.map(({ birthDate }) => birthDate)).toEqual(["1956-04-09", "1984-04-23"]);
    expect(people[0]?.createdAt).toBe("2024-06-04T23:00:00.000Z");
  });

  it("are asked about where nothing in the file tells day from month, but only where they are kept", async () => {
    const list = "email,dob\na@brightleaf.co.uk,04/09/1956\n";
    const guess = await guessOf(list);
    expect(guess.questions).toEqual([]);
    expect(applyOverrides(guess, ["birth_date=dob"]).questions).toMatchObject([{ about: "dates" }]);
    expect(applyOverrides(guess, ["dates=mdy", "birth_date=dob"])).toMatchObject({ questions: [], dayOrder: "mdy" });
  });
});

describe("columns about health, finance and children", () => {
  it.each([
    ["Diagnosis", "health"],
    ["bloodType", "health"],
    ["Krankenkasse", "health"],
    ["IBAN", "finance"],
    ["Household Income", "finance"],
    ["Child First Name", "minors"],
    ["Loyalty card number", null],
    ["Art", null],
    ["Account number", null],
    ["Kind", null],
  ])("%s: %s", (name, category) => {
    expect(sensitiveCategoryOf(name)).toBe(category);
  });

  const list = "email,Child First Name,Diagnosis\na@brightleaf.co.uk,Tim,cold\n";

  it("are never read in by themselves", async () => {
    const guess = await guessOf(list);
    expect(Object.keys(guess.mapping)).toEqual(["email"]);
    expect(guess.columns.map(({ why }) => why)).toEqual(
      expect.arrayContaining(["it seems to be about minors", "it seems to be about health"]),
    );
  });

  it("are read in by whoever says so only with a reason", async () => {
    const guess = await guessOf(list);
    expect(() => applyOverrides(guess, ["occupation=Diagnosis"])).toThrow(/about health.*--reason/);
    const mapped = applyOverrides(guess, ["occupation=Diagnosis"], "a clinic's own list");
    expect(mapped.mapping.occupation).toEqual(["Diagnosis"]);
  });
});
