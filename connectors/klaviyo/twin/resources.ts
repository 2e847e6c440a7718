/** The resources as Klaviyo lists them: which parameters each takes, and how a row looks. */
import type { EventRow, KlaviyoAccount, ListRow, MemberRow, MetricRow, ProfileRow } from "./account.ts";
import { instant } from "./lists.ts";
import type { Listing } from "./lists.ts";

type Fields = (type: string) => readonly string[] | null;

const SUPPRESSION = "subscriptions.email.marketing.suppression.timestamp";
const PROFILE_FIELDS = [
  ...[
    "created",
    "email",
    "external_id",
    "first_name",
    "id",
    "image",
    "last_event_date",
    "last_name",
    "locale",
    "location",
  ],
  ...["address1", "address2", "city", "country", "ip", "latitude", "longitude", "region", "timezone", "zip"].map(
    (part) => `location.${part}`,
  ),
  ...["organization", "phone_number", "predictive_analytics", "properties", "subscriptions", "title", "updated"],
];
const BOUNDS = ["greater-than", "less-than"];
const WITH_EQUAL = ["greater-or-equal", "greater-than", "less-or-equal", "less-than"];
const PROFILE_PARAMETERS = {
  "additional-fields[profile]": ["subscriptions", "predictive_analytics"],
  "fields[profile]": PROFILE_FIELDS,
};

export const profiles: Listing<ProfileRow> = {
  parameters: { ...PROFILE_PARAMETERS, include: ["conversations", "push-tokens"] },
  filters: {
    ...{
      id: ["any", "equals"],
      email: ["any", "equals"],
      phone_number: ["any", "equals"],
      external_id: ["any", "equals"],
    },
    ...{ created: BOUNDS, updated: BOUNDS, [SUPPRESSION]: WITH_EQUAL },
  },
  sorts: {
    id: ({ byId }) => byId.slice(0, byId.length),
    updated: ({ byUpdate }) => byUpdate.slice(0, byUpdate.length),
    [SUPPRESSION]: ({ byId }) =>
      byId.slice(0, byId.length).sort((a, b) => (suppressedAt(a) ?? 0) - (suppressedAt(b) ?? 0)),
  },
  page: { usual: 20, most: 100 },
  value: (row, field) => {
    if (field === "id") return row.id;
    if (field === "created") return row.createdAt;
    if (field === "updated") return row.updatedAt;
    if (field === SUPPRESSION) return suppressedAt(row);
    return (row.attributes as Record<string, string | null>)[field] ?? null;
  },
  present: presentProfile,
};

export function presentProfile(row: ProfileRow, fields: Fields, extra: (name: string) => boolean): unknown {
  const wanted = fields("profile");
  const location = { ...EMPTY_LOCATION, ...row.attributes.location };
  const all: Record<string, unknown> = {
    ...EMPTY_PROFILE,
    ...row.attributes,
    ...{ created: instant(row.createdAt), updated: instant(row.updatedAt), location, properties: row.properties },
    // Sent only to those who ask for it in its own parameter.
    ...(extra("subscriptions") ? { subscriptions: row.subscriptions } : {}),
  };
  const attributes = Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => {
      if (wanted === null || wanted.includes(name)) return [[name, value]];
      const parts = Object.entries(location).filter(
        ([part]) => name === "location" && wanted.includes(`location.${part}`),
      );
      return parts.length === 0 ? [] : [[name, Object.fromEntries(parts)]];
    }),
  );
  return { type: "profile", id: row.id, attributes, links: { self: `https://a.klaviyo.com/api/profiles/${row.id}/` } };
}

const EMPTY_LOCATION = {
  address1: null,
  address2: null,
  city: null,
  country: null,
  latitude: null,
  longitude: null,
  region: null,
  zip: null,
  timezone: null,
  ip: null,
};
const EMPTY_PROFILE = {
  ...{ email: null, phone_number: null, external_id: null, first_name: null, last_name: null, organization: null },
  ...{ locale: null, title: null, image: null, last_event_date: null },
};

