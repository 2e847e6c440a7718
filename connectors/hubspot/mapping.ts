/** HubSpot's records into ours. Pure. HubSpot's words end here. */
import { z } from "zod";
import { furtherFacts } from "../core/records.ts";
import type { CanonicalRecord, DealRecord, OrganisationRecord, PersonRecord, PersonRef } from "../core/records.ts";
import type { SensitiveName } from "../core/sensitive.ts";
import { countryCodeOf } from "../core/countries.ts";
import { isCurrency, toMinor } from "../core/currency.ts";
import { ConnectorError } from "../core/errors.ts";
import { goneDeal, goneOrganisation, gonePerson } from "../core/gone.ts";
import type { Tombstone } from "../core/gone.ts";
import type { Statements } from "../core/statements.ts";
import type { ObjectRow } from "./schema.ts";

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
  "address",
  "state",
  "jobtitle",
  "hs_google_click_id",
  "hs_facebook_click_id",
  "hs_email_optout",
  "hs_merged_object_ids",
  "lastmodifieddate",
];
/** Asked for only where they are kept. HubSpot's own properties of these names, from memory of its default ones (2026-11). */
export const SENSITIVE_PROPERTIES: Partial<Record<SensitiveName, string>> = {
  birth_date: "date_of_birth",
  gender: "gender",
};

export function contactProperties(sensitive: ReadonlySet<SensitiveName>): string[] {
  return [...CONTACT_PROPERTIES, ...[...sensitive].flatMap((name) => SENSITIVE_PROPERTIES[name] ?? [])];
}

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

/** What a contact's own row lacks. */
export interface ContactExtra {
  consents: ReadonlyMap<string, Statements>;
  /** Archived ids that live on in another contact. */
  mergedAway: ReadonlySet<string>;
}

/** What a company's or a deal's own row lacks. */
export interface AssociatedExtra {
  /** Contacts by record id; null: HubSpot did not say. */
  contactIds: ReadonlyMap<string, string[] | null>;
  /** Accounts with one currency leave it off their deals. */
  accountCurrency: string | null;
}

export function contactToRecords(row: ObjectRow, { consents, mergedAway }: ContactExtra): CanonicalRecord[] {
  if (row.archived === true) return mergedAway.has(row.id) ? [] : [gonePerson(tombstoneOf(row))];
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
    ...furtherFacts({
      street: text("address"),
      region: text("state"),
      occupation: text("jobtitle"),
      birthDate: dayOf(text("date_of_birth")),
      gender: text("gender"),
    }),
  };
  const merged = mergedIdsOf(row).map((id) => gonePerson({ id, at: modifiedAtOf(row), mergedInto: row.id }));
  return [person, ...merged, ...(consents.get(row.id)?.records ?? [])];
}

export function companyToRecords(row: ObjectRow, extra: AssociatedExtra): CanonicalRecord[] {
  if (row.archived === true) return [goneOrganisation(tombstoneOf(row))];
  const company: OrganisationRecord = {
    kind: "organisation",
    id: row.id,
    updatedAt: modifiedAtOf(row),
    deleted: false,
    name: textOf(row.properties.name),
    domain: textOf(row.properties.domain),
    people: peopleOf(row, extra),
  };
  return [company, ...mergedIdsOf(row).map((id) => goneOrganisation({ id, at: modifiedAtOf(row) }))];
}

export function dealToRecords(row: ObjectRow, extra: AssociatedExtra): CanonicalRecord[] {
  if (row.archived === true) return [goneDeal(tombstoneOf(row))];
  const text = (name: string) => textOf(row.properties[name]);
  const currency = currencyOf(text("deal_currency_code") ?? extra.accountCurrency);
  const deal: DealRecord = {
    kind: "deal",
    id: row.id,
    updatedAt: modifiedAtOf(row),
    deleted: false,
    people: peopleOf(row, extra),
    stage: text("dealstage"),
    status: text("hs_is_closed_won") === "true" ? "won" : text("hs_is_closed") === "true" ? "lost" : "open",
    amountMinor: currency === null ? null : toMinor(text("amount") ?? "", currency),
    currency,
    createdAt: row.createdAt,
    closedAt: instantOf(text("closedate")),
  };
  return [deal, ...mergedIdsOf(row).map((id) => goneDeal({ id, at: modifiedAtOf(row) }))];
}

function peopleOf(row: ObjectRow, { contactIds }: AssociatedExtra): PersonRef[] {
  const ids = contactIds.get(row.id) ?? null;
  // An empty list would take its people away from it.
  if (ids === null) throw new ConnectorError("invalid_record", "HubSpot did not say which contacts belong to it.");
  return ids.map((id) => ({ stream: "contacts", id }));
}

function tombstoneOf(row: ObjectRow): Tombstone {
  return { id: row.id, at: row.archivedAt ?? row.updatedAt };
}

/** Records this one swallowed. */
export function mergedIdsOf(row: ObjectRow): string[] {
  return listOf(textOf(row.properties.hs_merged_object_ids)).filter((id) => id !== row.id);
}

/** Contacts name the time of their last change differently from all other objects. */
export function modifiedAtOf(row: ObjectRow): string {
  return instantOf(textOf(row.properties.lastmodifieddate ?? row.properties.hs_lastmodifieddate)) ?? row.updatedAt;
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
  // Years of five digits are a slip of the keyboard, and no instant of ours.
  const text = Number.isNaN(new Date(at).getTime()) ? "" : new Date(at).toISOString();
  return /^\d{4}-/.test(text) && text >= "0001" ? text : null;
}

/** The property is a text of any form; only what leaves no doubt is a day. */
function dayOf(value: string | null): string | null {
  return z.iso.date().safeParse(value).data ?? null;
}

function currencyOf(code: string | null): string | null {
  const upper = code?.toUpperCase() ?? "";
  return isCurrency(upper) ? upper : null;
}
