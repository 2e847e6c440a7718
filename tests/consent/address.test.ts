/** A no for an address binds it wherever it is held: in the answers that plans rest on, and when something is sent. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decide } from "#profile/consent/decide.ts";
import type { ConsentRecord, PersonRecord } from "#connectors/core/records.ts";
import { openShop, type Shop } from "#tests/identity/shop.ts";
import { consent, person } from "#tests/support/records.ts";

const NOW = "2027-01-01T00:00:00Z";
const ADDRESS = "reception@hillandsons.co.uk";

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop.drop());

/** Two people whom identity does not join: their names speak against it. */
const walter = (fields: Partial<PersonRecord> = {}) =>
  person("1", { firstName: "Walter", lastName: "Hill", emails: [ADDRESS], ...fields });
const grace = (fields: Partial<PersonRecord> = {}) =>
  person("2", { firstName: "Grace", lastName: "Lindqvist", emails: [ADDRESS], ...fields });
const no = (personId: string, fields: Partial<ConsentRecord> = {}) =>
  consent(`no${personId}`, personId, {
    ...{ state: "withdrawn", address: ADDRESS, effectiveAt: "2026-05-01T00:00:00Z" },
    ...fields,
  });
/** Not explicit, hence never against a no. */
const yes = (personId: string, fields: Partial<ConsentRecord> = {}) =>
  consent(`yes${personId}`, personId, { explicit: false, ...fields });

async function refresh(): Promise<number> {
  await shop.resolveAll();
  return (await shop.refreshConsents(NOW)).profiles;
}

/** What plans rest on, and what sending is told. */
async function answersOf(id: string, channel: "email" | "sms" = "email"): Promise<[string | undefined, string]> {
  const [state] = await shop.rows<{ state: string }>(
    `SELECT state FROM consent_state WHERE workspace_id = $1 AND profile_id = $2 AND channel = $3 AND purpose = 'marketing'`,
    await shop.profileOf(id),
    channel,
  );
  return [state?.state, await sending(id, channel)];
}

async function sending(id: string, channel: "email" | "sms" = "email"): Promise<string> {
  const facts = (await shop.consent.basisFor(shop.workspaceId, [shop.idOf(id)])).factsOf(shop.idOf(id), NOW);
  if (facts === undefined) return "nobody's";
  const decided = decide(facts, [{ purpose: "marketing", channel }], NOW);
  return "refused" in decided ? decided.reason : "allowed";
}

const REFUSED = ["withdrawn", expect.stringContaining("not allowed - withdrawn for this address on 1 May 2026")];
const ALLOWED = ["granted", "allowed"];

async function expectApart(): Promise<void> {
  expect(await shop.profileOf("1")).not.toBe(await shop.profileOf("2"));
}

