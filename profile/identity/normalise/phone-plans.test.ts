import * as fc from "fast-check";
import examples from "libphonenumber-js/examples.mobile.json";
import {
  getCountries,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from "libphonenumber-js/max";
import { expect, it } from "vitest";
import { normalisePhone } from "./phone.ts";
import { plainNumber } from "./phone-plans.ts";

const RUNS = 5_000;

const countries = getCountries().flatMap((country) => {
  const example = examples[country];
  return example === undefined ? [] : [{ country, example, callingCode: getCountryCallingCode(country) }];
});

/** A mobile number of the country with some digits changed, written in the ways that people write and mistype. */
const written = fc
  .record({
    of: fc.constantFrom(...countries),
    changes: fc.array(fc.tuple(fc.nat(12), fc.nat(9)), { maxLength: 8 }),
    dress: fc.constantFrom(
      (text: string) => text,
      (text: string) => text.replace(/(\d{3})(?=\d)/g, "$1 "),
      (text: string) => text.replace(/(\d{2})(?=\d)/g, "$1-"),
      (text: string) => text.replace(/^(\d{3,5})(\d{3})/, "($1) $2."),
      (text: string) => text.replace(/^(\+\d\d)(\d{3})/, "$1 ($2) "),
      (text: string) => text.replace(/(\d)(\d{3})$/, "$1) -.$2"),
    ),
    start: fc.constantFrom("", "0", "1", "8", "010", "+cc", "+cc0", "00cc", "cc"),
  })
  .map(({ of: { country, example, callingCode }, changes, start, dress }) => {
    const digits = example.split("");
    for (const [at, digit] of changes) if (at < digits.length) digits[at] = String(digit);
    const text = start.replace("cc", callingCode) + digits.join("");
    return { country, text: dress(text) };
  });

it("gives what the library gives wherever it gives something, in every country", () => {
  let read = 0;
  fc.assert(
    fc.property(written, ({ country, text }) => {
      const plain = plainNumber(text, country);
      if (plain === null) return;
      read += 1;
      const parsed = parsePhoneNumberFromString(text, country);
      expect({ country, text, ...plain }).toEqual({
        country,
        text,
        number: parsed?.number,
        nationalNumber: parsed?.nationalNumber,
        type: parsed?.getType(),
      });
    }),
    { numRuns: RUNS },
  );
  expect(read).toBeGreaterThan(RUNS / 10);
});

it.each([
  ["07911 123456", "GB"],
  ["+44 7911 123456", "GB"],
  ["07400 123456", "GB"],
  ["(01865) 708956", "GB"],
  ["0044 7400 123456", "GB"],
  ["020 7946 1234", "GB"],
  ["415-867-5309", "US"],
  ["+1 415 867 5309", "US"],
  ["0171 1234567", "DE"],
  ["06 12 34 56 78", "FR"],
])("%s in %s needs no detour", (raw, country) => {
  if (!isSupportedCountry(country)) throw new Error("There is no such country.");
  const plain = plainNumber(raw, country);
  expect(plain).toMatchObject({ number: parsePhoneNumberFromString(raw, country)?.number });
  expect(normalisePhone(raw, country).key).toBe(plain?.number);
});
