import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalRecord } from "../core/records.ts";
import { sensitiveCategoryOf } from "../core/sensitive.ts";
import { CONTACT_PROPERTIES, contactProperties, contactToRecords, dealToRecords } from "./mapping.ts";
import { consentsOf } from "./consent.ts";
import type { SubscriptionStatus } from "./schema.ts";

const AT = "2026-03-01T09:00:00.000Z";

const rowOf = (properties: Record<string, string | null>) => ({
  id: "1001",
  properties,
  createdAt: AT,
  updatedAt: AT,
  archived: false,
});

const recordsOf = (properties: Record<string, string | null>) =>
  contactToRecords(rowOf(properties), { consents: new Map(), mergedAway: new Set() });
const personOf = (properties: Record<string, string | null>) => recordsOf(properties)[0];

describe("a HubSpot contact", () => {
  it("brings all its addresses, the primary one first and none twice", () => {
    expect(
      personOf({ email: "a@marlow.co.uk", hs_additional_emails: "b@marlow.co.uk; a@marlow.co.uk;;c@marlow.co.uk" }),
    ).toMatchObject({ emails: ["a@marlow.co.uk", "b@marlow.co.uk", "c@marlow.co.uk"] });
  });

  it("brings both its phone numbers, and one only where they are the same", () => {
    expect(personOf({ phone: "020 7946 0000", mobilephone: "07700 900000" })).toMatchObject({
      phones: ["020 7946 0000", "07700 900000"],
    });
    expect(personOf({ phone: "07700 900000", mobilephone: "07700 900000" })).toMatchObject({
      phones: ["07700 900000"],
    });
  });

  it("takes an empty value for none", () => {
    expect(personOf({ email: "", firstname: "  ", lastname: null })).toMatchObject({
      emails: [],
      firstName: null,
      lastName: null,
    });
  });

  it("takes its time from the property that contacts have for it", () => {
    expect(personOf({ lastmodifieddate: "2026-04-01T00:00:00.000Z" })).toMatchObject({
      updatedAt: "2026-04-01T00:00:00.000Z",
    });
    expect(personOf({ lastmodifieddate: "1775001600000" })).toMatchObject({ updatedAt: "2026-04-01T00:00:00.000Z" });
  });

  it("never asks for a property of ours, so that our own write is no news", () => {
    expect(CONTACT_PROPERTIES.filter((name) => name.startsWith("tributary"))).toEqual([]);
  });

  it("asks for nothing sensitive that nobody has switched on", () => {
    expect(contactProperties(new Set())).toEqual(CONTACT_PROPERTIES);
    expect(contactProperties(new Set(["birth_date", "birth_place"]))).toEqual([...CONTACT_PROPERTIES, "date_of_birth"]);
    expect(CONTACT_PROPERTIES.filter((name) => sensitiveCategoryOf(name) !== null)).toEqual([]);
  });

  it("reports each contact it swallowed, once and without itself", () => {
    expect(recordsOf({ hs_merged_object_ids: "1002;1003;1001;" }).slice(1)).toMatchObject([
      { id: "1002", deleted: true, mergedInto: "1001" },
      { id: "1003", deleted: true, mergedInto: "1001" },
    ]);
  });

  it("is a valid record whatever the account filled in", () => {
    const text = fc.option(fc.string(), { nil: null });
    const asked = contactProperties(new Set(["birth_date", "gender"]));
    const properties = fc.record(Object.fromEntries(asked.map((name) => [name, text])));
    fc.assert(
      fc.property(properties, (values) => {
        for (const record of recordsOf(values)) expect(canonicalRecord.safeParse(record).error).toBeUndefined();
      }),
    );
  });
});

