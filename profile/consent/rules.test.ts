/** Rules of the ledger beyond yes and no: what ends by itself, what no yes lifts, what the law of a person asks. */
import { describe, expect, it } from "vitest";
import type { Use } from "#connectors/core/grant.ts";
import { explain } from "./decide.ts";
import { doubtfulRefusals } from "./doubt.ts";
import { CAREFUL, countryOfNumber, generalNeed, type Law, lawOf, STRICTEST_LAW } from "./law.ts";
import { type ConsentEntry, effectiveConsent, nextConsentChange } from "./ledger.ts";
import { monthsLater } from "./timed.ts";

const NOW = "2026-11-01T12:00:00Z";
const HERE = "anna@brightleaf.co.uk";
const EMAIL: Use = { purpose: "marketing", channel: "email" };

let made = 0;
const entry = (fields: Partial<ConsentEntry> = {}): ConsentEntry => ({
  entryId: `e${(made += 1)}`,
  ...{ recordId: "r1", address: HERE, addressId: null, channel: "email", purpose: "marketing", state: "granted" },
  ...{ explicit: true, effectiveAt: "2026-05-03T10:00:00Z", expiresAt: null, recordedAt: "2026-10-01T00:00:00Z" },
  proof: "checkout form v4",
  ...fields,
});

interface Asked {
  use?: Use;
  address?: string;
  at?: string;
  law?: Law;
}

const answer = (ledger: readonly ConsentEntry[], { use = EMAIL, address, at = NOW, law = STRICTEST_LAW }: Asked = {}) =>
  explain(
    {
      answers: effectiveConsent(ledger, at, { law }),
      recipient: address === undefined ? "anywhere" : { email: address, phone: address },
    },
    use,
    at,
  );
const allowed = (ledger: readonly ConsentEntry[], asked?: Asked) => answer(ledger, asked).allowed;

describe("the answer to one question", () => {
  it("names its reason and the entries it rests on", () => {
    const yes = entry();
    expect(answer([yes], { address: HERE })).toEqual({
      ...{ allowed: true, entryIds: [yes.entryId], rulesVersion: "2", at: NOW },
      sentence: "E-mail marketing: allowed - confirmed on 3 May 2026 (checkout form v4)",
    });
    const no = entry({ state: "withdrawn", effectiveAt: "2026-06-01T00:00:00Z", proof: "" });
    expect(answer([yes, no])).toMatchObject({
      ...{ allowed: false, entryIds: [no.entryId] },
      sentence: "E-mail marketing: not allowed - withdrawn on 1 June 2026",
    });
    expect(answer([], { use: { purpose: "marketing", channel: "sms" } }).sentence).toBe(
      "Text message marketing: not allowed - no consent recorded",
    );
    expect(answer([], { use: { purpose: "personalisation", channel: "any" } }).sentence).toBe(
      "Any-channel personalisation: allowed - nobody objected",
    );
  });
});

describe("a yes that its source dated in the future", () => {
  const future = entry({ effectiveAt: "2099-01-01T00:00:00Z" });

  it("permits nothing, now or then, and says why", () => {
    expect(answer([future]).sentence).toContain("not allowed - the yes cannot be dated, dated 1 January 2099");
    expect(allowed([future], { at: "2100-01-01T00:00:00Z" })).toBe(false);
  });

  it("takes no other yes away", () => {
    expect(allowed([entry(), future])).toBe(true);
  });
});

describe("a yes that is known by its day", () => {
  const recordedAt = "2026-10-31T10:00:00Z";
  const yes = entry({ effectiveAt: "2026-10-31T00:00:00Z", countsFrom: "2026-10-31T23:59:59.999Z", recordedAt });

  it("permits something once the day is over", () => {
    expect(allowed([yes], { at: "2026-10-31T23:59:00Z" })).toBe(false);
    expect(allowed([yes], { at: "2026-11-01T00:00:00Z" })).toBe(true);
    expect(nextConsentChange([yes], "2026-10-31T12:00:00Z")).toBe("2026-10-31T23:59:59.999Z");
  });

  it("is no newer than a no of that day", () => {
    const no = entry({ recordId: "r2", state: "withdrawn", effectiveAt: "2026-10-31T08:15:00Z", recordedAt });
    expect(allowed([yes, no])).toBe(false);
  });
});

