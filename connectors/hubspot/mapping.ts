/** HubSpot's records into ours. Pure. HubSpot's words end here. */
import type {
  CanonicalRecord,
  ConsentChannel,
  ConsentPurpose,
  ConsentRecord,
  DealRecord,
  OrganisationRecord,
  PersonRecord,
} from "../core/records.ts";
import { countryCodeOf } from "../core/countries.ts";
import { isCurrency, toMinor } from "../core/currency.ts";
import type { ObjectRow, SubscriptionStatus } from "./schema.ts";

/** Asked for when reading contacts. Our own `tributary_` properties are never among them: a write of ours changes no record. */
export const CONTACT_PROPERTIES = [
  "email",
  "hs_additional_emails",
  "firstname",
  "lastname",
  "phone",
  "mobilephone",
  "company",
  "country",
  "hs_country_region_code",
  "zip",
  "city",
  "hs_google_click_id",
  "hs_facebook_click_id",
  "hs_email_optout",
  "hs_merged_object_ids",
  "lastmodifieddate",
];
export const COMPANY_PROPERTIES = ["name", "domain", "hs_merged_object_ids", "hs_lastmodifieddate"];
export const DEAL_PROPERTIES = [
  "dealstage",
  "amount",
  "deal_currency_code",
  "closedate",
  "hs_is_closed",
  "hs_is_closed_won",
  "hs_merged_object_ids",
  "hs_lastmodifieddate",
];

/** A status with what the connection's settings say it permits. */
export type JudgedStatus = SubscriptionStatus & { channel: ConsentChannel; purpose: ConsentPurpose };

export type RawContact =
  | { state: "live"; row: ObjectRow; statuses: JudgedStatus[]; optedOutAt: string | null }
  | { state: "archived"; row: ObjectRow };

export type RawAssociated =
  | { state: "live"; row: ObjectRow; contactIds: string[]; accountCurrency: string | null }
  | { state: "archived"; row: ObjectRow };

export function contactToRecords(raw: RawContact): CanonicalRecord[] {
  if (raw.state === "archived") return [personGone(raw.row.id, raw.row.archivedAt ?? raw.row.updatedAt, null)];
  const { row } = raw;
  const text = (name: string) => textOf(row.properties[name]);
  const person: PersonRecord = {
    kind: "person",
    id: row.id,
    updatedAt: modifiedAtOf(row),
    deleted: false,
    createdAt: row.createdAt,
    emails: distinct([text("email"), ...listOf(text("hs_additional_emails"))]),
    phones: distinct([text("phone"), text("mobilephone")]),
    firstName: text("firstname"),
    lastName: text("lastname"),
    company: text("company"),
    country: countryCodeOf(text("hs_country_region_code") ?? "") ?? countryCodeOf(text("country") ?? ""),
    postcode: text("zip"),
    city: text("city"),
    externalIds: distinct([text("hs_google_click_id"), text("hs_facebook_click_id")]).map((value) => ({
      kind: "click_id",
      value,
      scope: "workspace",
    })),
    mergedInto: null,
  };
  const merged = mergedIdsOf(row).map((loser) => personGone(loser, modifiedAtOf(row), row.id));
  return [person, ...merged, ...consentsOf(raw)];
}

export function companyToRecords(raw: RawAssociated): CanonicalRecord[] {
  const { row } = raw;
  if (raw.state === "archived") return [organisationGone(row.id, row.archivedAt ?? row.updatedAt)];
  const company: OrganisationRecord = {
    kind: "organisation",
    id: row.id,
    updatedAt: modifiedAtOf(row),
    deleted: false,
    name: textOf(row.properties.name),
    domain: textOf(row.properties.domain),
    people: raw.contactIds.map((id) => ({ stream: "contacts", id })),
  };
  return [company, ...mergedIdsOf(row).map((id) => organisationGone(id, modifiedAtOf(row)))];
}

export function dealToRecords(raw: RawAssociated): CanonicalRecord[] {
  const { row } = raw;
  if (raw.state === "archived") return [dealGone(row.id, row.archivedAt ?? row.updatedAt)];
  const text = (name: string) => textOf(row.properties[name]);
  const currency = currencyOf(text("deal_currency_code") ?? raw.accountCurrency);
  const deal: DealRecord = {
    kind: "deal",
    id: row.id,
    updatedAt: modifiedAtOf(row),
    deleted: false,
    people: raw.contactIds.map((id) => ({ stream: "contacts", id })),
    stage: text("dealstage"),
    status: text("hs_is_closed_won") === "true" ? "won" : text("hs_is_closed") === "true" ? "lost" : "open",
    amountMinor: currency === null ? null : toMinor(text("amount") ?? "", currency),
    currency,
    createdAt: row.createdAt,
    closedAt: instantOf(text("closedate")),
  };
  return [deal, ...mergedIdsOf(row).map((id) => dealGone(id, modifiedAtOf(row)))];
}

/** Records this one swallowed. */
export function mergedIdsOf(row: ObjectRow): string[] {
  return listOf(textOf(row.properties.hs_merged_object_ids)).filter((id) => id !== row.id);
}

/** Contacts name the time of their last change differently from all other objects. */
export function modifiedAtOf(row: ObjectRow): string {
  return instantOf(textOf(row.properties.lastmodifieddate ?? row.properties.hs_lastmodifieddate)) ?? row.updatedAt;
}

export function hasOptedOut(row: ObjectRow): boolean {
  return row.properties.hs_email_optout === "true";
}

