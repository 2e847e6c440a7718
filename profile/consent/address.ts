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

/** The same for an address as a source writes it; null: it cannot be read, and nobody holds it. */
export function addressIdOf(address: string, defaultCountry: string): string | null {
  const read = readAddress(address, defaultCountry);
  return read === null ? null : valueIdOf(read.kind, read.value);
}

/** The identifiers by which people hold an address. */
export function holdingValueIds(address: string, defaultCountry: string): string[] {
  const read = readAddress(address, defaultCountry);
  if (read === null) return [];
  const kinds = read.kind === "email" ? ["email", "email_canonical"] : ["phone"];
  return kinds.map((kind) => valueIdOf(kind, read.value));
}

function readAddress(address: string, defaultCountry: string): { kind: "email" | "phone"; value: string } | null {
  if (!address.includes("@")) {
    const { key } = normalisePhone(address, defaultCountry);
    return key === null ? null : { kind: "phone", value: key };
  }
  const { key, quality, canonical, canonicalQuality } = normaliseEmail(address);
  if (key === null) return null;
  // Where a tag may be another mailbox, what is said of the tagged address is not said of the other.
  const oneMailbox = quality !== "blocked" && canonicalQuality === "strong" && canonical !== null;
  return { kind: "email", value: oneMailbox ? canonical : key };
}
