import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { guessFile } from "#connectors/csv/guess.ts";
import { normaliseEmail } from "#profile/identity/normalise/email.ts";
import { normalisePhone } from "#profile/identity/normalise/phone.ts";
import { customerOf, generateCustomers, type Customer } from "./customer.ts";
import { isOwn, PLACEHOLDER_PHONE } from "./mess.ts";
import { defaultRates as rates } from "./rates.ts";
import { openShop } from "./write.ts";

const NOW = Date.parse("2026-11-22T15:30:00Z");
const options = { seed: 7, now: NOW };
const shop = [...generateCustomers(3_000, options)];
const folder = mkdtempSync(join(tmpdir(), "demo-shop-"));
afterAll(() => rmSync(folder, { recursive: true }));

const contacts = shop.flatMap((customer) => customer.hubspot.contacts);
const share = (part: number, whole: number) => part / whole;
const noSinks = {};

describe("the demo shop", () => {
  it("is the same for the same seed and day, whatever the hour", () => {
    const later = Date.parse("2026-11-22T23:59:59Z");
    expect([...generateCustomers(200, { seed: 7, now: later })]).toEqual(shop.slice(0, 200));
  });

  it("is another one for another seed", () => {
    const other = customerOf(0, { ...options, seed: 8 });
    expect(other.truth).not.toEqual(shop[0]?.truth);
  });

  it("has the same person at a place however many customers there are", () => {
    for (const index of [0, 17, 2_999]) expect(customerOf(index, options)).toEqual(shop[index]);
  });

  it("keeps everything within its two years", () => {
    const times = shop.flatMap(({ hubspot, stripe }) => [
      ...hubspot.contacts.flatMap((contact) => [contact.createdAt, contact.updatedAt]),
      ...hubspot.contacts.flatMap((contact) => contact.subscriptions?.map((status) => status.timestamp) ?? []),
      ...stripe.charges.map((charge) => charge.createdAt),
      ...stripe.customers.map((customer) => customer.createdAt),
      ...stripe.refunds.map((refund) => refund.createdAt),
    ]);
    const sorted = times.toSorted();
    expect(sorted[0] ?? "").toMatch(/^2024-11-2[2-9]/);
    expect((sorted.at(-1) ?? "") < "2026-11-22T00:00:00.000Z").toBe(true);
  });
});