describe("a no for an address that two people hold", () => {
  it("counts for the other who was there before it was said, at once when sending", async () => {
    await shop.save([walter(), grace(), yes("1"), yes("2")]);
    await refresh();
    await expectApart();
    expect(await answersOf("2")).toEqual(ALLOWED);
    await shop.save([no("1")]);
    expect(await sending("2")).toContain("withdrawn for this address");
    await refresh();
    expect(await answersOf("2")).toEqual(REFUSED);
    expect(await sending("1")).toContain("not allowed - withdrawn on 1 May 2026 (Newsletter form)");
    expect(await refresh()).toBe(0);
  });

  it("counts for the other who comes later, and for whoever takes the address", async () => {
    await shop.save([walter(), no("1")]);
    await refresh();
    await shop.save([grace(), yes("2")]);
    await refresh();
    await expectApart();
    expect(await answersOf("2")).toEqual(REFUSED);

    await shop.save([person("3", { emails: ["ada@brightleaf.co.uk"] }), yes("3")]);
    await refresh();
    expect(await answersOf("3")).toEqual(ALLOWED);
    await shop.save([person("3", { emails: [ADDRESS], updatedAt: "2026-06-01T00:00:00Z" })]);
    expect(await sending("3")).toContain("withdrawn for this address");
    await refresh();
    expect(await answersOf("3")).toEqual(REFUSED);
  });

  it("counts when the person it was said by never arrives, and when everything comes at once", async () => {
    await shop.save([grace(), yes("2")]);
    await refresh();
    await shop.save([no("nobody")]);
    await refresh();
    expect(await answersOf("2")).toEqual(REFUSED);
    await shop.save([walter(), yes("1")]);
    await refresh();
    expect(await answersOf("1")).toEqual(REFUSED);
  });

  it("ends with the address: who gave it up is free again", async () => {
    await shop.save([walter(), no("1"), grace(), yes("2")]);
    await refresh();
    expect(await answersOf("2")).toEqual(REFUSED);
    await shop.save([grace({ emails: ["grace@brightleaf.co.uk"], updatedAt: "2026-06-01T00:00:00Z" })]);
    await refresh();
    expect(await answersOf("2")).toEqual(ALLOWED);
  });

  it.each<[string, Partial<ConsentRecord>]>([
    ["is later and was not said by themselves", { explicit: false, effectiveAt: "2026-06-01T00:00:00Z" }],
    ["is explicit and earlier", { effectiveAt: "2026-04-01T00:00:00Z" }],
    ["is explicit and undated", { effectiveAt: null }],
  ])("is not lifted by a yes of the other that %s", async (_, fields) => {
    await shop.save([walter(), no("1"), grace(), consent("yes", "2", fields)]);
    await refresh();
    expect(await answersOf("2")).toEqual(REFUSED);
  });

  it("is lifted for the other by their own explicit later yes, until it is said again", async () => {
    await shop.save([walter(), no("1"), grace(), yes("2")]);
    await refresh();
    await shop.save([consent("new", "2", { explicit: true, effectiveAt: "2026-06-01T00:00:00Z" })]);
    await refresh();
    expect(await answersOf("2")).toEqual(ALLOWED);
    expect((await answersOf("1"))[0]).toBe("withdrawn");
    await shop.save([no("1", { id: "again", effectiveAt: "2026-07-01T00:00:00Z" })]);
    await refresh();
    expect((await answersOf("2"))[0]).toBe("withdrawn");
  });

  it.each([
    ["another spelling", " Reception@HillAndSons.co.uk ", ADDRESS],
    ["a shared role inbox", "INFO@hillandsons.co.uk", "info@hillandsons.co.uk"],
    ["a tag that leads to the same mailbox", "grace.lindqvist+shop@gmail.com", "gracelindqvist@googlemail.com"],
    ["a tag left out", "grace@hillandsons.co.uk", "grace+shop@hillandsons.co.uk"],
  ])("is recognised by %s", async (_, refused, held) => {
    await shop.save([grace({ emails: [held] }), yes("2")]);
    await refresh();
    await shop.save([walter({ emails: [] }), no("1", { address: refused })]);
    await refresh();
    expect(await answersOf("2")).toEqual(REFUSED);
  });

  it("counts for a mailbox that many people use", async () => {
    const names = ["Anna Hill", "Tom Stone", "Maria Rossi", "Peter Long", "Ulrike Vogel"];
    const people = names.map((name, index) => {
      const [firstName = null, lastName = null] = name.split(" ");
      return person(String(index), { firstName, lastName, emails: [ADDRESS] });
    });
    await shop.save([...people, ...people.map(({ id }) => yes(id))]);
    await refresh();
    await shop.save([no("0")]);
    await refresh();
    for (const { id } of people.slice(1)) expect(await answersOf(id)).toEqual(REFUSED);
    // Everybody is refused by now: one more no has nothing to change, and brings round the one it is about.
    await shop.save([no("1", { effectiveAt: "2026-05-02T00:00:00Z" })]);
    expect(await refresh()).toBe(1);
  });

  it.each([
    ["+44 7400 100200", "07400 100200"],
    ["07400 100 200", "+447400100200"],
    ["0044 7400 100200", "07400100200"],
  ])("counts for a telephone number: %s, held as %s", async (refused, held) => {
    await shop.save([grace({ emails: [], phones: [held] }), yes("2", { channel: "sms" })]);
    await refresh();
    expect(await answersOf("2", "sms")).toEqual(ALLOWED);
    await shop.save([walter({ emails: [], phones: [held] }), no("1", { channel: "sms", address: refused })]);
    await refresh();
    await expectApart();
    expect(await answersOf("2", "sms")).toEqual(REFUSED);
  });

  it("counts for a number written as in the country of whoever said it", async () => {
    await shop.save([grace({ emails: [], phones: ["+49 151 23456789"] }), yes("2", { channel: "sms" })]);
    await refresh();
    const phones = { emails: [], phones: ["0151 23456789"], country: "DE" };
    await shop.save([walter(phones), no("1", { channel: "sms", address: "0151 23456789" })]);
    await refresh();
    await expectApart();
    expect(await answersOf("2", "sms")).toEqual(REFUSED);
  });

  it("covers every channel and purpose where it was said of any", async () => {
    await shop.save([walter(), grace(), yes("2")]);
    await refresh();
    await shop.save([no("1", { channel: "any", purpose: "any" })]);
    await refresh();
    expect(await answersOf("2")).toEqual(REFUSED);
  });
});

describe("what does not travel with an address", () => {
  it.each<[string, Partial<ConsentRecord>]>([
    ["a no for another address", { address: "walter@brightleaf.co.uk" }],
    ["a no for a tagged address whose tag may be another mailbox", { address: "reception+walter@hillandsons.co.uk" }],
    ["a no about the whole person", { address: null }],
    ["a no for another channel", { channel: "call" }],
    ["a statement that is no refusal", { state: "unknown" }],
  ])("%s", async (_, fields) => {
    await shop.save([walter({ emails: [ADDRESS, "walter@brightleaf.co.uk"] }), grace(), yes("2")]);
    await refresh();
    await expectApart();
    await shop.save([no("1", fields)]);
    await refresh();
    expect(await answersOf("2")).toEqual(ALLOWED);
  });

  it("a yes", async () => {
    await shop.save([walter(), grace(), consent("yes", "1", { address: ADDRESS })]);
    await refresh();
    await expectApart();
    expect((await answersOf("2"))[0]).toBeUndefined();
  });
});
