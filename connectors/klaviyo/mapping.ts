/** Klaviyo's profiles, events and list memberships into our records; pure. */
import { countryCodeOf } from "#connectors/core/countries.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { furtherFacts } from "#connectors/core/records.ts";
import type { CanonicalRecord, ConsentRecord, PersonRecord, TouchpointRecord } from "#connectors/core/records.ts";
import { consentsOf } from "./consent.ts";
import { meaningOf } from "./metrics.ts";
import { instantOf } from "./schema.ts";
import type { EventRow, MemberRow, ProfileRow } from "./schema.ts";

export interface ProfileExtra {
  /** Subscriptions by profile, of those whose row came without. */
  askedAgain: ReadonlyMap<string, ProfileRow["attributes"]["subscriptions"]>;
}

/** Custom properties are never asked for, so what we wrote there cannot come back as news. */
export function profileToRecords(row: ProfileRow, { askedAgain }: ProfileExtra): CanonicalRecord[] {
  const { id } = row;
  const attributes = { ...row.attributes, subscriptions: row.attributes.subscriptions ?? askedAgain.get(id) };
  const text = (value: string | null | undefined) => (value?.trim() ? value.trim() : null);
  const external = text(attributes.external_id);
  const country = text(attributes.location?.country);
  const person: PersonRecord = {
    kind: "person",
    id,
    updatedAt: instantOf(attributes.updated),
    deleted: false,
    createdAt: instantOf(attributes.created),
    emails: [text(attributes.email)].filter((address) => address !== null),
    phones: [text(attributes.phone_number)].filter((phone) => phone !== null),
    firstName: text(attributes.first_name),
    lastName: text(attributes.last_name),
    company: text(attributes.organization),
    country: country === null ? null : countryCodeOf(country),
    postcode: text(attributes.location?.zip),
    city: text(attributes.location?.city),
    // Of which other tool it is the id, Klaviyo does not say.
    externalIds: external === null ? [] : [{ kind: "account_id", value: external, scope: "connection" }],
    mergedInto: null,
    ...furtherFacts({
      street: text(attributes.location?.address1),
      addressLine2: text(attributes.location?.address2),
      region: text(attributes.location?.region),
      occupation: text(attributes.title),
    }),
  };
  return [person, ...consentsOf({ ...row, attributes })];
}

/** What was said of open tracking, by profile, of those whose opens may be kept; null: nobody's may. */
export interface EventExtra {
  mayKeepOpens: ReadonlyMap<string, readonly ConsentRecord[]> | null;
}

/**
 * An order is a touchpoint here, without its amount: the shop's own connector brings it as an order, and counted from both
 * it would be counted twice.
 */
export function eventToRecords(row: EventRow, { mayKeepOpens }: EventExtra): CanonicalRecord[] {
  const meaning = meaningOf(row.metric);
  if (meaning === null) throw new ConnectorError("invalid_record", "its metric has no name that could be kept");
  const profile = row.relationships?.profile?.data?.id;
  // Every event is somebody's: without a person it would be lost without a word.
  if (profile === undefined) throw new ConnectorError("invalid_record", "it does not say whose it is");
  if (meaning.type === "email_opened" && mayKeepOpens?.has(profile) !== true) return [];
  const { datetime, timestamp, event_properties: properties } = row.attributes;
  const at = instantOf(datetime) ?? (timestamp == null ? null : instantOf(secondsAsText(timestamp)));
  if (at === null) throw new ConnectorError("invalid_record", "it does not say when it happened");
  const campaign = properties?.["Campaign Name"];
  const named = typeof campaign === "string" && meaning.channel !== null ? campaign.slice(0, 500) : null;
  // The ledger decides, and this may be the first that it hears of it.
  const said = meaning.type === "email_opened" ? (mayKeepOpens?.get(profile) ?? []) : [];
  return [...said, touchpoint(row.id, { type: meaning.type, at, profile, channel: meaning.channel, campaign: named })];
}

/** Being on a list permits nothing: it says where somebody came from. */
export function memberToRecords({ id, attributes, list }: MemberRow): CanonicalRecord[] {
  const at = instantOf(attributes.joined_group_at);
  if (at === null) throw new ConnectorError("invalid_record", "it does not say when the profile joined");
  const campaign = list.name?.slice(0, 500) ?? null;
  return [touchpoint(`${list.id}:${id}`, { type: "list_joined", at, profile: id, channel: null, campaign })];
}

/** What happened does not change: its time is its version. */
function touchpoint(
  id: string,
  {
    type,
    at,
    profile,
    channel,
    campaign,
  }: Pick<TouchpointRecord, "type" | "at" | "channel" | "campaign"> & { profile: string },
): TouchpointRecord {
  return {
    ...{ kind: "touchpoint", id, updatedAt: at, deleted: false, type, at, channel, campaign },
    person: { stream: "profiles", id: profile },
    ...{ amountMinor: null, currency: null },
  };
}

function secondsAsText(seconds: number): string {
  const at = new Date(seconds * 1_000);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}
