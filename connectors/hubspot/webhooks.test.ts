import { Signature } from "@hubspot/api-client";
import { describe, expect, it } from "vitest";
import { doubtAbout } from "../core/webhooks.ts";
import { webhooks } from "./webhooks.ts";

const AT = Date.parse("2026-11-27T12:00:00Z");
const base = { eventId: 7, subscriptionId: 11, portalId: 4815, appId: 3, occurredAt: AT, attemptNumber: 0 };
const parse = (...list: object[]) => webhooks.parse(list.map((one) => ({ ...base, objectId: 101, ...one })));
const recordsOf = (one: object) => parse(one).events.map(({ effect, records }) => ({ effect, records }));
const contact = (id: string) => ({ stream: "contacts", id });

describe("what HubSpot's notifications say", () => {
  it("names account, event and record; the value that changed is not taken along", () => {
    expect(
      parse({ subscriptionType: "contact.propertyChange", propertyName: "email", propertyValue: "x@y.example" }),
    ).toEqual({
      events: [
        {
          ...{ account: "4815", id: "11.101.1795780800000.7", at: "2026-11-27T12:00:00.000Z", effect: "changed" },
          records: [contact("101")],
        },
      ],
      unreadable: 0,
    });
  });

  it.each(["creation", "deletion", "restore"])(
    "has a record read again after its %s, by either kind of subscription",
    (what) => {
      const changed = (records: object[]) => [{ effect: "changed", records }];
      expect(recordsOf({ subscriptionType: `contact.${what}` })).toEqual(changed([contact("101")]));
      expect(recordsOf({ subscriptionType: `company.${what}` })).toEqual(changed([{ stream: "companies", id: "101" }]));
      expect(recordsOf({ subscriptionType: `object.${what}`, objectTypeId: "0-3" })).toEqual(
        changed([{ stream: "deals", id: "101" }]),
      );
    },
  );

  it("has both records of a merge read again", () => {
    const merge = {
      subscriptionType: "contact.merge",
      primaryObjectId: 101,
      mergedObjectIds: [202, 303],
      newObjectId: 101,
    };
    expect(recordsOf(merge)).toEqual([{ effect: "changed", records: ["101", "202", "303"].map(contact) }]);
  });

  it("takes a privacy deletion as what it is", () => {
    expect(recordsOf({ subscriptionType: "contact.privacyDeletion" })).toEqual([
      { effect: "erased", records: [contact("101")] },
    ]);
  });

  it("has the company or deal read again whose people changed, and no contact", () => {
    const change = { subscriptionType: "contact.associationChange", fromObjectId: 101, toObjectId: 900 };
    expect(recordsOf({ ...change, associationType: "CONTACT_TO_COMPANY" })).toEqual([
      { effect: "changed", records: [{ stream: "companies", id: "900" }] },
    ]);
    expect(recordsOf({ ...change, associationType: "DEAL_TO_CONTACT" })).toEqual([
      { effect: "changed", records: [{ stream: "deals", id: "101" }] },
    ]);
    expect(recordsOf({ ...change, associationType: "CONTACT_TO_TICKET" })).toEqual([]);
  });

  it("leaves out our own writes coming back and what we do not read", () => {
    expect(recordsOf({ subscriptionType: "contact.propertyChange", propertyName: "tributary_churn_risk" })).toEqual([]);
    expect(recordsOf({ subscriptionType: "ticket.creation" })).toEqual([]);
    expect(recordsOf({ subscriptionType: "object.creation", objectTypeId: "0-48" })).toEqual([]);
    expect(recordsOf({ subscriptionType: "constructor" })).toEqual([]);
  });

  it("knows a repetition by everything that names the event, since its id alone may be another's", () => {
    const ids = [
      parse({ subscriptionType: "contact.creation" }),
      parse({ subscriptionType: "contact.creation", attemptNumber: 3 }),
      parse({ subscriptionType: "contact.creation", objectId: 102 }),
      parse({ subscriptionType: "contact.creation", subscriptionId: 12 }),
      parse({ subscriptionType: "contact.creation", occurredAt: AT + 1 }),
      parse({ subscriptionType: "contact.creation", eventId: 8 }),
    ].map(({ events }) => events[0]?.id);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(5);
  });

  it("counts what has another form, and takes the rest", () => {
    const bad = [
      { portalId: "x" },
      { occurredAt: 1e18 },
      { objectId: "1; --" },
      { objectId: 2 ** 60 },
      { portalId: -1 },
    ];
    const { events, unreadable } = webhooks.parse([
      ...bad.map((one) => ({ ...base, objectId: 1, subscriptionType: "contact.creation", ...one })),
      ...[null, 7, "x", []],
      { ...base, objectId: 1, subscriptionType: "contact.creation" },
    ]);
    expect([events.length, unreadable]).toEqual([1, 9]);
    for (const body of [null, {}, "x", Array.from({ length: 1_001 }, () => base)])
      expect(webhooks.parse(body)).toEqual({ events: [], unreadable: 1 });
  });
});

it("takes no signature of an older version, which does not cover the time", () => {
  const requestBody = "[]";
  const url = "https://tributary.example.com/webhooks/hubspot";
  const old = Signature.getSignature("POST", "v2", { clientSecret: "a-secret", requestBody, url, signature: "" });
  const request = { method: "POST", url, body: Buffer.from(requestBody) };
  const headers = {
    "x-hubspot-signature-v2": old,
    "x-hubspot-signature": old,
    "x-hubspot-request-timestamp": String(AT),
  };
  expect(doubtAbout(webhooks, { ...request, headers }, ["a-secret"], AT)).toBe("unsigned");
});

it("is signed for the address that was called: for another it is worth nothing", () => {
  const clientSecret = "a-secret";
  const [requestBody, url] = ["[]", "https://tributary.example.com/webhooks/hubspot?from=app:1/2"];
  const signature = Signature.getSignature("POST", "v3", {
    clientSecret,
    requestBody,
    url,
    timestamp: AT,
    signature: "",
  });
  const headers = { "x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": String(AT) };
  const judged = (called: string, method = "POST") =>
    doubtAbout(webhooks, { method, url: called, headers, body: Buffer.from(requestBody) }, [clientSecret], AT);
  expect(judged(url)).toBeNull();
  // As a proxy may write it.
  expect(judged("https://tributary.example.com/webhooks/hubspot?from=app%3A1%2F2")).toBeNull();
  expect(judged("https://other.example.com/webhooks/hubspot?from=app:1/2")).toBe("wrong signature");
  expect(judged(url, "PUT")).toBe("wrong signature");
});
