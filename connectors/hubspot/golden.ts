/** Contacts, companies and deals as HubSpot has them, and exactly what becomes of them. */
import type { Golden } from "#connectors/core/contract-suite/index.ts";

const dates = { createdAt: "2026-01-10T08:00:00.000Z", updatedAt: "2026-02-11T09:30:00.000Z" };
const record = { updatedAt: dates.updatedAt, deleted: false };

const person = (id: string, emails: string[]) => ({
  ...{ ...record, kind: "person", id, createdAt: dates.createdAt, emails, phones: [], externalIds: [] },
  ...{ firstName: null, lastName: null, company: null, country: null, postcode: null, city: null, mergedInto: null },
});

const consent = (id: string, address: string, suffix: string, at: string | null) => ({
  ...{ kind: "consent", id: `${id}:${suffix}`, updatedAt: at, deleted: false, address, effectiveAt: at },
  ...{ person: { stream: "contacts", id }, channel: "email", purpose: "marketing", expiresAt: null },
  ...{ basis: "none", explicit: false },
});

const news = { subscriptionId: "11", subscriptionName: "News", legalBasisExplanation: "Sign-up form" };
const offers = { subscriptionId: "12", subscriptionName: "Offers", legalBasisExplanation: null };

export const golden: Golden = {
  contacts: [
    [
      {
        ...{ id: "2001", ...dates },
        properties: {
          ...{ email: "Ada.Marlow@marlowbooks.co.uk", hs_additional_emails: "ada@marlowhome.co.uk" },
          ...{ firstname: "Ada", lastname: "Marlow", phone: "+44 113 496 0000", mobilephone: "07400 123456" },
          ...{ company: "Marlow Books", country: "United Kingdom", zip: "LS1 4AP", city: "Leeds" },
          ...{ address: "4 Mill Lane", state: "Yorkshire", jobtitle: "Bookseller" },
          // Not asked for where nobody has switched them on.
          ...{ date_of_birth: "1984-05-11", gender: "female" },
          hs_google_click_id: "Cj0KCQ",
        },
        subscriptions: [
          {
            ...{ ...news, status: "SUBSCRIBED", source: "Form submission", legalBasis: "CONSENT_WITH_NOTICE" },
            timestamp: "2026-01-11T08:00:00.000Z",
          },
          {
            ...{ ...offers, status: "UNSUBSCRIBED", source: "Preference page", legalBasis: null },
            timestamp: "2026-02-01T12:00:00.000Z",
          },
        ],
      },
      [
        {
          ...person("2001", ["Ada.Marlow@marlowbooks.co.uk", "ada@marlowhome.co.uk"]),
          ...{ phones: ["+44 113 496 0000", "07400 123456"], firstName: "Ada", lastName: "Marlow" },
          ...{ company: "Marlow Books", country: "GB", postcode: "LS1 4AP", city: "Leeds" },
          ...{ street: "4 Mill Lane", region: "Yorkshire", occupation: "Bookseller" },
          externalIds: [{ kind: "click_id", value: "Cj0KCQ", scope: "workspace" }],
        },
        {
          ...consent("2001", "Ada.Marlow@marlowbooks.co.uk", "11", "2026-01-11T08:00:00.000Z"),
          ...{ state: "granted", basis: "opt_in", explicit: true },
          proof: "HubSpot: News (11) SUBSCRIBED, source Form submission, legal basis CONSENT_WITH_NOTICE.",
        },
        {
          ...consent("2001", "Ada.Marlow@marlowbooks.co.uk", "12", "2026-02-01T12:00:00.000Z"),
          ...{ state: "withdrawn", explicit: true },
          proof: "HubSpot: Offers (12) UNSUBSCRIBED, source Preference page, legal basis not given.",
        },
      ],
    ],
    [
      {
        ...{ id: "2002", ...dates },
        properties: { email: "bel@marlowbooks.co.uk", hs_email_optout: "true" },
        subscriptions: [
          {
            ...{ ...news, status: "SUBSCRIBED", source: "Import", legalBasis: "CONSENT_WITH_NOTICE" },
            timestamp: "2025-06-01T08:00:00.000Z",
          },
        ],
      },
      [
        person("2002", ["bel@marlowbooks.co.uk"]),
        {
          ...consent("2002", "bel@marlowbooks.co.uk", "11", "2025-06-01T08:00:00.000Z"),
          ...{ state: "granted", basis: "opt_in" },
          proof: "HubSpot: News (11) SUBSCRIBED, source Import, legal basis CONSENT_WITH_NOTICE.",
        },
        {
          ...consent("2002", "bel@marlowbooks.co.uk", "all", dates.updatedAt),
          ...{ state: "withdrawn", proof: "HubSpot: unsubscribed from all e-mail (hs_email_optout)." },
        },
      ],
    ],
    [
      { id: "2003", ...dates, properties: { email: "cyd@marlowbooks.co.uk", hs_email_optout: "false" } },
      [
        person("2003", ["cyd@marlowbooks.co.uk"]),
        {
          ...consent("2003", "cyd@marlowbooks.co.uk", "email:marketing", null),
          ...{ state: "unknown", proof: "No subscription has a status." },
        },
      ],
    ],
  ],
  companies: [
    [
      {
        ...{ id: "510001", contactIds: [], ...dates },
        properties: { name: "Marlow Books", domain: "marlowbooks.co.uk" },
      },
      [
        {
          ...{ ...record, kind: "organisation", id: "510001", name: "Marlow Books", domain: "marlowbooks.co.uk" },
          people: [],
        },
      ],
    ],
  ],
  deals: [
    [
      {
        ...{ id: "710001", contactIds: [], ...dates },
        properties: {
          ...{ dealstage: "closedwon", amount: "1234.5", deal_currency_code: "GBP" },
          closedate: "2026-02-10T00:00:00.000Z",
        },
      },
      [
        {
          ...{ ...record, kind: "deal", id: "710001", people: [], stage: "closedwon", status: "won" },
          ...{ amountMinor: 123_450, currency: "GBP", createdAt: dates.createdAt },
          closedAt: "2026-02-10T00:00:00.000Z",
        },
      ],
    ],
    [
      {
        ...{ id: "710002", contactIds: [], ...dates },
        properties: { dealstage: "qualified", amount: "5000", deal_currency_code: "JPY" },
      },
      [
        {
          ...{ ...record, kind: "deal", id: "710002", people: [], stage: "qualified", status: "open" },
          ...{ amountMinor: 5_000, currency: "JPY", createdAt: dates.createdAt, closedAt: null },
        },
      ],
    ],
  ],
};
