/** Profiles, events and lists as Klaviyo has them, and exactly what becomes of them. */
import type { Golden } from "#connectors/core/contract-suite/index.ts";

const dates = { created: "2026-01-10T08:00:00+00:00", updated: "2026-02-11T09:30:00+00:00" };

const person = (id: string, email: string) => ({
  ...{ kind: "person", id, updatedAt: "2026-02-11T09:30:00.000Z", deleted: false },
  ...{ createdAt: "2026-01-10T08:00:00.000Z", emails: [email], phones: [], externalIds: [] },
  ...{ firstName: null, lastName: null, company: null, country: null, postcode: null, city: null, mergedInto: null },
});

const consent = (id: string, address: string | null, suffix: string, at: string | null) => ({
  ...{ kind: "consent", id: `${id}:${suffix}`, updatedAt: at, deleted: false, address, effectiveAt: at },
  ...{ person: { stream: "profiles", id }, channel: "email", purpose: "marketing", expiresAt: null },
  ...{ basis: "none", explicit: false },
});

const marketing = {
  ...{ can_receive_email_marketing: true, consent: "SUBSCRIBED", consent_timestamp: "2026-01-11T08:00:00+00:00" },
  ...{ last_updated: "2026-02-01T00:00:00+00:00", method: "PREFERENCE_PAGE", method_detail: "marlowbooks.co.uk/join" },
  ...{ custom_method_detail: null, double_optin: true, suppression: [], list_suppressions: [] },
};

const touchpoint = (id: string, type: string, at: string) => ({
  ...{ kind: "touchpoint", id, updatedAt: at, deleted: false, type, at },
  ...{ channel: null, campaign: null, amountMinor: null, currency: null },
});

