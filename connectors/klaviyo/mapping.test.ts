import { describe, expect, it } from "vitest";
import { canonicalRecord } from "#connectors/core/records.ts";
import { encoded, encodedImport } from "./encode.ts";
import { eventToRecords, profileToRecords } from "./mapping.ts";
import type { EventExtra } from "./mapping.ts";
import { isConsentMetric, meaningOf } from "./metrics.ts";
import { eventRow, instantOf, profileRow } from "./schema.ts";

const event = (metric: string, more: object = {}) =>
  eventRow.parse({
    ...{ type: "event", id: "E1", metric, relationships: { profile: { data: { type: "profile", id: "P1" } } } },
    attributes: {
      datetime: "2026-02-12T09:30:00+00:00",
      event_properties: { $value: 59.9, "Campaign Name": "Spring" },
      ...more,
    },
  });

describe("a metric", () => {
  it.each([
    ["Received Email", "email_sent", "email"],
    ["opened email", "email_opened", "email"],
    ["Clicked Email", "email_clicked", "email"],
    ["Placed Order", "order_placed", null],
    ["Refunded Order", "refund", null],
    ["Unsubscribed from Email Marketing", "unsubscribed_from_email_marketing", "email"],
    ["Viewed Product", "viewed_product", null],
    ["Gift Sent", "gift_sent_event", null],
    ["constructor", "constructor", null],
  ])("%s becomes %s", (metric, type, channel) => {
    expect(meaningOf(metric)).toEqual({ type, channel });
  });

  it("of which no letter is left is none", () => {
    expect(meaningOf("123 !")).toBeNull();
  });

  it("tells of consent where it says subscribed or unsubscribed", () => {
    const yes = [
      "Subscribed to Email Marketing",
      "Unsubscribed from SMS Marketing",
      "Subscribed to List",
      "Unsubscribed",
    ];
    const no = ["Subscribed to Back in Stock", "Clicked Email", "Subscription Renewed"];
    expect([...yes, ...no].filter(isConsentMetric)).toEqual(yes);
  });
});

describe("an event", () => {
  it("of an order is a touchpoint without an amount: the shop's own connector brings the order", () => {
    for (const metric of ["Placed Order", "Ordered Product", "Fulfilled Order", "Refunded Order"]) {
      const records = eventToRecords(event(metric), { mayKeepOpens: null });
      expect(records, metric).toMatchObject([{ kind: "touchpoint", amountMinor: null, currency: null }]);
    }
  });

  it("of an open is kept of those alone who agreed to be seen opening; clicks and orders are unaffected", () => {
    const kept = (metric: string, mayKeepOpens: EventExtra["mayKeepOpens"]) =>
      eventToRecords(event(metric), { mayKeepOpens }).length;
    expect([
      kept("Opened Email", null),
      kept("Opened Email", new Map()),
      kept("Opened Email", new Map([["P2", []]])),
    ]).toEqual([0, 0, 0]);
    expect([
      kept("Opened Email", new Map([["P1", []]])),
      kept("Clicked Email", null),
      kept("Placed Order", null),
    ]).toEqual([1, 1, 1]);
  });

  it("keeps nothing of its properties but the campaign", () => {
    const [record] = eventToRecords(
      event("Clicked Email", { event_properties: { "Recipient Email Address": "ada@marlow.example" } }),
      { mayKeepOpens: null },
    );
    expect(JSON.stringify(record)).not.toContain("marlow");
  });
});

describe("a profile", () => {
  it("is a valid person however odd its fields", () => {
    const row = profileRow.parse({
      type: "profile",
      id: "P1",
      attributes: {
        email: "  ",
        country: "?",
        updated: "2026-02-30",
        location: { country: "Nowhere", city: null, zip: null },
      },
    });
    for (const record of profileToRecords(row, { askedAgain: new Map() }))
      expect(canonicalRecord.safeParse(record).error).toBeUndefined();
  });
});

describe("an instant", () => {
  it.each([
    ["2023-02-21T20:07:38+00:00", "2023-02-21T20:07:38.000Z"],
    ["2023-02-21T20:07:38.123456", "2023-02-21T20:07:38.123Z"],
    ["2023-02-21T20:07:38Z", "2023-02-21T20:07:38.000Z"],
    ["2023-02-21 20:07:38+01:00", "2023-02-21T19:07:38.000Z"],
    ["2023-02-21", null],
    ["0000-01-01T00:00:00Z", null],
    ["+012026-01-01T00:00:00Z", null],
    ["tomorrow", null],
    [null, null],
  ])("written %s is %s", (text, expected) => {
    expect(instantOf(text)).toBe(expected);
  });
});

describe("what is written", () => {
  const types = { tributary_churn_risk: "number", tributary_last_computed: "datetime" } as const;

  it("is a number where the field is one, a date as Klaviyo knows dates, else the text as it is", () => {
    const values = {
      tributary_churn_risk: "0.25",
      tributary_last_computed: "2026-03-01T00:00:00Z",
      tributary_lifecycle_stage: "3",
    };
    const entry = encoded("P1", values, types);
    expect(JSON.parse(typeof entry === "string" ? "null" : entry.json)).toEqual({
      ...{ type: "profile", id: "P1" },
      attributes: {
        properties: {
          tributary_churn_risk: 0.25,
          tributary_last_computed: "2026-03-01T00:00:00.000Z",
          tributary_lifecycle_stage: "3",
        },
      },
    });
  });

  it("is unset where it is cleared, and not named where it is left alone", () => {
    const entry = encoded("P1", { tributary_a: null, tributary_b: "", tributary_c: "x" }, types);
    expect(JSON.parse(typeof entry === "string" ? "null" : entry.json)).toEqual({
      ...{ type: "profile", id: "P1", attributes: { properties: { tributary_c: "x" } } },
      meta: { patch_properties: { unset: ["tributary_a", "tributary_b"] } },
    });
  });

  it("is refused where it is not of its type, or too large for a profile", () => {
    expect(encoded("P1", { tributary_churn_risk: "high" }, types)).toBe(
      "The value of tributary_churn_risk is no number.",
    );
    expect(encoded("P1", { tributary_last_computed: "soon" }, types)).toBe(
      "The value of tributary_last_computed is no datetime.",
    );
    const long = Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`tributary_${n}`, "é".repeat(9_000)]));
    expect(encoded("P1", long, types)).toContain("100000");
  });

  it("is measured as it is sent", () => {
    const entries = ["P1", "P2"]
      .map((id) => encoded(id, { tributary_c: "é😀" }, types))
      .filter((entry) => typeof entry !== "string");
    const sent = encodedImport(entries);
    const around = encodedImport([]);
    expect(Buffer.byteLength(sent)).toBe(
      Buffer.byteLength(around) + entries.reduce((sum, { bytes }) => sum + bytes, 0) - 1,
    );
    expect(() => JSON.parse(sent) as unknown).not.toThrow();
  });
});
