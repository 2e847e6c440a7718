import { hash } from "node:crypto";
import { expect, it } from "vitest";
import type { ConnectionId } from "#profile/ids.ts";
import { page, person } from "#tests/support/records.ts";
import { preparePage } from "./prepare.ts";

const place = { connectionId: "6b0f7ac4-5f0a-4a9c-9d2c-0a4f4f4c9e11" as ConnectionId, stream: "people" };

it("hashes a person of whom no further facts are known as release 0.1.0 did, so that an upgrade changes nobody", () => {
  const { sources } = preparePage(place, page([person("1")]));
  const text =
    '{"id":"1","deleted":false,"kind":"person","createdAt":"2026-01-01T00:00:00Z","emails":["person1@brightleaf.co.uk"],' +
    '"phones":[],"firstName":"Ada","lastName":"Marsh 1","company":null,"country":"GB","postcode":null,"city":null,' +
    '"externalIds":[],"mergedInto":null}';
  expect(sources).toMatchObject([{ text, hash: hash("sha256", text, "hex") }]);
});

it("keeps nothing sensitive of a row that did not become a record", () => {
  const broken = { ...person("1", { birthDate: "1984-05-11", gender: "f" }), emails: "none" } as unknown as ReturnType<
    typeof person
  >;
  const { rejects } = preparePage(place, page([broken]));
  expect(rejects).toMatchObject([{ ref: "1", raw: { firstName: "Ada" } }]);
  expect(JSON.stringify(rejects)).not.toMatch(/1984|gender/);
});
