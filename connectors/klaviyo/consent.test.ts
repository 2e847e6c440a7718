import { describe, expect, it } from "vitest";
import { allowsOpens, consentsOf } from "./consent.ts";
import { profileRow } from "./schema.ts";

const SAID = "2026-01-11T08:00:00+00:00";
const LATER = "2026-02-01T12:00:00+00:00";
const YES = {
  ...{ can_receive_email_marketing: true, consent: "SUBSCRIBED", consent_timestamp: SAID, last_updated: LATER },
  ...{ method: "API", double_optin: false, suppression: [] as unknown, list_suppressions: [] as unknown },
};

function profile(subscriptions: unknown, attributes: object = {}) {
  const known = { email: "ada@marlow.example", phone_number: "+447400123456", updated: LATER };
  return profileRow.parse({ type: "profile", id: "P1", attributes: { ...known, subscriptions, ...attributes } });
}

const statesOf = (subscriptions: unknown, attributes?: object) =>
  consentsOf(profile(subscriptions, attributes)).map(({ channel, purpose, state, effectiveAt }) => [
    `${channel} ${purpose}`,
    state,
    effectiveAt,
  ]);
const emailOf = (more: object, attributes?: object) =>
  statesOf({ email: { marketing: { ...YES, ...more } } }, attributes)[0]?.slice(1);
const at = (text: string) => new Date(text).toISOString();

