/** Who somebody is to Google: addresses and names brought to one form, hashed, in hex. Google compares hashes alone. */
import { hash } from "node:crypto";
import { z } from "zod";
import type { AudiencePerson } from "#connectors/core/audience.ts";

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const userIdentifier = z.union([
  z.strictObject({ emailAddress: hex }),
  z.strictObject({ phoneNumber: hex }),
  z.strictObject({
    address: z.strictObject({ givenName: hex, familyName: hex, regionCode: z.string(), postalCode: z.string() }),
  }),
]);
const userIdentifiers = z.array(userIdentifier).min(1).max(10);
export type UserIdentifier = z.infer<typeof userIdentifier>;

/** https://developers.google.com/data-manager/api/devguides/concepts/formatting (2026-11; the recipe for Gmail is in Google's API descriptions as well) */
const GMAIL = new Set(["gmail.com", "googlemail.com"]);

/** As text that is stored; null where there is nothing that Google could know somebody by. */
export function identify(person: AudiencePerson): string | null {
  const email = emailOf(person.email);
  const phone = phoneOf(person.phone);
  const address = addressOf(person);
  const found: UserIdentifier[] = [
    ...(email === null ? [] : [{ emailAddress: hashed(email) }]),
    ...(phone === null ? [] : [{ phoneNumber: hashed(phone) }]),
    ...(address === null ? [] : [{ address }]),
  ];
  // A name and a postcode alone are of several people.
  return email === null && phone === null ? null : JSON.stringify(found);
}

/** @throws z.ZodError for a text that `identify` did not make */
export const identifiersIn = (member: string): UserIdentifier[] => userIdentifiers.parse(JSON.parse(member));

const hashed = (text: string): string => hash("sha256", text, "hex");

export function emailOf(written: string | null): string | null {
  const [, name = "", domain = ""] = /^([^\s@]+)@([^\s@]+\.[^\s@]+)$/.exec((written ?? "").trim().toLowerCase()) ?? [];
  if (name === "") return null;
  // Other mailboxes tell dots apart, and may hold a plus.
  const mailbox = GMAIL.has(domain) ? name.replace(/\+.*$/, "").replaceAll(".", "") : name;
  return mailbox === "" ? null : `${mailbox}@${domain}`;
}

/** In E.164 already, with its plus: a number without a country is nobody's. */
function phoneOf(written: string | null): string | null {
  const number = (written ?? "").replaceAll(/[\s().-]/g, "");
  return /^\+[1-9]\d{6,14}$/.test(number) ? number : null;
}

/** Names hashed, country and postcode as they are; only whole. */
function addressOf({ firstName, lastName, country, postcode }: AudiencePerson) {
  const [givenName, familyName] = [nameOf(firstName), nameOf(lastName)];
  const postalCode = (postcode ?? "").trim();
  if (givenName === "" || familyName === "" || country === null || postalCode === "") return null;
  return {
    ...{ givenName: hashed(givenName), familyName: hashed(familyName) },
    ...{ regionCode: country.toUpperCase(), postalCode },
  };
}

/** Lower case, without punctuation. */
export const nameOf = (written: string | null): string =>
  (written ?? "")
    .toLowerCase()
    .replaceAll(/[\p{P}\p{S}]/gu, "")
    .replaceAll(/\s+/g, " ")
    .trim();
