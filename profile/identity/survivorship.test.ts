import { expect, it } from "vitest";
import { type DisplaySource, displayOf, shownFacts } from "./survivorship.ts";
import { weighedFacts } from "./weighed.ts";

const context = { defaultCountry: "GB", today: "2026-11-28" };

function source(
  recordId: string,
  fields: Partial<DisplaySource["facts"]>,
  more: Partial<DisplaySource> = {},
): DisplaySource {
  return {
    recordId,
    facts: {
      emails: [],
      phones: [],
      firstName: null,
      lastName: null,
      company: null,
      city: null,
      country: null,
      postcode: null,
      externalIds: [],
      mergedInto: null,
      ...fields,
    },
    updatedAt: "2026-05-01T00:00:00Z",
    deleted: false,
    ...more,
  };
}

it("shows the latest living values that say who somebody is, in their own spelling", () => {
  const shown = shownFacts(
    [
      source("1", { firstName: "Anna", lastName: "Hill", emails: ["old@brightleaf.co.uk"], phones: ["07911 123456"] }),
      source(
        "2",
        { firstName: "Anna", lastName: "STONE", emails: ["info@brightleaf.co.uk", "Anna@brightleaf.co.uk"] },
        { updatedAt: "2026-06-01T00:00:00Z" },
      ),
      source(
        "3",
        { firstName: "Gone", lastName: "Away", emails: ["gone@brightleaf.co.uk"] },
        { updatedAt: "2026-07-01T00:00:00Z", deleted: true },
      ),
      source("4", { firstName: "Annie", phones: ["00000000"] }, { updatedAt: "2026-08-01T00:00:00Z" }),
    ],
    context,
  );
  expect(displayOf(shown)).toEqual({ name: "Anna STONE", email: "Anna@brightleaf.co.uk", phone: "07911 123456" });
});

it("says nothing where nothing is known", () => {
  expect(displayOf(shownFacts([source("1", {})], context))).toEqual({ name: null, email: null, phone: null });
});

it("tells for each value from which record it comes and why it is this one", () => {
  const shown = shownFacts(
    [
      source("1", {
        ...{ firstName: "Anna", lastName: "Hill", city: "Leeds", postcode: "LS1 1AA" },
        occupation: "potter",
      }),
      source(
        "2",
        { ...{ firstName: "Anna", city: "York" }, occupation: "painter", gender: "F", previousNames: ["Stone"] },
        { updatedAt: "2026-06-01T00:00:00Z" },
      ),
      source(
        "3",
        { ...{ gender: "male", street: "4 Mill Lane" }, previousNames: ["STONE", "Reed"] },
        { deleted: true },
      ),
    ],
    context,
  );
  expect(shown.map(({ title, value, recordId, why }) => [title, value, recordId, why])).toEqual([
    ["Name", "Anna Hill", "1", "the most complete of 2"],
    ["Address", "LS1 1AA Leeds", "1", "the only one of a record that still exists"],
    ["Occupation", "painter", "2", "the latest of 2"],
    ["Gender", "F", "2", "the only one of a record that still exists"],
    ["Earlier names", "Stone; Reed", "2", "all 2 that are known"],
  ]);
});

it("shows a number by its kind alone", () => {
  const nationalIds = [{ kind: "tax_id" as const, key: "ab12", quality: "strong" as const, reason: null }];
  const shown = shownFacts([source("1", { nationalIds })], context);
  expect(shown).toMatchObject([{ value: "tax id (kept as a hash)", why: "the only one known" }]);
});

it("says in words what counts less, of living records", () => {
  const weak = {
    firstName: "A.",
    lastName: "Hill",
    phones: ["0121 303 9944"],
    birthDate: "1970-01-01",
    street: "Mill Lane",
  };
  expect(weighedFacts([source("1", weak), source("2", weak)], context)).toEqual([
    "One date of birth does not count. Systems write this day when they know none.",
    "One name counts less. Of the given name only the initial is known.",
    "One phone number counts less. It may be the line of a household or an office.",
    "One street counts less. It has no house number.",
  ]);
  expect(weighedFacts([source("1", weak, { deleted: true })], context)).toEqual([]);
});
