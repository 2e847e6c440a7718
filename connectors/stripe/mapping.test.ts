import { existsSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalRecord } from "#connectors/core/records.ts";
import type { CanonicalRecord } from "#connectors/core/records.ts";
import { moneyOf } from "./currency.ts";
import * as mapping from "./mapping.ts";
import { rowOf, withReading } from "./row.ts";
import * as schema from "./schema.ts";
import { chargeFrom, customerFrom, subscriptionFrom } from "./twin/objects.ts";
import { chargeSeed, customerSeed } from "./fixtures.ts";
import { render } from "./twin/render.ts";

const row = (body: object, more: { formerGuest?: boolean } = {}) => withReading(body, { changedAt: null, ...more });

const customerToRecords = (raw: unknown) => mapping.customerToRecords(rowOf(schema.customerBody).parse(raw));
const chargeToRecords = (raw: unknown, losses = {}) =>
  mapping.chargeToRecords(rowOf(schema.chargeBody).parse(raw), new Map(Object.entries(losses)));
const refundToRecords = (raw: unknown, charges: Record<string, unknown> = {}) =>
  mapping.refundToRecords(
    rowOf(schema.refundBody).parse(raw),
    new Map(Object.entries(charges).map(([id, body]) => [id, schema.chargeBody.parse(body)])),
  );
const subscriptionToRecords = (raw: unknown): CanonicalRecord[] =>
  mapping.subscriptionToRecords(rowOf(schema.subscriptionBody).parse(raw), new Map());

function chargeBody(seed: Parameters<typeof chargeSeed>[1], fields: Record<string, unknown> = {}) {
  return { ...render("charges", chargeFrom(chargeSeed(1, seed)), false), ...fields };
}