describe("implied consent", () => {
  const canada = lawOf(["CA"], CAREFUL);
  const bought = (effectiveAt: string | null) =>
    entry({ basis: "implied", cause: "purchase", explicit: false, effectiveAt, recordedAt: effectiveAt ?? NOW });
  const asked = (effectiveAt: string) => entry({ ...bought(effectiveAt), cause: "inquiry" });

  it("of a purchase ends after two years, of an inquiry after six months, by the day", () => {
    expect(allowed([bought("2024-11-02T00:00:00Z")], { law: canada })).toBe(true);
    expect(answer([bought("2024-11-01T00:00:00Z")], { law: canada }).sentence).toContain("expired on 1 November 2026");
    expect(allowed([asked("2026-05-02T00:00:00Z")], { law: canada })).toBe(true);
    expect(allowed([asked("2026-05-01T00:00:00Z")], { law: canada })).toBe(false);
    expect(nextConsentChange([asked("2026-05-02T00:00:00Z")], NOW)).toBe("2026-11-02T00:00:00.000Z");
  });

  it("of an unknown cause ends as soon as an inquiry's, and without a date at once", () => {
    const { cause: _, ...unknown } = bought("2026-04-01T00:00:00Z");
    expect(allowed([unknown], { law: canada })).toBe(false);
    expect(allowed([bought(null)], { law: canada })).toBe(false);
  });

  it("is renewed by each new purchase or inquiry", () => {
    const old = bought("2023-01-01T00:00:00Z");
    expect(allowed([old, bought("2026-01-01T00:00:00Z")], { law: canada })).toBe(true);
    expect(allowed([old, asked("2026-10-01T00:00:00Z")], { law: canada })).toBe(true);
  });

  it("lifts no no", () => {
    const no = entry({ state: "withdrawn", effectiveAt: "2026-01-01T00:00:00Z" });
    expect(allowed([no, bought("2026-09-01T00:00:00Z")], { law: canada })).toBe(false);
  });

  it("is none where the law knows none, or nobody knows which law it is", () => {
    const yes = bought("2026-09-01T00:00:00Z");
    for (const jurisdictions of [[], ["DE"], ["GB"], ["CA", "FR"], ["BR"]])
      expect(allowed([yes], { law: lawOf(jurisdictions, CAREFUL) }), jurisdictions.join()).toBe(false);
    expect(answer([yes]).sentence).toContain("the consent was implied");
  });

  it("counts months as people do", () => {
    const later = (day: string, months: number) =>
      new Date(monthsLater(Date.parse(day), months)).toISOString().slice(0, 10);
    expect([later("2025-08-31", 6), later("2024-02-29", 24), later("2025-12-15", 6)]).toEqual([
      "2026-02-28",
      "2026-02-28",
      "2026-06-15",
    ]);
  });
});

describe("a question that waits for its confirmation", () => {
  const asked = entry({ state: "pending", effectiveAt: "2026-10-28T00:00:00Z", recordedAt: "2026-10-28T00:00:00Z" });

  it("permits nothing, and is over after seven days", () => {
    expect(answer([asked]).sentence).toContain("not confirmed yet");
    expect(answer([asked], { at: "2026-11-04T00:00:00Z" }).sentence).toContain("never confirmed");
  });

  it("is a yes with the confirmation", () => {
    const confirmed = entry({
      cause: "double_opt_in",
      effectiveAt: "2026-10-29T00:00:00Z",
      recordedAt: "2026-10-29T00:00:00Z",
    });
    expect(allowed([asked, confirmed], { at: "2026-11-20T00:00:00Z" })).toBe(true);
  });
});