export const golden: Golden = {
  profiles: [
    [
      {
        id: "01GOLD0000000000000000001",
        attributes: {
          ...{ ...dates, email: "Ada.Marlow@marlowbooks.co.uk", phone_number: "+447400123456", external_id: "crm-77" },
          ...{ first_name: "Ada", last_name: "Marlow", organization: "Marlow Books" },
          location: {
            ...{ city: "Leeds", zip: "LS1 4AP", country: "United Kingdom", ip: "127.0.0.1" },
            ...{ address1: "4 Mill Lane", address2: "Flat 2", region: "Yorkshire" },
          },
          title: "Bookseller",
          properties: { tributary_lifecycle_stage: "customer_loyal", $consent: ["email"] },
          subscriptions: {
            email: { marketing },
            sms: {
              marketing: {
                ...{ can_receive_sms_marketing: true, consent: "SUBSCRIBED", method: "TEXT", method_detail: "JOIN" },
                consent_timestamp: "2026-01-12T08:00:00.500000",
              },
            },
          },
        },
      },
      [
        {
          ...person("01GOLD0000000000000000001", "Ada.Marlow@marlowbooks.co.uk"),
          ...{ phones: ["+447400123456"], firstName: "Ada", lastName: "Marlow", company: "Marlow Books" },
          ...{ country: "GB", postcode: "LS1 4AP", city: "Leeds" },
          ...{ street: "4 Mill Lane", addressLine2: "Flat 2", region: "Yorkshire", occupation: "Bookseller" },
          externalIds: [{ kind: "account_id", value: "crm-77", scope: "connection" }],
        },
        {
          ...consent(
            "01GOLD0000000000000000001",
            "Ada.Marlow@marlowbooks.co.uk",
            "email-marketing",
            "2026-01-11T08:00:00.000Z",
          ),
          ...{ state: "granted", basis: "opt_in", explicit: true },
          proof: "Klaviyo: e-mail marketing SUBSCRIBED, method PREFERENCE_PAGE, double opt-in.",
        },
        {
          ...consent("01GOLD0000000000000000001", "+447400123456", "sms-marketing", "2026-01-12T08:00:00.500Z"),
          ...{ channel: "sms", state: "granted", basis: "opt_in", explicit: true },
          proof: "Klaviyo: sms marketing SUBSCRIBED, method TEXT.",
        },
      ],
    ],
    [
      {
        id: "01GOLD0000000000000000002",
        attributes: {
          ...{ ...dates, email: "bel@marlowbooks.co.uk" },
          subscriptions: {
            email: {
              marketing: {
                ...{ ...marketing, can_receive_email_marketing: false },
                suppression: [{ reason: "USER_SUPPRESSED", timestamp: "2026-02-01T12:00:00+00:00" }],
              },
            },
          },
        },
      },
      [
        person("01GOLD0000000000000000002", "bel@marlowbooks.co.uk"),
        {
          ...consent(
            "01GOLD0000000000000000002",
            "bel@marlowbooks.co.uk",
            "email-marketing",
            "2026-02-01T12:00:00.000Z",
          ),
          state: "withdrawn",
          proof:
            "Klaviyo: e-mail marketing SUBSCRIBED, method PREFERENCE_PAGE, double opt-in, suppressed (USER_SUPPRESSED).",
        },
      ],
    ],
    [
      { id: "01GOLD0000000000000000003", attributes: { ...dates, email: "cyd@marlowbooks.co.uk" } },
      [
        person("01GOLD0000000000000000003", "cyd@marlowbooks.co.uk"),
        {
          ...consent("01GOLD0000000000000000003", "cyd@marlowbooks.co.uk", "email:marketing", null),
          ...{ state: "unknown", proof: "No subscription has a status." },
        },
      ],
    ],
    [
      {
        id: "01GOLD0000000000000000004",
        attributes: {
          ...{ ...dates, email: "dot@marlowbooks.co.uk" },
          subscriptions: {
            email: { marketing: { ...marketing, can_receive_email_marketing: false, consent: "UNSUBSCRIBED" } },
          },
        },
      },
      [
        person("01GOLD0000000000000000004", "dot@marlowbooks.co.uk"),
        {
          ...consent(
            "01GOLD0000000000000000004",
            "dot@marlowbooks.co.uk",
            "email-marketing",
            "2026-01-11T08:00:00.000Z",
          ),
          ...{ state: "withdrawn", explicit: true },
          proof: "Klaviyo: e-mail marketing UNSUBSCRIBED, method PREFERENCE_PAGE, double opt-in.",
        },
      ],
    ],
  ],
  events: [
    [
      {
        ...{ id: "4GOLD1", metric: "Clicked Email", profile: "01GOLD0000000000000000001" },
        ...{
          datetime: "2026-02-11T09:30:00+00:00",
          properties: { "Campaign Name": "Spring letter", URL: "https://x.example" },
        },
      },
      [
        {
          ...touchpoint("4GOLD1", "email_clicked", "2026-02-11T09:30:00.000Z"),
          ...{
            person: { stream: "profiles", id: "01GOLD0000000000000000001" },
            channel: "email",
            campaign: "Spring letter",
          },
        },
      ],
    ],
    [
      {
        ...{ id: "4GOLD2", metric: "Placed Order", profile: "01GOLD0000000000000000001" },
        ...{ datetime: "2026-02-12T09:30:00+00:00", properties: { $value: 59.9, OrderId: "1001" } },
      },
      [
        {
          ...touchpoint("4GOLD2", "order_placed", "2026-02-12T09:30:00.000Z"),
          person: { stream: "profiles", id: "01GOLD0000000000000000001" },
        },
      ],
    ],
    [
      {
        id: "4GOLD3",
        metric: "Opened Email",
        profile: "01GOLD0000000000000000001",
        datetime: "2026-02-13T09:30:00+00:00",
      },
      [],
    ],
    [
      {
        id: "4GOLD4",
        metric: "Läuft 2 mal!",
        profile: "01GOLD0000000000000000001",
        datetime: "2026-02-13T09:30:00+00:00",
      },
      [
        {
          ...touchpoint("4GOLD4", "la_uft_mal", "2026-02-13T09:30:00.000Z"),
          person: { stream: "profiles", id: "01GOLD0000000000000000001" },
        },
      ],
    ],
  ],
  lists: [
    [
      {
        ...{
          id: "LGOLD1",
          name: "Newsletter",
          members: [{ profile: "01GOLD0000000000000000001", joined: "2026-02-11T09:30:00Z" }],
        },
        member: { id: "01GOLD0000000000000000001", attributes: { ...dates, email: "ada@marlowbooks.co.uk" } },
      },
      [
        {
          ...touchpoint("LGOLD1:01GOLD0000000000000000001", "list_joined", "2026-02-11T09:30:00.000Z"),
          ...{ person: { stream: "profiles", id: "01GOLD0000000000000000001" }, campaign: "Newsletter" },
        },
      ],
    ],
  ],
};
