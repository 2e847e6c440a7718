/** Customers, charges, refunds and subscriptions as Stripe has them, and exactly what becomes of them. */
import type { Golden } from "#connectors/core/contract-suite/index.ts";
import { chargeSeed, customerSeed } from "./fixtures.ts";

const createdAt = "2026-01-10T08:00:00.000Z";
const record = { updatedAt: null, deleted: false };
const ada = { stream: "customers", id: "cus_gold1" };

export const golden: Golden = {
  customers: [
    [
      {
        ...{ id: "cus_gold1", email: "Ada.Marlow@marlowbooks.co.uk", name: "Ada van Marlow", phone: "+447400123456" },
        ...{ country: "GB", postcode: "LS1 4AP", city: "Leeds", createdAt },
        ...{ line1: "4 Mill Lane", line2: "Flat 2", state: "Yorkshire" },
      },
      [
        {
          ...{ ...record, kind: "person", id: "cus_gold1", createdAt, emails: ["Ada.Marlow@marlowbooks.co.uk"] },
          ...{ phones: ["+447400123456"], firstName: "Ada", lastName: "van Marlow", company: null },
          ...{ country: "GB", postcode: "LS1 4AP", city: "Leeds", externalIds: [], mergedInto: null },
          ...{ street: "4 Mill Lane", addressLine2: "Flat 2", region: "Yorkshire" },
        },
      ],
    ],
  ],
  charges: [
    [
      chargeSeed(0, { id: "ch_gold1", customer: "cus_gold1", amount: 2599, amountRefunded: 599, createdAt }),
      [
        {
          ...{ ...record, kind: "order", id: "ch_gold1", person: ada, placedAt: createdAt, amountMinor: 2599 },
          ...{ currency: "GBP", refundedMinor: 599, status: "paid", channel: "online" },
        },
      ],
    ],
    [
      chargeSeed(0, {
        ...{ id: "ch_gold2", receiptEmail: "till@marlowbooks.co.uk", amount: 500, currency: "jpy", createdAt },
        ...{ cardPresent: true, fingerprint: "fp_1" },
        billing: {
          ...{ email: "guest@marlowbooks.co.uk", name: "Gil Guest", phone: "+447400654321" },
          ...{ country: "GB", postcode: "YO1 7HH" },
        },
      }),
      [
        {
          ...{ ...record, kind: "person", id: "ch_gold2", createdAt, phones: ["+447400654321"] },
          emails: ["guest@marlowbooks.co.uk", "till@marlowbooks.co.uk"],
          ...{ firstName: "Gil", lastName: "Guest", company: null, country: "GB", postcode: "YO1 7HH", city: null },
          externalIds: [{ kind: "card_fingerprint", value: "fp_1", scope: "connection" }],
          mergedInto: null,
        },
        {
          ...{ ...record, kind: "order", id: "ch_gold2", person: { stream: "charges", id: "ch_gold2" } },
          ...{ placedAt: createdAt, amountMinor: 500, currency: "JPY", refundedMinor: 0 },
          ...{ status: "paid", channel: "store" },
        },
      ],
    ],
    [
      chargeSeed(0, { id: "ch_gold3", customer: "cus_gold1", amount: 700, status: "failed", createdAt }),
      [
        {
          ...{ ...record, kind: "order", id: "ch_gold3", person: ada, placedAt: createdAt, amountMinor: 700 },
          ...{ currency: "GBP", refundedMinor: 0, status: "failed", channel: "online" },
        },
      ],
    ],
  ],
  refunds: [
    [
      { id: "re_gold1", charge: chargeSeed(0).id, amount: 599, currency: "gbp", status: "succeeded", createdAt },
      [
        {
          ...{ ...record, kind: "touchpoint", id: "re_gold1", type: "refund", at: createdAt },
          person: { stream: "customers", id: customerSeed(0).id },
          ...{ channel: null, campaign: null, amountMinor: 599, currency: "GBP" },
        },
      ],
    ],
  ],
  subscriptions: [
    [
      {
        ...{ id: "sub_gold1", customer: "cus_gold1", status: "active", amount: 900, currency: "gbp" },
        ...{ interval: "month", startedAt: createdAt, currentPeriodEnd: "2026-04-10T08:00:00.000Z", endedAt: null },
      },
      [
        {
          ...{ ...record, kind: "subscription", id: "sub_gold1", person: ada, status: "active" },
          ...{ startedAt: createdAt, currentPeriodEnd: "2026-04-10T08:00:00.000Z", endedAt: null },
          ...{ amountMinor: 900, currency: "GBP", interval: "month" },
        },
      ],
    ],
  ],
};