function consentsOf({ row, statuses, optedOutAt }: Extract<RawContact, { state: "live" }>): ConsentRecord[] {
  const address = textOf(row.properties.email);
  const records = statuses.flatMap((status) => consentOf(row, address, status));
  if (!hasOptedOut(row)) return records;
  // Whatever is subscribed, the opt-out from everything stands above it: it counts as said last.
  const later = records.filter((record) => record.state === "granted").flatMap((record) => record.effectiveAt ?? []);
  const effectiveAt = [optedOutAt ?? modifiedAtOf(row), ...later].reduce((a, b) =>
    Date.parse(a) >= Date.parse(b) ? a : b,
  );
  return [
    ...records,
    {
      kind: "consent",
      id: `${row.id}:all`,
      updatedAt: effectiveAt,
      deleted: false,
      person: { stream: "contacts", id: row.id },
      address,
      channel: "email",
      purpose: "marketing",
      state: "withdrawn",
      basis: "none",
      explicit: false,
      effectiveAt,
      expiresAt: null,
      proof: "HubSpot: unsubscribed from all e-mail (hs_email_optout).",
    },
  ];
}

function consentOf(row: ObjectRow, address: string | null, status: JudgedStatus): ConsentRecord[] {
  const state = status.status === "SUBSCRIBED" ? "granted" : status.status === "UNSUBSCRIBED" ? "withdrawn" : "unknown";
  // Nobody ever said anything: nothing to put down.
  if (state === "unknown" && (status.timestamp ?? null) === null) return [];
  const basis = state === "granted" ? basisOf(status.legalBasis ?? null) : "none";
  const personally = saidByThePerson(status.source ?? "");
  return [
    {
      kind: "consent",
      id: `${row.id}:${status.subscriptionId}`,
      updatedAt: status.timestamp ?? null,
      deleted: false,
      person: { stream: "contacts", id: row.id },
      address,
      channel: status.channel,
      purpose: status.purpose,
      state,
      basis,
      explicit: state === "granted" ? basis === "opt_in" && personally : state === "withdrawn" && personally,
      effectiveAt: status.timestamp ?? row.createdAt,
      expiresAt: null,
      proof: proofOf(status),
    },
  ];
}

/** HubSpot's names for legal bases: https://developers.hubspot.com/docs/api-reference/communication-preferences-subscriptions-v3/guide (2026-11) */
function basisOf(legalBasis: string | null): ConsentRecord["basis"] {
  if (legalBasis === "CONSENT_WITH_NOTICE") return "opt_in";
  if (legalBasis === "PERFORMANCE_OF_CONTRACT") return "contract";
  return legalBasis?.startsWith("LEGITIMATE_INTEREST") === true ? "legitimate_interest" : "none";
}

/** Sources are free words, the list of them is not documented: only what clearly names an act of the person counts. */
function saidByThePerson(source: string): boolean {
  const words = source.toLowerCase().replaceAll("_", " ");
  if (/import|api|integration|workflow|migrat|sync|manual|\buser\b|list/.test(words)) return false;
  return /\bforms?\b|form submission|preference|unsubscribe|subscription page|double opt|email link|link in|reply|consent page/.test(
    words,
  );
}

/** The explanation field and the status' free text may name people; addresses are taken out of what is kept. */
function proofOf({ subscriptionName, subscriptionId, status, source, legalBasis }: JudgedStatus): string {
  const clean = (text: string) => text.replaceAll(/\S+@\S+/g, "(address)").slice(0, 200);
  const name = clean(subscriptionName ?? "subscription");
  return `HubSpot: ${name} (${subscriptionId}) ${status}, source ${clean(source ?? "") || "not given"}, legal basis ${legalBasis ?? "not given"}.`;
}

/** What is left of a person HubSpot no longer has: the id alone. */
function personGone(id: string, at: string, mergedInto: string | null): PersonRecord {
  const nothing = {
    createdAt: null,
    emails: [],
    phones: [],
    firstName: null,
    lastName: null,
    company: null,
    country: null,
    postcode: null,
    city: null,
    externalIds: [],
  };
  return { kind: "person", id, updatedAt: at, deleted: true, ...nothing, mergedInto };
}

function organisationGone(id: string, at: string): OrganisationRecord {
  return { kind: "organisation", id, updatedAt: at, deleted: true, name: null, domain: null, people: [] };
}

function dealGone(id: string, at: string): DealRecord {
  return {
    kind: "deal",
    id,
    updatedAt: at,
    deleted: true,
    people: [],
    stage: null,
    status: "open",
    amountMinor: null,
    currency: null,
    createdAt: null,
    closedAt: null,
  };
}

function textOf(value: string | null | undefined): string | null {
  const text = value?.trim() ?? "";
  return text === "" ? null : text;
}

function listOf(value: string | null): string[] {
  return (value ?? "")
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function distinct(values: (string | null)[]): string[] {
  return [...new Set(values.filter((value) => value !== null))];
}

/** ISO text or epoch milliseconds: HubSpot writes dates in both ways. */
function instantOf(value: string | null): string | null {
  if (value === null) return null;
  const at = /^-?\d+$/.test(value) ? Number(value) : Date.parse(value);
  return Number.isNaN(new Date(at).getTime()) ? null : new Date(at).toISOString();
}

function currencyOf(code: string | null): string | null {
  const upper = code?.toUpperCase() ?? "";
  return isCurrency(upper) ? upper : null;
}
