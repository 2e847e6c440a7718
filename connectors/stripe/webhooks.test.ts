import { Stripe } from "stripe";
import { describe, expect, it } from "vitest";
import { doubtAbout } from "#connectors/core/webhooks.ts";
import { webhooks } from "./webhooks.ts";

const CREATED = 1_795_780_800;
const event = (type: string, object: object = { id: "cus_1", object: "customer" }, more: object = {}) => ({
  ...{ id: "evt_1", object: "event", type, created: CREATED, livemode: true, api_version: "2020-08-27" },
  data: { object },
  ...more,
});
const recordsOf = (body: object) => webhooks.parse(body).events.map(({ effect, records }) => ({ effect, records }));

describe("what Stripe's events say", () => {
  it("names account, mode, event and object; what the object holds is not taken along", () => {
    expect(
      webhooks.parse(event("customer.updated", { id: "cus_1", email: "x@y.example" }, { account: "acct_9" })),
    ).toEqual({
      events: [
        {
          ...{ account: "acct_9", id: "evt_1", at: "2026-11-27T12:00:00.000Z", mode: "live", effect: "changed" },
          records: [{ stream: "customers", id: "cus_1" }],
        },
      ],
      unreadable: 0,
    });
    // An account's own endpoint does not name it.
    expect(webhooks.parse(event("customer.updated")).events[0]?.account).toBeNull();
  });

  it.each([
    ["customer.deleted", { id: "cus_1" }, "customers", "cus_1"],
    ["charge.refunded", { id: "ch_1" }, "charges", "ch_1"],
    // A dispute is of a charge, which is named or stands there whole.
    ["charge.dispute.funds_withdrawn", { id: "dp_1", charge: "ch_1" }, "charges", "ch_1"],
    ["charge.dispute.closed", { id: "dp_1", charge: { id: "ch_2" } }, "charges", "ch_2"],
    ["charge.refund.updated", { id: "re_1", charge: "ch_1" }, "refunds", "re_1"],
    ["customer.subscription.deleted", { id: "sub_1", customer: "cus_1" }, "subscriptions", "sub_1"],
  ])("has the object of %s read again", (type, object, stream, id) => {
    expect(recordsOf(event(type, object))).toEqual([{ effect: "changed", records: [{ stream, id }] }]);
  });

  it("has our access looked at when the account disconnects us", () => {
    const body = event(
      "account.application.deauthorized",
      { id: "ca_1", object: "application" },
      { account: "acct_9" },
    );
    expect(recordsOf(body)).toEqual([{ effect: "access", records: [] }]);
  });

  it("leaves out our own writes coming back, other kinds, and thin notifications", () => {
    const echo = { previous_attributes: { metadata: { tributary_churn_risk: "0.2" } } };
    const more = { data: { object: { id: "cus_1" }, ...echo } };
    expect(recordsOf(event("customer.updated", {}, more))).toEqual([]);
    expect(recordsOf(event("payout.paid", { id: "po_1" }))).toEqual([]);
    expect(webhooks.parse({ id: "evt_2", object: "v2.core.event", type: "v1.billing.meter.error_report" })).toEqual({
      ...{ events: [], unreadable: 0 },
    });
  });

  it("counts what has another form", () => {
    const bad = [
      ...[null, 7, [], {}, event("customer.updated", {}), event("customer.updated", { id: "" })],
      ...[event("customer.updated", { id: "cus 1" }), event("customer.updated", { id: "cus_\u0000" })],
      ...[
        { ...event("customer.updated"), id: "e".repeat(300) },
        { ...event("customer.updated"), created: -1 },
      ],
      event("charge.dispute.closed", { id: "dp_1" }),
    ];
    for (const body of bad) expect([body, webhooks.parse(body)]).toEqual([body, { events: [], unreadable: 1 }]);
  });
});

describe("Stripe's signature", () => {
  const payload = "{}";
  const judged = (header: string, secrets = ["whsec_old_secret"]) =>
    doubtAbout(
      webhooks,
      { method: "POST", url: "", headers: { "stripe-signature": header }, body: Buffer.from(payload) },
      secrets,
      CREATED * 1_000,
    );
  const signed = (secret: string) =>
    Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: CREATED }).replace(/^t=\d+,/, "");

  it("may stand there twice while a secret is rolled: one that is ours is enough", () => {
    const both = `t=${CREATED},${signed("whsec_new_secret")},${signed("whsec_old_secret")}`;
    expect(judged(both)).toBeNull();
    expect(judged(both, ["whsec_new_secret"])).toBeNull();
    expect(judged(both, ["whsec_other"])).toBe("wrong signature");
  });

  it("of the scheme for tests is worth nothing, and two times are none", () => {
    expect(judged(`t=${CREATED},${signed("whsec_old_secret").replace("v1=", "v0=")}`)).toBe("unsigned");
    expect(judged(`t=${CREATED},t=${CREATED + 1},${signed("whsec_old_secret")}`)).toBe("unsigned");
  });
});
