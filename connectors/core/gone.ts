import type { CanonicalRecord, DealRecord, OrganisationRecord, PersonRecord, RecordKind } from "./records.ts";

/** All that is left of a record the vendor no longer has. */
export interface Tombstone {
  id: string;
  /** When it went, as far as the vendor says. */
  at: string | null;
  /** Lives on in this record of the same stream. */
  mergedInto?: string;
}

/**
 * A record of which nothing but its id is kept.
 *
 * @returns null for kinds that say nothing without their content: an order without amount and date is none
 */
export function goneRecord(kind: RecordKind, tombstone: Tombstone): CanonicalRecord | null {
  switch (kind) {
    case "person":
      return gonePerson(tombstone);
    case "organisation":
      return goneOrganisation(tombstone);
    case "deal":
      return goneDeal(tombstone);
    case "order":
    case "subscription":
    case "touchpoint":
    case "consent":
    case "spend":
    case "metric":
      return null;
  }
}

export function gonePerson({ id, at, mergedInto = "" }: Tombstone): PersonRecord {
  return {
    kind: "person",
    id,
    updatedAt: at,
    deleted: true,
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
    mergedInto: mergedInto === "" ? null : mergedInto,
  };
}

export function goneOrganisation({ id, at }: Tombstone): OrganisationRecord {
  return { kind: "organisation", id, updatedAt: at, deleted: true, name: null, domain: null, people: [] };
}

export function goneDeal({ id, at }: Tombstone): DealRecord {
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