function ofKind<K extends CanonicalRecord["kind"]>(records: CanonicalRecord[], kind: K) {
  const found = records.find((record): record is Extract<CanonicalRecord, { kind: K }> => record.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
}

describe("money", () => {
  it("keeps amounts where Stripe and ISO 4217 agree, whatever the number of decimals", () => {
    expect(moneyOf(1999, "gbp")).toEqual({ amountMinor: 1999, currency: "GBP" });
    expect(moneyOf(500, "jpy")).toEqual({ amountMinor: 500, currency: "JPY" });
    expect(moneyOf(5120, "kwd")).toEqual({ amountMinor: 5120, currency: "KWD" });
  });

  it("takes the two zeroes off kronur and shillings, and counts ariary in hundredths", () => {
    expect(moneyOf(500, "isk")).toEqual({ amountMinor: 5, currency: "ISK" });
    expect(moneyOf(50_000, "ugx")).toEqual({ amountMinor: 500, currency: "UGX" });
    expect(moneyOf(7, "mga")).toEqual({ amountMinor: 700, currency: "MGA" });
  });

  it("always gives whole minor units, and never turns a larger amount into a smaller one", () => {
    const currency = fc.constantFrom("gbp", "jpy", "isk", "ugx", "mga", "kwd");
    const amount = fc.integer({ min: 0, max: 99_999_999 });
    fc.assert(
      fc.property(currency, amount, amount, (code, a, b) => {
        const [small, large] = [Math.min(a, b), Math.max(a, b)].map((value) => moneyOf(value, code).amountMinor);
        expect(Number.isInteger(small)).toBe(true);
        expect(small).toBeLessThanOrEqual(large ?? 0);
      }),
    );
  });
});

describe("a customer", () => {
  const body = render("customers", customerFrom(customerSeed(1, { name: "Ana  Maria Velde", country: "gb" })), false);

  it("becomes a person with the name split at the first word", () => {
    expect(ofKind(customerToRecords(row(body)), "person")).toMatchObject({
      id: "cus_000001",
      firstName: "Ana",
      lastName: "Maria Velde",
      country: "GB",
      emails: ["person1@hollowpine.co.uk"],
      updatedAt: null,
    });
  });

  it("is the same record whatever metadata it carries, ours included", () => {
    const marked = { ...body, metadata: { tributary_stage: "loyal", shoe_size: "9" } };
    expect(customerToRecords(row(marked))).toEqual(customerToRecords(row(body)));
  });

  it("does not take free text for a country", () => {
    const odd = { ...body, address: { country: "United Kingdom", city: null, postal_code: null } };
    expect(ofKind(customerToRecords(row(odd)), "person").country).toBeNull();
  });
});

describe("a charge", () => {
  it("of a customer points at the customer and names no guest", () => {
    const records = chargeToRecords(row(chargeBody({ customer: "cus_9", receiptEmail: "someone@hollowpine.co.uk" })));
    expect(records).toHaveLength(1);
    expect(ofKind(records, "order").person).toEqual({ stream: "customers", id: "cus_9" });
  });

  it("of a guest brings the guest as a person under the charge's id, with the card as an identifier of this connection", () => {
    const billing = {
      email: "guest@hollowpine.co.uk",
      name: "Ivo Lund",
      phone: "0113 496 0000",
      country: "GB",
      postcode: "LS1",
    };
    const records = chargeToRecords(
      row(chargeBody({ billing, receiptEmail: "other@hollowpine.co.uk", fingerprint: "fp_1" })),
    );
    const order = ofKind(records, "order");
    expect(order.person).toEqual({ stream: "charges", id: order.id });
    expect(ofKind(records, "person")).toMatchObject({
      id: order.id,
      emails: ["guest@hollowpine.co.uk", "other@hollowpine.co.uk"],
      phones: ["0113 496 0000"],
      lastName: "Lund",
      postcode: "LS1",
      externalIds: [{ kind: "card_fingerprint", value: "fp_1", scope: "connection" }],
    });
  });

  it("without any trace of a person stays an order of nobody", () => {
    const records = chargeToRecords(row(chargeBody({ cardPresent: true })));
    expect(records.map((record) => record.kind)).toEqual(["order"]);
    expect(ofKind(records, "order")).toMatchObject({ person: null, channel: "store" });
  });

  it("that gets a customer later takes its guest back", () => {
    const later = row(chargeBody({ customer: "cus_9", receiptEmail: "guest@hollowpine.co.uk" }), { formerGuest: true });
    expect(ofKind(chargeToRecords(later), "person").deleted).toBe(true);
    expect(ofKind(chargeToRecords(later), "order")).toMatchObject({ deleted: false, person: { id: "cus_9" } });
  });

  it.each([
    ["paid", {}, {}],
    ["failed", { status: "failed" as const }, {}],
    ["pending", { status: "pending" as const }, {}],
    ["pending", {}, { captured: false }],
    ["cancelled", {}, { captured: false, refunded: true, amount_refunded: 2500 }],
    ["paid", { amountRefunded: 500 }, {}],
    ["refunded", { amountRefunded: 2500 }, {}],
  ])("counts as %s", (status, seed, fields) => {
    expect(ofKind(chargeToRecords(row(chargeBody(seed, fields))), "order").status).toBe(status);
  });

  it("tells its refunded part in the same unit as its amount", () => {
    const order = ofKind(
      chargeToRecords(row(chargeBody({ currency: "isk", amount: 90_000, amountRefunded: 30_000 }))),
      "order",
    );
    expect(order).toMatchObject({ amountMinor: 900, refundedMinor: 300, currency: "ISK" });
  });
});

describe("a refund", () => {
  const refund = {
    id: "re_1",
    object: "refund",
    created: 1_772_000_000,
    amount: 700,
    currency: "gbp",
    status: "succeeded",
  };

  it("hangs on the person of its charge", () => {
    const ofCustomer = { ...refund, charge: chargeBody({ customer: "cus_9" }) };
    expect(ofKind(refundToRecords(row(ofCustomer)), "touchpoint").person).toEqual({ stream: "customers", id: "cus_9" });
    const ofGuest = { ...refund, charge: chargeBody({ receiptEmail: "guest@hollowpine.co.uk" }) };
    expect(ofKind(refundToRecords(row(ofGuest)), "touchpoint").person).toEqual({ stream: "charges", id: "ch_000001" });
  });

  it("that failed is taken back", () => {
    const failed = { ...refund, status: "failed", charge: null };
    expect(ofKind(refundToRecords(row(failed)), "touchpoint")).toMatchObject({ deleted: true, person: null });
  });
});

describe("a subscription", () => {
  const seed = {
    id: "sub_1",
    customer: "cus_9",
    status: "active" as const,
    amount: 3000,
    currency: "gbp",
    interval: "month" as const,
    startedAt: "2026-01-05T00:00:00.000Z",
    currentPeriodEnd: "2026-04-05T00:00:00.000Z",
    endedAt: null,
  };
  const body = render("subscriptions", subscriptionFrom(seed), false);

  it("takes the end of its period from its items", () => {
    expect(ofKind(subscriptionToRecords(row(body)), "subscription")).toMatchObject({
      person: { stream: "customers", id: "cus_9" },
      status: "active",
      amountMinor: 3000,
      interval: "month",
      currentPeriodEnd: "2026-04-05T00:00:00.000Z",
    });
  });

  it("is told per month when billed every three, and adds up its items", () => {
    const item = (unitAmount: number, quantity: number) => ({
      quantity,
      price: { unit_amount: unitAmount, recurring: { interval: "month", interval_count: 3 } },
    });
    const several = { ...body, items: { data: [item(3000, 2), item(1500, 1)] } };
    expect(ofKind(subscriptionToRecords(row(several)), "subscription").amountMinor).toBe(2500);
  });

  it("may be priced in fractions of the smallest unit", () => {
    const price = {
      unit_amount: null,
      unit_amount_decimal: "12.5",
      recurring: { interval: "month", interval_count: 1 },
    };
    const metered = { ...body, items: { data: [{ quantity: 3, price }] } };
    expect(ofKind(subscriptionToRecords(row(metered)), "subscription").amountMinor).toBe(38);
  });

  it("whose collection is paused is paused", () => {
    const paused = { ...body, pause_collection: { behavior: "void" } };
    expect(ofKind(subscriptionToRecords(row(paused)), "subscription").status).toBe("paused");
  });

  it.each([
    ["canceled", "cancelled"],
    ["unpaid", "past_due"],
    ["incomplete_expired", "cancelled"],
    ["trialing", "trialing"],
  ])("%s becomes %s", (theirs, ours) => {
    expect(ofKind(subscriptionToRecords(row({ ...body, status: theirs })), "subscription").status).toBe(ours);
  });

  it("of a status Stripe adds one day is refused, not guessed", () => {
    expect(() => subscriptionToRecords(row({ ...body, status: "hibernating" }))).toThrow("unknown status");
  });
});

describe("Stripe's published example objects", () => {
  const path = new URL("../../../shared/specs/stripe/fixtures3.json", import.meta.url);
  const mappers = {
    customer: customerToRecords,
    charge: chargeToRecords,
    refund: refundToRecords,
    subscription: subscriptionToRecords,
  };

  it("all become valid records", ({ annotate }) => {
    if (!existsSync(path)) return void annotate("Not checked: Stripe's published examples are not on this machine.");
    const { resources } = JSON.parse(readFileSync(path, "utf8")) as {
      resources: Record<string, Record<string, unknown>>;
    };
    for (const [name, mapper] of Object.entries(mappers)) {
      const resource = resources[name] ?? {};
      const records = mapper(row(resource), { [String(resource.charge)]: resources.charge });
      expect(records.length).toBeGreaterThan(0);
      for (const record of records) canonicalRecord.parse(record);
    }
  });
});
