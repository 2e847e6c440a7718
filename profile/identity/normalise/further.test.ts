import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PersonFacts } from "../identifiers.ts";
import { householdKeyOf, normaliseStreet } from "./address.ts";
import { normaliseBirthDate } from "./birth-date.ts";
import { normaliseEmail } from "./email.ts";
import { normaliseGender } from "./gender.ts";
import { readName } from "./name.ts";
import { normaliseNationalId } from "./national-id.ts";
import type { Normalised } from "./normalised.ts";
import { normalisePerson } from "./person.ts";
import { normalisePhone } from "./phone.ts";
import { normalisePostcode } from "./postcode.ts";
import { normaliseText } from "./text.ts";

const TODAY = "2026-11-28";

describe("dates of birth", () => {
  it.each([
    ["1984-05-11", "strong"],
    ["2024-02-29", "strong"],
    ["1984-01-01", "weak"],
    ["1900-01-01", "blocked"],
    ["1970-01-01", "blocked"],
    ["2026-11-28", "strong"],
    ["2026-11-29", "blocked"],
    ["1911-11-28", "strong"],
    ["1911-11-27", "blocked"],
  ])("%s is %s", (raw, quality) => {
    expect(normaliseBirthDate(raw, TODAY)).toMatchObject({ key: raw, quality });
  });

  it.each(["1984-02-30", "1984-5-1", "11.05.1984", "", "19840511"])("%j is no day", (raw) => {
    expect(normaliseBirthDate(raw, TODAY).key).toBeNull();
  });
});

describe("genders", () => {
  it.each([
    ["F", "female"],
    ["weiblich", "female"],
    ["Männlich", "male"],
    ["masculino", "male"],
    ["M", "male"],
    ["divers", "other"],
    ["non-binary", "other"],
  ])("%s is %s", (raw, key) => {
    expect(normaliseGender(raw)).toEqual({ key, quality: "strong", reason: null });
  });

  it.each(["", "prefer not to say", "unknown", "1", "keine Angabe"])("%j is none that is known", (raw) => {
    expect(normaliseGender(raw)).toMatchObject({ key: null, quality: "blocked" });
  });
});

describe("streets", () => {
  it.each([
    ["12 Mill Ln", "12", "mill lane"],
    ["12 mill lane", "12", "mill lane"],
    ["12A Mill Lane", "12a", "mill lane"],
    ["Flat 2, 12 Mill Lane", "12", "mill lane"],
    ["12-14 High St.", "12-14", "high street"],
    ["3 St James St", "3", "saint james street"],
    ["Hauptstr. 7", "7", "hauptstrasse"],
    ["Hauptstraße 7 b", "7b", "hauptstrasse"],
    ["7 rue de l'Église", "7", "rue de l eglise"],
    ["C/ Mayor 5", "5", "calle mayor"],
    ["221b Baker St", "221b", "baker street"],
    ["Avenida Sol 4", "4", "avenida sol"],
  ])("%s: number %s, %s", (raw, houseNumber, street) => {
    expect(normaliseStreet(raw)).toMatchObject({ houseNumber, street, quality: "strong", reason: null });
  });

  it.each([
    ["Mill Lane", "weak", null, "mill lane"],
    ["12", "weak", "12", null],
    ["P.O. Box 12", "weak", "12", "po box"],
    ["n/a", "blocked", null, null],
  ])("%s is %s", (raw, quality, houseNumber, street) => {
    expect(normaliseStreet(raw)).toMatchObject({ quality, houseNumber, street, reason: expect.stringMatching(/\.$/) });
  });

  it("make one household of one house, however its street is written, and none of half an address", () => {
    const [a, b] = [normaliseStreet("Flat 2, 12 Mill Ln"), normaliseStreet("12 Mill Lane")];
    expect(householdKeyOf("GB", "LS11AA", a)).toBe("GB|LS11AA|12|milll");
    expect(householdKeyOf("GB", "LS11AA", b)).toBe("GB|LS11AA|12|milll");
    expect(householdKeyOf("GB", null, a)).toBeNull();
    expect(householdKeyOf("GB", "LS11AA", normaliseStreet("Mill Lane"))).toBeNull();
  });
});

describe("postcodes", () => {
  it.each([
    ["n1 9gu", "GB", "N19GU", "strong"],
    ["90210-1234", "US", "90210", "strong"],
    ["90210", "US", "90210", "strong"],
    ["123-4567", "JP", "1234567", "strong"],
    ["1012 ab", "NL", "1012AB", "strong"],
    ["4011", "AU", "4011", "strong"],
    ["ts1 osh", "GB", "TS1OSH", "weak"],
    ["4011", "GB", "4011", "weak"],
    ["4011", "XX", "4011", "weak"],
    ["00000", "US", "00000", "blocked"],
  ])("%s in %s is %s and %s", (raw, country, key, quality) => {
    expect(normalisePostcode(raw, country)).toMatchObject({ key, quality });
  });
});