describe("a person under age", () => {
  const minor = entry({
    ...{ state: "denied", cause: "minor", channel: "any", purpose: "any", address: null, explicit: false },
    expiresAt: "2027-06-01T00:00:00Z",
  });

  it("is not marketed to, advertised to or profiled, whatever anybody says", () => {
    const yes = entry({ recordId: "r2", effectiveAt: "2026-09-01T00:00:00Z" });
    expect(answer([yes, minor]).sentence).toContain("not allowed - the person is under age");
    for (const use of [
      { purpose: "personalisation", channel: "any" },
      { purpose: "ad_audience", channel: "ads" },
      { purpose: "open_tracking", channel: "email" },
    ] as const)
      expect(allowed([minor], { use }), use.purpose).toBe(false);
    expect(allowed([minor], { use: { purpose: "service", channel: "email" } })).toBe(true);
  });

  it("of age is free again, and bound by no yes of the child", () => {
    const at = "2027-06-02T00:00:00Z";
    expect(allowed([minor, entry()], { at })).toBe(false);
    expect(allowed([minor], { at, use: { purpose: "personalisation", channel: "any" } })).toBe(true);
    expect(allowed([minor, entry({ effectiveAt: "2027-06-01T12:00:00Z", recordedAt: at })], { at })).toBe(true);
  });
});

describe("a suppressed address", () => {
  const bounced = (fields: Partial<ConsentEntry> = {}) =>
    entry({
      ...{ state: "denied", cause: "hard_bounce", purpose: "any", explicit: false, byAddress: true },
      ...fields,
    });

  it("is not written to though a newer, explicit yes is there", () => {
    const yes = entry({ effectiveAt: "2026-09-30T00:00:00Z" });
    expect(answer([yes, bounced()], { address: HERE }).sentence).toContain(
      "the address is suppressed since 3 May 2026: messages to it came back for good",
    );
    expect(allowed([yes, bounced({ cause: "complaint" })], { address: HERE })).toBe(false);
    expect(allowed([yes, bounced({ cause: "suppressed" })], { address: HERE })).toBe(false);
  });

  it("is told by what identity makes of it, however it is spelled", () => {
    const yes = entry({ address: "An.na@brightleaf.co.uk", addressId: "same" });
    expect(allowed([yes, bounced({ addressId: "same" })], { address: "An.na@brightleaf.co.uk" })).toBe(false);
  });

  it("leaves another address of the person alone, and takes a yes that names none", () => {
    const other = entry({ address: "b@brightleaf.co.uk" });
    expect(allowed([other, bounced()], { address: "b@brightleaf.co.uk" })).toBe(true);
    expect(allowed([entry({ address: null }), bounced()], { address: "b@brightleaf.co.uk" })).toBe(false);
    expect(allowed([bounced()], { use: { purpose: "personalisation", channel: "any" } })).toBe(true);
  });

  it("is free again when somebody at the business released it, until it bounces anew", () => {
    const released = bounced({ cause: "released", recordedAt: "2026-10-05T00:00:00Z" });
    expect(allowed([entry(), bounced(), released], { address: HERE })).toBe(true);
    expect(allowed([entry(), released, bounced({ recordedAt: "2026-10-06T00:00:00Z" })], { address: HERE })).toBe(
      false,
    );
    expect(allowed([entry(), bounced(), { ...released, address: "b@brightleaf.co.uk" }], { address: HERE })).toBe(
      false,
    );
  });
});

describe("a no to the sale of data", () => {
  const audience: Use = { purpose: "ad_audience", channel: "ads" };
  const signal = entry({
    ...{ state: "denied", cause: "browser_signal", channel: "any", purpose: "sale_or_share", address: null },
    ...{ effectiveAt: "2026-06-01T00:00:00Z", proof: "" },
  });

  it("is one to advertising by it, asked about before or not", () => {
    const yes = entry({ ...audience, effectiveAt: "2026-05-01T00:00:00Z" });
    expect(answer([yes, signal], { use: audience }).sentence).toBe(
      "Advertising audiences: not allowed - browser opt-out signal seen on 1 June 2026",
    );
    const law = lawOf(["US"], { ...CAREFUL, optOutRules: true });
    expect(allowed([], { use: audience, law })).toBe(true);
    expect(allowed([signal], { use: audience, law })).toBe(false);
    expect(allowed([yes, signal])).toBe(false);
  });

  it("is the reason given though advertising was never asked about", () => {
    expect(answer([signal], { use: audience }).sentence).toContain("browser opt-out signal seen");
  });

  it("is lifted by a later yes to advertising, and says nothing of e-mail", () => {
    expect(allowed([signal, entry({ ...audience, effectiveAt: "2026-07-01T00:00:00Z" })], { use: audience })).toBe(
      true,
    );
    expect(allowed([signal, entry()])).toBe(true);
  });
});