function suppressedAt({ subscriptions }: ProfileRow): number | null {
  const { email } = subscriptions as { email?: { marketing?: { suppression?: { timestamp?: string | null }[] } } };
  const times = (email?.marketing?.suppression ?? []).map(({ timestamp }) => Date.parse(timestamp ?? ""));
  return times.length === 0 ? null : Math.max(...times);
}

export const events = (account: KlaviyoAccount): Listing<EventRow> => ({
  parameters: {
    "fields[event]": ["datetime", "event_properties", "id", "timestamp", "uuid"],
    "fields[metric]": ["created", "id", "integration", "name", "updated"],
    "fields[profile]": PROFILE_FIELDS,
    include: ["attributions", "metric", "profile"],
  },
  filters: { metric_id: ["equals"], profile_id: ["equals"], datetime: WITH_EQUAL, timestamp: WITH_EQUAL },
  sorts: { datetime: ({ byTime }) => byTime.slice(0, byTime.length) },
  page: { usual: 200, most: 1_000 },
  value: (row, field) =>
    field === "metric_id" ? row.metricId : field === "profile_id" ? row.profile : field === "id" ? row.id : row.at,
  present: (row, fields) => {
    const all = {
      timestamp: Math.floor(row.at / 1_000),
      datetime: instant(row.at),
      event_properties: row.properties,
      uuid: row.id,
    };
    const wanted = fields("event");
    const attributes = Object.fromEntries(
      Object.entries(all).filter(([name]) => wanted === null || wanted.includes(name)),
    );
    return {
      ...{ type: "event", id: row.id, attributes },
      relationships: {
        profile: { data: { type: "profile", id: row.profile } },
        metric: { data: { type: "metric", id: row.metricId } },
      },
      links: { self: `https://a.klaviyo.com/api/events/${row.id}/` },
    };
  },
  include: (rows) =>
    [...new Set(rows.map(({ metricId }) => metricId))].flatMap((id) => {
      const metric = account.metrics.get(id);
      return metric === undefined ? [] : [presentMetric(metric)];
    }),
});

const presentMetric = ({ id, name }: MetricRow) => ({
  ...{ type: "metric", id, attributes: { name } },
  links: { self: `https://a.klaviyo.com/api/metrics/${id}/` },
});

export const metrics: Listing<MetricRow> = {
  parameters: { "fields[metric]": ["created", "id", "integration", "name", "updated"] },
  filters: { "integration.name": ["equals"], "integration.category": ["equals"] },
  sorts: { "": (account) => [...account.metrics.values()] },
  page: null,
  value: ({ id }) => id,
  present: presentMetric,
};

export const lists: Listing<ListRow> = {
  parameters: { "fields[list]": ["created", "id", "name", "opt_in_process", "updated"] },
  filters: { name: ["any", "equals"], id: ["any", "equals"], created: ["greater-than"], updated: ["greater-than"] },
  sorts: { id: (account) => [...account.lists.values()].sort((a, b) => (a.id < b.id ? -1 : 1)) },
  page: { usual: 10, most: 10 },
  value: ({ id, name }, field) => (field === "name" ? name : id),
  present: ({ id, name }) => ({
    ...{ type: "list", id, attributes: { name } },
    links: { self: `https://a.klaviyo.com/api/lists/${id}/` },
  }),
};

export const members = (account: KlaviyoAccount): Listing<MemberRow> => ({
  parameters: { ...PROFILE_PARAMETERS, "fields[profile]": [...PROFILE_FIELDS, "joined_group_at"] },
  filters: { email: ["any", "equals"], joined_group_at: WITH_EQUAL },
  sorts: { joined_group_at: ({ byJoining }) => byJoining.slice(0, byJoining.length) },
  page: { usual: 20, most: 100 },
  value: ({ joinedAt }) => joinedAt,
  present: ({ profile, joinedAt }, fields, extra) => {
    const row = account.profiles.get(profile);
    const shown =
      row === undefined ? { attributes: {} } : (presentProfile(row, fields, extra) as { attributes: object });
    return {
      ...{ ...shown, type: "profile", id: profile },
      attributes: { ...shown.attributes, joined_group_at: instant(joinedAt) },
      links: { self: `https://a.klaviyo.com/api/profiles/${profile}/` },
    };
  },
});
