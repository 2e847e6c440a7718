import { type PersonRecord } from "#connectors/core/records.ts";
import { type ConnectionId, recordIdOf } from "#profile/ids.ts";
import { normaliseEmail } from "./normalise/email.ts";
import { normaliseName } from "./normalise/name.ts";
import type { HashedNationalId } from "./normalise/national-id.ts";
import type { Quality } from "./normalise/normalised.ts";
import { normalisePhone } from "./normalise/phone.ts";
import { postcodeKeyOf } from "./normalise/postcode.ts";
import type { IdentifierKind } from "./rules.ts";

export interface Identifier {
  kind: IdentifierKind;
  value: string;
  quality: Quality;
  /** Why it is weak or blocked; null when strong. */
  reason: string | null;
}

/** The parts of a stored person that say who somebody is. */
export type PersonFacts = Omit<PersonRecord, "kind" | "id" | "updatedAt" | "deleted" | "createdAt" | "nationalIds"> & {
  nationalIds?: HashedNationalId[] | undefined;
};

export interface PersonContext {
  connectionId: ConnectionId;
  stream: string;
  /** ISO 3166-1 alpha-2, for records that name no country. */
  defaultCountry: string;
}

/**
 * Normalised identifiers of one record, each (kind, value) once. Values that cannot be read give none; blocked ones are
 * returned so that the reason can be shown.
 *
 * The value of `merged_into` is the winner's record id.
 */
export function identifiersOf(person: PersonFacts, context: PersonContext): Identifier[] {
  const found = new Map<string, Identifier>();
  const add = (kind: IdentifierKind, value: string | null, quality: Quality, reason: string | null): void => {
    if (value !== null && !found.has(valueKeyOf(kind, value)))
      found.set(valueKeyOf(kind, value), { kind, value, quality, reason });
  };

  if (person.mergedInto !== null) {
    add("merged_into", recordIdOf(context.connectionId, context.stream, person.mergedInto), "strong", null);
  }
  for (const external of person.externalIds) {
    // Client and click ids name devices and visits.
    if (external.kind === "client_id" || external.kind === "click_id") continue;
    const scope = external.scope === "workspace" ? "*" : context.connectionId;
    add(external.kind, `${scope}:${external.value.trim()}`, "strong", null);
  }
  for (const raw of person.emails) {
    const email = normaliseEmail(raw);
    add("email", email.key, email.quality, email.reason);
    // An address that is its own canonical form needs no second row: `email` values are looked up as canonical ones too.
    if (email.quality !== "blocked" && email.canonical !== email.key) {
      const reason = email.canonicalQuality === "strong" ? null : "It is the address without its plus tag.";
      add("email_canonical", email.canonical, email.canonicalQuality, reason);
    }
  }
  for (const raw of person.phones) {
    const phone = normalisePhone(raw, person.country ?? context.defaultCountry);
    add("phone", phone.key, phone.quality, phone.reason);
  }
  const lastName = normaliseName(person.firstName, person.lastName).last;
  const postcode = postcodeKeyOf(person.postcode);
  if (lastName !== null && postcode !== null) {
    add("household", `${lastName.slice(0, 3)}|${postcode}`, "weak", "Families share it.");
  }
  return [...found.values()];
}

/**
 * A number that records of one person most likely have in common: of the mailbox, else of another value. Where work is shared
 * out, records are put in this order, so that what belongs together comes into one hand. Nothing else leans on it.
 */
export function nearnessOf(identifiers: readonly Identifier[]): number {
  let [best, least] = [NEAREST.length, ""];
  for (const { kind, value, quality } of identifiers) {
    const rank = quality === "blocked" ? -1 : NEAREST.indexOf(kind);
    if (rank === -1 || rank > best || (rank === best && value >= least)) continue;
    [best, least] = [rank, value];
  }
  let mixed = 0;
  for (let at = 0; at < least.length; at++) mixed = (Math.imul(mixed, 31) + least.charCodeAt(at)) | 0;
  return mixed;
}

/** A mailbox goes by one name, with dots and tags or without. */
const NEAREST: readonly IdentifierKind[] = ["email_canonical", "email", "phone", "account_id", "loyalty_id"];

/** Names a value across kinds; `overflowing` sets are made of these. */
export const valueKeyOf = (kind: IdentifierKind, value: string): string => `${kind}\u0000${value}`;