describe("in doubt", () => {
  it("another's no counts, and neither their age nor what is known of their address", () => {
    const no = entry({ state: "withdrawn" });
    const theirs = [
      entry({ state: "denied", cause: "minor" }),
      entry({ state: "denied", cause: "hard_bounce" }),
      entry({ state: "denied", cause: "released" }),
      entry(),
    ];
    expect(doubtfulRefusals([no, ...theirs])).toEqual([{ ...no, inDoubt: true }]);
  });
});

describe("what no rule names", () => {
  it("needs a yes", () => {
    expect(generalNeed({ purpose: "any", channel: "email" })).toBe("yes");
  });
});

describe("a yes to anything", () => {
  it("lifts no no: it does not say to what", () => {
    const no = entry({ channel: "any", purpose: "any", state: "withdrawn", effectiveAt: "2026-06-01T00:00:00Z" });
    const yes = entry({ channel: "any", purpose: "any", effectiveAt: "2026-07-01T00:00:00Z" });
    expect(allowed([no, yes], { use: { purpose: "marketing", channel: "post" } })).toBe(false);
    expect(allowed([no, yes], { use: { purpose: "personalisation", channel: "any" } })).toBe(false);
  });
});

describe("the law of a person", () => {
  const optOut = { ...CAREFUL, optOutRules: true };

  it("is the strictest plausible one, and the strictest of all where nothing is known", () => {
    expect(lawOf(["US"], optOut).optOut).toContainEqual(EMAIL);
    for (const jurisdictions of [["US", "FR"], ["US", "GB"], ["US", "BR"], ["DE"], []])
      expect(lawOf(jurisdictions, optOut).optOut ?? [], jurisdictions.join()).not.toContainEqual(EMAIL);
    expect(lawOf(["US-CA"], optOut).optOut).toContainEqual(EMAIL);
  });

  it("asks for no less than a yes until the admin says that opt-out rules may be used", () => {
    expect(lawOf(["US"], CAREFUL).optOut).toEqual([]);
  });

  it("with opt-out rules allows e-mail until somebody objects, and calls and texts not without a yes", () => {
    const law = lawOf(["US"], optOut);
    expect(answer([], { law }).sentence).toContain("allowed - nobody objected, and the law of where the person lives");
    for (const channel of ["sms", "call"] as const)
      expect(allowed([], { law, use: { purpose: "marketing", channel } })).toBe(false);
    expect(allowed([entry({ state: "withdrawn" })], { law })).toBe(false);
    expect(allowed([entry({ channel: "any", purpose: "any", state: "withdrawn" })], { law })).toBe(false);
    expect(allowed([entry({ state: "unknown" })], { law })).toBe(false);
    expect(allowed([entry({ expiresAt: "2026-06-01T00:00:00Z" })], { law })).toBe(true);
  });

  it("of Germany asks for a yes that can be shown, where the admin is strict", () => {
    const law = lawOf(["DE", "US"], { ...CAREFUL, strictProof: true });
    expect(allowed([entry()], { law })).toBe(true);
    expect(answer([entry({ explicit: false })], { law }).sentence).toContain("not confirmed by the person");
    expect(allowed([entry({ explicit: false })], { law: lawOf(["FR"], { ...CAREFUL, strictProof: true }) })).toBe(true);
    expect(allowed([entry({ explicit: false })], { law: lawOf([], { ...CAREFUL, strictProof: true }) })).toBe(false);
  });

  it("is told by a number as well", () => {
    expect(["+4915112345678", "+16135550123", "+447400900123", "no number"].map(countryOfNumber)).toEqual([
      "DE",
      "CA",
      "GB",
      null,
    ]);
  });
});