describe("consent in HubSpot", () => {
  const status: SubscriptionStatus = {
    subscriptionId: "601",
    subscriptionName: "News",
    status: "SUBSCRIBED",
    source: "Form",
    legalBasis: "CONSENT_WITH_NOTICE",
    timestamp: AT,
  };
  const usual = { channel: "email", purpose: "marketing" } as const;
  const context = { useOf: () => usual, uses: [usual], optedOutAt: null };
  const said = (statuses: Partial<SubscriptionStatus>[], properties: Record<string, string | null> = {}, more = {}) =>
    consentsOf(
      rowOf({ email: "a@marlow.co.uk", ...properties }),
      { known: statuses.map((one) => ({ ...status, ...one })) },
      { ...context, ...more },
    );
  const consent = (more: Partial<SubscriptionStatus>) => said([more]).records[0];

  it.each([
    ["Form", true],
    ["FORM_SUBMISSION", true],
    ["Preferences page", true],
    ["Import", false],
    ["Import of newsletter sign-up form", false],
    ["API", false],
    ["Workflow: form follow-up", false],
    ["Manually added by user", false],
    ["Information desk", false],
    ["", false],
  ])("counts the source %j as the person's own word: %s", (source, explicit) => {
    expect(consent({ source })).toMatchObject({ state: "granted", explicit });
  });

  it("is not explicit on any other legal ground than consent", () => {
    expect(consent({ legalBasis: "LEGITIMATE_INTEREST_PQL" })).toMatchObject({
      basis: "legitimate_interest",
      explicit: false,
    });
    expect(consent({ legalBasis: null })).toMatchObject({ basis: "none", explicit: false });
    expect(consent({ legalBasis: "PROCESS_AND_STORE" })).toMatchObject({ basis: "none", explicit: false });
  });

  it("takes a status it does not know for unknown from now on, and says so", () => {
    const { records, doubts } = said([{ status: "SOMETHING_NEW" }]);
    expect(records).toMatchObject([{ state: "unknown", explicit: false, effectiveAt: null }]);
    expect(doubts).toMatchObject([{ ref: "1001:601", reason: expect.stringContaining("do not know") }]);
  });

  it("takes a word it does not know next to a yes for a possible no", () => {
    expect(said([{}, { subscriptionId: "602", status: "OPTED_OUT" }]).records.map(({ state }) => state)).toEqual([
      "granted",
      "unknown",
    ]);
  });

  it("counts a status that went back to unspecified as unknown from now on, and says so", () => {
    const { records, doubts } = said([{ status: "NOT_SPECIFIED" }]);
    expect(records).toMatchObject([{ state: "unknown", effectiveAt: null, address: "a@marlow.co.uk" }]);
    expect(doubts).toHaveLength(1);
  });

  it("counts an address without any status as unknown, which is nothing to report", () => {
    for (const statuses of [[], [{ status: "NOT_SPECIFIED", timestamp: null }]])
      expect(said(statuses)).toMatchObject({ records: [{ state: "unknown", effectiveAt: null }], doubts: [] });
  });

  it("lets what was never said stand beside a yes without weakening it", () => {
    const { records } = said([{}, { subscriptionId: "602", status: "NOT_SPECIFIED", timestamp: null }]);
    expect(records.map(({ state }) => state)).toEqual(["granted"]);
  });

  it("counts every use as unknown where HubSpot did not answer", () => {
    const service = { channel: "email", purpose: "service" } as const;
    const { records, doubts } = consentsOf(
      rowOf({ email: "a@marlow.co.uk" }),
      { unknown: "No answer" },
      { ...context, uses: [usual, service, usual] },
    );
    expect(records.map(({ state, purpose }) => [state, purpose])).toEqual([
      ["unknown", "marketing"],
      ["unknown", "service"],
    ]);
    expect(doubts).toHaveLength(2);
  });

  it("dates nothing by guess", () => {
    expect(consent({ status: "UNSUBSCRIBED", timestamp: null })).toMatchObject({
      state: "withdrawn",
      effectiveAt: null,
    });
    expect(consent({ timestamp: null })).toMatchObject({ state: "granted", effectiveAt: null });
  });

  it("keeps the statements of two business units on one subscription apart", () => {
    const { records } = said([{ businessUnitId: "0" }, { businessUnitId: "1", status: "UNSUBSCRIBED" }]);
    expect(records.map(({ id, state }) => [id, state])).toEqual([
      ["1001:601", "granted"],
      ["1001:601:1", "withdrawn"],
    ]);
  });

  it("keeps no address in the proof", () => {
    const record = consent({ source: "Form sent by jo@marlow.co.uk" });
    expect(record?.kind === "consent" && record.proof).not.toContain("jo@");
  });

  it.each([
    [AT, "2026-05-01T00:00:00.000Z"],
    ["2026-06-01T00:00:00.000Z", "2026-06-01T00:00:00.000Z"],
    [null, null],
  ])("puts an opt-out from everything (%s) above any subscription", (optedOutAt, effectiveAt) => {
    const { records } = said([{ timestamp: "2026-05-01T00:00:00.000Z" }], { hs_email_optout: "true" }, { optedOutAt });
    expect(records.at(-1)).toMatchObject({ state: "withdrawn", effectiveAt });
  });

  it("does not date an opt-out from everything by the status of one list", () => {
    const old = { status: "UNSUBSCRIBED", timestamp: "2024-01-01T00:00:00.000Z" };
    const { records } = said([old], { hs_email_optout: "true" }, { optedOutAt: "2026-06-01T00:00:00.000Z" });
    expect(records.at(-1)).toMatchObject({ id: "1001:all", effectiveAt: "2026-06-01T00:00:00.000Z" });
  });
});

describe("a HubSpot deal", () => {
  const amountOf = (amount: string | null, currency: string | null, accountCurrency: string | null = null) => {
    const properties = { amount, deal_currency_code: currency };
    const row = { id: "7", properties, createdAt: AT, updatedAt: AT };
    const [record] = dealToRecords(row, { contactIds: new Map([["7", []]]), accountCurrency });
    return record?.kind === "deal" ? [record.amountMinor, record.currency] : [];
  };

  it("counts money in the currency's own smallest unit", () => {
    expect(amountOf("1234.5", "GBP")).toEqual([123_450, "GBP"]);
    expect(amountOf("1.005", "GBP")).toEqual([101, "GBP"]);
    expect(amountOf("500", "JPY")).toEqual([500, "JPY"]);
    expect(amountOf("5.12", "KWD")).toEqual([5_120, "KWD"]);
    expect(amountOf("1990", "HUF")).toEqual([199_000, "HUF"]);
    expect(amountOf("15000", "idr")).toEqual([1_500_000, "IDR"]);
    expect(amountOf("1.2E+3", "COP")).toEqual([120_000, "COP"]);
    expect(amountOf("10", null, "EUR")).toEqual([1_000, "EUR"]);
  });

  it("names no amount without a currency and none that is no number", () => {
    expect(amountOf("10", null)).toEqual([null, null]);
    expect(amountOf("about ten", "GBP")).toEqual([null, "GBP"]);
    expect(amountOf(null, "GBP")).toEqual([null, "GBP"]);
  });
});
