/** What happens to facts on their way into a tool: misspellings, other spellings of the same, national formats. */
import type { Random } from "./random.ts";
import { nicknames } from "./vocabulary.ts";

const NEIGHBOURS: Readonly<Record<string, string>> = {
  a: "s",
  b: "v",
  c: "x",
  d: "s",
  e: "r",
  f: "g",
  g: "h",
  h: "j",
  i: "o",
  j: "k",
  k: "l",
  l: "k",
  m: "n",
  n: "m",
  o: "p",
  p: "o",
  q: "w",
  r: "t",
  s: "d",
  t: "y",
  u: "i",
  v: "b",
  w: "e",
  x: "z",
  y: "u",
  z: "x",
};

/** One slip of the keyboard: a neighbour, a swap, a letter lost or doubled. Only letters change. */
export function misspell(random: Random, text: string): string {
  const places = [...text.matchAll(/[a-z]/gi)].map((match) => match.index).filter((at) => at > 0);
  const at = places[random.below(places.length)];
  if (at === undefined) return text;
  const letter = text.charAt(at);
  const before = text.slice(0, at);
  const after = text.slice(at + 1);
  const slip = random.below(4);
  if (slip === 0) return before + (NEIGHBOURS[letter.toLowerCase()] ?? letter) + after;
  if (slip === 1) return /^[a-z]/i.test(after) ? before + after.charAt(0) + letter + after.slice(1) : before + after;
  return slip === 2 ? before + after : before + letter + letter + after;
}

/** A mistyped address: the slip is in the part before the @, whose digits stay, so that it is nobody else's address. */
export function misspellEmail(random: Random, email: string): string {
  const at = email.lastIndexOf("@");
  return misspell(random, email.slice(0, at)) + email.slice(at);
}

/** The same mailbox spelt differently: plus tag, dots (both only where the provider ignores them), capitals. */
export function respellEmail(random: Random, email: string): string {
  const at = email.lastIndexOf("@");
  const local = email.slice(0, at);
  const domain = email.slice(at + 1);
  if (/^(gmail|outlook)\.com$/.test(domain) && random.chance(0.5)) {
    return `${local}+${random.pick(["shop", "tea", "fernkettle", "plants"])}@${domain}`;
  }
  if (domain === "gmail.com" && random.chance(0.7)) {
    return local.includes(".")
      ? `${local.replaceAll(".", "")}@${domain}`
      : `${local.slice(0, 2)}.${local.slice(2)}@${domain}`;
  }
  return random.chance(0.5) ? email.toUpperCase() : `${email.charAt(0).toUpperCase()}${email.slice(1)}`;
}

/** A number as people write it. Only British numbers are written nationally; abroad the country code stays. */
export function writePhone(random: Random, e164: string, country: string): string {
  const national = `0${e164.slice(3)}`;
  const spaced = `${national.slice(0, 5)} ${national.slice(5)}`;
  const international = `+44 ${e164.slice(3, 7)} ${e164.slice(7)}`;
  if (country !== "GB") return random.pick([e164, international]);
  return random.pick([
    national,
    spaced,
    e164,
    international,
    `(${national.slice(0, 5)}) ${national.slice(5)}`,
    `0044${e164.slice(3)}`,
  ]);
}

/** A first name as given on another day: the short form, an initial, capitals. */
export function varyFirstName(random: Random, name: string): string {
  const style = random.next();
  if (style < 0.05) return nicknames[name] ?? name;
  if (style < 0.07) return `${name.charAt(0)}.`;
  return style < 0.1 ? name.toUpperCase() : name;
}

export const varyLastName = (random: Random, name: string) => (random.chance(0.05) ? name.toUpperCase() : name);

/** Typed by staff when a customer gives none, or when they take an order by telephone. */
export const STAFF_MAILBOXES = ["info@fernandkettle.co.uk", "counter.bath@fernandkettle.co.uk"] as const;

/** Typed to get past a field that must not be empty. */
export const PLACEHOLDER_PHONE = "00000000000";

/** Whether a record carries an address or number of somebody's own, so that it can be told whose it is. */
export function isOwn(email: string | null, phone: string | null): boolean {
  const shared = email === null || email.startsWith("info@") || STAFF_MAILBOXES.some((mailbox) => mailbox === email);
  return !shared || (phone !== null && phone !== PLACEHOLDER_PHONE);
}
