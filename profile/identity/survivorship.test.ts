import { expect, it } from "vitest";
import { type DisplaySource, displayOf } from "./survivorship.ts";

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
  const display = displayOf(
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
    "GB",
  );
  expect(display).toEqual({ name: "Anna STONE", email: "Anna@brightleaf.co.uk", phone: "07911 123456" });
});

it("says nothing where nothing is known", () => {
  expect(displayOf([source("1", {})], "GB")).toEqual({ name: null, email: null, phone: null });
});