describe("e-mail marketing", () => {
  it("is allowed where the person is subscribed, can receive it and nothing suppresses them", () => {
    expect(emailOf({})).toEqual(["granted", at(SAID)]);
  });

  it("is not allowed because the person can receive it: that does not mean opted in", () => {
    expect(emailOf({ consent: "NEVER_SUBSCRIBED", consent_timestamp: null })).toEqual(["unknown", null]);
    expect(emailOf({ consent: null, consent_timestamp: null })).toEqual(["unknown", null]);
  });

  it.each(["UNSUBSCRIBE", "SPAM_COMPLAINT", "SPAM_REPORT", "USER_SUPPRESSED", "SOME_NEW_REASON"])(
    "suppressed for %s is withdrawn though the person is subscribed",
    (reason) => {
      expect(emailOf({ suppression: [{ reason, timestamp: LATER }] })).toEqual(["withdrawn", at(LATER)]);
    },
  );

  it.each(["HARD_BOUNCE", "INVALID_EMAIL"])("suppressed for %s is no yes and nobody's no", (reason) => {
    const [consent] = consentsOf(
      profile({ email: { marketing: { ...YES, suppression: [{ reason, timestamp: LATER }] } } }),
    );
    expect(consent).toMatchObject({ state: "unknown", basis: "none", explicit: false, effectiveAt: null });
    expect(consent?.proof).toBe(`Klaviyo cannot deliver to the address (${reason}).`);
  });

  it.each([
    ["HARD_BOUNCE", "hard_bounce"],
    ["INVALID_EMAIL", "hard_bounce"],
    ["SPAM_COMPLAINT", "complaint"],
  ])("suppressed for %s suppresses the address itself", (reason, cause) => {
    const said = consentsOf(profile({ email: { marketing: { ...YES, suppression: [{ reason, timestamp: LATER }] } } }));
    expect(said.filter((one) => one.cause != null)).toMatchObject([
      { cause, state: "denied", channel: "email", purpose: "any", effectiveAt: at(LATER), address: said[0]?.address },
    ]);
    const unsubscribed = [{ reason: "UNSUBSCRIBE", timestamp: LATER }];
    expect(consentsOf(profile({ email: { marketing: { ...YES, suppression: unsubscribed } } }))).toHaveLength(1);
  });

  it("suppressed for several reasons counts the person's own", () => {
    const suppression = [
      { reason: "HARD_BOUNCE", timestamp: LATER },
      { reason: "UNSUBSCRIBE", timestamp: SAID },
    ];
    expect(emailOf({ suppression })).toEqual(["withdrawn", at(SAID)]);
  });

  it("suppressed before a newer subscription is dated by that, so that it is not outvoted", () => {
    const suppression = [{ reason: "UNSUBSCRIBE", timestamp: SAID }];
    expect(emailOf({ suppression, consent_timestamp: LATER })).toEqual(["withdrawn", at(LATER)]);
  });

  it.each([null, "", "soon", "2026-13-40T00:00:00"])(
    "suppressed with the date %j counts from when it reaches us",
    (timestamp) => {
      expect(emailOf({ suppression: [{ reason: "UNSUBSCRIBE", timestamp }] })).toEqual(["withdrawn", null]);
    },
  );

  it("suppressed by something in a form we do not know is withdrawn", () => {
    expect(emailOf({ suppression: ["UNSUBSCRIBE"] })).toEqual(["withdrawn", null]);
  });

  it.each([
    ["the suppression is missing", { suppression: undefined }],
    ["the suppression is null", { suppression: null }],
    ["it is not said that they can receive it", { can_receive_email_marketing: undefined }],
    ["they cannot receive it", { can_receive_email_marketing: false }],
    ["whether they can is no truth value", { can_receive_email_marketing: "true" }],
    ["the suppression is no list", { suppression: "none" }],
  ])("is unknown where the person is subscribed and %s", (_, more) => {
    expect(emailOf(more)).toEqual(["unknown", null]);
  });

  it.each(["PENDING", "SUBSCRIBED?", "OPTED_IN", "yes", "TRUE"])("is unknown for the word %s", (consent) => {
    expect(emailOf({ consent })).toEqual(["unknown", null]);
  });

  it("unsubscribed is withdrawn, with its own date and never another one", () => {
    expect(emailOf({ consent: "UNSUBSCRIBED", can_receive_email_marketing: false })).toEqual(["withdrawn", at(SAID)]);
    expect(emailOf({ consent: "UNSUBSCRIBED", consent_timestamp: null })).toEqual(["withdrawn", null]);
  });

  it("of somebody without an address is no yes for whatever address they have elsewhere", () => {
    expect(emailOf({}, { email: null })).toEqual(["unknown", null]);
    expect(emailOf({ consent: "UNSUBSCRIBED" }, { email: "" })).toEqual(["withdrawn", at(SAID)]);
  });

  it("is unknown where Klaviyo sends no subscriptions, or none of e-mail, or in a form we do not know", () => {
    for (const subscriptions of [
      undefined,
      null,
      {},
      { email: null },
      { email: { marketing: null } },
      { email: { marketing: 7 } },
      "SUBSCRIBED",
    ])
      expect(statesOf(subscriptions), JSON.stringify(subscriptions)).toEqual([["email marketing", "unknown", null]]);
  });

  it("is not refused for a list that the person left", () => {
    const [consent] = consentsOf(
      profile({
        email: {
          marketing: { ...YES, list_suppressions: [{ list_id: "L1", reason: "UNSUBSCRIBE", timestamp: LATER }] },
        },
      }),
    );
    expect(consent).toMatchObject({
      state: "granted",
      proof: "Klaviyo: email marketing SUBSCRIBED, method API, suppressed on 1 list.".replace("email", "e-mail"),
    });
  });

  it.each([
    ["double opt-in", { double_optin: true, method: "API" }, true],
    ["a preference page", { method: "PREFERENCE_PAGE" }, true],
    ["an API", { method: "API" }, false],
    ["an import", { method: "BULK_IMPORT" }, false],
    ["nothing named", { method: null }, false],
  ])("through %s: whether it counts as said by the person", (_, more, explicit) => {
    expect(consentsOf(profile({ email: { marketing: { ...YES, ...more } } }))[0]).toMatchObject({
      state: "granted",
      basis: "opt_in",
      explicit,
    });
  });
});

