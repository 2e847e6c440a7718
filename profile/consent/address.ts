/** Addresses as identity compares them: a statement about one finds whoever holds it, however either spells it. */
import { valueIdOf } from "#profile/ids.ts";
import { normaliseEmail } from "#profile/identity/normalise/email.ts";
import { normalisePhone } from "#profile/identity/normalise/phone.ts";

/** An address of a person, as identity keeps it. */
export interface HeldAddress {
  kind: "email" | "email_canonical" | "phone";
  valueId: string;
  value: string;
}

/** Names an address by which statements are found. */
export const heldAddressId = ({ kind, valueId, value }: HeldAddress): string =>
  kind === "email_canonical" ? valueIdOf("email", value) : valueId;

/** An address as a source writes it, made comparable. */
export interface ReadAddress {
  kind: "email" | "phone";
  value: string;
}

/** Names it as `heldAddressId` does. */
export const addressIdOf = ({ kind, value }: ReadAddress): string => valueIdOf(kind, value);

/** The identifiers by which people hold an address. */
export const holdingValueIds = ({ kind, value }: ReadAddress): string[] =>
  (kind === "email" ? ["email", "email_canonical"] : ["phone"]).map((held) => valueIdOf(held, value));

/**
 * @param country ISO 3166-1 alpha-2: whose way of writing national numbers is meant
 * @returns null: it cannot be read, and identity holds it for nobody
 */
export function readAddress(address: string, country: string): ReadAddress | null {
  if (isNumber(address)) {
    const { key } = normalisePhone(address, country);
    return key === null ? null : { kind: "phone", value: key };
  }
  const { key, quality, canonical, canonicalQuality } = normaliseEmail(address);
  if (key === null) return null;
  // Where a tag may be another mailbox, what is said of the tagged address is not said of the other.
  const oneMailbox = quality !== "blocked" && canonicalQuality === "strong" && canonical !== null;
  return { kind: "email", value: oneMailbox ? canonical : key };
}

export const isNumber = (address: string): boolean => !address.includes("@");
