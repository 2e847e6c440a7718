/** Rows as Acme has them, and exactly what becomes of them. */
import type { Golden } from "#connectors/core/contract-suite/index.ts";
import { orderSeed, personSeed } from "./fixtures.ts";

const AT = "2026-01-10T08:00:00.000Z";
const dates = { created_at: AT, updated_at: AT };
const record = { updatedAt: AT, deleted: false };

const person = (id: string, emails: string[], phones: string[]) => ({
  ...{ ...record, kind: "person", id, createdAt: AT, emails, phones, firstName: "Ada", lastName: "Marlow" },
  ...{ company: null, country: null, postcode: null, city: null, externalIds: [], mergedInto: null },
});

const consent = (id: string, address: string | null) => ({
  ...{ kind: "consent", deleted: false, person: { stream: "people", id }, address },
  ...{ channel: "email", purpose: "marketing", explicit: false, expiresAt: null },
});

const said = (id: string, address: string) => ({
  ...consent(id, address),
  id: `${id}:email`,
  updatedAt: AT,
  effectiveAt: AT,
});

const order = (id: string) => ({
  ...{ ...record, kind: "order", id, placedAt: AT, channel: "online" },
});

export const golden: Golden = {
  people: [
    [
      personSeed(0, {
        ...{ id: "p_gold1", email: "ada@marlowbooks.co.uk", phone: "+447400123456", ...dates },
        marketing_email: { status: "subscribed", changed_at: AT },
      }),
      [
        person("p_gold1", ["ada@marlowbooks.co.uk"], ["+447400123456"]),
        {
          ...said("p_gold1", "ada@marlowbooks.co.uk"),
          ...{ state: "granted", basis: "opt_in", proof: "Acme: e-mail granted." },
        },
      ],
    ],
    [
      personSeed(0, {
        ...{ id: "p_gold2", email: "bel@marlowbooks.co.uk", ...dates },
        marketing_email: { status: "unsubscribed", changed_at: AT },
      }),
      [
        person("p_gold2", ["bel@marlowbooks.co.uk"], []),
        {
          ...said("p_gold2", "bel@marlowbooks.co.uk"),
          ...{ state: "withdrawn", basis: "none", proof: "Acme: e-mail withdrawn." },
        },
      ],
    ],
    [
      personSeed(0, {
        ...{ id: "p_gold3", email: null, ...dates },
        marketing_email: { status: "never", changed_at: null },
      }),
      [
        person("p_gold3", [], []),
        {
          ...{ ...consent("p_gold3", null), id: "p_gold3:email:marketing", updatedAt: null, effectiveAt: null },
          ...{ state: "unknown", basis: "none", proof: "No subscription has a status." },
        },
      ],
    ],
  ],
  orders: [
    [
      orderSeed(0, {
        id: "o_gold1",
        person_id: "p_gold1",
        total: "25.99",
        refunded: "5.99",
        placed_at: AT,
        updated_at: AT,
      }),
      [
        {
          ...{ ...order("o_gold1"), person: { stream: "people", id: "p_gold1" } },
          ...{ amountMinor: 2599, refundedMinor: 599, currency: "GBP", status: "paid" },
        },
      ],
    ],
    [
      orderSeed(0, {
        ...{ id: "o_gold2", person_id: null, total: "500", refunded: "500", currency: "jpy" },
        ...{ placed_at: AT, updated_at: AT },
      }),
      [
        {
          ...{ ...order("o_gold2"), person: null },
          ...{ amountMinor: 500, refundedMinor: 500, currency: "JPY", status: "refunded" },
        },
      ],
    ],
    [
      orderSeed(0, { ...{ id: "o_gold3", person_id: null, status: "void" }, placed_at: AT, updated_at: AT }),
      [
        {
          ...{ ...order("o_gold3"), person: null },
          ...{ amountMinor: 1250, refundedMinor: 0, currency: "GBP", status: "cancelled" },
        },
      ],
    ],
  ],
};
