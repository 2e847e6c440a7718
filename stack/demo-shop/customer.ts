/** One customer of the shop as all tools know them, with the truth about them. */
import type { HubspotSeed } from "#connectors/hubspot/twin/seed.ts";
import type { StripeSeed } from "#connectors/stripe/twin/seed.ts";
import type { ClickSeed } from "#connectors/google-ads/twin/seed.ts";
import type { KlaviyoSeed } from "#connectors/klaviyo/twin/seed.ts";
import { adsShareOf, clickHeldBy, type TrueClick } from "./ads.ts";
import { crmShareOf, type CrmShare } from "./hubspot.ts";
import { emailShareOf, type EmailShare } from "./klaviyo.ts";
import { isOwn } from "./mess.ts";
import { personOf, windowOf, type Person, type Window } from "./person.ts";
import { buyingOf, type Buying } from "./purchases.ts";
import { defaultRates, type Rates } from "./rates.ts";
import { replay, type Allowed, type Statement } from "./statement.ts";
import { paymentShareOf, readerShareOf, type PaymentShare } from "./stripe.ts";
import { tillShareOf, type TillShare } from "./till.ts";
import { siteShareOf, type SiteShare } from "./visits.ts";

/** Whose record this is. One line of `truth/records.jsonl`. */
export interface TrueRecord {
  source: "hubspot" | "stripe" | "csv" | "klaviyo" | "ga4";
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

/** One sale that two tools tell of. One line of `truth/twice.jsonl`. */
export interface SaleSeenTwice {
  person: string;
  kind: "till and payment" | "payment and e-mail tool";
  /** `csv/orders/S1`, `stripe/charges/ch_1`, `klaviyo/events/DP1`: the one that counts first. */
  records: [string, string];
}

/** How many rows of a stream there are that have no truth of their own, by `source/stream`. */
export type TrueCounts = Record<string, number>;

export interface Customer {
  hubspot: HubspotSeed;
  stripe: StripeSeed;
  klaviyo: KlaviyoSeed;
  site: Pick<SiteShare, "visits" | "members">;
  clicks: ClickSeed[];
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
    clicks: TrueClick[];
    twice: SaleSeenTwice[];
    counts: TrueCounts;
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
  const reader = readerShareOf(till.read, window);
  const email = emailShareOf({ seed, person, buying, crm, payments, rates, window });
  const site = siteShareOf(seed, person, buying, till.customerNumber, rates, window);
  const next = neighbourWithClick(index, { seed, rates, window });
  const ads = adsShareOf(seed, index, [...holdersIn(crm), ...holdersIn(next)], rates, window);
  const statements = [...crm.statements, ...till.statements, ...email.statements, ...site.statements];
  return {
    hubspot: {
      contacts: crm.records.map((record) => record.contact),
      companies: companyOf(person, crm, window),
      deals: crm.deals,
    },
    stripe: {
      ...payments.seed,
      charges: [...payments.seed.charges, ...reader.charges],
      refunds: [...payments.seed.refunds, ...reader.refunds],
    },
    klaviyo: email.seed,
    site: { visits: site.visits, members: site.members },
    clicks: ads.clicks,
    people: till.people,
    sales: till.sales,
    truth: {
      records: [
        ...crmTruth(crm),
        ...paymentTruth(payments, till, person),
        ...till.records.map(tillTruth),
        ...email.records.map((record) => emailTruth(record, person)),
        ...site.members.map(({ id }) => siteTruth(id, person)),
      ],
      leaver: leaverOf(person, buying),
      statements,
      consents: replay(statements),
      purchases: purchaseTruth(person, payments, till),
      clicks: ads.truth,
      counts: {
        "klaviyo/events": email.kept,
        "klaviyo/lists": email.seed.lists.length,
        "stripe/charges": payments.seed.charges.length + reader.charges.length,
        "stripe/subscriptions": payments.seed.subscriptions.length,
        "csv/orders": new Set(till.sales.map(([receipt]) => receipt)).size,
        "google-ads/clicks": ads.clicks.length,
      },
      twice: [
        ...till.read.map((sale) => readTwice(sale, person)),
        ...email.placed.map((one) => toldTwice(one, person)),
      ],
    },
  };
}

/** The next person's contacts, where one of them holds this one's click; that is rare. */
function neighbourWithClick(
  index: number,
  { seed, rates, window }: { seed: number; rates: Rates; window: Window },
): CrmShare | null {
  const held = index % 4 === 3 ? null : clickHeldBy(seed, index + 1, rates, window);
  if (held === null) return null;
  const person = personOf(seed, index + 1, rates, window);
  return crmShareOf(seed, person, buyingOf(seed, person, rates, window), rates, window);
}

const holdersIn = (crm: CrmShare | null) =>
  (crm?.records ?? []).flatMap(({ contact, person }) => {
    const gclid = contact.properties["hs_google_click_id"] ?? null;
    return person === null || gclid === null || contact.archived === true ? [] : [{ id: contact.id, person, gclid }];
  });

const readTwice = ({ receipt, charge }: TillShare["read"][number], person: Person): SaleSeenTwice => ({
  ...{ person: person.id, kind: "till and payment" },
  records: [`csv/orders/${receipt}`, `stripe/charges/${charge}`],
});

const toldTwice = ({ charge, event }: EmailShare["placed"][number], person: Person): SaleSeenTwice => ({
  ...{ person: person.id, kind: "payment and e-mail tool" },
  records: [`stripe/charges/${charge}`, `klaviyo/events/${event}`],
});

const emailTruth = ({ id, traceable }: EmailShare["records"][number], person: Person): TrueRecord => ({
  ...{ source: "klaviyo", stream: "profiles", id, person: person.id, state: "live", traceable },
});

const siteTruth = (id: string, person: Person): TrueRecord => ({
  ...{ source: "ga4", stream: "audience_members", id, person: person.id, state: "live", traceable: true },
});

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

function paymentTruth({ seed, guests }: PaymentShare, { read }: TillShare, person: Person): TrueRecord[] {
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
    ...read.map(({ charge, receiptEmail }): TrueRecord => {
      const traceable = isOwn(receiptEmail, null);
      return { source, stream: "charges", id: charge, person: person.id, state: "live", traceable };
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
  // A sale that the till took by the provider's reader is one sale; the till tells of it where it knows whose it was.
  const read = till.read.filter(({ isKnown }) => !isKnown);
  const byCard = read.map(({ totalMinor, returnedMinor }) => ({
    ...{ netMinor: totalMinor - returnedMinor, currency: "GBP" },
  }));
  const sales = [...payments.sales, ...till.sold, ...byCard];
  if (sales.length === 0) return null;
  const pounds = sales.filter((sale) => sale.currency === "GBP");
  return { person: person.id, count: sales.length, spendMinor: pounds.reduce((sum, sale) => sum + sale.netMinor, 0) };
}