describe("what the tools are given", () => {
  it("never puts one address on two HubSpot contacts, as HubSpot would not", () => {
    const addresses = contacts.flatMap(({ properties }) =>
      [properties["email"], properties["hs_additional_emails"]].filter(Boolean),
    );
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  it("uses each id once", () => {
    const ids = [
      ...contacts.map((contact) => contact.id),
      ...shop.flatMap(({ stripe }) =>
        [...stripe.customers, ...stripe.charges, ...stripe.refunds, ...stripe.subscriptions].map((each) => each.id),
      ),
      ...shop.flatMap((customer) => new Set(customer.sales.map(([receipt]) => receipt)).values().toArray()),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("refers to customers and charges that exist", () => {
    const customers = new Set(
      shop.flatMap(({ stripe }) => stripe.customers.filter((each) => each.deleted !== true).map((each) => each.id)),
    );
    const charges = new Map(shop.flatMap(({ stripe }) => stripe.charges.map((charge) => [charge.id, charge] as const)));
    for (const { stripe } of shop) {
      for (const { customer } of [...stripe.charges, ...stripe.subscriptions])
        expect(customer === null || customers.has(customer)).toBe(true);
      for (const refund of stripe.refunds) expect(charges.get(refund.charge)?.amountRefunded).toBe(refund.amount);
    }
  });

  it("gives addresses and numbers that identity can read, but for the shared and made-up ones", () => {
    const real = contacts.filter(({ properties }) => !["Test", "asdf"].includes(properties["firstname"] ?? ""));
    const emails = real.flatMap(({ properties }) => properties["email"] ?? []).filter((email) => isOwn(email, null));
    expect(emails.filter((email) => normaliseEmail(email).quality !== "strong")).toEqual([]);
    const unread = real.filter(({ properties }) => {
      const phone = properties["phone"] ?? PLACEHOLDER_PHONE;
      const country = { Ireland: "IE", France: "FR", Japan: "JP" }[properties["country"] ?? ""] ?? "GB";
      return phone !== PLACEHOLDER_PHONE && !["strong", "weak"].includes(normalisePhone(phone, country).quality);
    });
    expect(unread).toEqual([]);
  });

  it("bears the mess it says: within tolerance of the rates", () => {
    const records = shop.flatMap((customer) => customer.truth.records);
    const buyers = shop.filter(({ stripe, sales }) => stripe.charges.length + sales.length > 0);
    // Walk-ins hang on store buyers alone, so a buyer has a sale or a charge and nobody else does.
    expect(Math.abs(share(buyers.length, shop.length) - (1 - rates.leadOnly))).toBeLessThan(0.02);
    const inCrm = (customer: Customer) =>
      customer.truth.records.some((record) => record.source === "hubspot" && record.person !== null);
    expect(Math.abs(share(buyers.filter(inCrm).length, buyers.length) - rates.crm)).toBeLessThan(0.05);
    const charges = shop.flatMap(({ stripe }) => stripe.charges);
    const refunds = charges.filter((charge) => charge.amountRefunded > 0);
    expect(Math.abs(share(refunds.length, charges.length) - rates.refunded)).toBeLessThan(0.01);
    const leavers = shop.filter((customer) => customer.truth.leaver !== null);
    expect(share(leavers.length, buyers.length)).toBeGreaterThan(0.3);
    expect(share(leavers.length, buyers.length)).toBeLessThan(0.6);
    const states = Map.groupBy(records, (record) => record.state);
    for (const state of ["live", "deleted", "merged"] as const)
      expect(states.get(state)?.length ?? 0).toBeGreaterThan(10);
    expect(charges.some((charge) => charge.currency === "jpy")).toBe(true);
    expect(charges.some((charge) => charge.currency === "eur")).toBe(true);
    expect(contacts.some((contact) => contact.properties["hs_additional_emails"])).toBe(true);
  });
});

describe("what the e-mail tool, the web analytics and the ad account are given", () => {
  const profiles = shop.flatMap(({ klaviyo }) => klaviyo.profiles);
  const statements = shop.flatMap(({ truth }) => truth.statements);
  const spokenOf = (source: string) => statements.filter(({ record }) => record.startsWith(`${source}/`));

  it("has one profile an address, and events of profiles that there are", () => {
    const addresses = profiles.map(({ attributes }) => attributes.email);
    expect(new Set(addresses).size).toBe(addresses.length);
    const ids = new Set(profiles.map(({ id }) => id));
    const events = shop.flatMap(({ klaviyo }) => klaviyo.events);
    expect(events.filter(({ profile }) => !ids.has(profile))).toEqual([]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(new Set(events.map(({ metric }) => metric))).toEqual(
      new Set([
        ...["Received Email", "Opened Email", "Clicked Email", "Bounced Email", "Placed Order"],
        ...["Unsubscribed from Email Marketing", "Marked Email as Spam"],
      ]),
    );
  });

  it("agrees with the CRM about some people and contradicts it about others", () => {
    const answerOf = (source: string, person: string) =>
      statements.find(
        ({ purpose, record, person: of }) => of === person && purpose === "marketing" && record.startsWith(source),
      )?.state;
    const people = [...new Set(spokenOf("klaviyo").map(({ person }) => person))];
    const both = people.filter((person) => answerOf("hubspot", person) && answerOf("klaviyo", person));
    const alike = both.filter((person) => answerOf("hubspot", person) === answerOf("klaviyo", person));
    expect(both.length).toBeGreaterThan(300);
    expect(share(alike.length, both.length)).toBeGreaterThan(0.6);
    expect(both.length - alike.length).toBeGreaterThan(30);
  });

  it("asks for adverts in the CRM, and hears noes to them on the site", () => {
    const adverts = statements.filter(({ purpose }) => purpose === "ad_audience");
    expect(adverts.every(({ channel }) => channel === "ads")).toBe(true);
    expect(new Set(spokenOf("hubspot").map(({ purpose }) => purpose))).toContain("ad_audience");
    expect(new Set(spokenOf("ga4").map(({ state }) => state))).toEqual(new Set(["withdrawn"]));
  });

  it("has clicks that a contact holds, clicks of strangers and clicks that several hold", () => {
    const clicks = shop.flatMap(({ truth }) => truth.clicks);
    const held = new Map<string, string[]>();
    for (const { id, archived, properties } of contacts) {
      const gclid = properties["hs_google_click_id"];
      if (gclid && archived !== true) held.set(gclid, [...(held.get(gclid) ?? []), id]);
    }
    for (const { gclid, holders } of clicks)
      expect(holders.map(({ contact }) => contact).toSorted()).toEqual((held.get(gclid) ?? []).toSorted());
    expect(clicks.filter(({ person }) => person === null).length).toBeGreaterThan(1_000);
    expect(clicks.filter(({ holders }) => holders.length > 1).length).toBeGreaterThan(0);
    expect(new Set(clicks.map(({ gclid }) => gclid)).size).toBe(clicks.length);
  });

  it("tells of one sale twice, for the same money, and counts it once", () => {
    const charges = new Map(shop.flatMap(({ stripe }) => stripe.charges.map((charge) => [charge.id, charge])));
    const twice = shop.flatMap(({ truth }) => truth.twice);
    const read = twice.filter(({ kind }) => kind === "till and payment");
    expect(read.length).toBeGreaterThan(500);
    const lines = Map.groupBy(
      shop.flatMap(({ sales }) => sales),
      ([receipt]) => receipt,
    );
    for (const { records } of read) {
      const sold = lines.get(records[0].slice("csv/orders/".length)) ?? [];
      const total = sold.reduce((sum, [, , , , , , , quantity, price]) => sum + Number(quantity) * Number(price), 0);
      expect(charges.get(records[1].slice("stripe/charges/".length))?.amount).toBe(Math.round(total * 100));
    }
    expect(twice.filter(({ kind }) => kind === "payment and e-mail tool").length).toBeGreaterThan(500);
    const receipts = new Set(read.map(({ records }) => records[0]));
    expect(receipts.size).toBe(read.length);
  });
});

describe("the truth", () => {
  it("knows whose every record is", () => {
    const known = new Set(
      shop.flatMap((customer) => customer.truth.records.map(({ source, stream, id }) => `${source}/${stream}/${id}`)),
    );
    const emitted = shop.flatMap(({ hubspot, stripe, klaviyo, site, people, sales }) => [
      ...hubspot.contacts.map(({ id }) => `hubspot/contacts/${id}`),
      ...stripe.customers.map(({ id }) => `stripe/customers/${id}`),
      ...stripe.charges.flatMap(({ id, customer }) => (customer === null ? `stripe/charges/${id}` : [])),
      ...people.map(([id]) => `csv/people/${id}`),
      ...sales.flatMap(([, , , card]) => (card === "" ? [] : `csv/orders/loyalty-${card}`)),
      ...klaviyo.profiles.map(({ id }) => `klaviyo/profiles/${id}`),
      ...site.members.map(({ id }) => `ga4/audience_members/${id}`),
    ]);
    expect(emitted.length).toBeGreaterThan(6_000);
    expect(emitted.filter((record) => !known.has(record))).toEqual([]);
  });

  it("has nobody leave before their last purchase, and nobody buy after leaving", () => {
    for (const { stripe, truth } of shop) {
      if (truth.leaver === null) continue;
      for (const charge of stripe.charges) expect(charge.createdAt <= truth.leaver.leftAt).toBe(true);
    }
  });
});

describe("the shop's files", () => {
  it("are read by the CSV connector as what they are", async () => {
    const { files } = await openShop(join(folder, "guess"), { seed: 7, customers: 300, now: NOW }, noSinks);
    const kinds: string[] = [];
    for (const { path, kind } of files) {
      const guess = await guessFile(path, { currency: "GBP", country: "GB", timeZone: "Europe/London" });
      expect(guess.kind).toBe(kind);
      kinds.push(`${guess.kind} ${guess.encoding} ${guess.delimiter}`);
      expect(Object.keys(guess.mapping)).toHaveLength(kind === "people" ? 14 : 7);
    }
    expect(kinds).toEqual(["people windows-1252 ;", "orders utf-8 ,"]);
  });

  it("stay as they are on the next day, and grow when more customers are asked for", async () => {
    const place = join(folder, "again");
    const first = await openShop(place, { seed: 7, customers: 100, now: NOW }, noSinks);
    const people = first.files[0]?.path ?? "";
    const before = { text: readFileSync(people, "latin1"), at: statSync(people).mtimeMs };
    const tomorrow = { seed: 7, customers: 100, now: NOW + 86_400_000 };
    expect((await openShop(place, tomorrow, noSinks)).facts.now).toBe(NOW);
    expect(statSync(people).mtimeMs).toBe(before.at);
    await openShop(place, { ...tomorrow, customers: 150 }, noSinks);
    expect(readFileSync(people, "latin1").startsWith(before.text)).toBe(true);
  });

  it("are not mixed with another shop's", async () => {
    const place = join(folder, "other");
    await openShop(place, { seed: 7, customers: 10, now: NOW }, noSinks);
    await expect(openShop(place, { seed: 8, customers: 10, now: NOW }, noSinks)).rejects.toThrow(/--fresh/);
  });
});