describe("phone numbers without a plus", () => {
  it.each([
    ["447911123456", "GB", "+447911123456", "strong"],
    ["44 7911 123456", "GB", "+447911123456", "strong"],
    ["4915112340671", "DE", "+4915112340671", "strong"],
    ["33612345098", "GB", "+33612345098", "weak"],
    ["447911123456", "US", "+447911123456", "weak"],
    ["14158675309", "US", "+14158675309", "weak"],
  ])("%s in %s is %s and %s", (raw, country, key, quality) => {
    expect(normalisePhone(raw, country)).toMatchObject({ key, quality });
  });

  it("are no number where they are a customer's", () => {
    expect(normalisePhone("100000123456", "GB").quality).toBe("blocked");
  });
});

describe("what a name tells besides", () => {
  it("keeps titles, degrees and generation beside the name", () => {
    expect(readName("Dr. Prof. Anna", "Hill PhD Jr.", "Maria")).toEqual({
      ...{ key: "anna hill", quality: "strong", reason: null, first: "anna", last: "hill", generation: "jr" },
      ...{ middle: "maria", initial: "a", titles: ["dr", "prof"], degrees: ["phd"], isOrganisation: false },
    });
  });

  it.each([
    ["Brightleaf", "Ltd", null, "blocked", true],
    ["Test", "Customer", null, "blocked", false],
    ["A.", "Hill", "a hill", "weak", false],
    ["Anna", null, "anna", "weak", false],
    [null, null, null, "blocked", false],
  ])("%j %j: %j is %s", (first, last, key, quality, isOrganisation) => {
    const reason = expect.stringMatching(/\.$/);
    expect(readName(first, last)).toMatchObject({ key, quality, isOrganisation, reason });
  });
});

describe("further e-mail addresses", () => {
  it("are throw-away ones where a kept list says so, whatever stands before the domain", () => {
    for (const raw of ["anna@yopmail.com", "anna@x.yopmail.com", "anna@spamgourmet.com"])
      expect(normaliseEmail(raw)).toMatchObject({ quality: "blocked", reason: "It is a throw-away mailbox." });
  });

  it("are told from those that stand for another within one business", () => {
    expect(normaliseEmail("x7k2@privaterelay.appleid.com")).toMatchObject({ quality: "strong", isRelay: true });
    expect(normaliseEmail("b1z9@marketplace.amazon.co.uk")).toMatchObject({ quality: "strong", isRelay: true });
    expect(normaliseEmail("anna@brightleaf.co.uk")).toMatchObject({ isRelay: false });
  });
});

describe("national numbers", () => {
  it.each([
    ["QQ 12-34-56 C", "QQ123456C", "strong"],
    ["1804974", "1804974", "strong"],
    ["000-00-0000", "000000000", "blocked"],
    ["123456789", "123456789", "blocked"],
  ])("%s is %s and %s", (raw, key, quality) => {
    expect(normaliseNationalId("social_security", raw, "US")).toMatchObject({ key, quality });
  });
});

describe("values of any length and content", () => {
  const facts: PersonFacts = {
    ...{ emails: [], phones: [], firstName: null, lastName: null, company: null, country: null, postcode: null },
    ...{ city: null, externalIds: [], mergedInto: null },
  };
  const everywhere = (raw: string): PersonFacts => ({
    ...facts,
    ...{ emails: [raw], phones: [raw], firstName: raw, lastName: raw, company: raw, postcode: raw, city: raw },
    ...{ middleName: raw, previousNames: [raw], street: raw, addressLine2: raw, region: raw, occupation: raw },
    ...{ birthDate: raw, birthPlace: raw, gender: raw },
  });
  const look = (raw: string): void => {
    const person = normalisePerson(everywhere(raw), { defaultCountry: "DE", today: TODAY });
    const { birthDate, birthPlace, gender, occupation, postcode, street, addressLine2, city, region, company } = person;
    const further = [birthDate, birthPlace, gender, occupation, postcode, street, addressLine2, city, region, company];
    const all: (Normalised | null)[] = [person.name, ...person.emails, ...person.phones, ...further];
    for (const value of all.filter((value) => value !== null)) {
      // Whoever reads it learns why a value does not count, and a strong one needs no excuse.
      expect(value.quality === "strong").toBe(value.reason === null);
      expect(value.reason ?? "A reason.").toMatch(/^[A-Z].*\.$/);
      expect((value.key ?? "").length).toBeLessThanOrEqual(2_500);
    }
    normaliseNationalId("tax_id", raw, "DE");
  };

  it("cost no more than a glance", () => {
    const before = process.cpuUsage();
    const nasty = [
      "1 ",
      "a1 ",
      "12-",
      "/",
      "st ",
      "flat 1 ",
      "str",
      "p o box ",
      "-01",
      "ﷺ",
      "\ud800",
      "0".repeat(9),
      "( )",
    ];
    for (const part of nasty) for (const times of [1, 40, 200_000]) look(part.repeat(times));
    fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 300 }), fc.stringMatching(/^[a-z0-9 .,/-]{0,200}$/)), look), {
      numRuns: 1_500,
    });
    expect(process.cpuUsage(before).user).toBeLessThan(6_000_000);
  });

  it("compare alike however blanks and cases are written", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9 .-]{1,60}$/), (raw) => {
        const shouted = `  ${raw.toUpperCase().replaceAll(" ", "  ")} `;
        for (const normalise of [normaliseText, normaliseStreet, (text: string) => normalisePostcode(text, "GB")])
          expect(normalise(shouted).key).toBe(normalise(raw).key);
      }),
    );
  });
});
