/** One customer of the shop as all tools know them, with the truth about them. */
import type { HubspotSeed } from "#connectors/hubspot/twin/seed.ts";
import type { StripeSeed } from "#connectors/stripe/twin/seed.ts";
import { crmShareOf, type CrmShare } from "./hubspot.ts";
import { isOwn } from "./mess.ts";
import { personOf, windowOf, type Person, type Window } from "./person.ts";
import { buyingOf, type Buying } from "./purchases.ts";
import { defaultRates, type Rates } from "./rates.ts";
import { replay, type Allowed, type Statement } from "./statement.ts";
import { paymentShareOf, type PaymentShare } from "./stripe.ts";
import { tillShareOf, type TillShare } from "./till.ts";

/** Whose record this is. One line of `truth/records.jsonl`. */
export interface TrueRecord {
  source: "hubspot" | "stripe" | "csv";
  stream: string;
  /** The vendor's id, as the connector uses it. */
  id: string;
  /** Null: nobody in particular (test record, staff address). */
  person: string | null;
  /** `deleted`, `merged`: the tool no longer lists it. */
  state: "live" | "deleted" | "merged";
  /** Carries an address, number or loyalty card of its own, so that somebody could tell whose it is. */
  traceable: boolean;
}

export interface Customer {
  hubspot: HubspotSeed;
  stripe: StripeSeed;
  people: string[][];
  sales: string[][];
  truth: {
    records: TrueRecord[];
    leaver: { person: string; leftAt: string } | null;
    statements: Statement[];
    /** What they come to, by the oracle. */
    consents: Allowed[];
    /** Purchases that carry some trace of the person; pounds only in `spendMinor`, net of refunds. */
    purchases: { person: string; count: number; spendMinor: number } | null;
  };
}

export interface ShopOptions {
  seed: number;
  /** Milliseconds since the epoch; the data end at midnight (UTC) before. */
  now: number;
  rates?: Rates;
}

/** Customers 0 to n - 1, one at a time: the same ones for the same seed and day, whatever n. */
export function* generateCustomers(n: number, options: ShopOptions): Generator<Customer> {
  for (let index = 0; index < n; index++) yield customerOf(index, options);
}

export function customerOf(index: number, { seed, now, rates = defaultRates }: ShopOptions): Customer {
  const window: Window = windowOf(now, rates);
  const person = personOf(seed, index, rates, window);
  const buying = buyingOf(seed, person, rates, window);
  const crm = crmShareOf(seed, person, buying, rates, window);
  const payments = paymentShareOf(seed, person, buying, rates, window);
  const till = tillShareOf(seed, person, buying, rates, window);
  const statements = [...crm.statements, ...till.statements];
  return {
    hubspot: {
      contacts: crm.records.map((record) => record.contact),
      companies: companyOf(person, crm, window),
      deals: crm.deals,
    },
    stripe: payments.seed,
    people: till.people,
    sales: till.sales,
    truth: {
      records: [...crmTruth(crm), ...paymentTruth(payments, person), ...till.records.map(tillTruth)],
      leaver: leaverOf(person, buying),
      statements,
      consents: replay(statements),
      purchases: purchaseTruth(person, payments, till),
    },
  };
}

/** The colleague who comes first brings the company; contacts of the others point to it by name only. */
function companyOf(person: Person, crm: CrmShare, window: Window): HubspotSeed["companies"] {
  const company = person.company;
  if (company === null || person.index % 4 !== 0) return [];
  const contactIds = crm.records.flatMap(({ contact }) => (contact.archived === true ? [] : contact.id)).slice(0, 1);
  const at = new Date(window.start).toISOString();
  return [
    {
      id: company.id,
      properties: { name: company.name, domain: company.domain },
      createdAt: at,
      updatedAt: at,
      contactIds,
    },
  ];
}

function crmTruth(crm: CrmShare): TrueRecord[] {
  return crm.records.map(({ contact, person }) => ({
    source: "hubspot",
    stream: "contacts",
    id: contact.id,
    person,
    state: contact.mergedInto !== undefined ? "merged" : contact.archived === true ? "deleted" : "live",
    traceable: isOwn(contact.properties["email"] ?? null, contact.properties["phone"] ?? null),
  }));
}

function paymentTruth({ seed, guests }: PaymentShare, person: Person): TrueRecord[] {
  const source = "stripe" as const;
  return [
    ...seed.customers.map((customer): TrueRecord => {
      const state = customer.deleted === true ? "deleted" : "live";
      return {
        source,
        stream: "customers",
        id: customer.id,
        person: person.id,
        state,
        traceable: isOwn(customer.email, customer.phone),
      };
    }),
    ...guests.map(({ charge, traceable }): TrueRecord => {
      return { source, stream: "charges", id: charge, person: person.id, state: "live", traceable };
    }),
  ];
}

function tillTruth(record: TillShare["records"][number]): TrueRecord {
  return { source: "csv", state: "live", ...record };
}

function leaverOf(person: Person, buying: Buying) {
  return buying.leftAt === null ? null : { person: person.id, leftAt: new Date(buying.leftAt).toISOString() };
}

function purchaseTruth(person: Person, payments: PaymentShare, till: TillShare) {
  const sales = [...payments.sales, ...till.sold];
  if (sales.length === 0) return null;
  const pounds = sales.filter((sale) => sale.currency === "GBP");
  return { person: person.id, count: sales.length, spendMinor: pounds.reduce((sum, sale) => sum + sale.netMinor, 0) };
}