describe("other channels", () => {
  const sms = { can_receive_sms_marketing: true, consent: "SUBSCRIBED", consent_timestamp: SAID, method: "TEXT" };

  it("have statements of their own, about the number", () => {
    const records = consentsOf(
      profile({
        email: { marketing: YES },
        sms: {
          marketing: sms,
          transactional: { ...sms, can_receive_sms_transactional: true, consent: "UNSUBSCRIBED" },
        },
        mobile_push: {
          marketing: { can_receive_push_marketing: true, consent: "SUBSCRIBED", consent_timestamp: SAID },
        },
        whatsapp: { marketing: { can_receive: true, consent: "SUBSCRIBED" } },
      }),
    );
    expect(
      records.map(({ channel, purpose, state, address, explicit }) => [channel, purpose, state, address, explicit]),
    ).toEqual([
      ["email", "marketing", "granted", "ada@marlow.example", false],
      ["sms", "marketing", "granted", "+447400123456", true],
      ["sms", "service", "withdrawn", "+447400123456", true],
      ["push", "marketing", "granted", null, false],
    ]);
  });

  it("need both the word and that they can receive it", () => {
    expect(
      statesOf({ email: { marketing: YES }, sms: { marketing: { ...sms, can_receive_sms_marketing: false } } })[1],
    ).toEqual(["sms marketing", "unknown", null]);
  });

  it("without a number are a no where one was said, and otherwise nothing", () => {
    const nobody = { phone_number: null };
    const never = { ...sms, consent: "NEVER_SUBSCRIBED", consent_timestamp: null };
    expect(statesOf({ email: { marketing: YES }, sms: { marketing: never } }, nobody).length).toBe(1);
    expect(statesOf({ email: { marketing: YES }, sms: { marketing: sms } }, nobody)[1]?.[1]).toBe("unknown");
    expect(
      statesOf({ email: { marketing: YES }, sms: { marketing: { ...sms, consent: "UNSUBSCRIBED" } } }, nobody)[1]?.[1],
    ).toBe("withdrawn");
  });
});

describe("open tracking", () => {
  const tracking = {
    consent: "SUBSCRIBED",
    can_receive: true,
    consent_timestamp: SAID,
    valid_until: null as string | null,
  };
  const allows = (more: object | null) =>
    allowsOpens(
      profile({ email: { marketing: YES, open_tracking: more === null ? null : { ...tracking, ...more } } }),
      Date.parse(LATER),
    );

  it("is consented where the word, the ability and the time agree, and never otherwise", () => {
    expect(allows({})).toBe(true);
    expect(allows({ valid_until: "2027-01-01T00:00:00+00:00" })).toBe(true);
    for (const more of [
      null,
      { consent: "UNSUBSCRIBED" },
      { consent: "NEVER_SUBSCRIBED" },
      { can_receive: false },
      { can_receive: undefined },
      { valid_until: SAID },
      { valid_until: "soon" },
    ])
      expect(allows(more), JSON.stringify(more)).toBe(false);
  });

  it("is a purpose of its own in the ledger, with its end, where somebody said something of it", () => {
    const open = (more: object) =>
      consentsOf(profile({ email: { marketing: YES, open_tracking: { ...tracking, ...more } } }))
        .filter(({ purpose }) => purpose === "open_tracking")
        .map(({ channel, state, expiresAt }) => [channel, state, expiresAt]);
    expect(open({})).toEqual([["email", "granted", null]]);
    expect(open({ valid_until: "2027-01-01T00:00:00+00:00" })).toEqual([
      ["email", "granted", "2027-01-01T00:00:00.000Z"],
    ]);
    expect(open({ valid_until: "soon" })).toEqual([["email", "unknown", null]]);
    expect(open({ consent: "UNSUBSCRIBED" })).toEqual([["email", "withdrawn", null]]);
    expect(open({ can_receive: false })).toEqual([["email", "unknown", null]]);
    expect(open({ consent: "NEVER_SUBSCRIBED" })).toEqual([]);
  });

  it("is not consented by a subscription to e-mails", () => {
    expect(allowsOpens(profile({ email: { marketing: YES } }), Date.parse(LATER))).toBe(false);
  });
});
